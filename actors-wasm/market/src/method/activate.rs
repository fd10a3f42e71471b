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
use filigree_builtin::calls::verifreg::{AllocationId, NO_ALLOCATION};
use filigree_builtin::{BatchReturn, Type, internal_api};
use filigree_sdk::cbor;
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::clock::EPOCH_UNDEFINED;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};

use super::verify;
use crate::DEAL_EXPIRED;
use crate::deal::{DealId, DealProposal, DealState};
use crate::event::Happened;
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
        let mut beginning = Beginning::of(market, ctx.caller(), ctx.epoch()?);
        beginning.batch(params, &verify::commitment)
    })
}

/// Begins the deals whose pieces were added to sectors. Each piece is accepted or not.
pub(crate) fn content_changed(
    ctx: &mut Context,
    params: &SectorContentChangedParams,
) -> Result<SectorContentChangedReturn> {
    internal_api::require_type(ctx, &[Type::Miner])?;
    transaction(ctx, |market, ctx| {
        let mut beginning = Beginning::of(market, ctx.caller(), ctx.epoch()?);
        beginning.content_changed(params)
    })
}

/// Whether it worked out, or why not; that something is broken is another matter.
type Maybe<T> = std::result::Result<T, ExitCode>;

/// How the commitment to a sector's data is made.
type Commitment = dyn Fn(RegisteredSealProof, &[DealProposal]) -> Result<Cid>;

/// Deals of a provider begin.
pub(crate) struct Beginning<'a, S> {
    market: &'a mut OpenMarket<S>,
    provider: ActorID,
    now: ChainEpoch,
    /// The deals that began, by sector.
    placed: Vec<(SectorNumber, Vec<DealId>)>,
}

impl<'a, S: Blocks + Clone> Beginning<'a, S> {
    pub fn of(market: &'a mut OpenMarket<S>, provider: ActorID, now: ChainEpoch) -> Self {
        Self {
            market,
            provider,
            now,
            placed: Vec::new(),
        }
    }

    /// By sectors.
    pub fn batch(
        &mut self,
        params: &BatchActivateDealsParams,
        commitment: &Commitment,
    ) -> Result<BatchActivateDealsResult> {
        let (mut results, mut activations) = (BatchReturn::default(), Vec::new());
        for sector in &params.sectors {
            match self.candidates(sector)? {
                Ok(deals) => {
                    let unsealed_cid = match params.compute_cid && !deals.is_empty() {
                        true => Some(commitment(sector.sector_type, &deals)?),
                        false => None,
                    };
                    activations.push(SectorDealActivation {
                        activated: self.begin_all(sector, &deals)?,
                        unsealed_cid,
                    });
                    results.add_success();
                }
                Err(code) => results.add_fail(code),
            }
        }
        self.place()?;
        Ok(BatchActivateDealsResult {
            activation_results: results,
            activations,
        })
    }

    /// The deals of a sector if all can begin.
    fn candidates(&mut self, sector: &SectorDeals) -> Result<Maybe<Vec<DealProposal>>> {
        if !verify::are_distinct(&sector.deal_ids) {
            return Ok(Err(ExitCode::USR_ILLEGAL_ARGUMENT));
        }
        let mut deals = Vec::with_capacity(sector.deal_ids.len());
        for &id in &sector.deal_ids {
            match self.candidate(id, sector.sector_expiry)? {
                Ok(deal) => deals.push(deal),
                Err(code) => return Ok(Err(code)),
            }
        }
        Ok(Ok(deals))
    }

    fn begin_all(
        &mut self,
        sector: &SectorDeals,
        deals: &[DealProposal],
    ) -> Result<Vec<ActivatedDeal>> {
        let mut activated = Vec::with_capacity(deals.len());
        for (&id, deal) in sector.deal_ids.iter().zip(deals) {
            activated.push(ActivatedDeal {
                client: deal.parties()?.client,
                allocation_id: self.begin(id, deal, sector.sector_number)?,
                data: deal.piece_cid,
                size: deal.piece_size,
            });
        }
        self.placed
            .push((sector.sector_number, sector.deal_ids.clone()));
        Ok(activated)
    }

    /// By pieces.
    pub fn content_changed(
        &mut self,
        params: &SectorContentChangedParams,
    ) -> Result<SectorContentChangedReturn> {
        let mut sectors = Vec::with_capacity(params.sectors.len());
        for sector in &params.sectors {
            let (mut added, mut deals) = (Vec::with_capacity(sector.added.len()), Vec::new());
            for piece in &sector.added {
                let deal = self.begin_piece(sector, piece)?;
                added.push(PieceReturn {
                    accepted: deal.is_some(),
                });
                deals.extend(deal);
            }
            self.placed.push((sector.sector, deals));
            sectors.push(SectorReturn { added });
        }
        self.place()?;
        Ok(SectorContentChangedReturn { sectors })
    }

    /// Begins the deal of a piece if it can begin.
    fn begin_piece(
        &mut self,
        sector: &SectorChanges,
        piece: &PieceChange,
    ) -> Result<Option<DealId>> {
        let Ok(id) = cbor::decode::<DealId>(&piece.payload) else {
            return Ok(None);
        };
        let Ok(deal) = self.candidate(id, sector.minimum_commitment_epoch)? else {
            return Ok(None);
        };
        if (piece.data, piece.size) != (deal.piece_cid, deal.piece_size) {
            return Ok(None);
        }
        self.begin(id, &deal, sector.sector)?;
        Ok(Some(id))
    }

    /// A deal if it can begin in a sector that the provider commits to until `commitment`. A deal that began in this call has a state, so that
    /// it cannot begin again.
    fn candidate(&mut self, id: DealId, commitment: ChainEpoch) -> Result<Maybe<DealProposal>> {
        let deal = match self.market.proposal(id) {
            Ok(deal) => deal,
            Err(error) if [ExitCode::USR_NOT_FOUND, DEAL_EXPIRED].contains(&error.code) => {
                return Ok(Err(error.code));
            }
            Err(broken) => return Err(broken),
        };
        if let Err(error) = activation::check(id, &deal, self.provider, commitment, self.now) {
            return Ok(Err(error.code));
        }
        if self.market.states()?.contains(id)? {
            return Ok(Err(ExitCode::USR_ILLEGAL_ARGUMENT));
        }
        let cid = deal.cid(self.market.store())?;
        Ok(match self.market.pending()?.contains(&cid)? {
            true => Ok(deal),
            // It cannot be: it is taken from there when it has begun.
            false => Err(ExitCode::USR_ILLEGAL_STATE),
        })
    }

    /// Begins a deal; gives its datacap.
    fn begin(
        &mut self,
        id: DealId,
        deal: &DealProposal,
        sector_number: SectorNumber,
    ) -> Result<AllocationId> {
        let state = DealState {
            sector_number,
            sector_start_epoch: self.now,
            last_updated_epoch: EPOCH_UNDEFINED,
            slash_epoch: EPOCH_UNDEFINED,
        };
        self.market.states()?.set(id, &state)?;
        let allocation = self.market.allocations()?.remove(&id)?;
        let happened = (Happened::Activated, id, deal.parties()?);
        self.market.happened.push(happened);
        Ok(allocation.unwrap_or(NO_ALLOCATION))
    }

    /// Notes which deals are in the provider's sectors.
    fn place(&mut self) -> Result<()> {
        let state = &self.market.state;
        let (index, store) = (&state.provider_sectors, self.market.store().clone());
        let placed = std::mem::take(&mut self.placed);
        self.market.state.provider_sectors = sectors::add(index, store, self.provider, placed)?;
        Ok(())
    }
}
