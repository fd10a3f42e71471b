//! Proofs of storage and reports of consensus faults, checked by the host.

use cid::Cid;
use fvm_shared::ActorID;
use fvm_shared::MAX_CID_LEN;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};

use crate::error::Result;
use crate::{cbor, store, sys};

/// A consensus fault that was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsensusFault {
    /// The miner at fault.
    pub target: ActorID,
    /// When: the epoch of the later block.
    pub epoch: ChainEpoch,
}

/// CID of a sector's data (CommD), from its pieces; what they do not fill is zeros. Fails if the pieces do not fit.
pub fn unsealed_sector_cid(proof: RegisteredSealProof, pieces: &[PieceInfo]) -> Result<Cid> {
    let mut cid = [0; MAX_CID_LEN];
    sys::compute_unsealed_sector_cid(proof.into(), &cbor::encode(pieces)?, &mut cid)?;
    store::cid_of(&cid)
}

/// Whether a window proof of spacetime is valid. Fails if it is malformed.
pub fn verify_post(info: &WindowPoStVerifyInfo) -> Result<bool> {
    Ok(sys::verify_post(&cbor::encode(info)?)? == 0)
}

/// Whether an aggregate of proofs of replication is valid. Fails if it is malformed.
pub fn verify_aggregate_seals(aggregate: &AggregateSealVerifyProofAndInfos) -> Result<bool> {
    Ok(sys::verify_aggregate_seals(&cbor::encode(aggregate)?)? == 0)
}

/// Whether the proof of a replica update is valid. Fails if it is malformed.
pub fn verify_replica_update(update: &ReplicaUpdateInfo) -> Result<bool> {
    Ok(sys::verify_replica_update(&cbor::encode(update)?)? == 0)
}

/// Which of some proofs of replication are valid.
pub fn batch_verify_seals(batch: &[SealVerifyInfo]) -> Result<Vec<bool>> {
    let mut results = vec![0; batch.len()];
    sys::batch_verify_seals(&cbor::encode(batch)?, &mut results)?;
    Ok(results.into_iter().map(|result| result != 0).collect())
}

/// The consensus fault that two block headers prove, with a third for parent grinding; `None` if they prove none.
pub fn verify_consensus_fault(
    one: &[u8],
    other: &[u8],
    extra: &[u8],
) -> Result<Option<ConsensusFault>> {
    let found = sys::verify_consensus_fault(one, other, extra)?;
    Ok((found.fault != 0).then_some(ConsensusFault {
        target: found.target,
        epoch: found.epoch,
    }))
}
