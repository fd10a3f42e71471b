//! Which actors an upgrade is about, found in the state; and what to say if there are none.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_schema::Schema;
use filigree_state::StateError;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;
use fvm_shared::address::Address;

use super::{Old, RehearseError};
use crate::sandbox::{Sandbox, load_tree};

/// Codes listed in an error.
const MAX_LISTED: usize = 30;

/// The actors of one code.
pub(super) struct Cast {
    /// The old code.
    pub code: Cid,
    /// Its name.
    pub name: String,
    /// Its schema, if it is to be had.
    pub schema: Option<Schema>,
    /// The actors, by id.
    pub ids: Vec<ActorID>,
}

/// A code that actors run.
struct Found {
    name: String,
    schema: Option<Schema>,
    ids: Vec<ActorID>,
}

/// Finds them.
pub(super) fn find(
    sandbox: &Sandbox,
    old: &Old,
    old_wasm: Option<&[u8]>,
) -> Result<Cast, RehearseError> {
    if let Old::Actor(address) = old {
        return one(sandbox, address, old_wasm);
    }
    let mut codes = census(sandbox).map_err(RehearseError::State)?;
    for (code, found) in &mut codes {
        (found.name, found.schema) = known(sandbox, code, old_wasm);
    }
    let code = match old {
        Old::Name(name) => named(&codes, name)?,
        Old::Code(code) => *code,
        Old::Actor(_) => unreachable!("one actor was looked for above"),
    };
    let Some(found) = codes.remove(&code) else {
        return Err(RehearseError::NoActor {
            asked: format!("no actor runs the code {code}"),
            there: list(codes.iter()),
        });
    };
    Ok(Cast {
        code,
        name: found.name,
        schema: found.schema,
        ids: found.ids,
    })
}

/// One actor, without looking at all others.
fn one(
    sandbox: &Sandbox,
    address: &Address,
    old_wasm: Option<&[u8]>,
) -> Result<Cast, RehearseError> {
    let state = |e: StateError| RehearseError::State(e.into());
    let tree = load_tree(&sandbox.store, &sandbox.point.root).map_err(state)?;
    let missing = || RehearseError::Missing(*address);
    let id = tree
        .lookup_id(address)
        .map_err(state)?
        .ok_or_else(missing)?;
    let actor = tree.get_actor(id).map_err(state)?.ok_or_else(missing)?;
    let (name, schema) = known(sandbox, &actor.code, old_wasm);
    Ok(Cast {
        code: actor.code,
        name,
        schema,
        ids: vec![id],
    })
}

/// The name and the schema of a code: as the sandbox knows them, or by the Wasm that is given or in the store.
fn known(sandbox: &Sandbox, code: &Cid, old_wasm: Option<&[u8]>) -> (String, Option<Schema>) {
    let known = sandbox.directory.code(code);
    let given = || old_wasm.filter(|wasm| filigree_build::code_cid(wasm) == *code);
    let stored = || sandbox.store.get(code).ok().flatten();
    let schema = known
        .and_then(|known| known.schema.as_deref().cloned())
        .or_else(|| schema_of(given()?))
        .or_else(|| schema_of(&stored()?));
    let name = known.map(|known| known.name.clone());
    let name = name.or_else(|| Some(schema.as_ref()?.actor.clone()));
    (name.unwrap_or_else(|| "unknown".to_owned()), schema)
}

fn schema_of(wasm: &[u8]) -> Option<Schema> {
    Schema::from_wasm(wasm).ok().flatten()
}

/// All actors, by code.
fn census(sandbox: &Sandbox) -> anyhow::Result<BTreeMap<Cid, Found>> {
    let tree = load_tree(&sandbox.store, &sandbox.point.root)?;
    let mut codes: BTreeMap<Cid, Found> = BTreeMap::new();
    tree.for_each(|id, actor| {
        let found = codes.entry(actor.code).or_insert_with(|| Found {
            name: String::new(),
            schema: None,
            ids: Vec::new(),
        });
        found.ids.push(id);
    })?;
    for found in codes.values_mut() {
        found.ids.sort_unstable();
    }
    Ok(codes)
}

/// The one code of this name that actors run.
fn named(codes: &BTreeMap<Cid, Found>, name: &str) -> Result<Cid, RehearseError> {
    let fitting: Vec<(&Cid, &Found)> = codes
        .iter()
        .filter(|(_, found)| found.name == name)
        .collect();
    match fitting.as_slice() {
        [(code, _)] => Ok(**code),
        [] => Err(RehearseError::NoActor {
            asked: format!("no actor runs code called {name}"),
            there: list(codes.iter()),
        }),
        several => Err(RehearseError::Ambiguous {
            name: name.to_owned(),
            there: list(several.iter().copied()),
        }),
    }
}

/// A line for each code: its actors, its name, its CID.
fn list<'a>(codes: impl Iterator<Item = (&'a Cid, &'a Found)>) -> String {
    let mut lines: Vec<String> = codes
        .map(|(code, found)| {
            let count = match found.ids.as_slice() {
                [id] => format!("the actor f0{id}"),
                ids => format!("{} actors", ids.len()),
            };
            format!("  {} {code}, {count}", found.name)
        })
        .collect();
    lines.sort();
    let more = lines.len().saturating_sub(MAX_LISTED);
    lines.truncate(MAX_LISTED);
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    lines.join("\n")
}
