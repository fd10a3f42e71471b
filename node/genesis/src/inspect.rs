//! A genesis as it is: the first block, and every actor of the first state with its name and its money. Also of networks that
//! are older than what nodes run: mainnet began with state trees of version 0.

use std::collections::BTreeMap;
use std::fmt;

use cid::Cid;
use filigree_blocks::{BlockHeader, DecodeError};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CborStore;
use fvm_ipld_hamt::{BytesKey, Hamt, Hamtv0};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, IDENTITY_HASH};
use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Bit width of the HAMT of actors.
const BIT_WIDTH: u32 = 5;

/// The init actor, which knows the network's name; the system actor, which knows names of code.
const SYSTEM: ActorID = 0;
const INIT: ActorID = 1;

/// What a genesis holds.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The first block.
    pub header: BlockHeader,
    /// The network's name.
    pub network_name: String,
    /// Version of the state tree.
    pub state_version: u64,
    /// All actors, by id.
    pub actors: Vec<Actor>,
}

/// An actor of a genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Its id.
    pub id: ActorID,
    /// What it is: a name of the manifest, a name such as `fil/1/account`, or the CID of its code.
    pub code: String,
    /// CID of its state.
    pub state: Cid,
    /// What it has.
    pub balance: TokenAmount,
}

/// Why something is no genesis.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// A block is not there.
    #[error("{what}, {cid}, is missing")]
    Missing {
        /// What it should be.
        what: &'static str,
        /// Its CID.
        cid: Cid,
    },
    /// The first block is none.
    #[error(transparent)]
    Header(#[from] DecodeError),
    /// It says it has another CID.
    #[error("the header {given} is that of {found}")]
    OtherCid {
        /// Where it was.
        given: Box<Cid>,
        /// What it hashes to.
        found: Box<Cid>,
    },
    /// It is not the first.
    #[error("the block is of epoch {0}: a genesis is of epoch 0")]
    NotFirst(i64),
    /// The state cannot be read.
    #[error("{what} cannot be read: {why}")]
    State {
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
}

/// Reads a genesis by the CID of its block.
///
/// # Errors
/// If it is not in the store, or is no genesis.
pub fn inspect(store: &impl Blockstore, genesis: &Cid) -> Result<Inspection, InspectError> {
    let block = read(store, "the first block", genesis)?;
    let header = BlockHeader::from_bytes(&block)?;
    let found = header.cid();
    if found != *genesis {
        return Err(InspectError::OtherCid {
            given: Box::new(*genesis),
            found: Box::new(found),
        });
    }
    if header.height != 0 {
        return Err(InspectError::NotFirst(header.height));
    }
    let (state_version, actors) = actors(store, &header.parent_state)?;
    let names = names(store, &actors);
    let mut network_name = String::new();
    if let Some(init) = actors.get(&INIT) {
        let block = read(store, "the init actor's state", &init.state)?;
        let state: Init = decode("the init actor's state", &block)?;
        network_name = state.network_name;
    }
    let actors = actors.into_iter().map(|(id, actor)| Actor {
        id,
        code: name(&names, &actor.code),
        state: actor.state,
        balance: actor.balance,
    });
    Ok(Inspection {
        header,
        network_name,
        state_version,
        actors: actors.collect(),
    })
}

impl Inspection {
    /// All money together.
    pub fn total(&self) -> TokenAmount {
        self.actors.iter().map(|actor| actor.balance.clone()).sum()
    }
}

/// A table for people.
impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = &self.header;
        writeln!(f, "network   {}", self.network_name)?;
        writeln!(f, "block     {}", header.cid())?;
        writeln!(f, "time      {}", header.timestamp_seconds)?;
        writeln!(
            f,
            "state     {} (version {})",
            header.parent_state, self.state_version
        )?;
        for actor in &self.actors {
            let id = Address::new_id(actor.id).to_string();
            let balance = actor.balance.to_string();
            writeln!(f, "{id:>9}  {:<24} {balance:>26} FIL", actor.code)?;
        }
        write!(f, "{} actors, {} FIL", self.actors.len(), self.total())
    }
}

fn read(store: &impl Blockstore, what: &'static str, cid: &Cid) -> Result<Vec<u8>, InspectError> {
    let block = store.get(cid).map_err(|e| InspectError::State {
        what,
        why: e.to_string(),
    })?;
    block.ok_or(InspectError::Missing { what, cid: *cid })
}

