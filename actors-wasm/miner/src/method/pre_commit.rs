//! Sectors about to be sealed are named, with a deposit for each that is lost if it is not proven in time (FIP-0008, FIP-0041).

use filigree_builtin::POLICY;
use filigree_builtin::calls::market::{self, SectorDeals, VerifyDealsForActivationParams};
use filigree_builtin::policy::MAX_SECTOR_NUMBER;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::effects::{self, CronEvent};
use super::{add_to_set, require_controlling};
use crate::events;
use crate::lifetime::validate_expiration;
use crate::monies::pre_commit_deposit_for_power;
use crate::params::PreCommitSectorBatchParams2;
use crate::policy::{max_prove_commit_duration, sector_deals_max};
use crate::power::qa_power_max;
use crate::state::{CollisionPolicy, Miner};
use crate::types::{
    MinerInfo, SectorPreCommitInfo, SectorPreCommitOnChainInfo, is_sealed_sector,
    is_unsealed_sector,
};

/// Takes note of sectors, in return for deposits.
pub(crate) fn pre_commit(ctx: &mut Context, params: PreCommitSectorBatchParams2) -> Result<()> {
    let sectors = params.sectors;
    let epoch = ctx.epoch()?;
    let numbers = check(&sectors, epoch)?;

    let reward = effects::epoch_reward(ctx)?;
    let power = effects::total_power(ctx)?;
    let unsealed_cids = unsealed_cids(ctx, &sectors)?;
    ensure!(
        unsealed_cids.len() == sectors.len(),
        illegal_state,
        "the market did not tell of each sector"
    );

    let (to_burn, needs_cron) = ctx.transaction(|state: &mut Miner, ctx| {
        let balance = ctx.balance()?;
        // The debt is taken off what is available, so this comes before the debt is paid.
        let available = state.get_available_balance(&balance)?;
        let to_burn = state.repay_debts(&balance)?;
        let info = state.get_info(ActorStore)?;
        require_controlling(ctx, &info)?;
        ensure!(
            !info.consensus_fault_active(epoch),
            forbidden,
            "after a consensus fault nothing is committed for a while"
        );
        let deposit = pre_commit_deposit_for_power(
            &reward.this_epoch_reward_smoothed,
            &power.quality_adj_power_smoothed,
            qa_power_max(info.sector_size),
        );
        let total = &deposit * sectors.len() as u64;
        let mut clean_ups = Vec::with_capacity(sectors.len());
        let mut precommits = Vec::with_capacity(sectors.len());
        for (sector, unsealed_cid) in sectors.into_iter().zip(unsealed_cids) {
            check_for_miner(&sector, &info, unsealed_cid)?;
            let duration = max_prove_commit_duration(&POLICY, sector.seal_proof)
                .ok_or_else(|| Error::illegal_argument("a seal proof without a time limit"))?;
            let clean_up = epoch + duration + POLICY.expired_pre_commit_clean_up_delay;
            clean_ups.push((clean_up, sector.sector_number));
            precommits.push(SectorPreCommitOnChainInfo {
                info: sector,
                pre_commit_deposit: deposit.clone(),
                pre_commit_epoch: epoch,
            });
        }
        ensure!(
            available >= total,
            insufficient_funds,
            "there is less than the deposit of {} attoFIL",
            total.atto_text()
        );
        state.add_pre_commit_deposit(&total)?;
        state.allocate_sector_numbers(ActorStore, &numbers, CollisionPolicy::DenyCollisions)?;
        state.put_precommitted_sectors(ActorStore, &precommits)?;
        state.add_pre_commit_clean_ups(&POLICY, ActorStore, clean_ups)?;
        for number in numbers.iter() {
            events::sector_precommitted(ctx, number)?;
        }
        let needs_cron = !state.deadline_cron_active;
        state.deadline_cron_active = true;
        Ok((to_burn, needs_cron))
    })?;

    effects::burn(ctx, &to_burn)?;
    let state: Miner = ctx.load()?;
    effects::check_balance_of(ctx, &state)?;
    if needs_cron {
        let last = state.deadline_info(&POLICY, epoch).last();
        effects::enroll_cron(ctx, last, CronEvent::ProvingDeadline)?;
    }
    Ok(())
}

