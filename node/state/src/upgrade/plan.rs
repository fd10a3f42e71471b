//! Who becomes what: for each actor of the network the one of the same name in the new bundle.

use std::collections::{BTreeMap, HashMap};

use cid::Cid;
use filigree_builtin::ids as singleton;
use filigree_state::{ActorState, Manifest, SystemState};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;

use super::MigrationError;
use super::exports::has_upgrade;
use crate::error::Error;
use crate::store::Store;
use crate::view::View;

/// See the head of the file.
#[derive(Debug)]
pub(super) struct Plan {
    /// The system actor's new list.
    list: Cid,
    /// Actors whose code is replaced, and nothing else.
    pub swaps: BTreeMap<ActorID, Cid>,
    /// Actors that take over their state themselves, in order.
    pub upgrades: Vec<Upgrade>,
}

/// An actor that takes over its state.
#[derive(Clone, Debug)]
pub(super) struct Upgrade {
    pub id: ActorID,
    /// Its new code.
    pub code: Cid,
    /// What is given to `upgrade`.
    pub params: RawBytes,
}

/// A new code, and what is given to its `upgrade`, if it has one.
#[derive(Clone)]
struct Successor {
    code: Cid,
    upgrade: Option<RawBytes>,
}

/// Makes the plan of a migration.
pub(super) fn make(
    store: &Store,
    root: &Cid,
    bundle: &Cid,
    params: &BTreeMap<String, RawBytes>,
) -> Result<Plan, MigrationError> {
    let view = View::open(store, root)?;
    let new = Manifest::load_bundle(store, bundle).map_err(MigrationError::Bundle)?;
    let successors = successors(store, view.manifest()?, &new, params)?;
    let mut plan = Plan {
        list: *new.data_cid(),
        swaps: BTreeMap::new(),
        upgrades: Vec::new(),
    };
    view.for_each(|id, actor| {
        let Some(Successor { code, upgrade }) = successors.get(&actor.code).cloned() else {
            return;
        };
        match upgrade {
            Some(params) => plan.upgrades.push(Upgrade { id, code, params }),
            None => drop(plan.swaps.insert(id, code)),
        }
    })?;
    plan.upgrades.sort_unstable_by_key(|upgrade| upgrade.id);
    Ok(plan)
}

/// The new code of each old code that changes.
fn successors(
    store: &Store,
    old: &Manifest,
    new: &Manifest,
    params: &BTreeMap<String, RawBytes>,
) -> Result<HashMap<Cid, Successor>, MigrationError> {
    let mut successors: HashMap<Cid, Successor> = HashMap::new();
    let mut seen: HashMap<Cid, Cid> = HashMap::new();
    for (name, before) in old.entries() {
        let after = new.code_named(name);
        let code = *after.ok_or_else(|| MigrationError::NoSuccessor(name.clone()))?;
        if seen
            .insert(*before, code)
            .is_some_and(|other| other != code)
        {
            return Err(MigrationError::Ambiguous { name: name.clone() });
        }
        if *before == code {
            continue;
        }
        let wasm = store.get(&code).map_err(Error::Store)?;
        let wasm = wasm.ok_or_else(|| MigrationError::MissingCode {
            name: name.clone(),
            code,
        })?;
        let has_upgrade = has_upgrade(&wasm).map_err(|why| MigrationError::Wasm {
            name: name.clone(),
            why,
        })?;
        let params = params.get(name).cloned().unwrap_or_default();
        let upgrade = has_upgrade.then_some(params);
        successors.insert(*before, Successor { code, upgrade });
    }
    Ok(successors)
}

/// Replaces the network's list of actors, and the code of those that do not take over themselves.
pub(super) fn swap(store: &Store, root: &Cid, plan: &Plan) -> Result<Cid, MigrationError> {
    edit(store, root, |view| {
        let mut changed = Vec::new();
        for (id, code) in &plan.swaps {
            if let Some(actor) = view.tree().get_actor(*id)? {
                let code = *code;
                changed.push((*id, ActorState { code, ..actor }));
            }
        }
        let state = SystemState {
            builtin_actors: plan.list,
        };
        let state = fvm_ipld_encoding::to_vec(&state).map_err(|e| Error::Store(e.into()))?;
        let state = view.store().write_dag_cbor(state, None);
        let place = changed.iter_mut().find(|(id, _)| *id == singleton::SYSTEM);
        match place {
            Some((_, system)) => system.state = state,
            None => {
                let address = fvm_shared::address::Address::new_id(singleton::SYSTEM);
                let system = view.require(&address)?;
                changed.push((singleton::SYSTEM, ActorState { state, ..system }));
            }
        }
        Ok(changed)
    })
}

/// Puts changed actors into a state, and writes it; gives its root.
pub(super) fn edit(
    store: &Store,
    root: &Cid,
    changed: impl FnOnce(&View) -> Result<Vec<(ActorID, ActorState)>, Error>,
) -> Result<Cid, MigrationError> {
    let mut view = View::open(store, root)?;
    let changed = changed(&view)?;
    let root = view.put_actors(changed)?;
    Ok(root)
}
