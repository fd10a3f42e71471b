//! What is agreed and not yet done: proposals of deals, allocations of data cap; and what became of those.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_blocks::TipsetKey;

use super::market::{to_allocation, to_claim};
use crate::error::Reply;
use crate::json::market::{Allocation, VerifiedClaim};
use crate::methods;
use crate::services::Services;

/// The number of no allocation.
const NO_ALLOCATION: u64 = 0;

methods! { Filecoin:
    /// Whether a proposal waits at the market until its deal starts.
    [read] StateMarketProposalPending(proposal: Cid, tipset: TipsetKey) -> bool = is_pending;

    /// The number of the allocation of a deal that is not in a sector yet; 0 if it has none.
    [read] StateGetAllocationIdForPendingDeal(deal: u64, tipset: TipsetKey) -> u64 = allocation_id;

    /// The allocation of a deal that is not in a sector yet; null if it has none.
    [read] StateGetAllocationForPendingDeal(deal: u64, tipset: TipsetKey) -> Option<Allocation> = allocation;

    /// All allocations of all clients, by their numbers.
    [read] StateGetAllAllocations(tipset: TipsetKey) -> BTreeMap<String, Allocation> = all_allocations;

    /// All claims of all providers, by their numbers.
    [read] StateGetAllClaims(tipset: TipsetKey) -> BTreeMap<String, VerifiedClaim> = all_claims;
}

fn is_pending(services: &Services, proposal: Cid, tipset: TipsetKey) -> Reply<bool> {
    let (_, view) = services.view(&tipset)?;
    let pending = view.market()?.state.pending_proposals;
    let pending = pending.open_in(view.store())?;
    Ok(pending.get(&proposal)?.is_some())
}

fn allocation_id(services: &Services, deal: u64, tipset: TipsetKey) -> Reply<u64> {
    let (_, view) = services.view(&tipset)?;
    let pending = view.market()?.state.pending_deal_allocation_ids;
    let pending = pending.open_in(view.store())?;
    Ok(pending.get(&deal)?.unwrap_or(NO_ALLOCATION))
}

fn allocation(services: &Services, deal: u64, tipset: TipsetKey) -> Reply<Option<Allocation>> {
    let id = allocation_id(services, deal, tipset.clone())?;
    let (_, view) = services.view(&tipset)?;
    let Some((proposal, _)) = view.market()?.deal(deal)? else {
        return Ok(None);
    };
    let mut all = view.allocations(&proposal.client)?.into_iter();
    let found = all.find(|(found, _)| *found == id);
    Ok(found.map(|(_, allocation)| to_allocation(allocation)))
}

fn all_allocations(services: &Services, tipset: TipsetKey) -> Reply<BTreeMap<String, Allocation>> {
    let (_, view) = services.view(&tipset)?;
    let mut all = BTreeMap::new();
    let of_all = view.verified_registry()?.allocations;
    of_all.open_in(view.store())?.for_each(|_, of_one| {
        of_one.open_in(view.store())?.for_each(|id, allocation| {
            all.insert(id.to_string(), to_allocation(allocation));
            Ok(())
        })
    })?;
    Ok(all)
}

fn all_claims(services: &Services, tipset: TipsetKey) -> Reply<BTreeMap<String, VerifiedClaim>> {
    let (_, view) = services.view(&tipset)?;
    let mut all = BTreeMap::new();
    let of_all = view.verified_registry()?.claims;
    of_all.open_in(view.store())?.for_each(|_, of_one| {
        of_one.open_in(view.store())?.for_each(|id, claim| {
            all.insert(id.to_string(), to_claim(claim));
            Ok(())
        })
    })?;
    Ok(all)
}
