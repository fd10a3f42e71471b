//! Empty sectors that were sealed without interaction, so that nothing was pre-committed (FIP-0092).

use filigree_builtin::POLICY;
use filigree_builtin::batch::BatchReturn;
use filigree_builtin::policy::MAX_SECTOR_NUMBER;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{RegisteredAggregateProof, RegisteredSealProof};

use super::activate::{empty_sector, require_unlocked};
use super::effects::{self, CronEvent};
use super::pledge_inputs::{Costs, PledgeInputs};
use super::seal::{self, SealInput};
use super::{add_to_set, require_controlling};
use crate::deadline_info::deadline_is_mutable;
use crate::events;
use crate::lifetime::validate_expiration;
use crate::params::{ProveCommitSectorsNIParams, SectorNIActivationInfo};
use crate::power::raw_power_for_sector;
use crate::state::{CollisionPolicy, Miner};
use crate::types::{CompactCommD, MinerInfo, SectorOnChainInfo, is_sealed_sector};

/// In place of the challenge that an interactive seal has.
const NO_CHALLENGE: [u8; 32] = [1; 32];

/// Proves and activates sectors; gives what became of each.
pub(crate) fn prove_commit(
    ctx: &mut Context,
    params: &ProveCommitSectorsNIParams,
) -> Result<BatchReturn> {
    let state: Miner = ctx.load()?;
    let info = state.get_info(ActorStore)?;
    check(ctx, &state, &info, params)?;

    let checked = validate(ctx, params)?;
    let valid: Vec<&SectorNIActivationInfo> = checked.batch.successes(&params.sectors);
    let sealer = valid
        .first()
        .ok_or_else(|| Error::illegal_argument("no sector is valid"))?
        .sealer_id;
    let proof = &params.aggregate_proof;
    seal::verify_aggregate(sealer, params.seal_proof_type, proof, checked.inputs)?;

    // Without data both powers are the same.
    let power = raw_power_for_sector(info.sector_size);
    let inputs = PledgeInputs::request(ctx)?;
    let cost = Costs::new(&inputs).of(power);
    let epoch = ctx.epoch()?;
    let sectors = valid.iter().map(|sector| SectorOnChainInfo {
        initial_pledge: cost.initial_pledge.clone(),
        daily_fee: cost.daily_fee.clone(),
        ..empty_sector(
            sector.sector_number,
            params.seal_proof_type,
            sector.sealed_cid,
            epoch,
            sector.expiration,
        )
    });
    let sectors: Vec<_> = sectors.collect();
    let total_pledge = &cost.initial_pledge * sectors.len() as u64;

    let (needs_cron, to_burn) = ctx.transaction(|state: &mut Miner, ctx| {
        let balance = ctx.balance()?;
        require_unlocked(state, &balance, &total_pledge)?;
        let needs_cron = !state.deadline_cron_active;
        state.deadline_cron_active = true;
        let numbers = &checked.numbers;
        state.allocate_sector_numbers(ActorStore, numbers, CollisionPolicy::DenyCollisions)?;
        state.put_sectors(ActorStore, &sectors)?;
        state.assign_sectors_to_deadline(
            &POLICY,
            ActorStore,
            epoch,
            sectors,
            info.sizes(),
            params.proving_deadline,
        )?;
        state.add_initial_pledge(&total_pledge)?;
        Ok((needs_cron, state.repay_debts(&balance)?))
    })?;

    effects::burn(ctx, &to_burn)?;
    effects::update_pledge(ctx, &total_pledge)?;
    let state: Miner = ctx.load()?;
    effects::check_balance_of(ctx, &state)?;
    for sector in valid {
        events::sector_activated(ctx, sector.sector_number, None, [])?;
    }
    if needs_cron {
        let last = state.deadline_info(&POLICY, epoch).last();
        effects::enroll_cron(ctx, last, CronEvent::ProvingDeadline)?;
    }
    Ok(checked.batch)
}

/// Checks all but the sectors themselves.
fn check(
    ctx: &Context,
    state: &Miner,
    info: &MinerInfo,
    params: &ProveCommitSectorsNIParams,
) -> Result<()> {
    let limits = (
        POLICY.min_aggregated_sectors_ni,
        POLICY.max_aggregated_sectors_ni,
    );
    seal::check_aggregate(&params.aggregate_proof, params.sectors.len(), limits)?;
    require_controlling(ctx, info)?;
    ensure!(
        params.proving_deadline < POLICY.wpost_period_deadlines,
        illegal_argument,
        "there is no deadline {}",
        params.proving_deadline
    );
    let epoch = ctx.epoch()?;
    let period_start = state.current_proving_period_start(&POLICY, epoch);
    ensure!(
        deadline_is_mutable(&POLICY, period_start, params.proving_deadline, epoch),
        forbidden,
        "deadline {} is about to be proven",
        params.proving_deadline
    );
    ensure!(
        !info.consensus_fault_active(epoch),
        forbidden,
        "after a consensus fault nothing is committed for a while"
    );
    ensure!(
        POLICY
            .valid_prove_commit_ni_proof_type
            .contains(params.seal_proof_type),
        illegal_argument,
        "sectors may not be sealed without interaction with type {}",
        i64::from(params.seal_proof_type)
    );
    ensure!(
        params.aggregate_proof_type == RegisteredAggregateProof::SnarkPackV2,
        illegal_argument,
        "aggregates are of type SnarkPackV2"
    );
    Ok(())
}

