//! Mint, Destroy: what the governor does. Neither is part of the standard.

use filigree_sdk::prelude::*;
use filigree_sdk::receiver::TokensReceived;
use filigree_sdk::store::ActorStore;

use crate::ledger::check_amount;
use crate::state::Datacap;
use crate::{BurnReturn, DestroyParams, MintParams, MintReturn, hook};

/// Tokens that were made, not yet known to their owner.
struct Minted {
    to: ActorID,
    balance: TokenAmount,
    supply: TokenAmount,
}

pub(crate) fn mint(ctx: &mut Context, params: MintParams) -> Result<MintReturn> {
    let minted = ctx.transaction(|state: &mut Datacap, ctx| {
        state.require_governor(ctx)?;
        let credited = credit(state, ctx, &params);
        let approved = approve(state, ctx, &params);
        let minted = match (credited, approved) {
            (Ok(minted), Ok(())) => minted,
            // As in a read-only call: release 18 loses the hook it has prepared.
            (Ok(_), Err(error)) => return Err(Error::assertion_failed(error.message)),
            (Err(_), Err(error)) | (Err(error), Ok(())) => return Err(error),
        };
        hook::check_may_follow(ctx)?;
        Ok(minted)
    })?;

    let tokens = TokensReceived {
        // Minted tokens come from the token actor itself.
        from: ctx.receiver(),
        to: minted.to,
        operator: ctx.caller(),
        amount: params.amount,
        operator_data: RawBytes::default(),
        token_data: RawBytes::default(),
    };
    let recipient_data = hook::call(ctx, params.to, &tokens)?;
    Ok(MintReturn {
        balance: minted.balance,
        supply: minted.supply,
        recipient_data,
    })
}

fn credit(state: &mut Datacap, ctx: &Context, params: &MintParams) -> Result<Minted> {
    check_amount(&params.amount)?;
    let to = ctx.resolve_required(&params.to)?;
    let balance = state.token.mint(ActorStore, to, &params.amount)?;
    let supply = state.token.supply.clone();
    Ok(Minted {
        to,
        balance,
        supply,
    })
}

fn approve(state: &mut Datacap, ctx: &Context, params: &MintParams) -> Result<()> {
    if params.operators.is_empty() {
        return Ok(());
    }
    let owner = ctx.resolve_required(&params.to)?;
    let operators = params.operators.iter();
    let operators: Vec<ActorID> = operators
        .map(|operator| ctx.resolve_required(operator))
        .collect::<Result<_>>()?;
    state.token.approve(ActorStore, owner, &operators)
}

/// As if the owner burnt them; the governor needs no allowance.
pub(crate) fn destroy(
    state: &mut Datacap,
    ctx: &Context,
    params: &DestroyParams,
) -> Result<BurnReturn> {
    state.require_governor(ctx)?;
    check_amount(&params.amount)?;
    let owner = ctx.resolve_required(&params.owner)?;
    let balance = state.token.burn(ActorStore, owner, &params.amount)?;
    Ok(BurnReturn { balance })
}
