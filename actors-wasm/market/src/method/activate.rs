//! Deals begin: their pieces are in proven sectors. The miner names the deals of sectors whose proof it has got (BatchActivateDeals), or tells
//! which pieces were added to sectors, and the market knows the deals (SectorContentChanged, FIP-0076).

use filigree_builtin::calls::market::{
    ActivatedDeal, BatchActivateDealsParams, BatchActivateDealsResult, SectorDealActivation,
    SectorDeals,
};
use filigree_builtin::calls::miner::{
    PieceChange, PieceReturn, SectorChanges, SectorContentChangedParams,
    SectorContentChangedReturn, SectorReturn,
};
use filigree_builtin::calls::verifreg::NO_ALLOCATION;
use filigree_builtin::{BatchReturn, Type, internal_api};
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::clock::EPOCH_UNDEFINED;
use fvm_shared::sector::SectorNumber;

use super::verify;
use crate::DEAL_EXPIRED;
use crate::deal::{DealId, DealProposal, DealState};
use crate::event::{self, Happened};
use crate::rule::activation;
use crate::state::open::{OpenMarket, transaction};
use crate::state::sectors;

/// Begins the deals of sectors. Each sector succeeds or fails as a whole.
pub(crate) fn batch(
    ctx: &mut Context,
    params: &BatchActivateDealsParams,
) -> Result<BatchActivateDealsResult> {
    internal_api::require_type(ctx, &[Type::Miner])?;
    transaction(ctx, |market, ctx| {
        let mut results = BatchReturn::default();
        let (mut activations, mut placed) = (Vec::new(), Vec::new());
        for sector in &params.sectors {
            match candidates(ctx, market, sector)? {
                Ok(deals) => {
                    activations.push(begin_sector(
                        ctx,
                        market,
                        sector,
                        deals,
                        params.compute_cid,
                    )?);
                    placed.push((sector.sector_number, sector.deal_ids.clone()));
                    results.add_success();
                }
                Err(code) => results.add_fail(code),
            }
        }
        place(ctx, market, placed)?;
        Ok(BatchActivateDealsResult {
            activation_results: results,
            activations,
        })
    })
}

/// The deals of a sector if all can begin, or why not.
fn candidates(
    ctx: &Context,
    market: &mut OpenMarket<ActorStore>,
    sector: &SectorDeals,
) -> Result<std::result::Result<Vec<DealProposal>, ExitCode>> {
    if !verify::are_distinct(&sector.deal_ids) {
        return Ok(Err(ExitCode::USR_ILLEGAL_ARGUMENT));
    }
    let mut deals = Vec::with_capacity(sector.deal_ids.len());
    for &id in &sector.deal_ids {
        match candidate(ctx, market, id, sector.sector_expiry)? {
            Ok(deal) => deals.push(deal),
            Err(code) => return Ok(Err(code)),
        }
    }
    Ok(Ok(deals))
}

fn begin_sector(
    ctx: &Context,
    market: &mut OpenMarket<ActorStore>,
    sector: &SectorDeals,
    deals: Vec<DealProposal>,
    compute_cid: bool,
) -> Result<SectorDealActivation> {
    let mut activated = Vec::with_capacity(deals.len());
    let unsealed_cid = match compute_cid && !deals.is_empty() {
        true => Some(verify::commitment(sector.sector_type, &deals)?),
        false => None,
    };
    for (&id, deal) in sector.deal_ids.iter().zip(deals) {
        let allocation = begin(ctx, market, id, &deal, sector.sector_number)?;
        activated.push(ActivatedDeal {
            client: deal.parties()?.client,
            allocation_id: allocation,
            data: deal.piece_cid,
            size: deal.piece_size,
        });
    }
    Ok(SectorDealActivation {
        activated,
        unsealed_cid,
    })
}