/// Sectors that were looked at.
struct Checked {
    batch: BatchReturn,
    /// What the proof of each is about, also of those that are not valid.
    inputs: Vec<SealInput>,
    /// The numbers of all of them.
    numbers: BitField,
}

/// Looks at the sectors.
fn validate(ctx: &Context, params: &ProveCommitSectorsNIParams) -> Result<Checked> {
    let (epoch, entropy) = (ctx.epoch()?, seal::entropy(ctx)?);
    let unsealed_cid = zeros(params.seal_proof_type)?;
    let mut checked = Checked {
        batch: BatchReturn::default(),
        inputs: Vec::with_capacity(params.sectors.len()),
        numbers: BitField::new(),
    };
    for sector in &params.sectors {
        let number = sector.sector_number;
        ensure!(
            !checked.numbers.get(number),
            illegal_argument,
            "sector {number} twice"
        );
        add_to_set(&mut checked.numbers, number)?;
        ensure!(
            sector.seal_rand_epoch < epoch,
            illegal_argument,
            "randomness of epoch {}, which is not in the past",
            sector.seal_rand_epoch
        );
        let is_valid = is_valid(sector, ctx.receiver(), epoch, params.seal_proof_type);
        checked.inputs.push(SealInput {
            registered_proof: params.seal_proof_type,
            sector_number: sector.sealing_number,
            randomness: seal::seal_randomness(ctx, sector.seal_rand_epoch, &entropy)?,
            interactive_randomness: Randomness(NO_CHALLENGE.into()),
            sealed_cid: sector.sealed_cid,
            unsealed_cid,
        });
        seal::note(
            &mut checked.batch,
            number,
            is_valid,
            params.require_activation_success,
        )?;
    }
    Ok(checked)
}

/// The CommD of empty sectors. A seal proof that the policy takes for a valid one has always been a failed assertion here.
fn zeros(seal_proof: RegisteredSealProof) -> Result<Cid> {
    CompactCommD::empty()
        .get_cid(seal_proof)
        .map_err(|error| Error::assertion_failed(error.message))
}

/// Whether a sector can be activated now.
fn is_valid(
    sector: &SectorNIActivationInfo,
    miner: ActorID,
    epoch: ChainEpoch,
    seal_proof: RegisteredSealProof,
) -> bool {
    sector.sector_number <= MAX_SECTOR_NUMBER
        && validate_expiration(epoch, epoch, sector.expiration, seal_proof).is_ok()
        && sector.sealer_id == miner
        && sector.sector_number == sector.sealing_number
        && is_sealed_sector(&sector.sealed_cid)
        && sector.seal_rand_epoch >= epoch - POLICY.max_prove_commit_ni_randomness_lookback
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sealed_cid;

    const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG32GiBV1P2_Feat_NiPoRep;

    #[test]
    fn a_seal_proof_that_only_looks_valid_is_a_failed_assertion() {
        let looks_valid = RegisteredSealProof::Invalid((1 << 32) + i64::from(SEAL));
        let valid = POLICY.valid_prove_commit_ni_proof_type;
        assert!(valid.contains(looks_valid) && zeros(SEAL).is_ok());
        let error = zeros(looks_valid).unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ASSERTION_FAILED);
    }

    #[test]
    fn sectors_are_the_miners_own_and_fresh() {
        let epoch = 10_000_000;
        let good = SectorNIActivationInfo {
            sealing_number: 7,
            sealer_id: 1_000,
            sealed_cid: sealed_cid(),
            sector_number: 7,
            seal_rand_epoch: epoch - 1,
            expiration: epoch + POLICY.min_sector_expiration,
        };
        let check = |change: &dyn Fn(&mut SectorNIActivationInfo)| {
            let mut sector = good.clone();
            change(&mut sector);
            is_valid(&sector, 1_000, epoch, SEAL)
        };
        let lookback = POLICY.max_prove_commit_ni_randomness_lookback;
        assert!(check(&|_| ()));
        assert!(check(&|sector| sector.seal_rand_epoch = epoch - lookback));
        assert!(!check(
            &|sector| sector.seal_rand_epoch = epoch - lookback - 1
        ));
        assert!(!check(&|sector| sector.sealing_number = 8));
        assert!(!check(&|sector| sector.sealer_id = 1_001));
        assert!(!check(&|sector| sector.sealed_cid = Cid::default()));
        assert!(!check(&|sector| sector.expiration -= 1));
        assert!(!check(&|sector| {
            sector.sector_number = MAX_SECTOR_NUMBER + 1;
            sector.sealing_number = MAX_SECTOR_NUMBER + 1;
        }));
    }
}
