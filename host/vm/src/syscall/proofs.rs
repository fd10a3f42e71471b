//! `crypto`, the part of Filecoin alone: proofs and consensus faults. The node's verifier and chain decide.

use fvm_shared::error::ErrorNumber::IllegalArgument;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredPoStProof, RegisteredSealProof, ReplicaUpdateInfo,
    SealVerifyInfo, WindowPoStVerifyInfo,
};
use fvm_shared::sys::out::crypto::VerifyConsensusFault;

use super::Context;
use super::crypto::verdict;
use crate::stack::CallStack;
use crate::stop::{Classify, Outcome, Stop, errno};
use crate::verifier::VerifyError;

const CALIBNET_CHAIN_ID: u64 = 314_159;
const CALIBNET_LAST_BAD_POST_EPOCH: i64 = 498_691;

/// CID of a sector's data from its pieces.
pub(super) fn compute_unsealed_sector_cid(
    context: &mut Context<'_>,
    proof: i64,
    pieces: u32,
    pieces_len: u32,
    cid: u32,
    cid_len: u32,
) -> Outcome<u32> {
    let proof = RegisteredSealProof::from(proof);
    if let RegisteredSealProof::Invalid(number) = proof {
        return Err(errno(
            IllegalArgument,
            format_args!("unknown seal proof {number}"),
        ));
    }
    let pieces: Vec<PieceInfo> = context.memory.cbor(pieces, pieces_len)?;
    context.memory.check(cid, cid_len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_compute_unsealed_sector_cid())?;
    let unsealed = known(stack.core.verifier.unsealed_sector_cid(proof, &pieces))?;
    context.memory.write_cid(&unsealed, cid, cid_len)
}

/// Checks a window proof of spacetime.
pub(super) fn verify_post(context: &mut Context<'_>, info: u32, len: u32) -> Outcome<i32> {
    let info: WindowPoStVerifyInfo = context.memory.cbor(info, len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_verify_post(&info))?;
    if is_bad_on_calibnet(stack, &info) {
        return Ok(verdict(false));
    }
    known(stack.core.verifier.window_post(&info)).map(verdict)
}

/// Calibnet once judged valid 32 GiB proofs of the newer type invalid, and its history keeps that verdict.
fn is_bad_on_calibnet(stack: &CallStack, info: &WindowPoStVerifyInfo) -> bool {
    let now = &stack.core.context;
    stack.core.rules.early_abi
        && now.network.chain_id == CALIBNET_CHAIN_ID
        && now.epoch <= CALIBNET_LAST_BAD_POST_EPOCH
        && info
            .proofs
            .first()
            .is_some_and(|p| p.post_proof == RegisteredPoStProof::StackedDRGWindow32GiBV1P1)
}

/// Checks two block headers for a consensus fault; all zero if there is none.
pub(super) fn verify_consensus_fault(
    context: &mut Context<'_>,
    h1: u32,
    h1_len: u32,
    h2: u32,
    h2_len: u32,
    extra: u32,
    extra_len: u32,
) -> Outcome<VerifyConsensusFault> {
    let h1 = context.memory.slice(h1, h1_len)?;
    let h2 = context.memory.slice(h2, h2_len)?;
    let extra = context.memory.slice(extra, extra_len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_verify_consensus_fault())?;
    let fault = stack
        .core
        .chain
        .consensus_fault(h1, h2, extra)
        .or_errno(IllegalArgument)?;
    Ok(match fault {
        None => VerifyConsensusFault {
            epoch: 0,
            target: 0,
            fault: 0,
        },
        Some(fault) => VerifyConsensusFault {
            epoch: fault.epoch,
            target: fault
                .target
                .id()
                .or_fatal("the culprit of a consensus fault is not an id address")?,
            fault: fault.fault_type as u32,
        },
    })
}

/// Checks an aggregate of seals.
pub(super) fn verify_aggregate_seals(
    context: &mut Context<'_>,
    info: u32,
    len: u32,
) -> Outcome<i32> {
    let info: AggregateSealVerifyProofAndInfos = context.memory.cbor(info, len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_verify_aggregate_seals(&info))?;
    known(stack.core.verifier.aggregate_seals(&info)).map(verdict)
}

/// Checks a replica update.
pub(super) fn verify_replica_update(
    context: &mut Context<'_>,
    info: u32,
    len: u32,
) -> Outcome<i32> {
    let info: ReplicaUpdateInfo = context.memory.cbor(info, len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_verify_replica_update())?;
    known(stack.core.verifier.replica_update(&info)).map(verdict)
}

/// Checks many seals; writes one byte for each, 1 for valid. A malformed seal is an invalid one here.
pub(super) fn batch_verify_seals(
    context: &mut Context<'_>,
    batch: u32,
    len: u32,
    results: u32,
) -> Outcome<()> {
    let batch: Vec<SealVerifyInfo> = context.memory.cbor(batch, len)?;
    let out = context.memory.slice_mut(results, batch.len() as u32)?;
    let stack = &mut context.frame.stack;
    for _ in &batch {
        stack.pay(|p| p.on_verify_seal())?;
    }
    let verdicts = stack.core.verifier.seals(&batch);
    if verdicts.len() != batch.len() {
        return Err(Stop::Fatal(anyhow::anyhow!(
            "the verifier gave {} verdicts for {} seals",
            verdicts.len(),
            batch.len()
        )));
    }
    for (byte, verdict) in out.iter_mut().zip(verdicts) {
        *byte = match verdict {
            Ok(valid) => u8::from(valid),
            Err(VerifyError::Malformed(_)) => 0,
            Err(e @ VerifyError::Unavailable(_)) => return Err(Stop::Fatal(e.into())),
        };
    }
    Ok(())
}

fn known<T>(answer: Result<T, VerifyError>) -> Outcome<T> {
    answer.map_err(|e| match e {
        VerifyError::Malformed(what) => errno(IllegalArgument, what),
        unavailable @ VerifyError::Unavailable(_) => Stop::Fatal(unavailable.into()),
    })
}
