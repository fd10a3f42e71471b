//! Paying a block.

use filigree_builtin::calls::miner::{self, ApplyRewardParams};
use filigree_builtin::calls::reward::AwardBlockRewardParams;
use filigree_builtin::ids;
use filigree_sdk::prelude::*;

use crate::minting::EXPECTED_BLOCKS;
use crate::state::Reward;

/// A miner pays its penalty this many times over.
const PENALTY_MULTIPLIER: u64 = 3;

/// Whether the parameters make sense, and there is as much money as they say.
fn check(params: &AwardBlockRewardParams, balance: &TokenAmount) -> Result<()> {
    let AwardBlockRewardParams {
        penalty,
        gas_reward,
        win_count,
        ..
    } = params;
    ensure!(
        !penalty.is_negative(),
        illegal_argument,
        "a penalty below zero"
    );
    ensure!(
        !gas_reward.is_negative(),
        illegal_argument,
        "fees below zero"
    );
    ensure!(
        balance >= gas_reward,
        illegal_state,
        "the balance is less than the fees"
    );
    ensure!(*win_count > 0, illegal_argument, "{win_count} wins");
    Ok(())
}

/// Pays a block from the balance, which holds its fees already.
pub(crate) fn award(ctx: &mut Context, params: &AwardBlockRewardParams) -> Result<()> {
    let balance = ctx.balance()?;
    check(params, &balance)?;
    let miner = ctx.resolve_required(&params.miner)?;
    let penalty = &params.penalty * PENALTY_MULTIPLIER;

    let reward = ctx.transaction(|state: &mut Reward, _| {
        let block = block_reward(&state.this_epoch_reward, params, &balance);
        state.total_storage_power_reward += &block;
        Ok(&params.gas_reward + block)
    })?;

    let payment = ApplyRewardParams { reward, penalty };
    let call = miner::apply_rewards(Address::new_id(miner), &payment)?;
    if ctx.send_raw(&call).is_err() {
        ctx.log(|| format!("f0{miner} did not take its reward"))?;
        let burnt = ctx.transfer(&ids::address(ids::BURNT_FUNDS), &payment.reward);
        if burnt.is_err() {
            ctx.log(|| "the reward could not be burnt".to_owned())?;
        }
    }
    Ok(())
}

/// The block's share of the epoch's reward, as far as the balance reaches after the fees.
fn block_reward(
    epoch: &TokenAmount,
    params: &AwardBlockRewardParams,
    balance: &TokenAmount,
) -> TokenAmount {
    let share = (epoch * params.win_count).div_floor(EXPECTED_BLOCKS);
    share.min(balance - &params.gas_reward)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(win_count: i64, gas_reward: i64, penalty: i64) -> AwardBlockRewardParams {
        AwardBlockRewardParams {
            miner: Address::new_id(1_000),
            penalty: TokenAmount::from_atto(penalty),
            gas_reward: TokenAmount::from_atto(gas_reward),
            win_count,
        }
    }

    #[test]
    fn a_block_gets_a_fifth_for_each_win() {
        let reward = |epoch, win_count, gas_reward, balance| {
            let params = params(win_count, gas_reward, 0);
            let reward = block_reward(
                &TokenAmount::from_atto(epoch),
                &params,
                &TokenAmount::from_atto(balance),
            );
            i64::try_from(reward.atto().clone()).unwrap()
        };
        assert_eq!(reward(1_000, 1, 0, 10_000), 200);
        assert_eq!(reward(1_004, 1, 0, 10_000), 200);
        assert_eq!(reward(1_004, 3, 0, 10_000), 602);
        // The fees are paid first; what is left is the reward.
        assert_eq!(reward(1_000, 5, 9_500, 10_000), 500);
        assert_eq!(reward(1_000, 5, 10_000, 10_000), 0);
    }

    #[test]
    fn parameters_make_sense() {
        let balance = TokenAmount::from_atto(100);
        let code =
            |params: AwardBlockRewardParams| check(&params, &balance).map_err(|error| error.code);
        assert_eq!(code(params(1, 100, 0)), Ok(()));
        assert_eq!(code(params(1, 100, 1_000)), Ok(()));
        for bad in [
            params(0, 0, 0),
            params(-1, 0, 0),
            params(1, -1, 0),
            params(1, 0, -1),
        ] {
            assert_eq!(code(bad), Err(ExitCode::USR_ILLEGAL_ARGUMENT));
        }
        // Which is told when several are wrong is part of the interface.
        assert_eq!(code(params(0, 101, 0)), Err(ExitCode::USR_ILLEGAL_STATE));
        assert_eq!(
            code(params(0, 101, -1)),
            Err(ExitCode::USR_ILLEGAL_ARGUMENT)
        );
    }
}
