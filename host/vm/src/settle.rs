//! After a message: burn, tip, refund.

use filigree_gas::GasOutputs;
use filigree_state::{BURNT_FUNDS_ACTOR_ID, REWARD_ACTOR_ID};
use fvm_shared::ActorID;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::executor::{Applied, ExecuteError};
use crate::preflight::Cleared;
use crate::stack::Core;

impl Core {
    /// Shares out the gas cost taken from the sender.
    pub fn settle(
        &mut self,
        message: &Message,
        cleared: &Cleared,
        mut applied: Applied,
    ) -> Result<Applied, ExecuteError> {
        let out = GasOutputs::compute(
            applied.receipt.gas_used,
            message.gas_limit,
            &self.context.base_fee,
            &message.gas_fee_cap,
            &message.gas_premium,
        );
        self.deposit(BURNT_FUNDS_ACTOR_ID, &out.base_fee_burn)?;
        self.deposit(REWARD_ACTOR_ID, &out.miner_tip)?;
        self.deposit(BURNT_FUNDS_ACTOR_ID, &out.over_estimation_burn)?;
        self.deposit(cleared.sender, &out.refund)?;
        let total = &out.base_fee_burn + &out.over_estimation_burn + &out.refund + &out.miner_tip;
        if total != cleared.gas_cost {
            return Err(ExecuteError::GasMath);
        }
        applied.penalty = out.miner_penalty;
        applied.miner_tip = out.miner_tip;
        applied.base_fee_burn = out.base_fee_burn;
        applied.over_estimation_burn = out.over_estimation_burn;
        applied.refund = out.refund;
        applied.gas_refund = out.gas_refund;
        applied.gas_burned = out.gas_burned;
        Ok(applied)
    }

    fn deposit(&mut self, to: ActorID, amount: &TokenAmount) -> Result<(), ExecuteError> {
        if amount.is_zero() {
            return Ok(());
        }
        let damaged = |e: anyhow::Error| ExecuteError::State(e.context(format!("paying f0{to}")));
        let mut actor = self
            .journal
            .tree
            .get_actor(to)
            .map_err(|e| damaged(e.into()))?
            .ok_or_else(|| damaged(anyhow::anyhow!("the actor does not exist")))?;
        actor.deposit_funds(amount).map_err(|e| damaged(e.into()))?;
        self.journal.tree.set_actor(to, actor);
        Ok(())
    }
}
