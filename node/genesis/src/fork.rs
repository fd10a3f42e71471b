//! A network that begins with the state of another one: what one builds is tried against what is really there.
//!
//! Everybody has what they had: accounts, actors, code of users. Changed is what the new network could not go on without:
//!
//! - The old miners lose their power and their places in cron: their sectors are elsewhere, so nobody could prove them. Their
//!   actors and what they have pledged stay. The new ones get theirs as in every genesis.
//! - The new accounts are paid by the reserve and, when that is empty, by what is left to be mined: there is as much FIL as before.
//! - Epochs begin with 0 again. Reward, power and market actor are told; what else an actor has noted as an epoch lies as far after
//!   the first epoch now as after that of the old network.
//! - The network has another name.
//!
//! The actors stay what they were, or are replaced by those of a bundle, by name; their `upgrade` is not run. State is read as
//! version 28 has it: an older one is refused.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use cid::Cid;
use filigree_actor_cron::Cron;
use filigree_actor_datacap::Datacap;
use filigree_actor_init::Init;
use filigree_actor_market::Market;
use filigree_actor_power::Power;
use filigree_actor_reward::Reward;
use filigree_actor_verifreg::VerifiedRegistry;
use filigree_builtin::ids as singleton;
use filigree_sdk::collections::OpenMap;
use filigree_state::{ActorState, Manifest, StateTree, SystemState, WriteBuffer};
use filigree_vm::Engines;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use serde::de::DeserializeOwned;

use crate::error::GenesisError;
use crate::ids::{Ids, RESERVE};
use crate::make::{Genesis, network};
use crate::template::Template;
use crate::world::World;
use crate::{accounts, header, miners};

/// What a state says of the network it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The network's name.
    pub network_name: String,
    /// The id that the next actor would get.
    pub next_id: ActorID,
}

/// Reads whose state it is.
///
/// # Errors
/// If it is not one that a network can begin with, with what is in the way.
pub fn origin(store: impl Blockstore + 'static, state: &Cid) -> Result<Origin, GenesisError> {
    let store = Rc::new(WriteBuffer::new(Box::new(store)));
    let tree = StateTree::load(Rc::clone(&store), state)?;
    for (name, code) in Manifest::load_from_state(&tree)?.entries() {
        if !store.has(code).map_err(GenesisError::Store)? {
            return refused(format!("the code of {name}, {code}, is not in the file"));
        }
    }
    let init: Init = read(&tree, "init", singleton::INIT)?;
    read::<Reward>(&tree, "reward", singleton::REWARD)?;
    read::<Cron>(&tree, "cron", singleton::CRON)?;
    read::<Power>(&tree, "power", singleton::POWER)?;
    read::<Market>(&tree, "market", singleton::MARKET)?;
    read::<VerifiedRegistry>(&tree, "verified registry", singleton::VERIFIED_REGISTRY)?;
    read::<Datacap>(&tree, "datacap", singleton::DATACAP)?;
    Ok(Origin {
        network_name: init.network_name,
        next_id: init.next_id,
    })
}

/// Makes the first block of a network on a state, which is in the store with all below it. Of the template are taken: name, chain id, time,
/// base fee, policy, ticket, beacon, accounts, whose ids follow [`Origin::next_id`], and miners, whose ids follow those; registry,
/// reserve and wallets are those of the state. `bundle` is the root of the actors, if they shall be others than before.
///
/// # Errors
/// If the template contradicts itself, the state is of another version or incomplete, the bundle lacks one of its actors, it cannot
/// be told which of them an actor becomes, or the store fails.
pub fn fork(
    store: impl Blockstore + Clone + 'static,
    engines: &Engines,
    state: &Cid,
    bundle: Option<&Cid>,
    template: &Template,
) -> Result<Genesis, GenesisError> {
    template.check()?;
    let mut world = World::resume(
        engines,
        network(template),
        template.genesis_time,
        Box::new(store.clone()),
        state,
    )?;
    if let Some(bundle) = bundle {
        replace_actors(&mut world, bundle)?;
    }
    begin_anew(&mut world, template, bundle.is_some())?;
    let ids = newcomers(&mut world, template)?;
    let next = world
        .state::<Init>("the init actor's state", singleton::INIT)?
        .next_id;
    let miners = miners::create(&mut world, template, &ids, next)?;
    let state = world.finish()?;
    let header = header::make(&store, template, state)?;
    Ok(Genesis { header, miners })
}

fn read<T: DeserializeOwned>(tree: &StateTree, name: &str, id: ActorID) -> Result<T, GenesisError> {
    let actor = tree.get_actor(id)?;
    let actor = actor.ok_or(GenesisError::Missing(Address::new_id(id)))?;
    let block = tree
        .store()
        .read(&actor.state)
        .map_err(GenesisError::Store)?;
    let Some(block) = block else {
        return refused(format!(
            "the state of the {name} actor is not in the file: a snapshot has the states of its last epochs"
        ));
    };
    fvm_ipld_encoding::from_slice(&block).or_else(|error| {
        refused(format!(
            "the {name} actor's state is not what actors of network version 28 have ({error})"
        ))
    })
}

