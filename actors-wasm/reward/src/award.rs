//! Paying a block.

use filigree_builtin::ids;
use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;

use crate::minting::EXPECTED_BLOCKS;
use crate::state::Reward;

/// A miner pays its penalty this many times over.
const PENALTY_MULTIPLIER: u64 = 3;

/// The miner actor's method ApplyRewards.
const APPLY_REWARDS: MethodNum = 14;

/// Parameters of AwardBlockReward.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwardBlockRewardParams {
    /// Who made the block.
    pub miner: Address,
    /// What the miner owes for messages that should not be in it, attoFIL.
    pub penalty: TokenAmount,
    /// Fees of its messages, attoFIL; they came with this call.
    pub gas_reward: TokenAmount,
    /// How often the miner won; at least once.
    pub win_count: i64,
}

impl AwardBlockRewardParams {
    fn check(&self, balance: &TokenAmount) -> Result<()> {
        ensure!(
            !self.penalty.is_negative(),
            illegal_argument,
            "a penalty of {}",
            self.penalty
        );
        ensure!(
            !self.gas_reward.is_negative(),
            illegal_argument,
            "fees of {}",
            self.gas_reward
        );
        ensure!(
            *balance >= self.gas_reward,
            illegal_state,
            "{balance} is less than the fees"
        );
        ensure!(
            self.win_count > 0,
            illegal_argument,
            "{} wins",
            self.win_count
        );
        Ok(())
    }
}

/// Pays a block from the balance, which holds its fees already.
pub(crate) fn award(ctx: &mut Context, params: &AwardBlockRewardParams) -> Result<()> {
    let balance = ctx.balance()?;
    params.check(&balance)?;
    let miner = ctx.resolve_required(&params.miner)?;
    let penalty = &params.penalty * PENALTY_MULTIPLIER;

    let reward = ctx.transaction(|state: &mut Reward, _| {
        let block = block_reward(&state.this_epoch_reward, params, &balance);
        state.total_storage_power_reward += &block;
        Ok(&params.gas_reward + block)
    })?;

    let params = encode(&(&reward, &penalty))?;
    let payment: Call<()> =
        Call::new(Address::new_id(miner), APPLY_REWARDS, params).value(reward.clone());
    if let Err(error) = ctx.send_raw(&payment) {
        ctx.log(|| format!("f0{miner} did not take {reward}: {error}"))?;
        if let Err(error) = ctx.transfer(&Address::new_id(ids::BURNT_FUNDS), &reward) {
            ctx.log(|| format!("{reward} could not be burnt: {}", error.message))?;
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
            |params: AwardBlockRewardParams| params.check(&balance).map_err(|error| error.code);
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
