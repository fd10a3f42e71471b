//! Empty sectors get data, without being sealed anew ("snap deals"; FIP-0019, FIP-0076). Each step goes on with the sectors that passed the
//! one before.

use std::collections::{BTreeMap, BTreeSet};

use filigree_builtin::POLICY;
use filigree_builtin::batch::BatchReturn;
use filigree_sdk::prelude::*;
use filigree_sdk::proofs;
use filigree_sdk::store::ActorStore;
use fvm_shared::sector::{RegisteredUpdateProof, ReplicaUpdateInfo, SectorNumber, SectorSize};

use super::activate::require_unlocked;
use super::data::{DataInput, DataOutput, activate_pieces, unsealed_cid};
use super::pledge_inputs::PledgeInputs;
use super::{effects, illegal_state, require_controlling, seal};
use crate::deadline_info::deadline_is_mutable;
use crate::events;
use crate::notifications::{Activation, notify_data_consumers};
use crate::params::{ProveReplicaUpdates3Params, SectorUpdateManifest};
use crate::replica::updated_sector;
use crate::sectors::Sectors;
use crate::state::Miner;
use crate::types::{CompactCommD, PowerPair, SectorOnChainInfo, is_sealed_sector};

/// A sector on its way.
#[derive(Clone, Copy)]
struct Update<'a> {
    manifest: &'a SectorUpdateManifest,
    proof: &'a RawBytes,
    /// As it was.
    sector: &'a SectorOnChainInfo,
}

/// Proves the updates and changes the sectors; gives what became of each.
pub(crate) fn prove_replica_updates(
    ctx: &mut Context,
    params: &ProveReplicaUpdates3Params,
) -> Result<BatchReturn> {
    let state: Miner = ctx.load()?;
    let info = state.get_info(ActorStore)?;
    require_controlling(ctx, &info)?;
    check(params)?;

    let sectors = Sectors::load(ActorStore, &state.sectors)?;
    let numbers = params.sector_updates.iter().map(|update| update.sector);
    let before = numbers.map(|number| sectors.must_get(number));
    let before = before.collect::<Result<Vec<_>>>()?;
    // Too few proofs are told of after each sector was looked at.
    let none = RawBytes::default();
    let updates = params.sector_updates.iter().zip(&before).enumerate();
    let updates: Vec<_> = updates
        .map(|(i, (manifest, sector))| Update {
            manifest,
            proof: params.sector_proofs.get(i).unwrap_or(&none),
            sector,
        })
        .collect();

    let required = params.require_activation_success;
    let valid = validate(ctx, &state, &updates, params.update_proofs_type, required)?;
    let updates: Vec<_> = valid.successes(&updates).into_iter().copied().collect();
    check_proofs(params)?;
    let (proven, commds) = verify(&updates, params.update_proofs_type, required)?;
    ensure!(
        proven.success_count > 0,
        illegal_argument,
        "no update is proven"
    );
    let commds = proven.successes(&commds);
    let updates: Vec<_> = proven.successes(&updates).into_iter().copied().collect();

    let inputs: Vec<_> = updates.iter().map(data_of).collect();
    let (with_data, data) = activate_pieces(ctx, &inputs, required)?;
    ensure!(
        with_data.success_count > 0,
        illegal_argument,
        "no sector gets its data"
    );
    let commds = with_data.successes(&commds);
    let updates = with_data.successes(&updates);

    let pledge_inputs = PledgeInputs::request(ctx)?;
    let (power_delta, pledge_delta) = replace(
        ctx,
        &updates,
        &data,
        sectors,
        &pledge_inputs,
        info.sector_size,
    )?;
    effects::update_pledge(ctx, &pledge_delta)?;
    effects::update_power(ctx, power_delta)?;

    let mut notifications = Vec::with_capacity(updates.len());
    for (update, commd) in updates.into_iter().zip(commds) {
        let manifest = update.manifest;
        let pieces = manifest
            .pieces
            .iter()
            .map(|piece| (piece.cid, piece.size.0));
        events::sector_updated(ctx, manifest.sector, commd.0.as_ref(), pieces)?;
        notifications.push(Activation {
            sector_number: manifest.sector,
            sector_expiration: update.sector.expiration,
            pieces: &manifest.pieces,
        });
    }
    notify_data_consumers(ctx, &notifications, params.require_notification_success)?;
    Ok(valid.then(&proven.then(&with_data)))
}