fn refused<T>(why: String) -> Result<T, GenesisError> {
    Err(GenesisError::Fork(why))
}

/// That each name of a list stands for one code, and each code for one name: else it would be a guess which actor an actor is.
fn require_unambiguous(whose: &str, manifest: &Manifest) -> Result<(), GenesisError> {
    let mut codes = HashMap::new();
    let mut names = HashSet::new();
    for (name, code) in manifest.entries() {
        if !names.insert(name) {
            return refused(format!(
                "{whose} has the actor {name} twice, and actors are replaced by name"
            ));
        }
        if let Some(other) = codes.insert(code, name) {
            return refused(format!(
                "{whose} has one code for the actors {other} and {name}, {code}, so it cannot be told which of them an actor is"
            ));
        }
    }
    Ok(())
}

/// Every actor of the old bundle becomes the one of the same name.
fn replace_actors(world: &mut World<'_>, bundle: &Cid) -> Result<(), GenesisError> {
    let new = Manifest::load_bundle(world.store(), bundle)?;
    require_unambiguous("the network", world.manifest())?;
    require_unambiguous("the bundle", &new)?;
    let mut successors = HashMap::new();
    for (name, old) in world.manifest().entries() {
        match new.code_named(name) {
            Some(code) => successors.insert(*old, *code),
            None => {
                return refused(format!(
                    "the network has the actor {name}, which the bundle lacks; leave --bundle out to keep its actors"
                ));
            }
        };
    }
    let system = world.put(&SystemState {
        builtin_actors: *new.data_cid(),
    })?;
    world.edit(|tree| {
        let mut changed = Vec::new();
        tree.for_each(|id, actor| {
            if let Some(code) = successors.get(&actor.code) {
                let code = *code;
                changed.push((
                    id,
                    ActorState {
                        code,
                        ..actor.clone()
                    },
                ));
            }
        })?;
        for (id, mut actor) in changed {
            if id == singleton::SYSTEM {
                actor.state = system;
            }
            tree.set_actor(id, actor);
        }
        Ok(())
    })?;
    world.set_manifest(new);
    Ok(())
}

/// What the protocol's actors know of the old network and must not of this one.
fn begin_anew(
    world: &mut World<'_>,
    template: &Template,
    has_other_actors: bool,
) -> Result<(), GenesisError> {
    let mut init: Init = world.state("the init actor's state", singleton::INIT)?;
    init.network_name.clone_from(&template.network_name);
    if has_other_actors && template.policy().user_code && init.installed.is_none() {
        let none = OpenMap::empty(world.store()).close();
        init.installed = Some(none.map_err(GenesisError::actor("the init actor"))?);
    }
    world.set_state(singleton::INIT, &init)?;

    let mut reward: Reward = world.state("the reward actor's state", singleton::REWARD)?;
    reward.epoch = 0;
    world.set_state(singleton::REWARD, &reward)?;

    let old: Power = world.state("the power actor's state", singleton::POWER)?;
    let mut power = Power::empty(world.store()).map_err(GenesisError::actor("the power actor"))?;
    // It is locked all the same.
    power.total_pledge_collateral = old.total_pledge_collateral;
    power.this_epoch_pledge_collateral = old.this_epoch_pledge_collateral;
    world.set_state(singleton::POWER, &power)?;

    let mut market: Market = world.state("the market actor's state", singleton::MARKET)?;
    market.last_cron = -1;
    world.set_state(singleton::MARKET, &market)
}

/// The accounts of the template, with their money.
fn newcomers(world: &mut World<'_>, template: &Template) -> Result<Ids, GenesisError> {
    let needed: TokenAmount = template.accounts.iter().map(|entry| &entry.balance).sum();
    let mut missing = needed.clone();
    world.edit(|tree| {
        for id in [RESERVE, singleton::REWARD] {
            let Some(mut actor) = tree.get_actor(id)? else {
                continue;
            };
            let paid = actor.balance.clone().min(missing.clone());
            missing -= &paid;
            actor.balance -= paid;
            tree.set_actor(id, actor);
        }
        Ok(())
    })?;
    if !missing.is_zero() {
        return Err(GenesisError::Overallocated {
            available: &needed - missing,
            allocated: needed,
        });
    }
    let mut ids = Ids::default();
    for entry in &template.accounts {
        let address = entry.address;
        let id = world.edit(|tree| match tree.lookup_id(&address)? {
            Some(id) => refused(format!("{address} is f0{id} there already")),
            None => Ok(tree.register_new_address(&address)?),
        })?;
        accounts::account(world, id, &address, entry.balance.clone())?;
        ids.know(address, id);
    }
    Ok(ids)
}
