//! Reports of consensus faults: blocks that a miner should not have made (Filecoin spec, "Consensus Faults"). Of each fault, and of those
//! before it, only the first report counts.

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use filigree_sdk::proofs;
use filigree_sdk::store::ActorStore;

use super::{effects, illegal_argument};
use crate::monies::{consensus_fault_penalty, reward_for_consensus_slash_report};
use crate::params::ReportConsensusFaultParams;
use crate::state::Miner;

/// Verifies a fault. The miner pays, of which the reporter gets a share, and may not do much for a while.
pub(crate) fn report(ctx: &mut Context, params: &ReportConsensusFaultParams) -> Result<()> {
    let found = proofs::verify_consensus_fault(
        &params.header1.0,
        &params.header2.0,
        &params.header_extra.0,
    );
    let fault = found
        .map_err(illegal_argument)?
        .ok_or_else(|| Error::illegal_argument("no consensus fault"))?;
    ensure!(
        fault.target == ctx.receiver(),
        illegal_argument,
        "it is the fault of f0{}",
        fault.target
    );
    let epoch = ctx.epoch()?;
    ensure!(
        fault.epoch < epoch,
        illegal_argument,
        "a fault at epoch {}, which is not in the past",
        fault.epoch
    );

    let estimate = effects::epoch_reward(ctx)?
        .this_epoch_reward_smoothed
        .estimate();
    let epoch_reward = TokenAmount::from_atto(estimate);
    let penalty = consensus_fault_penalty(&epoch_reward);
    let share = reward_for_consensus_slash_report(&epoch_reward);
    let (to_burn, to_reward, unlocked) = ctx.transaction(|state: &mut Miner, ctx| {
        let mut info = state.get_info(ActorStore)?;
        ensure!(
            fault.epoch >= info.consensus_fault_elapsed,
            forbidden,
            "faults before epoch {} are paid for",
            info.consensus_fault_elapsed
        );
        state.apply_penalty(&penalty)?;
        let (paid, unlocked) =
            state.repay_partial_debt_in_priority_order(ActorStore, epoch, &ctx.balance()?)?;
        let to_reward = share.min(paid.clone());
        info.consensus_fault_elapsed = epoch + POLICY.consensus_fault_ineligibility_duration;
        state.save_info(ActorStore, &info)?;
        Ok((paid - &to_reward, to_reward, unlocked))
    })?;

    // A reporter that cannot be paid changes nothing, and what it would have got stays with the miner.
    let reporter = Address::new_id(ctx.caller());
    if let Err(error) = ctx.transfer(&reporter, &to_reward) {
        ctx.log(|| format!("f0{} was not paid: {}", ctx.caller(), error.message))?;
    }
    effects::burn(ctx, &to_burn)?;
    effects::update_pledge(ctx, &-unlocked)?;
    effects::check_balance(ctx)
}