/// Begins the deals whose pieces were added to sectors. Each piece is accepted or not.
pub(crate) fn content_changed(
    ctx: &mut Context,
    params: &SectorContentChangedParams,
) -> Result<SectorContentChangedReturn> {
    internal_api::require_type(ctx, &[Type::Miner])?;
    let sectors = transaction(ctx, |market, ctx| {
        let (mut sectors, mut placed) = (Vec::new(), Vec::new());
        for sector in &params.sectors {
            let (mut added, mut deals) = (Vec::with_capacity(sector.added.len()), Vec::new());
            for piece in &sector.added {
                let deal = begin_piece(ctx, market, sector, piece)?;
                added.push(PieceReturn {
                    accepted: deal.is_some(),
                });
                deals.extend(deal);
            }
            placed.push((sector.sector, deals));
            sectors.push(SectorReturn { added });
        }
        place(ctx, market, placed)?;
        Ok(sectors)
    })?;
    Ok(SectorContentChangedReturn { sectors })
}

/// Begins the deal of a piece if it can begin.
fn begin_piece(
    ctx: &Context,
    market: &mut OpenMarket<ActorStore>,
    sector: &SectorChanges,
    piece: &PieceChange,
) -> Result<Option<DealId>> {
    let Ok(id) = cbor::decode::<DealId>(&piece.payload) else {
        return Ok(None);
    };
    let commitment = sector.minimum_commitment_epoch;
    let Ok(deal) = candidate(ctx, market, id, commitment)? else {
        return Ok(None);
    };
    if (piece.data, piece.size) != (deal.piece_cid, deal.piece_size) {
        return Ok(None);
    }
    begin(ctx, market, id, &deal, sector.sector)?;
    Ok(Some(id))
}

/// A deal if it can begin in a sector that the caller commits to until `commitment`, or why not. A deal that has begun in the same call cannot
/// begin again.
fn candidate(
    ctx: &Context,
    market: &mut OpenMarket<ActorStore>,
    id: DealId,
    commitment: ChainEpoch,
) -> Result<std::result::Result<DealProposal, ExitCode>> {
    let deal = match market.proposal(id) {
        Ok(deal) => deal,
        Err(Error {
            code: code @ (ExitCode::USR_NOT_FOUND | DEAL_EXPIRED),
            ..
        }) => return Ok(Err(code)),
        Err(broken) => return Err(broken),
    };
    if let Err(error) = activation::check(id, &deal, ctx.caller(), commitment, ctx.epoch()?) {
        return Ok(Err(error.code));
    }
    if market.states()?.contains(id)? {
        return Ok(Err(ExitCode::USR_ILLEGAL_ARGUMENT));
    }
    let cid = deal.cid(market.store())?;
    Ok(match market.pending()?.contains(&cid)? {
        true => Ok(deal),
        // It cannot be: cron takes it from there when it has begun.
        false => Err(ExitCode::USR_ILLEGAL_STATE),
    })
}

/// Begins a deal; gives its datacap.
fn begin(
    ctx: &Context,
    market: &mut OpenMarket<ActorStore>,
    id: DealId,
    deal: &DealProposal,
    sector_number: SectorNumber,
) -> Result<u64> {
    let state = DealState {
        sector_number,
        sector_start_epoch: ctx.epoch()?,
        last_updated_epoch: EPOCH_UNDEFINED,
        slash_epoch: EPOCH_UNDEFINED,
    };
    market.states()?.set(id, &state)?;
    let allocation = market.allocations()?.remove(&id)?;
    event::emit(ctx, Happened::Activated, id, deal.parties()?)?;
    Ok(allocation.unwrap_or(NO_ALLOCATION))
}

/// Notes which deals are in the caller's sectors.
fn place(
    ctx: &Context,
    market: &mut OpenMarket<ActorStore>,
    placed: Vec<(SectorNumber, Vec<DealId>)>,
) -> Result<()> {
    let index = &market.state.provider_sectors;
    market.state.provider_sectors = sectors::add(index, ActorStore, ctx.caller(), placed)?;
    Ok(())
}
