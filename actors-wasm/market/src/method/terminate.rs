//! Deals end before their time, with their sectors (FIP-0074).

use filigree_builtin::calls::market::OnMinerSectorsTerminateParams;
use filigree_builtin::{Type, internal_api};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::clock::EPOCH_UNDEFINED;

use super::burn;
use crate::deal::DealId;
use crate::event::Happened;
use crate::state::open::{OpenMarket, transaction};
use crate::state::sectors;

/// Ends the deals in sectors of the caller: pays for them up to then, and burns the caller's collateral.
pub(crate) fn terminate(ctx: &mut Context, params: &OnMinerSectorsTerminateParams) -> Result<()> {
    internal_api::require_type(ctx, &[Type::Miner])?;
    let burnt = transaction(ctx, |market, ctx| {
        end_sectors(market, ctx.caller(), &params.sectors, params.epoch)
    })?;
    burn(ctx, &burnt)
}

/// Ends the deals in a provider's sectors at an epoch; gives what is to be burnt.
pub(crate) fn end_sectors<S: Blocks + Clone>(
    market: &mut OpenMarket<S>,
    provider: ActorID,
    sectors: &BitField,
    epoch: ChainEpoch,
) -> Result<TokenAmount> {
    let index = &market.state.provider_sectors;
    let (index, deals) = sectors::take(index, market.store().clone(), provider, sectors)?;
    market.state.provider_sectors = index;
    let mut burnt = TokenAmount::default();
    for id in deals {
        burnt += end(market, provider, id, epoch)?;
    }
    Ok(burnt)
}

/// Ends a deal, unless it is over.
fn end<S: Blocks + Clone>(
    market: &mut OpenMarket<S>,
    provider: ActorID,
    id: DealId,
    epoch: ChainEpoch,
) -> Result<TokenAmount> {
    let Some(deal) = market.proposals()?.get(id)? else {
        return Ok(TokenAmount::default());
    };
    ensure!(
        deal.provider == Address::new_id(provider),
        illegal_state,
        "deal {id} is not f0{provider}'s"
    );
    if deal.end_epoch <= epoch {
        return Ok(TokenAmount::default());
    }
    let state = market.states()?.get(id)?;
    let mut state =
        state.ok_or_else(|| Error::illegal_argument(format!("deal {id} has not begun")))?;
    if state.last_updated_epoch == EPOCH_UNDEFINED {
        market.remove_pending(&deal)?;
    }
    state.slash_epoch = epoch;
    let burnt = market.terminate(&deal, &state)?;
    market.remove_active(id)?;
    market
        .happened
        .push((Happened::Terminated, id, deal.parties()?));
    Ok(burnt)
}
