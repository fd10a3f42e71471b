//! Burn, BurnFrom: tokens destroyed by their owner, or by whom the owner lets.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::owner_of_spent;
use crate::ledger::check_amount;
use crate::state::Datacap;
use crate::{BurnParams, BurnReturn};

/// What BurnFrom returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnFromReturn {
    /// What the owner has left.
    pub balance: TokenAmount,
    /// What the caller may still spend of it.
    pub allowance: TokenAmount,
}

pub(crate) fn burn(state: &mut Datacap, ctx: &Context, params: &BurnParams) -> Result<BurnReturn> {
    check_amount(&params.amount)?;
    let balance = state.token.burn(ActorStore, ctx.caller(), &params.amount)?;
    Ok(BurnReturn { balance })
}

pub(crate) fn burn_from(
    state: &mut Datacap,
    ctx: &Context,
    owner: &Address,
    amount: &TokenAmount,
) -> Result<BurnFromReturn> {
    check_amount(amount)?;
    let owner = owner_of_spent(ctx, owner)?;
    let token = &mut state.token;
    let allowance = token.spend_allowance(ActorStore, owner, ctx.caller(), amount)?;
    let balance = token.burn(ActorStore, owner, amount)?;
    Ok(BurnFromReturn { balance, allowance })
}
