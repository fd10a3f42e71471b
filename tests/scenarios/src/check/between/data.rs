//! Invariants between actors that have to do with data: deals and the sectors they are in, datacap, claims.

use std::collections::BTreeMap;

use filigree_actor_datacap::{Datacap, ledger::GRANULARITY};
use filigree_actor_market::Market;
use filigree_actor_miner::Miner;
use filigree_actor_miner::types::SectorOnChainInfo;
use filigree_actor_verifreg::VerifiedRegistry;
use filigree_builtin::{Invariants, ids};
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::EPOCH_UNDEFINED;

use crate::books::Books;

/// Looks at all of them.
pub(super) fn check(
    sandbox: &Sandbox,
    store: &impl Blockstore,
    miners: &[ActorID],
    books: &Books,
    invariants: &mut Invariants,
) -> Result<()> {
    datacap(sandbox, store, invariants)?;
    allocations_of_deals(sandbox, store, invariants)?;
    deals_in_sectors(sandbox, store, books, invariants)?;
    verified_data(sandbox, store, miners, invariants)
}

/// The registry holds the datacap of all allocations, and verifiers hold none.
fn datacap(sandbox: &Sandbox, store: &impl Blockstore, invariants: &mut Invariants) -> Result<()> {
    let registry: VerifiedRegistry = sandbox.state(ids::VERIFIED_REGISTRY);
    let token = sandbox.state::<Datacap>(ids::DATACAP).token;
    let mut allocated = BigInt::default();
    registry
        .allocations
        .open_in(store)?
        .for_each(|_, of_client| {
            of_client.open_in(store)?.for_each(|_, allocation| {
                allocated += allocation.size.0;
                Ok(())
            })
        })?;
    let held = token.balance(store, ids::VERIFIED_REGISTRY)?;
    let expected = TokenAmount::from_atto(allocated * GRANULARITY);
    invariants.require(held == expected, "network/allocated-datacap", || {
        format!("the registry holds {held}, allocated are {expected}")
    });
    registry.verifiers.open_in(store)?.for_each(|verifier, _| {
        let id = verifier.id().unwrap_or_default();
        let held = token.balance(store, id)?;
        invariants.require(held.is_zero(), "network/verifiers-hold-none", || {
            format!("{verifier} holds {held}")
        });
        Ok(())
    })
}

/// A deal that waits with an allocation has one of its provider and of its data.
fn allocations_of_deals(
    sandbox: &Sandbox,
    store: &impl Blockstore,
    invariants: &mut Invariants,
) -> Result<()> {
    let registry: VerifiedRegistry = sandbox.state(ids::VERIFIED_REGISTRY);
    let market: Market = sandbox.state(ids::MARKET);
    let mut allocations = BTreeMap::new();
    registry
        .allocations
        .open_in(store)?
        .for_each(|_, of_client| {
            of_client.open_in(store)?.for_each(|id, allocation| {
                allocations.insert(id, (allocation.provider, allocation.data));
                Ok(())
            })
        })?;
    let proposals = market.proposals.open_in(store)?;
    let pending = market.pending_deal_allocation_ids.open_in(store)?;
    pending.for_each(|deal, allocation| {
        let proposal = proposals.get(deal)?;
        let of_deal = proposal.map(|deal| (deal.provider.id().unwrap_or_default(), deal.piece_cid));
        let found = allocations.get(&allocation);
        let is_same = found.is_some() && found == of_deal.as_ref();
        invariants.require(is_same, "network/allocations-of-deals", || {
            format!("deal {deal} is {of_deal:?}, its allocation {allocation} is {found:?}")
        });
        Ok(())
    })
}

/// The sector of a deal that goes on has data, and is alive, or was ended and the market is yet to be told.
fn deals_in_sectors(
    sandbox: &Sandbox,
    store: &impl Blockstore,
    books: &Books,
    invariants: &mut Invariants,
) -> Result<()> {
    let market: Market = sandbox.state(ids::MARKET);
    let proposals = market.proposals.open_in(store)?;
    let states = market.states.open_in(store)?;
    let goes_on = |id: &u64| -> Result<bool> {
        let ends = proposals.get(*id)?.map(|proposal| proposal.end_epoch);
        let is_active =
            (states.get(*id)?).is_some_and(|state| state.slash_epoch == EPOCH_UNDEFINED);
        Ok(is_active && ends.is_some_and(|end| end > sandbox.epoch()))
    };
    market
        .provider_sectors
        .open_in(store)?
        .for_each(|provider, sectors| {
            if books.impersonated.contains(&provider) {
                return Ok(());
            }
            let miner: Miner = sandbox.state(provider);
            let held = sectors_of(&miner, store)?;
            sectors.open_in(store)?.for_each(|number, deals| {
                let found = miner.get_sector(store, number)?;
                let has_data = found.is_some_and(|sector| has_data(&sector));
                for id in &deals {
                    let is_held = held.get(number) && has_data;
                    let holds = is_held || !goes_on(id)?;
                    invariants.require(holds, "network/deals-in-sectors", || {
                        format!("deal {id} goes on in sector {number} of f0{provider}, which has no data or has ended")
                    });
                }
                Ok(())
            })
        })
}

fn has_data(sector: &SectorOnChainInfo) -> bool {
    sector.deal_weight > 0 || sector.verified_deal_weight > 0
}

/// Sectors that are not over for all others: those that live, and those that were ended and are not paid for.
fn sectors_of(miner: &Miner, store: &impl Blockstore) -> Result<BitField> {
    let mut held = BitField::new();
    miner
        .load_deadlines(store)?
        .for_each(store, |_, deadline| {
            deadline.partitions_amt(store)?.for_each(|_, partition| {
                held |= &partition.live_sectors();
                partition
                    .early_terminated
                    .open_in(store)?
                    .for_each(|_, sectors| {
                        held |= &sectors;
                        Ok(())
                    })
            })
        })?;
    Ok(held)
}

/// Verified data of a sector that lives is claimed: no more of it counts tenfold than its claims are large.
fn verified_data(
    sandbox: &Sandbox,
    store: &impl Blockstore,
    miners: &[ActorID],
    invariants: &mut Invariants,
) -> Result<()> {
    let registry: VerifiedRegistry = sandbox.state(ids::VERIFIED_REGISTRY);
    let mut claimed: BTreeMap<(ActorID, u64), i128> = BTreeMap::new();
    registry
        .claims
        .open_in(store)?
        .for_each(|provider, claims| {
            claims.open_in(store)?.for_each(|_, claim| {
                *claimed.entry((provider, claim.sector)).or_default() += i128::from(claim.size.0);
                Ok(())
            })
        })?;
    for id in miners {
        let miner: Miner = sandbox.state(*id);
        let mut verified = Vec::new();
        miner.sectors.open_in(store)?.for_each(|_, sector| {
            if sector.verified_deal_weight > 0 {
                verified.push(sector);
            }
            Ok(())
        })?;
        if verified.is_empty() {
            continue;
        }
        let held = sectors_of(&miner, store)?;
        for sector in verified
            .iter()
            .filter(|sector| held.get(sector.sector_number))
        {
            let bytes = claimed
                .get(&(*id, sector.sector_number))
                .copied()
                .unwrap_or_default();
            let most = bytes * i128::from(sector.expiration - sector.power_base_epoch);
            let weight = sector.verified_deal_weight;
            invariants.require(weight <= most, "network/verified-data-is-claimed", || {
                let number = sector.sector_number;
                format!(
                    "sector {number} of f0{id} has {weight} byte-epochs, its claims are for {most}"
                )
            });
        }
    }
    Ok(())
}