fn decode<T: serde::de::DeserializeOwned>(
    what: &'static str,
    block: &[u8],
) -> Result<T, InspectError> {
    fvm_ipld_encoding::from_slice(block).map_err(|e| InspectError::State {
        what,
        why: e.to_string(),
    })
}

/// The version of a state tree, and its actors.
fn actors(
    store: &impl Blockstore,
    root: &Cid,
) -> Result<(u64, BTreeMap<ActorID, RawActor>), InspectError> {
    let wrong = |why: String| InspectError::State {
        what: "the first state",
        why,
    };
    let block = read(store, "the first state", root)?;
    // Version 0 has no root object: it is the HAMT, a bit field and pointers.
    let root_object: Result<(u64, Cid, Cid), _> = fvm_ipld_encoding::from_slice(&block);
    let (version, hamt) = match root_object {
        Ok((version, hamt, _)) => (version, hamt),
        Err(_) => (0, *root),
    };
    let mut actors = BTreeMap::new();
    let mut add = |key: &BytesKey, actor: &RawActor| {
        let id = Address::from_bytes(&key.0)?.id()?;
        actors.insert(id, actor.clone());
        Ok(())
    };
    // Actors of version 2 and before kept HAMTs of the first layout.
    let walked = match version {
        0 | 1 => Hamtv0::<_, RawActor>::load_with_bit_width(&hamt, store, BIT_WIDTH)
            .and_then(|hamt| hamt.for_each(&mut add)),
        _ => Hamt::<_, RawActor>::load_with_bit_width(&hamt, store, BIT_WIDTH)
            .and_then(|hamt| hamt.for_each(&mut add)),
    };
    walked.map_err(|e| wrong(e.to_string()))?;
    Ok((version, actors))
}

/// Names of code by the manifest, if there is one.
fn names(store: &impl Blockstore, actors: &BTreeMap<ActorID, RawActor>) -> BTreeMap<Cid, String> {
    let list = actors.get(&SYSTEM).and_then(|system| {
        let (list,): (Cid,) = store.get_cbor(&system.state).ok()??;
        let entries: Vec<(String, Cid)> = store.get_cbor(&list).ok()??;
        Some(entries)
    });
    let entries = list.unwrap_or_default().into_iter();
    entries.map(|(name, code)| (code, name)).collect()
}

/// Code was once named, not stored: its CID holds the name.
fn name(names: &BTreeMap<Cid, String>, code: &Cid) -> String {
    if let Some(name) = names.get(code) {
        return name.clone();
    }
    let inline = (code.hash().code() == IDENTITY_HASH)
        .then(|| std::str::from_utf8(code.hash().digest()).ok())
        .flatten();
    inline.map_or_else(|| code.to_string(), str::to_owned)
}

/// An actor as state trees have it: an array of four, or of five since version 5.
#[derive(Clone, Debug, PartialEq)]
struct RawActor {
    code: Cid,
    state: Cid,
    balance: TokenAmount,
}

impl serde::Serialize for RawActor {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        (&self.code, &self.state, 0u64, &self.balance).serialize(s)
    }
}

impl<'de> Deserialize<'de> for RawActor {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_seq(ActorFields)
    }
}

struct ActorFields;

impl<'de> Visitor<'de> for ActorFields {
    type Value = RawActor;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an actor, an array of 4 or 5")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<RawActor, A::Error> {
        let missing = |at| A::Error::invalid_length(at, &Self);
        let code = fields.next_element()?.ok_or_else(|| missing(0))?;
        let state = fields.next_element()?.ok_or_else(|| missing(1))?;
        let _: u64 = fields.next_element()?.ok_or_else(|| missing(2))?;
        let balance = fields.next_element()?.ok_or_else(|| missing(3))?;
        while fields.next_element::<IgnoredAny>()?.is_some() {}
        Ok(RawActor {
            code,
            state,
            balance,
        })
    }
}

/// The init actor's state, as far as it is asked for: an array of three or four.
struct Init {
    network_name: String,
}

impl<'de> Deserialize<'de> for Init {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_seq(InitFields)
    }
}

struct InitFields;

impl<'de> Visitor<'de> for InitFields {
    type Value = Init;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an init actor's state, an array of 3 or 4")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Init, A::Error> {
        let missing = |at| A::Error::invalid_length(at, &Self);
        let _: Cid = fields.next_element()?.ok_or_else(|| missing(0))?;
        let _: ActorID = fields.next_element()?.ok_or_else(|| missing(1))?;
        let network_name = fields.next_element()?.ok_or_else(|| missing(2))?;
        while fields.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Init { network_name })
    }
}
