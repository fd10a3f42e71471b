//! Money: what the miner earns and owes, and what its owner or beneficiary gets.

use filigree_builtin::calls::miner::ApplyRewardParams;
use filigree_builtin::ids;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::{effects, require_controlling};
use crate::monies;
use crate::params::{GetVestingFundsReturn, MaxTerminationFeeParams};
use crate::policy::REWARD_VESTING_SPEC;
use crate::state::Miner;
use crate::types::MinerInfo;

/// Takes a block's reward, most of which vests later (FIP-0004), and pays the penalty as far as there is money.
pub(crate) fn apply_rewards(ctx: &mut Context, params: &ApplyRewardParams) -> Result<()> {
    ensure!(
        !params.reward.is_negative() && !params.penalty.is_negative(),
        illegal_argument,
        "a negative reward or penalty"
    );
    let (pledge_delta, to_burn) = ctx.transaction(|state: &mut Miner, ctx| {
        ctx.require_caller(&[ids::REWARD])?;
        let (balance, epoch) = (ctx.balance()?, ctx.epoch()?);
        let to_lock = monies::locked_reward_from_reward(&params.reward);
        ensure!(
            state.get_unlocked_balance(&balance)? >= to_lock,
            insufficient_funds,
            "less than the reward is there to lock"
        );
        let vested = state.add_locked_funds(ActorStore, epoch, &to_lock, &REWARD_VESTING_SPEC)?;
        state.apply_penalty(&params.penalty)?;
        let (to_burn, unlocked) =
            state.repay_partial_debt_in_priority_order(ActorStore, epoch, &balance)?;
        Ok((to_lock - vested - unlocked, to_burn))
    })?;
    effects::update_pledge(ctx, &pledge_delta)?;
    effects::burn(ctx, &to_burn)?;
    effects::check_balance(ctx)
}

/// What a withdrawal comes to.
struct Withdrawal {
    state: Miner,
    to: Address,
    amount: TokenAmount,
    newly_vested: TokenAmount,
    fee_to_burn: TokenAmount,
}

/// Sends what is asked for, or what there is, to the beneficiary; gives how much that was, attoFIL.
pub(crate) fn withdraw(ctx: &mut Context, requested: &TokenAmount) -> Result<TokenAmount> {
    ensure!(
        !requested.is_negative(),
        illegal_argument,
        "a negative amount to withdraw"
    );
    let withdrawal = ctx.transaction(|state: &mut Miner, ctx| take_out(state, ctx, requested))?;
    if withdrawal.amount.is_positive() {
        ctx.transfer(&withdrawal.to, &withdrawal.amount)?;
    }
    effects::burn(ctx, &withdrawal.fee_to_burn)?;
    effects::update_pledge(ctx, &-&withdrawal.newly_vested)?;
    effects::check_balance_of(ctx, &withdrawal.state)?;
    Ok(withdrawal.amount)
}

fn take_out(state: &mut Miner, ctx: &Context, requested: &TokenAmount) -> Result<Withdrawal> {
    let mut info = state.get_info(ActorStore)?;
    let caller = Address::new_id(ctx.caller());
    ensure!(
        [info.owner, info.beneficiary].contains(&caller),
        forbidden,
        "neither the owner nor the beneficiary"
    );
    ensure!(
        state.early_terminations.is_empty(),
        forbidden,
        "sectors were terminated that are not paid for yet"
    );
    let (balance, epoch) = (ctx.balance()?, ctx.epoch()?);
    let newly_vested = state.unlock_vested_funds(ActorStore, epoch)?;
    // The debt is taken off what is available, so this comes before the debt is paid.
    let available = state.get_available_balance(&balance)?;
    let fee_to_burn = state.repay_debts(&balance)?;
    let mut amount = available.min(requested.clone());
    ensure!(
        !amount.is_negative(),
        illegal_state,
        "less than nothing to withdraw"
    );
    if info.beneficiary != info.owner {
        amount = use_quota(&mut info, amount, epoch)?;
        if amount.is_positive() {
            state.save_info(ActorStore, &info)?;
        }
    }
    Ok(Withdrawal {
        state: state.clone(),
        to: info.beneficiary,
        amount,
        newly_vested,
        fee_to_burn,
    })
}

/// What of an amount the beneficiary's quota allows, attoFIL; that much of it is used.
fn use_quota(info: &mut MinerInfo, amount: TokenAmount, epoch: ChainEpoch) -> Result<TokenAmount> {
    let quota = info.beneficiary_term.available(epoch);
    ensure!(
        !quota.is_zero(),
        forbidden,
        "the beneficiary's term ended at epoch {}, or its quota is used up",
        info.beneficiary_term.expiration
    );
    let amount = amount.min(quota);
    info.beneficiary_term.used_quota += &amount;
    Ok(amount)
}

/// Pays as much of the debt as there is money for.
pub(crate) fn repay_debt(ctx: &mut Context) -> Result<()> {
    let (to_burn, unlocked, state) = ctx.transaction(|state: &mut Miner, ctx| {
        require_controlling(ctx, &state.get_info(ActorStore)?)?;
        let (to_burn, unlocked) = state.repay_partial_debt_in_priority_order(
            ActorStore,
            ctx.epoch()?,
            &ctx.balance()?,
        )?;
        Ok((to_burn, unlocked, state.clone()))
    })?;
    effects::update_pledge(ctx, &-&unlocked)?;
    effects::burn(ctx, &to_burn)?;
    effects::check_balance_of(ctx, &state)
}

/// The most that terminating a sector of this power and pledge can cost now, attoFIL.
pub(crate) fn max_termination_fee(
    ctx: &mut Context,
    params: &MaxTerminationFeeParams,
) -> Result<TokenAmount> {
    let reward = effects::epoch_reward(ctx)?;
    let power = effects::total_power(ctx)?;
    let fault_fee = monies::pledge_penalty_for_continued_fault(
        &reward.this_epoch_reward_smoothed,
        &power.quality_adj_power_smoothed,
        params.power.0.clone(),
    );
    Ok(monies::pledge_penalty_for_termination(
        &params.initial_pledge,
        monies::TERMINATION_LIFETIME_CAP * filigree_builtin::network::EPOCHS_IN_DAY,
        &fault_fee,
    ))
}

impl Miner {
    /// What vests, and when.
    pub(crate) fn vesting(&self) -> Result<GetVestingFundsReturn> {
        let funds = self.vesting_funds.load(ActorStore)?;
        Ok(GetVestingFundsReturn {
            vesting_funds: funds
                .into_iter()
                .map(|fund| (fund.epoch, fund.amount))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::miner_info;

    #[test]
    fn a_beneficiary_gets_what_its_quota_allows() {
        let atto = TokenAmount::from_atto;
        let mut info = miner_info();
        info.beneficiary = Address::new_id(200);
        info.beneficiary_term.quota = atto(100);
        info.beneficiary_term.expiration = 10;
        assert_eq!(use_quota(&mut info, atto(70), 9), Ok(atto(70)));
        assert_eq!(use_quota(&mut info, atto(0), 9), Ok(atto(0)));
        assert_eq!(use_quota(&mut info, atto(70), 9), Ok(atto(30)));
        assert_eq!(info.beneficiary_term.used_quota, atto(100));
        let code = |result: Result<TokenAmount>| result.map_err(|error| error.code);
        let forbidden = Err(ExitCode::USR_FORBIDDEN);
        assert_eq!(code(use_quota(&mut info, atto(1), 9)), forbidden);
        info.beneficiary_term.quota = atto(200);
        assert_eq!(code(use_quota(&mut info, atto(1), 10)), forbidden);
    }
}
