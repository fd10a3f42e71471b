//! Proofs of a deadline's partitions, and the messages with them (SubmitWindowedPoSt).

use std::sync::{Arc, PoisonError};

use filigree_actor_miner::deadline_info::DeadlineInfo;
use filigree_actor_miner::params::SubmitWindowedPoStParams;
use filigree_actor_miner::types::PoStPartition;
use filigree_blocks::Tipset;
use filigree_proofs_prove::post::WindowProof;
use filigree_sdk::collections::BitField;
use fvm_shared::econ::TokenAmount;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::PoStProof;

use super::due::{self, Due};
use super::{Made, Submitted};
use crate::error::{Failure, SealError};
use crate::message::{Call, SUBMIT_WINDOWED_POST};
use crate::prover::Windowed;
use crate::shared::Shared;

/// Partitions that are proven together.
struct Batch {
    partitions: Vec<Due>,
    windowed: Windowed,
}

/// Proves what is to be proven of a deadline that was challenged, and sends it once its window is open.
pub(super) fn prove(
    shared: &Arc<Shared>,
    head: &Tipset,
    deadline: DeadlineInfo,
) -> Result<(), Failure> {
    for batch in batches(shared, head, &deadline)? {
        let proof = proof(shared, &batch, &deadline)?;
        // It may have taken a while.
        let head = shared.head();
        if head.height() >= deadline.open && head.height() + 1 < deadline.close {
            submit(shared, &head, &deadline, &batch, proof)?;
        } else if head.height() >= deadline.open {
            shared.counts().late += 1;
        }
    }
    Ok(())
}

/// What is to be proven and is not on its way.
fn batches(shared: &Shared, head: &Tipset, deadline: &DeadlineInfo) -> Result<Vec<Batch>, Failure> {
    let view = shared.now(head)?;
    let miner = view.miner(&shared.address())?;
    let is_open = deadline.open <= head.height() + 1;
    let mut partitions = due::due(&miner, deadline.index, is_open)?;
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let window = shared.window(deadline)?;
    for sent in &window.proofs {
        match shared.is_under_way(&sent.message)? {
            Ok(()) => partitions.retain(|due| !sent.partitions.contains(&due.index)),
            Err(Some(exit_code)) => {
                let (miner, message) = (shared.miner, sent.message);
                tracing::warn!(miner, deadline = deadline.index, %message, %exit_code, "a window proof failed on chain");
            }
            Err(None) => (),
        }
    }
    let info = miner.info()?;
    let randomness = shared.challenge(head, deadline.challenge)?;
    let at_once = due::at_once(&shared.policy(), info.window_post_partition_sectors);
    let batches = partitions.chunks(at_once).map(|partitions| {
        let union = |of: fn(&Due) -> &BitField| BitField::union(partitions.iter().map(of));
        let sectors = union(|due| &due.sectors);
        Ok(Batch {
            windowed: Windowed {
                post_proof: info.window_post_proof_type,
                randomness,
                miner: shared.miner,
                all: union(|due| &due.all).iter().collect(),
                sectors: due::on_chain(&miner, &sectors)?,
            },
            partitions: partitions.to_vec(),
        })
    });
    batches.collect()
}

/// The proof of a batch: made before, or now.
fn proof(
    shared: &Arc<Shared>,
    batch: &Batch,
    deadline: &DeadlineInfo,
) -> Result<WindowProof, Failure> {
    let made = || shared.made.lock().unwrap_or_else(PoisonError::into_inner);
    let windowed = &batch.windowed;
    if let Some(found) = made().iter().find(|made| made.windowed == *windowed) {
        return Ok(found.proof.clone());
    }
    let control = shared.begin_window();
    let (miner, deadline_index) = (shared.miner, deadline.index);
    let tell = |what: String| tracing::debug!(miner, deadline_index, what, "window proof");
    let parts = &shared.parts;
    let start = std::time::Instant::now();
    let proof = parts
        .prover
        .window(&parts.directory, windowed, &control, &tell)?;
    let (sectors, skipped) = (windowed.sectors.len(), proof.skipped.len());
    let took = start.elapsed();
    {
        let mut counts = shared.counts();
        counts.made += 1;
        counts.skipped += skipped as u64;
        counts.last_took = took;
    }
    let millis = took.as_millis();
    tracing::info!(
        miner,
        deadline_index,
        sectors,
        skipped,
        millis,
        "window proof made"
    );
    made().push(Made {
        close: deadline.close,
        windowed: windowed.clone(),
        proof: proof.clone(),
    });
    Ok(proof)
}

fn submit(
    shared: &Shared,
    head: &Tipset,
    deadline: &DeadlineInfo,
    batch: &Batch,
    proof: WindowProof,
) -> Result<(), Failure> {
    let skipped = BitField::try_from_bits(proof.skipped.iter().copied());
    let skipped = skipped.map_err(|e| SealError::Prover(e.to_string()))?;
    let partitions = batch.partitions.iter().map(|due| PoStPartition {
        index: due.index,
        skipped: &due.all & &skipped,
    });
    let params = SubmitWindowedPoStParams {
        deadline: deadline.index,
        partitions: partitions.collect(),
        proofs: vec![PoStProof {
            post_proof: batch.windowed.post_proof,
            proof_bytes: proof.proof,
        }],
        chain_commit_epoch: deadline.challenge,
        chain_commit_rand: Randomness(shared.chain_commit(head, deadline.challenge)?.to_vec()),
    };
    let view = shared.now(head)?;
    let call = Call {
        method: SUBMIT_WINDOWED_POST,
        params: &params,
        value: TokenAmount::default(),
        max_fee: shared.parts.settings.max_window_fee.clone(),
    };
    let partitions: Vec<u64> = batch.partitions.iter().map(|due| due.index).collect();
    let message = shared.send(&view, call, |message| {
        let mut window = shared.window(deadline)?;
        window.result = format!(
            "partitions {partitions:?} proven by message {message}; {} of {} sectors skipped",
            proof.skipped.len(),
            batch.windowed.sectors.len()
        );
        let partitions = partitions.clone();
        window.proofs.push(Submitted {
            partitions,
            message,
        });
        shared.records.save_window(deadline.index, &window)
    })?;
    let (miner, skipped) = (shared.miner, &proof.skipped);
    tracing::info!(miner, deadline = deadline.index, ?partitions, ?skipped, %message, "window proof sent");
    Ok(())
}
