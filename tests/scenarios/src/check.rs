//! The invariants of all actors, asked of the state as it is.

mod between;

use filigree_actor_account::Account;
use filigree_actor_cron::Cron;
use filigree_actor_datacap::Datacap;
use filigree_actor_init::Init;
use filigree_actor_market::Market;
use filigree_actor_miner::Miner;
use filigree_actor_multisig::Multisig;
use filigree_actor_paych::Paych;
use filigree_actor_power::Power;
use filigree_actor_reward::Reward;
use filigree_actor_system::System;
use filigree_actor_verifreg::VerifiedRegistry;
use filigree_builtin::{Broken, POLICY, ids};
use filigree_sandbox::Sandbox;
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use crate::books::Books;
use crate::standing::Standings;

/// What is broken, with the actor before it. `last_tick` is the epoch cron last ran for.
pub(crate) fn broken(
    sandbox: &Sandbox,
    standings: &Standings,
    books: &Books,
    last_tick: Option<ChainEpoch>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (id, standing) in standings.actors() {
        let broken = of_actor(sandbox, id, &standing.code, &standing.balance, last_tick);
        found.extend(broken.iter().map(|broken| format!("f0{id}: {broken}")));
    }
    let miners = standings.actors();
    let miners = miners.filter(|(_, standing)| standing.code == "storageminer");
    let miners: Vec<ActorID> = miners.map(|(id, _)| id).collect();
    let between = between::broken(sandbox, &miners, books);
    found.extend(between.iter().map(ToString::to_string));
    found.extend(unbalanced(standings, books));
    found
}

/// Money is moved, and neither made nor lost: what is burnt is the burnt funds actor's.
pub(crate) fn unbalanced(standings: &Standings, books: &Books) -> Option<String> {
    let (total, supply) = (standings.total(), &books.supply);
    (total != *supply)
        .then(|| format!("network/total-balance: all actors have {total}, there are {supply}"))
}

fn of_actor(
    sandbox: &Sandbox,
    id: ActorID,
    code: &str,
    balance: &TokenAmount,
    last_tick: Option<ChainEpoch>,
) -> Vec<Broken> {
    let store = &sandbox.store();
    match code {
        // It has no key, and on the stage no state.
        "account" if id == ids::BURNT_FUNDS => Vec::new(),
        "account" => sandbox.state::<Account>(id).check_invariants(id),
        "system" => sandbox.state::<System>(id).check_invariants(store),
        "init" => sandbox.state::<Init>(id).check_invariants(store),
        "cron" => sandbox.state::<Cron>(id).check_invariants(),
        "reward" => {
            let state: Reward = sandbox.state(id);
            // Before the first tick it is ready for none.
            let last = last_tick.unwrap_or(state.epoch - 1);
            state.check_invariants(last, balance)
        }
        "storagepower" => sandbox.state::<Power>(id).check_invariants(&POLICY, store),
        "storagemarket" => {
            (sandbox.state::<Market>(id)).check_invariants(store, sandbox.epoch(), balance)
        }
        "storageminer" => sandbox
            .state::<Miner>(id)
            .check_invariants(&POLICY, store, balance),
        "verifiedregistry" => {
            (sandbox.state::<VerifiedRegistry>(id)).check_invariants(store, sandbox.epoch())
        }
        "datacap" => sandbox.state::<Datacap>(id).check_invariants(store),
        "multisig" => sandbox.state::<Multisig>(id).check_invariants(store),
        "paymentchannel" => sandbox.state::<Paych>(id).check_invariants(store, balance),
        // Those without a state that could be wrong, and code of users.
        _ => Vec::new(),
    }
}
