//! What a winner must show: the challenge from which the sectors follow that its proof of spacetime is about.
//!
//! Which sectors follow, and whether the proof holds, is for the proof library (`proofs/verify`) and the state.

use filigree_blocks::{BeaconEntry, BlockHeader};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::PoStProof;

use crate::draw::{self, Purpose};
use crate::reason::Reason;
use crate::ticket::miner_entropy;

/// The randomness that chooses the sectors and is in the proof. `beacon` is the latest entry, as for
/// [tickets](crate::ticket::input). Proofs clear its two highest bits themselves.
pub fn challenge(miner: &Address, epoch: ChainEpoch, beacon: &BeaconEntry) -> [u8; 32] {
    let entropy = miner_entropy(miner);
    let purpose = Purpose::WinningPostChallengeSeed;
    draw::from_base(&beacon.signature, purpose, epoch, &entropy)
}

/// What a block claims by its proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim<'a> {
    /// Who proves.
    pub prover: ActorID,
    /// What about.
    pub challenge: [u8; 32],
    /// The proof.
    pub proofs: &'a [PoStProof],
}

/// The claim of a block.
///
/// # Errors
/// When its miner is not named by an id.
pub fn claim<'a>(header: &'a BlockHeader, beacon: &BeaconEntry) -> Result<Claim<'a>, Reason> {
    let miner = header.miner;
    Ok(Claim {
        prover: miner.id().map_err(|_| Reason::MinerNotId(miner))?,
        challenge: challenge(&miner, header.height, beacon),
        proofs: &header.winning_post,
    })
}

/// That the proof of a block holds, as whoever verified it says.
pub fn check(holds: bool) -> Result<(), Reason> {
    if holds {
        Ok(())
    } else {
        Err(Reason::WinningPost)
    }
}
