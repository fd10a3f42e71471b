//! Elections: a miner's worker draws a number that nobody else could know, and the number says how often the miner won
//! (Filecoin spec, "Secret Leader Election").

use filigree_blocks::{BeaconEntry, BlockHeader, ElectionProof};
use filigree_keys::vrf;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;

use crate::config::ChainConfig;
use crate::draw::{self, Purpose};
use crate::reason::{Field, Reason};
use crate::sortition;
use crate::ticket::miner_entropy;

/// What the worker of `miner` signs for the election of `epoch`. `beacon` is the latest entry, as for
/// [tickets](crate::ticket::input).
pub fn input(miner: &Address, epoch: ChainEpoch, beacon: &BeaconEntry) -> [u8; 32] {
    let entropy = miner_entropy(miner);
    let purpose = Purpose::ElectionProofProduction;
    draw::from_base(&beacon.signature, purpose, epoch, &entropy)
}

/// That a block claims to have won, and its proof is the output of its miner's worker.
pub fn check_proof(
    header: &BlockHeader,
    worker: &Address,
    beacon: &BeaconEntry,
) -> Result<(), Reason> {
    let proof = proof_of(header)?;
    if proof.win_count < 1 {
        return Err(Reason::NoWin(proof.win_count));
    }
    let input = input(&header.miner, header.height, beacon);
    if !vrf::holds(worker, &input, &proof.vrf_proof) {
        return Err(Reason::Election { worker: *worker });
    }
    Ok(())
}

/// That a block has won as often as it claims. Powers are quality-adjusted, in bytes, of the state a lookback ago.
pub fn check_win_count(
    config: &ChainConfig,
    header: &BlockHeader,
    power: &BigInt,
    total_power: &BigInt,
) -> Result<(), Reason> {
    let proof = proof_of(header)?;
    let computed = sortition::win_count(
        &proof.vrf_proof,
        power,
        total_power,
        config.blocks_per_epoch,
    );
    if proof.win_count != computed {
        return Err(Reason::WinCount {
            claimed: proof.win_count,
            computed,
        });
    }
    Ok(())
}

fn proof_of(header: &BlockHeader) -> Result<&ElectionProof, Reason> {
    let proof = header.election_proof.as_ref();
    proof.ok_or(Reason::Missing(Field::ElectionProof))
}
