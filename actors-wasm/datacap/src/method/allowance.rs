//! IncreaseAllowance, DecreaseAllowance, RevokeAllowance: what others may spend of the caller's tokens.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use crate::state::Datacap;

/// Parameters of RevokeAllowance.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeAllowanceParams {
    /// Who may spend no more.
    pub operator: Address,
}

/// Which way an allowance goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Increase,
    Decrease,
}

pub(crate) fn change_allowance(
    state: &mut Datacap,
    ctx: &Context,
    operator: &Address,
    amount: TokenAmount,
    change: Change,
) -> Result<TokenAmount> {
    let amount = amount.not_negative()?;
    let operator = ctx.resolve_required(operator)?;
    let change = match change {
        Change::Increase => amount,
        Change::Decrease => -amount,
    };
    let owner = ctx.caller();
    state
        .token
        .change_allowance(ActorStore, owner, operator, &change)
}

pub(crate) fn revoke_allowance(
    state: &mut Datacap,
    ctx: &Context,
    operator: &Address,
) -> Result<TokenAmount> {
    match ctx.resolve(operator)? {
        Some(operator) => state
            .token
            .revoke_allowance(ActorStore, ctx.caller(), operator),
        None => Ok(TokenAmount::default()),
    }
}
