//! Who makes the winning proofs of blocks.

use anyhow::{Result, anyhow};
use filigree_node_state::mining::winning_proof;
use filigree_proofs_mock::MockProver;
use fvm_shared::ActorID;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{PoStProof, SectorInfo, WinningPoStVerifyInfo};

/// Shows, for a block, that sectors are there (WinningPoSt). It may take its time, of which there is a good part of an epoch;
/// it is asked by one thread for each miner.
pub trait WinningProver: Send + Sync {
    /// The proof of these sectors, those that the challenge chose.
    ///
    /// # Errors
    /// When it cannot be made: a sector's files are damaged, say. The epoch is lost then.
    fn prove(
        &self,
        miner: ActorID,
        challenge: [u8; 32],
        sectors: &[SectorInfo],
    ) -> Result<Vec<PoStProof>>;
}

/// Winning proofs that prove nothing, for development networks: what
/// [`MockVerifier::winning_post`](filigree_proofs_mock::MockVerifier::winning_post) takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct MockWinning;

impl WinningProver for MockWinning {
    fn prove(
        &self,
        miner: ActorID,
        challenge: [u8; 32],
        sectors: &[SectorInfo],
    ) -> Result<Vec<PoStProof>> {
        let first = sectors.first();
        let first = first.ok_or_else(|| anyhow!("there are no sectors to prove"))?;
        let kind = first.proof.registered_window_post_proof();
        let kind = kind.map_err(|why| anyhow!("sector {}: {why}", first.sector_number))?;
        let mut proof = PoStProof {
            post_proof: winning_proof(kind),
            proof_bytes: Vec::new(),
        };
        let info = WinningPoStVerifyInfo {
            randomness: Randomness(challenge.to_vec()),
            proofs: vec![proof.clone()],
            challenge_sectors: sectors.to_vec(),
            prover: miner,
        };
        proof.proof_bytes = MockProver.winning_post(&info);
        Ok(vec![proof])
    }
}
