//! Looking ahead: whether deals could begin in sectors, and what data the sectors would have.

use filigree_builtin::calls::market::{
    SectorDeals, VerifyDealsForActivationParams, VerifyDealsForActivationReturn,
};
use filigree_builtin::{Type, internal_api};
use filigree_sdk::prelude::*;
use filigree_sdk::proofs;
use filigree_sdk::store::ActorStore;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::RegisteredSealProof;

use crate::deal::{DealId, DealProposal};
use crate::rule::activation;
use crate::state::Market;
use crate::state::open::OpenMarket;

/// The commitments to the data of sectors with these deals. Fails if one deal could not begin.
pub(crate) fn verify(
    ctx: &Context,
    params: &VerifyDealsForActivationParams,
) -> Result<VerifyDealsForActivationReturn> {
    internal_api::require_type(ctx, &[Type::Miner])?;
    let mut market = OpenMarket::of(ctx.load::<Market>()?, ActorStore);
    let mut unsealed_cids = Vec::with_capacity(params.sectors.len());
    for sector in &params.sectors {
        unsealed_cids.push(verify_sector(ctx, &mut market, sector)?);
    }
    Ok(VerifyDealsForActivationReturn { unsealed_cids })
}

fn verify_sector(
    ctx: &Context,
    market: &mut OpenMarket<ActorStore>,
    sector: &SectorDeals,
) -> Result<Option<Cid>> {
    let mut deals = Vec::with_capacity(sector.deal_ids.len());
    for (at, &id) in sector.deal_ids.iter().enumerate() {
        let is_new = !sector.deal_ids[..at].contains(&id);
        ensure!(is_new, illegal_argument, "deal {id} twice in a sector");
        deals.push(market.proposal(id)?);
    }
    let size = sector.sector_type.sector_size();
    let size = size.map_err(|_| Error::illegal_argument("an unknown proof of replication"))?;
    let (provider, expiry, now) = (ctx.caller(), sector.sector_expiry, ctx.epoch()?);
    for (&id, deal) in sector.deal_ids.iter().zip(&deals) {
        activation::check(id, deal, provider, expiry, now)?;
    }
    activation::check_size(&deals, size as u64)?;
    match deals.is_empty() {
        true => Ok(None),
        false => commitment(sector.sector_type, &deals).map(Some),
    }
}

/// The commitment to a sector with the pieces of these deals.
pub(super) fn commitment(proof: RegisteredSealProof, deals: &[DealProposal]) -> Result<Cid> {
    let piece = |deal: &DealProposal| PieceInfo {
        cid: deal.piece_cid,
        size: deal.piece_size,
    };
    let pieces: Vec<PieceInfo> = deals.iter().map(piece).collect();
    proofs::unsealed_sector_cid(proof, &pieces)
        .map_err(|_| Error::illegal_argument("the pieces do not make a sector"))
}

/// Whether no deal is named twice.
pub(super) fn are_distinct(deals: &[DealId]) -> bool {
    let mut sorted = deals.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|two| two[0] != two[1])
}
