//! How actors stand: code, state, balance, sequence number, delegated address.

use std::collections::BTreeMap;
use std::rc::Rc;

use cid::Cid;
use filigree_sandbox::Sandbox;
use filigree_state::{StateTree, WriteBuffer};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use serde::Serialize;

use crate::record::Names;

/// How an actor stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The name of its code.
    pub code: String,
    /// The root of its state; none for the system actor's, which is the bundle's own.
    pub head: Option<Cid>,
    /// What it has, attoFIL.
    pub balance: TokenAmount,
    /// Messages it has sent.
    pub sequence: u64,
    /// Its f4 address.
    pub delegated: Option<Address>,
}

/// How an actor stands after a step; `None` if it is gone.
pub type Change = Option<Standing>;

/// How all actors stand at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standings {
    root: Cid,
    actors: BTreeMap<ActorID, Standing>,
}

impl Standings {
    /// As they are now.
    pub fn now(sandbox: &Sandbox, names: &Names) -> Self {
        let root = *sandbox.state_root();
        let buffer = Rc::new(WriteBuffer::new(Box::new(sandbox.store())));
        let mut actors = BTreeMap::new();
        let read = StateTree::load(buffer, &root).and_then(|tree| {
            tree.for_each(|id, actor| {
                let standing = Standing {
                    code: names.of(&actor.code),
                    head: (id != filigree_state::SYSTEM_ACTOR_ID).then_some(actor.state),
                    balance: actor.balance.clone(),
                    sequence: actor.sequence,
                    delegated: actor.delegated_address,
                };
                actors.insert(id, standing);
            })
        });
        read.unwrap_or_else(|e| panic!("the state {root} cannot be read: {e}"));
        Self { root, actors }
    }

    /// Whether it is how they are now.
    pub fn is_now(&self, sandbox: &Sandbox) -> bool {
        self.root == *sandbox.state_root()
    }

    /// All actors.
    pub fn actors(&self) -> impl Iterator<Item = (ActorID, &Standing)> {
        self.actors.iter().map(|(id, standing)| (*id, standing))
    }

    /// All they have, attoFIL.
    pub fn total(&self) -> TokenAmount {
        self.actors.values().map(|standing| &standing.balance).sum()
    }

    /// Actors with this code that were not there before.
    pub fn made_since(&self, before: &Self, code: &str) -> impl Iterator<Item = ActorID> {
        let with_code = self
            .actors()
            .filter(move |(_, standing)| standing.code == code);
        let ids = with_code.map(|(id, _)| id);
        ids.filter(|id| !before.actors.contains_key(id))
    }

    /// Those that stood otherwise before.
    pub fn since(&self, before: &Self) -> BTreeMap<ActorID, Change> {
        let gone = before
            .actors
            .keys()
            .filter(|id| !self.actors.contains_key(id));
        let gone = gone.map(|id| (*id, None));
        let differ = |(id, _): &(&ActorID, &Standing)| before.actors.get(id) != self.actors.get(id);
        let changed = self.actors.iter().filter(differ);
        let changed = changed.map(|(id, standing)| (*id, Some(standing.clone())));
        gone.chain(changed).collect()
    }
}
