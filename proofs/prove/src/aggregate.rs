//! Aggregation (FIP-0013): proofs of many sectors of one miner become one, whose size grows with the logarithm of their
//! number.

use filecoin_proofs_api::seal::{SealCommitPhase2Output, aggregate_seal_commit_proofs};
use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredSealProof};
use serde::{Deserialize, Serialize};

use crate::error::InStep;
use crate::{Commitment, Control, ProveError, Result, Step, params};

/// A proved sector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// Commitment to its replica.
    pub comm_r: Commitment,
    /// The seed of its proof.
    pub seed: [u8; 32],
    /// Its proof.
    pub proof: Vec<u8>,
}

/// Aggregates proofs of sectors of one type, in the order in which a verifier will name the sectors.
pub fn aggregate(
    proof: RegisteredSealProof,
    version: RegisteredAggregationProof,
    sectors: &[Proved],
    control: &Control,
) -> Result<Vec<u8>> {
    if sectors.is_empty() {
        return Err(ProveError::Input("an aggregate of no proofs".to_owned()));
    }
    params::require_srs(Step::Aggregate)?;
    control.step(Step::Aggregate, || {
        let comm_rs: Vec<Commitment> = sectors.iter().map(|sector| sector.comm_r).collect();
        let seeds: Vec<[u8; 32]> = sectors.iter().map(|sector| sector.seed).collect();
        let proofs = sectors.iter().map(|sector| SealCommitPhase2Output {
            proof: sector.proof.clone(),
        });
        let proofs: Vec<_> = proofs.collect();
        aggregate_seal_commit_proofs(proof, version, &comm_rs, &seeds, &proofs)
            .in_step(Step::Aggregate)
    })
}
