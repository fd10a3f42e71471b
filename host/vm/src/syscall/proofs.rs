//! `crypto`, the part of Filecoin alone: proofs and consensus faults. The node's verifier and chain decide.

use fvm_shared::error::ErrorNumber::IllegalArgument;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, PoStProof, RegisteredPoStProof, RegisteredSealProof,
    ReplicaUpdateInfo, SealVerifyInfo, WindowPoStVerifyInfo,
};
use fvm_shared::sys::out::crypto::VerifyConsensusFault;

use super::Context;
use super::crypto::verdict;
use crate::network::Rules;
use crate::stack::CallStack;
use crate::stop::{Classify, Outcome, Stop, errno, without_panic};
use crate::verifier::VerifyError;

/// Number of the older type of window proofs of 32 GiB sectors.
const WINDOW_32_GIB_V1: i64 = 8;

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
    let rules = context.frame.stack.core.rules;
    if matches!(proof, RegisteredSealProof::Invalid(_)) || !is_known_seal(rules, proof) {
        return Err(unknown_seal(proof));
    }
    let pieces: Vec<PieceInfo> = context.memory.cbor(pieces, pieces_len)?;
    context.memory.check(cid, cid_len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_compute_unsealed_sector_cid())?;
    let verifier = &stack.core.verifier;
    let unsealed = ask(|| verifier.unsealed_sector_cid(proof, &pieces))?;
    context.memory.write_cid(&unsealed, cid, cid_len)
}

/// Checks a window proof of spacetime.
pub(super) fn verify_post(context: &mut Context<'_>, info: u32, len: u32) -> Outcome<i32> {
    let mut info: WindowPoStVerifyInfo = context.memory.cbor(info, len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_verify_post(&info))?;
    if info.proofs.is_empty() {
        return Err(errno(IllegalArgument, "no proofs"));
    }
    let rules = stack.core.rules;
    let sectors = info.challenged_sectors.iter();
    if let Some(sector) = sectors.clone().find(|s| !is_known_seal(rules, s.proof)) {
        return Err(unknown_seal(sector.proof));
    }
    let is_old = |proof: &PoStProof| matches!(proof.post_proof, RegisteredPoStProof::Invalid(_));
    if !rules.early_abi && info.proofs.iter().any(is_old) {
        return Err(errno(IllegalArgument, "a type of proof that is no more"));
    }
    if is_misread_on_calibnet(stack, &info) {
        info.proofs[0].post_proof = RegisteredPoStProof::Invalid(WINDOW_32_GIB_V1);
    }
    let verifier = &stack.core.verifier;
    ask(|| verifier.window_post(&info)).map(verdict)
}

/// Calibnet once took 32 GiB proofs of the newer type for the older one, which judges them by other challenges, and its
/// history keeps those verdicts.
fn is_misread_on_calibnet(stack: &CallStack, info: &WindowPoStVerifyInfo) -> bool {
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
    if !is_known_seal(stack.core.rules, info.seal_proof) {
        return Err(unknown_seal(info.seal_proof));
    }
    let verifier = &stack.core.verifier;
    ask(|| verifier.aggregate_seals(&info)).map(verdict)
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
    let verifier = &stack.core.verifier;
    ask(|| verifier.replica_update(&info)).map(verdict)
}

/// Checks many seals; writes one byte for each, 1 for valid. A malformed seal is an invalid one here.
pub(super) fn batch_verify_seals(
    context: &mut Context<'_>,
    batch: u32,
    len: u32,
    results: u32,
) -> Outcome<()> {
    let mut batch: Vec<SealVerifyInfo> = context.memory.cbor(batch, len)?;
    let out = context.memory.slice_mut(results, batch.len() as u32)?;
    let stack = &mut context.frame.stack;
    for _ in &batch {
        stack.pay(|p| p.on_verify_seal())?;
    }
    let (rules, verifier) = (stack.core.rules, &stack.core.verifier);
    let known: Vec<bool> = batch
        .iter()
        .map(|seal| is_known_seal(rules, seal.registered_proof))
        .collect();
    batch.retain(|seal| is_known_seal(rules, seal.registered_proof));
    // A verifier that panics on one seal of many is asked for each.
    let verdicts = without_panic(|| verifier.seals(&batch)).unwrap_or_else(|_| {
        let one = |seal| without_panic(|| verifier.seal(seal)).unwrap_or_else(|e| Err(panicked(e)));
        batch.iter().map(one).collect()
    });
    if verdicts.len() != batch.len() {
        return Err(Stop::Node(anyhow::anyhow!(
            "the verifier gave {} verdicts for {} seals",
            verdicts.len(),
            batch.len()
        )));
    }
    let mut verdicts = verdicts.into_iter();
    for (byte, known) in out.iter_mut().zip(known) {
        let verdict = if known { verdicts.next() } else { None };
        *byte = match verdict {
            Some(Ok(valid)) => u8::from(valid),
            None | Some(Err(VerifyError::Malformed(_))) => 0,
            Some(Err(e @ VerifyError::Unavailable(_))) => return Err(Stop::Node(e.into())),
        };
    }
    Ok(())
}

/// Seal proofs without interaction came with nv21, as numbers that meant nothing before.
fn is_known_seal(rules: Rules, proof: RegisteredSealProof) -> bool {
    const FIRST_NON_INTERACTIVE: i64 = 15;
    !(rules.early_abi && i64::from(proof) >= FIRST_NON_INTERACTIVE)
}

fn unknown_seal(proof: RegisteredSealProof) -> Stop {
    errno(
        IllegalArgument,
        format_args!("unknown seal proof {}", i64::from(proof)),
    )
}

/// Asks the verifier. A panic counts as a refusal of its input, as in the reference.
fn ask<T>(question: impl FnOnce() -> Result<T, VerifyError>) -> Outcome<T> {
    let answer = without_panic(question).unwrap_or_else(|text| Err(panicked(text)));
    answer.map_err(|e| match e {
        VerifyError::Malformed(what) => errno(IllegalArgument, what),
        unavailable @ VerifyError::Unavailable(_) => Stop::Node(unavailable.into()),
    })
}

fn panicked(text: String) -> VerifyError {
    VerifyError::Malformed(format!("the verifier panicked: {text}"))
}
