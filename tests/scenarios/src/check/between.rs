//! Invariants between actors: what one notes of another is what the other has. In `data`, those of deals, datacap and sectors with data.

mod data;

use std::collections::BTreeMap;

use filigree_actor_miner::Miner;
use filigree_actor_power::Power;
use filigree_builtin::{Broken, Invariants, ids};
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;
use fvm_ipld_blockstore::Blockstore;

use crate::books::Books;

/// What is broken. `miners` are all there are.
pub(super) fn broken(sandbox: &Sandbox, miners: &[ActorID], books: &Books) -> Vec<Broken> {
    let mut invariants = Invariants::default();
    let store = &sandbox.store();
    let read = claims(sandbox, store, miners, &mut invariants).and_then(|()| {
        pledge(sandbox, miners, books, &mut invariants);
        data::check(sandbox, store, miners, books, &mut invariants)
    });
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

/// What the power actor counts as pledged is what its miners have pledged for sectors and what they were rewarded with and have not
/// been paid yet, of which the deposit at a miner's creation is a part that was not added (builtin-actors v18, calls of
/// `notify_pledge_changed`). Deposits of pre-commits do not count.
fn pledge(sandbox: &Sandbox, miners: &[ActorID], books: &Books, invariants: &mut Invariants) {
    if !books.impersonated.is_empty() {
        return;
    }
    let mut expected = books.pledged_elsewhere.clone();
    for id in miners {
        let miner: Miner = sandbox.state(*id);
        expected += miner.initial_pledge + miner.locked_funds;
        expected -= books.deposits.get(id).cloned().unwrap_or_default();
    }
    let counted = sandbox.state::<Power>(ids::POWER).total_pledge_collateral;
    invariants.require(counted == expected, "network/pledge", || {
        format!("{counted} are counted as pledged, the miners have pledged {expected}")
    });
}
