//! What sectors cost: as much is sent with a message as the miner has not.

use filigree_actor_miner::monies;
use filigree_actor_miner::power::qa_power_max;
use filigree_blocks::Tipset;
use filigree_node_state::View;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::SectorSize;

use crate::error::SealError;
use crate::shared::Shared;

impl Shared {
    /// What announcing a sector needs on top of the miner's available balance, attoFIL.
    pub fn lacks_for_deposit(
        &self,
        view: &View,
        size: SectorSize,
    ) -> Result<TokenAmount, SealError> {
        let (reward, network) = (view.reward()?, view.power()?);
        let deposit = monies::pre_commit_deposit_for_power(
            &reward.this_epoch_reward_smoothed,
            &network.state.this_epoch_qa_power_smoothed,
            BigInt::from(qa_power_max(size)),
        );
        self.lacks(view, with_margin(deposit))
    }

    /// What activating a sector of committed capacity needs on top of the miner's available balance and the deposit, which
    /// comes back with it, attoFIL.
    pub fn lacks_for_pledge(
        &self,
        view: &View,
        head: &Tipset,
        size: SectorSize,
        deposit: &TokenAmount,
    ) -> Result<TokenAmount, SealError> {
        let (reward, network) = (view.reward()?, view.power()?);
        let supply = self.parts.states.circulation(view, head.height())?;
        let pledge = monies::initial_pledge_for_power(
            BigInt::from(size as u64),
            &reward.this_epoch_baseline_power.0,
            &reward.this_epoch_reward_smoothed,
            &network.state.this_epoch_qa_power_smoothed,
            &supply.circulating,
            head.height() - network.state.ramp_start_epoch,
            network.state.ramp_duration_epochs,
        );
        self.lacks(view, with_margin(pledge) - deposit)
    }

    fn lacks(&self, view: &View, needed: TokenAmount) -> Result<TokenAmount, SealError> {
        let available = view.miner(&self.address())?.available_balance()?;
        let lacking = needed - available;
        Ok(lacking.max(TokenAmount::default()))
    }
}

/// A tenth more: what it is changes until the message is on chain.
fn with_margin(amount: TokenAmount) -> TokenAmount {
    (amount * 110_u64).div_floor(100_u64)
}
