//! Windowed proofs of spacetime. A proof is believed unless it brings faulty sectors back: then it is verified at once. Others may dispute
//! it later (FIP-0010).

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use filigree_sdk::proofs;
use filigree_sdk::store::ActorStore;
use fvm_shared::randomness::{RANDOMNESS_LENGTH, Randomness};
use fvm_shared::sector::{PoStProof, SectorInfo, WindowPoStVerifyInfo};

use super::{construct, effects, require_controlling, seal};
use crate::deadline_info::DeadlineInfo;
use crate::params::SubmitWindowedPoStParams;
use crate::policy::load_partitions_sectors_max;
use crate::sectors::Sectors;
use crate::state::Miner;
use crate::types::{MinerInfo, PowerPair, SectorOnChainInfo};

/// Purpose of the randomness that sectors are challenged with (Filecoin spec, "Domain Separation Tags").
const TAG_WINDOWED_POST_CHALLENGE: i64 = 4;
/// Purpose of the randomness that ties a proof to a chain.
const TAG_POST_CHAIN_COMMIT: i64 = 9;

/// Takes a proof for the deadline that is open.
pub(crate) fn submit(ctx: &mut Context, params: SubmitWindowedPoStParams) -> Result<()> {
    check(&params)?;
    let power_delta = ctx.transaction(|state: &mut Miner, ctx| record(state, ctx, params))?;
    effects::update_power(ctx, power_delta)?;
    effects::check_balance(ctx)
}

/// Checks what can be checked without the state.
fn check(params: &SubmitWindowedPoStParams) -> Result<()> {
    let [proof] = params.proofs.as_slice() else {
        return Err(Error::illegal_argument("there has to be one proof"));
    };
    construct::check_proof_type(proof.post_proof)?;
    ensure!(
        params.deadline < POLICY.wpost_period_deadlines,
        illegal_argument,
        "there is no deadline {}",
        params.deadline
    );
    ensure!(
        params.chain_commit_rand.0.len() <= RANDOMNESS_LENGTH,
        illegal_argument,
        "randomness of {} bytes, at most {RANDOMNESS_LENGTH} are allowed",
        params.chain_commit_rand.0.len()
    );
    Ok(())
}

/// Checks a submission against the miner, and records it. Gives what changes of the miner's power.
fn record(state: &mut Miner, ctx: &Context, params: SubmitWindowedPoStParams) -> Result<PowerPair> {
    let info = state.get_info(ActorStore)?;
    require_controlling(ctx, &info)?;
    check_size(&params, &info)?;
    let epoch = ctx.epoch()?;
    let current = state.deadline_info(&POLICY, epoch);
    check_bounds(&params, &current, epoch)?;
    check_chain(ctx, &params)?;

    let sectors = Sectors::load(ActorStore, &state.sectors)?;
    let mut deadlines = state.load_deadlines(ActorStore)?;
    let mut deadline = deadlines.load_deadline(ActorStore, params.deadline)?;
    let proven = deadline.record_proven_sectors(
        ActorStore,
        &sectors,
        info.sector_size,
        current.quant_spec(),
        current.last() + POLICY.fault_max_age,
        &params.partitions,
    )?;
    ensure!(
        !(&proven.sectors - &proven.ignored_sectors).is_empty(),
        illegal_argument,
        "no sector is proven: all are faulty or gone"
    );
    if proven.recovered_power.is_zero() {
        deadline.record_post_proofs(ActorStore, &proven.partitions, &params.proofs)?;
    } else {
        let infos = sectors.load_for_proof(&proven.sectors, &proven.ignored_sectors)?;
        ensure!(
            verify(ctx, current.challenge, &infos, params.proofs)?,
            illegal_argument,
            "the proof is invalid"
        );
    }
    deadlines.update_deadline(&POLICY, ActorStore, params.deadline, &deadline)?;
    state.save_deadlines(ActorStore, &deadlines)?;
    Ok(proven.power_delta)
}

/// Fails unless the proof is of the miner's type and of a size for its partitions, and they are not too many.
fn check_size(params: &SubmitWindowedPoStParams, info: &MinerInfo) -> Result<()> {
    let max_bytes = info
        .window_post_proof_type
        .proof_size()
        .map_err(|_| Error::illegal_state("a proof of unknown size"))?
        .saturating_mul(params.partitions.len());
    for proof in &params.proofs {
        ensure!(
            proof.post_proof == info.window_post_proof_type,
            illegal_argument,
            "the miner proves with type {}",
            i64::from(info.window_post_proof_type)
        );
        ensure!(
            proof.proof_bytes.len() <= max_bytes,
            illegal_argument,
            "a proof of more than {max_bytes} bytes"
        );
    }
    let limit = load_partitions_sectors_max(&POLICY, info.window_post_partition_sectors)
        .min(POLICY.posted_partitions_max);
    ensure!(
        params.partitions.len() as u64 <= limit,
        illegal_argument,
        "{} partitions, at most {limit} are allowed",
        params.partitions.len()
    );
    Ok(())
}

/// Fails unless the proof is for the deadline that is open, and tied to an epoch since it was challenged.
fn check_bounds(
    params: &SubmitWindowedPoStParams,
    current: &DeadlineInfo,
    epoch: ChainEpoch,
) -> Result<()> {
    ensure!(
        current.is_open(),
        illegal_state,
        "the proving period begins at {}",
        current.period_start
    );
    ensure!(
        params.deadline == current.index,
        illegal_argument,
        "deadline {} is open, not {}",
        current.index,
        params.deadline
    );
    ensure!(
        (current.challenge..epoch).contains(&params.chain_commit_epoch),
        illegal_argument,
        "randomness of epoch {}, it has to be of {} to now",
        params.chain_commit_epoch,
        current.challenge
    );
    Ok(())
}

/// Fails unless the proof is for this chain.
fn check_chain(ctx: &Context, params: &SubmitWindowedPoStParams) -> Result<()> {
    let drawn = ctx.chain_randomness(TAG_POST_CHAIN_COMMIT, params.chain_commit_epoch, &[])?;
    ensure!(
        drawn.as_slice() == params.chain_commit_rand.0,
        illegal_argument,
        "the randomness is that of another chain"
    );
    Ok(())
}

/// Whether a proof of sectors that were challenged at an epoch is valid. What cannot be verified is not.
pub(crate) fn verify(
    ctx: &Context,
    challenge_epoch: ChainEpoch,
    sectors: &[SectorOnChainInfo],
    proofs: Vec<PoStProof>,
) -> Result<bool> {
    let entropy = seal::entropy(ctx)?;
    let randomness =
        ctx.beacon_randomness(TAG_WINDOWED_POST_CHALLENGE, challenge_epoch, &entropy)?;
    let challenged_sectors = sectors.iter().map(|sector| SectorInfo {
        proof: sector.seal_proof,
        sector_number: sector.sector_number,
        sealed_cid: sector.sealed_cid,
    });
    let info = WindowPoStVerifyInfo {
        randomness: Randomness(randomness.into()),
        proofs,
        challenged_sectors: challenged_sectors.collect(),
        prover: ctx.receiver(),
    };
    Ok(proofs::verify_post(&info).unwrap_or(false))
}

#[cfg(test)]
mod tests;