/// Checks what can be checked without the state; gives the sectors' numbers.
fn check(sectors: &[SectorPreCommitInfo], epoch: ChainEpoch) -> Result<BitField> {
    ensure!(!sectors.is_empty(), illegal_argument, "no sectors");
    let earliest = epoch - POLICY.max_pre_commit_randomness_lookback;
    let mut numbers = BitField::new();
    for sector in sectors {
        let number = sector.sector_number;
        ensure!(
            !numbers.get(number),
            illegal_argument,
            "sector {number} twice"
        );
        add_to_set(&mut numbers, number)?;
        ensure!(
            POLICY
                .valid_pre_commit_proof_type
                .contains(sector.seal_proof),
            illegal_argument,
            "sectors may not be sealed with type {}",
            i64::from(sector.seal_proof)
        );
        ensure!(
            number <= MAX_SECTOR_NUMBER,
            illegal_argument,
            "there can be no sector {number}"
        );
        ensure!(
            is_sealed_sector(&sector.sealed_cid),
            illegal_argument,
            "the sealed CID of sector {number} is no CommR"
        );
        ensure!(
            (earliest..epoch).contains(&sector.seal_rand_epoch),
            illegal_argument,
            "randomness of epoch {}, it has to be of {earliest} to now",
            sector.seal_rand_epoch
        );
        ensure!(
            sector
                .unsealed_cid
                .0
                .as_ref()
                .is_none_or(is_unsealed_sector),
            illegal_argument,
            "the unsealed CID of sector {number} is no CommD"
        );
        // As if it were proven as late as it may be.
        let activation =
            epoch + max_prove_commit_duration(&POLICY, sector.seal_proof).unwrap_or_default();
        validate_expiration(epoch, activation, sector.expiration, sector.seal_proof)?;
    }
    Ok(numbers)
}

/// Checks a sector against what the miner is. `computed` is its CommD, as the market knows it from the deals.
fn check_for_miner(
    sector: &SectorPreCommitInfo,
    info: &MinerInfo,
    computed: Option<Cid>,
) -> Result<()> {
    ensure!(
        sector.seal_proof.registered_window_post_proof() == Ok(info.window_post_proof_type),
        illegal_argument,
        "sectors of this miner are not sealed with type {}",
        i64::from(sector.seal_proof)
    );
    let max_deals = sector_deals_max(&POLICY, info.sector_size);
    ensure!(
        sector.deal_ids.len() as u64 <= max_deals,
        illegal_argument,
        "{} deals in a sector, at most {max_deals} are allowed",
        sector.deal_ids.len()
    );
    if let Some(computed) = computed {
        ensure!(
            sector.unsealed_cid.get_cid(sector.seal_proof)? == computed,
            illegal_argument,
            "the deals of sector {} do not make up its CommD",
            sector.sector_number
        );
    }
    Ok(())
}

/// CommD of each sector that has deals, by the market, which checks the deals; it is not asked if there are none.
fn unsealed_cids(ctx: &mut Context, sectors: &[SectorPreCommitInfo]) -> Result<Vec<Option<Cid>>> {
    if sectors.iter().all(|sector| sector.deal_ids.is_empty()) {
        return Ok(vec![None; sectors.len()]);
    }
    let sectors = sectors.iter().map(|sector| SectorDeals {
        sector_number: sector.sector_number,
        sector_type: sector.seal_proof,
        sector_expiry: sector.expiration,
        deal_ids: sector.deal_ids.clone(),
    });
    let params = VerifyDealsForActivationParams {
        sectors: sectors.collect(),
    };
    let verified = ctx.send(market::verify_deals_for_activation(&params)?)?;
    Ok(verified.unsealed_cids)
}

#[cfg(test)]
mod tests;