/// Fails unless there are either proofs or an aggregate of a known type.
fn check(params: &ProveReplicaUpdates3Params) -> Result<()> {
    let is_aggregate = !params.aggregate_proof.is_empty();
    ensure!(
        params.sector_proofs.is_empty() == is_aggregate,
        illegal_argument,
        "there has to be either a proof of each sector or an aggregate"
    );
    ensure!(
        params.aggregate_proof_type.is_some() == is_aggregate,
        illegal_argument,
        "the type of an aggregate goes with an aggregate"
    );
    Ok(())
}

/// Fails unless there is a proof of each sector. Aggregates are for the future.
fn check_proofs(params: &ProveReplicaUpdates3Params) -> Result<()> {
    ensure!(
        !params.sector_proofs.is_empty(),
        illegal_argument,
        "aggregates of updates are not supported yet"
    );
    ensure!(
        params.sector_updates.len() == params.sector_proofs.len(),
        illegal_argument,
        "{} sectors, but {} proofs",
        params.sector_updates.len(),
        params.sector_proofs.len()
    );
    Ok(())
}

/// Looks whether the sectors may be updated now.
fn validate(
    ctx: &Context,
    state: &Miner,
    updates: &[Update<'_>],
    proof_type: RegisteredUpdateProof,
    all_or_nothing: bool,
) -> Result<BatchReturn> {
    let epoch = ctx.epoch()?;
    let mut seen = BTreeSet::new();
    let mut batch = BatchReturn::default();
    for update in updates {
        match validate_one(state, &mut seen, update, proof_type, epoch) {
            Ok(()) => batch.add_success(),
            Err(error) if all_or_nothing => return Err(error),
            Err(_) => batch.add_fail(ExitCode::USR_ILLEGAL_ARGUMENT),
        }
    }
    Ok(batch)
}

fn validate_one(
    state: &Miner,
    seen: &mut BTreeSet<SectorNumber>,
    update: &Update<'_>,
    proof_type: RegisteredUpdateProof,
    epoch: ChainEpoch,
) -> Result<()> {
    let Update {
        manifest, sector, ..
    } = update;
    let number = manifest.sector;
    ensure!(
        seen.insert(number),
        illegal_argument,
        "sector {number} twice"
    );
    ensure!(
        update.proof.len() <= POLICY.max_replica_update_proof_size,
        illegal_argument,
        "the proof of sector {number} is too long"
    );
    ensure!(
        manifest.deadline < POLICY.wpost_period_deadlines,
        illegal_argument,
        "there is no deadline {}",
        manifest.deadline
    );
    ensure!(
        is_sealed_sector(&manifest.new_sealed_cid),
        illegal_argument,
        "the sealed CID of sector {number} is no CommR"
    );
    let period_start = state.current_proving_period_start(&POLICY, epoch);
    ensure!(
        deadline_is_mutable(&POLICY, period_start, manifest.deadline, epoch),
        illegal_argument,
        "deadline {} is about to be proven",
        manifest.deadline
    );
    let is_active = state.check_sector_active(
        ActorStore,
        manifest.deadline,
        manifest.partition,
        number,
        true,
    )?;
    ensure!(is_active, illegal_argument, "sector {number} is not active");
    ensure!(
        sector.deal_weight + sector.verified_deal_weight == 0,
        illegal_argument,
        "sector {number} has data already"
    );
    let expected = sector
        .seal_proof
        .registered_update_proof()
        .map_err(|_| Error::illegal_state("a seal proof without updates"))?;
    ensure!(
        proof_type == expected,
        illegal_argument,
        "updates of sector {number} are proven with type {}",
        i64::from(expected)
    );
    Ok(())
}

/// Verifies each proof. Gives what became of each, and the CommD of each sector.
fn verify(
    updates: &[Update<'_>],
    proof_type: RegisteredUpdateProof,
    all_or_nothing: bool,
) -> Result<(BatchReturn, Vec<CompactCommD>)> {
    let mut batch = BatchReturn::default();
    let mut commds = Vec::with_capacity(updates.len());
    for update in updates {
        let (manifest, sector) = (update.manifest, update.sector);
        let commd = unsealed_cid(&manifest.pieces, sector.seal_proof)?;
        let info = ReplicaUpdateInfo {
            update_proof_type: proof_type,
            old_sealed_cid: sector.sealed_cid,
            new_sealed_cid: manifest.new_sealed_cid,
            new_unsealed_cid: commd.get_cid(sector.seal_proof)?,
            proof: update.proof.to_vec(),
        };
        let passed = proofs::verify_replica_update(&info).unwrap_or(false);
        seal::note(&mut batch, manifest.sector, passed, all_or_nothing)?;
        commds.push(commd);
    }
    Ok((batch, commds))
}

fn data_of<'a>(update: &Update<'a>) -> DataInput<'a> {
    DataInput {
        sector_number: update.sector.sector_number,
        sector_type: update.sector.seal_proof,
        expiration: update.sector.expiration,
        pieces: &update.manifest.pieces,
        // It was computed from the pieces.
        expected_commd: None,
    }
}

