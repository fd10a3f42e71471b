//! Which actors an upgrade is about, found in the state; and what to say if there are none.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_schema::Schema;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;

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
    let mut codes = census(sandbox).map_err(RehearseError::State)?;
    let given = old_wasm.map(filigree_build::code_cid);
    for (code, found) in &mut codes {
        let known = sandbox.directory.code(code);
        let wasm = || sandbox.store.get(code).ok().flatten();
        let schema = match (known, given) {
            (Some(known), _) => known.schema.as_deref().cloned(),
            (None, Some(given)) if given == *code => schema_of(old_wasm),
            (None, _) => schema_of(wasm().as_deref()),
        };
        let own_name = || schema.as_ref().map(|schema| schema.actor.clone());
        let name = known.map(|known| known.name.clone()).or_else(own_name);
        found.name = name.unwrap_or_else(|| "unknown".to_owned());
        found.schema = schema;
    }
    let (code, only) = match old {
        Old::Code(code) => (*code, None),
        Old::Name(name) => (named(&codes, name)?, None),
        Old::Actor(address) => {
            let tree = load_tree(&sandbox.store, &sandbox.point.root);
            let tree = tree.map_err(|e| RehearseError::State(e.into()))?;
            let id = tree.lookup_id(address);
            let id = id.map_err(|e| RehearseError::State(e.into()))?;
            let code = id.and_then(|id| {
                let running = codes.iter().find(|(_, found)| found.ids.contains(&id));
                running.map(|(code, _)| *code)
            });
            let code = code.ok_or_else(|| RehearseError::NoActor {
                asked: format!("there is no actor {address}"),
                there: list(codes.iter()),
            })?;
            (code, id)
        }
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
        ids: only.map_or(found.ids, |id| vec![id]),
    })
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

fn schema_of(wasm: Option<&[u8]>) -> Option<Schema> {
    Schema::from_wasm(wasm?).ok().flatten()
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
