//! Transfer, TransferFrom: tokens move to the governor, or from it, and not otherwise.

use filigree_sdk::prelude::*;
use filigree_sdk::receiver::TokensReceived;
use filigree_sdk::store::ActorStore;

use super::owner_of_spent;
use crate::ledger::check_amount;
use crate::state::Datacap;
use crate::{TransferFromParams, TransferFromReturn, TransferParams, TransferReturn, hook};

pub(crate) fn transfer(ctx: &mut Context, params: TransferParams) -> Result<TransferReturn> {
    let (from, to) = (ctx.caller(), receiver(ctx, &params.to)?);
    let [from_balance, to_balance] = ctx.transaction(|state: &mut Datacap, ctx| {
        check_allowed(state.is_governor(to) || state.is_governor(from), to)?;
        check_amount(&params.amount)?;
        let balances = state.token.transfer(ActorStore, from, to, &params.amount)?;
        hook::check_may_follow(ctx)?;
        Ok(balances)
    })?;

    let tokens = TokensReceived {
        from,
        to,
        operator: from,
        amount: params.amount,
        operator_data: params.operator_data,
        token_data: RawBytes::default(),
    };
    let recipient_data = hook::call(ctx, Address::new_id(to), &tokens)?;
    Ok(TransferReturn {
        from_balance,
        to_balance,
        recipient_data,
    })
}

pub(crate) fn transfer_from(
    ctx: &mut Context,
    params: TransferFromParams,
) -> Result<TransferFromReturn> {
    let (operator, to) = (ctx.caller(), receiver(ctx, &params.to)?);
    let (from, allowance, balances) = ctx.transaction(|state: &mut Datacap, ctx| {
        check_allowed(state.is_governor(to), to)?;
        check_amount(&params.amount)?;
        let from = owner_of_spent(ctx, &params.from)?;
        let token = &mut state.token;
        let allowance = token.spend_allowance(ActorStore, from, operator, &params.amount)?;
        let balances = token.transfer(ActorStore, from, to, &params.amount)?;
        hook::check_may_follow(ctx)?;
        Ok((from, allowance, balances))
    })?;

    let tokens = TokensReceived {
        from,
        to,
        operator,
        amount: params.amount,
        operator_data: params.operator_data,
        token_data: RawBytes::default(),
    };
    let recipient_data = hook::call(ctx, Address::new_id(to), &tokens)?;
    let [from_balance, to_balance] = balances;
    Ok(TransferFromReturn {
        from_balance,
        to_balance,
        allowance,
        recipient_data,
    })
}

/// The id of a receiver, which must have one.
fn receiver(ctx: &Context, to: &Address) -> Result<ActorID> {
    ctx.resolve(to)?
        .ok_or_else(|| Error::illegal_argument("no actor has the receiver's address"))
}

fn check_allowed(allowed: bool, to: ActorID) -> Result<()> {
    ensure!(
        allowed,
        forbidden,
        "tokens do not go to f0{to}: only the governor takes them, or gives them"
    );
    Ok(())
}