/// Replaces the sectors in the state, by deadline. Gives what changes of the miner's power and of its pledge.
fn replace(
    ctx: &mut Context,
    updates: &[&Update<'_>],
    data: &[DataOutput],
    mut sectors: Sectors<ActorStore>,
    inputs: &PledgeInputs,
    sector_size: SectorSize,
) -> Result<(PowerPair, TokenAmount)> {
    let mut by_deadline: BTreeMap<u64, Vec<_>> = BTreeMap::new();
    for (update, data) in updates.iter().zip(data) {
        let updates = by_deadline.entry(update.manifest.deadline).or_default();
        updates.push((update, data));
    }
    ctx.transaction(|state: &mut Miner, ctx| {
        let (epoch, balance) = (ctx.epoch()?, ctx.balance()?);
        let mut power_delta = PowerPair::zero();
        let mut pledge_delta = TokenAmount::default();
        let mut new_sectors = Vec::with_capacity(updates.len());
        let mut deadlines = state.load_deadlines(ActorStore)?;
        for (index, updates) in by_deadline {
            let quant = state.quant_spec_for_deadline(&POLICY, index);
            let mut deadline = deadlines.load_deadline(ActorStore, index)?;
            let mut partitions = deadline.partitions_amt(ActorStore).map_err(illegal_state)?;
            for (update, data) in updates {
                let sealed_cid = update.manifest.new_sealed_cid;
                let new =
                    updated_sector(update.sector, sealed_cid, data, inputs, sector_size, epoch);
                let at = update.manifest.partition;
                let mut partition = partitions
                    .get(at)
                    .map_err(illegal_state)?
                    .ok_or_else(|| Error::not_found("no such partition"))?;
                let old = std::slice::from_ref(update.sector);
                let delta = partition
                    .replace_sectors(
                        ActorStore,
                        old,
                        std::slice::from_ref(&new),
                        sector_size,
                        quant,
                    )
                    .map_err(illegal_state)?;
                let (power, pledge, daily_fee) = delta;
                deadline.live_power += power;
                deadline.daily_fee += daily_fee;
                power_delta += power;
                pledge_delta += pledge;
                partitions.set(at, &partition).map_err(illegal_state)?;
                new_sectors.push(new);
            }
            deadline.partitions = partitions.close().map_err(illegal_state)?;
            deadlines
                .update_deadline(&POLICY, ActorStore, index, &deadline)
                .map_err(illegal_state)?;
        }
        sectors.store(&new_sectors)?;
        state.sectors = sectors.flush()?;
        state.save_deadlines(ActorStore, &deadlines)?;
        if pledge_delta.is_positive() {
            require_unlocked(state, &balance, &pledge_delta)?;
        }
        state.add_initial_pledge(&pledge_delta)?;
        effects::check_balance_of(ctx, state)?;
        Ok((power_delta, pledge_delta))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::sector::RegisteredAggregateProof;

    #[test]
    fn there_is_a_proof_of_each_sector_and_no_aggregate() {
        let params = |sectors: u64, proofs: usize, aggregate: usize, has_type: bool| {
            let sectors = (0..sectors).map(|sector| SectorUpdateManifest {
                sector,
                deadline: 0,
                partition: 0,
                new_sealed_cid: Cid::default(),
                pieces: Vec::new(),
            });
            ProveReplicaUpdates3Params {
                sector_updates: sectors.collect(),
                sector_proofs: vec![RawBytes::default(); proofs],
                aggregate_proof: RawBytes::new(vec![0; aggregate]),
                update_proofs_type: RegisteredUpdateProof::StackedDRG32GiBV1,
                aggregate_proof_type: has_type.then_some(RegisteredAggregateProof::SnarkPackV2),
                require_activation_success: false,
                require_notification_success: false,
            }
        };
        assert!(check(&params(2, 2, 0, false)).is_ok());
        assert!(check(&params(2, 0, 9, true)).is_ok());
        for bad in [
            params(2, 0, 0, false),
            params(2, 2, 9, true),
            params(2, 2, 0, true),
            params(2, 0, 9, false),
        ] {
            let error = check(&bad).unwrap_err();
            assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
        }
        assert!(check_proofs(&params(2, 2, 0, false)).is_ok());
        assert!(check_proofs(&params(2, 1, 0, false)).is_err());
        assert!(check_proofs(&params(2, 0, 9, true)).is_err());
    }
}
