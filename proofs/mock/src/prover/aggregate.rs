//! Aggregates of seals.

use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredSealProof as Kind};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::{Control, ProveError, Result, Step};
use fvm_shared::sector::RegisteredSealProof;

use super::replica::replica_cid;
use crate::proof::{self, Seal, is_mock};

/// Makes one mock of many.
pub fn aggregate(
    kind: Kind,
    version: RegisteredAggregationProof,
    sectors: &[Proved],
    control: &Control,
) -> Result<Vec<u8>> {
    if sectors.is_empty() {
        return Err(ProveError::Input("an aggregate of no proofs".to_owned()));
    }
    control.step(Step::Aggregate, || {
        let seals = sectors.iter().map(|sector| match is_mock(&sector.proof) {
            true => Ok(Seal {
                sealed_cid: replica_cid(&sector.comm_r)?,
                seed: &sector.seed,
                proof: sector.proof.clone(),
            }),
            false => Err(ProveError::Input(
                "a mock aggregates mock proofs alone".to_owned(),
            )),
        });
        let seals: Vec<Seal<'_>> = seals.collect::<Result<_>>()?;
        let kind = RegisteredSealProof::from(kind as i64);
        Ok(proof::aggregate(kind, version as i64, &seals))
    })
}
