//! Invariants between actors: what one notes of another is what the other has.

use std::collections::BTreeMap;

use filigree_actor_datacap::{Datacap, ledger::GRANULARITY};
use filigree_actor_market::Market;
use filigree_actor_miner::Miner;
use filigree_actor_power::Power;
use filigree_actor_verifreg::VerifiedRegistry;
use filigree_builtin::{Broken, Invariants, ids};
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::bigint::BigInt;

/// What is broken. `miners` are all there are.
pub(super) fn broken(sandbox: &Sandbox, miners: &[ActorID]) -> Vec<Broken> {
    let mut invariants = Invariants::default();
    let store = &sandbox.store();
    let read = claims(sandbox, store, miners, &mut invariants)
        .and_then(|()| datacap(sandbox, store, &mut invariants))
        .and_then(|()| allocations_of_deals(sandbox, store, &mut invariants));
    if let Err(error) = read {
        invariants.require(false, "network/readable", || error.to_string());
    }
    invariants.into_broken()
}

/// A miner's claim is its active power, and one that wants cron has it.
fn claims(
    sandbox: &Sandbox,
    store: &impl Blockstore,
    miners: &[ActorID],
    invariants: &mut Invariants,
) -> Result<()> {
    let power: Power = sandbox.state(ids::POWER);
    let mut events: BTreeMap<ActorID, u64> = BTreeMap::new();
    power
        .cron_event_queue
        .open_in(store)?
        .for_each(|_, queue| {
            queue.open_in(store)?.for_each(|_, event| {
                let miner = event.miner_addr.id().unwrap_or_default();
                *events.entry(miner).or_default() += 1;
                Ok(())
            })
        })?;
    let open = power.claims.open_in(store)?;
    open.for_each(|address, _| {
        let is_miner = address.id().is_ok_and(|id| miners.contains(&id));
        invariants.require(is_miner, "network/claims-of-miners", || address.to_string());
        Ok(())
    })?;
    for id in miners {
        let miner: Miner = sandbox.state(*id);
        // Its cron failed, and the power actor forgot it.
        let Some(claim) = open.get(&Address::new_id(*id))? else {
            continue;
        };
        let active = miner.active_power(store)?;
        let (raw, quality) = (claim.raw_byte_power.0, claim.quality_adj_power.0);
        let is_active = raw == active.raw.into() && quality == active.qa.into();
        invariants.require(is_active, "network/claimed-power", || {
            format!("f0{id} claims {raw} and {quality} bytes, and has {active:?}")
        });
        let waits = events.contains_key(id);
        invariants.require(waits || !miner.deadline_cron_active, "network/cron", || {
            format!("f0{id} waits for cron, which has nothing for it")
        });
    }
    Ok(())
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
