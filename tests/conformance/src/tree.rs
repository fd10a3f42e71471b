//! State trees in vectors: reading one actor, and comparing two trees of which parts may be missing.
//!
//! A vector holds the blocks its messages touched. The host's own state tree rightly takes a missing block for damage;
//! here it is the normal case, so nodes are read one by one: a HAMT node is a bit field and a list of pointers, each a
//! link to a node or a bucket of keys and values (spec section "HAMT"; bit width 5, SHA2-256 of the key).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CborStore, from_slice, to_vec};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::state::{ActorState, StateRoot};
use ipld_core::ipld::Ipld;

/// Actors by id.
pub type Actors = BTreeMap<ActorID, ActorState>;

/// Why a state tree cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A block is not there.
    #[error("the block {0} is missing")]
    Missing(Cid),
    /// A block is not what it should be.
    #[error("the block {cid} is not {reason}")]
    Malformed {
        /// The block.
        cid: Cid,
        /// What it should be, and why it is not.
        reason: String,
    },
}

/// The actors in which two trees differ.
#[derive(Clone, Debug, Default)]
pub struct TreeDiff {
    /// Differing actors of the first tree.
    pub left: Actors,
    /// Differing actors of the second tree.
    pub right: Actors,
    /// Blocks of either tree that are not there: actors in them were not compared.
    pub missing: BTreeSet<Cid>,
}

impl TreeDiff {
    /// The actors that differ, lowest id first. Where blocks are missing, an actor may be absent only because its block
    /// is.
    pub fn ids(&self) -> BTreeSet<ActorID> {
        self.left.keys().chain(self.right.keys()).copied().collect()
    }
}

/// An actor of a state tree; fails only if a block on the way to it cannot be read.
pub fn find_actor(
    store: &impl Blockstore,
    state_root: &Cid,
    id: ActorID,
) -> Result<Option<ActorState>, TreeError> {
    let mut diff = TreeDiff::default();
    let mut next = vec![actors_root(store, state_root)?];
    while let Some(cid) = next.pop() {
        match read_node(store, &cid) {
            Ok(node) => next.extend(node.read_into(&cid, &mut diff.left)?),
            Err(TreeError::Missing(cid)) => {
                diff.missing.insert(cid);
            }
            Err(e) => return Err(e),
        }
        if let Some(actor) = diff.left.remove(&id) {
            return Ok(Some(actor));
        }
    }
    match diff.missing.first() {
        Some(cid) => Err(TreeError::Missing(*cid)),
        None => Ok(None),
    }
}

/// Compares two state trees, skipping what they share.
pub fn compare(store: &impl Blockstore, left: &Cid, right: &Cid) -> Result<TreeDiff, TreeError> {
    let mut diff = TreeDiff::default();
    let mut level = (
        BTreeSet::from([actors_root(store, left)?]),
        BTreeSet::from([actors_root(store, right)?]),
    );
    while !(level.0.is_empty() && level.1.is_empty()) {
        let shared: BTreeSet<Cid> = level.0.intersection(&level.1).copied().collect();
        level = (
            descend(store, &level.0, &shared, &mut diff.left, &mut diff.missing)?,
            descend(store, &level.1, &shared, &mut diff.right, &mut diff.missing)?,
        );
    }
    let equal: Vec<ActorID> = diff
        .left
        .iter()
        .filter(|(id, actor)| diff.right.get(id) == Some(actor))
        .map(|(id, _)| *id)
        .collect();
    for id in equal {
        diff.left.remove(&id);
        diff.right.remove(&id);
    }
    Ok(diff)
}

/// Reads the nodes of one level that are not shared: their actors into `actors`, and the nodes below.
fn descend(
    store: &impl Blockstore,
    nodes: &BTreeSet<Cid>,
    shared: &BTreeSet<Cid>,
    actors: &mut Actors,
    missing: &mut BTreeSet<Cid>,
) -> Result<BTreeSet<Cid>, TreeError> {
    let mut below = BTreeSet::new();
    for cid in nodes.difference(shared) {
        match read_node(store, cid) {
            Ok(node) => below.extend(node.read_into(cid, actors)?),
            Err(TreeError::Missing(cid)) => {
                missing.insert(cid);
            }
            Err(e) => return Err(e),
        }
    }
    Ok(below)
}

/// Root of the HAMT of actors.
fn actors_root(store: &impl Blockstore, state_root: &Cid) -> Result<Cid, TreeError> {
    let root: Option<StateRoot> = store
        .get_cbor(state_root)
        .map_err(|e| malformed(state_root, "a state root", e))?;
    Ok(root.ok_or(TreeError::Missing(*state_root))?.actors)
}

/// A HAMT node: what its pointers point to.
struct Node(Vec<Ipld>);

fn read_node(store: &impl Blockstore, cid: &Cid) -> Result<Node, TreeError> {
    const WHAT: &str = "a HAMT node";
    let block = store.get(cid).map_err(|e| malformed(cid, WHAT, e))?;
    let block = block.ok_or(TreeError::Missing(*cid))?;
    match from_slice::<Ipld>(&block) {
        Ok(Ipld::List(fields)) => match <[Ipld; 2]>::try_from(fields) {
            Ok([Ipld::Bytes(_), Ipld::List(pointers)]) => Ok(Node(pointers)),
            _ => Err(malformed(cid, WHAT, "it is not a bit field and a list")),
        },
        Ok(_) => Err(malformed(cid, WHAT, "it is not a list")),
        Err(e) => Err(malformed(cid, WHAT, e)),
    }
}

impl Node {
    /// Puts the actors of the node into `actors` and gives the nodes below.
    fn read_into(self, cid: &Cid, actors: &mut Actors) -> Result<Vec<Cid>, TreeError> {
        let mut below = Vec::new();
        for pointer in self.0 {
            match pointer {
                Ipld::Link(link) => below.push(link),
                Ipld::List(bucket) => {
                    for entry in bucket {
                        let (id, actor) = read_entry(&entry)
                            .map_err(|e| malformed(cid, "a node of actors", e))?;
                        actors.insert(id, actor);
                    }
                }
                _ => return Err(malformed(cid, "a HAMT node", "a pointer has a wrong type")),
            }
        }
        Ok(below)
    }
}

fn read_entry(entry: &Ipld) -> anyhow::Result<(ActorID, ActorState)> {
    let Ipld::List(pair) = entry else {
        anyhow::bail!("an entry is not a pair");
    };
    let [Ipld::Bytes(key), value] = pair.as_slice() else {
        anyhow::bail!("an entry is not a key and a value");
    };
    let id = Address::from_bytes(key)?.id()?;
    // Through CBOR once more: the types of fvm_shared read that format only.
    let actor = from_slice(&to_vec(value)?)?;
    Ok((id, actor))
}

fn malformed(cid: &Cid, what: &str, reason: impl Display) -> TreeError {
    TreeError::Malformed {
        cid: *cid,
        reason: format!("{what}: {reason}"),
    }
}
