//! `state actor`, `state read`, `state actors`, `state lookup`: actors, and by which addresses they are known.

use anyhow::Result;
use filigree_rpc::method::state::actors::{
    StateAccountKey, StateGetActor, StateListActors, StateLookupID, StateLookupRobustAddress,
    StateReadState,
};
use filigree_rpc::method::state::network::{StateActorCodeCIDs, StateNetworkVersion};
use serde_json::json;

use crate::node::Node;
use crate::{print, show};

pub(super) fn actor(node: &Node, address: &str, at: Option<&str>) -> Result<()> {
    let (actor, tipset) = (node.address(address)?, node.key(at)?);
    let state = node.call(StateGetActor {
        actor,
        tipset: tipset.clone(),
    })?;
    let id = node.call(StateLookupID { actor, tipset })?;
    node.show(&state, || {
        let mut facts = vec![
            ("actor", id.to_string()),
            ("balance", show::fil(&state.balance)),
            ("nonce", state.sequence.to_string()),
            ("code", state.code.to_string()),
            ("state", state.state.to_string()),
        ];
        if let Some(delegated) = &state.delegated_address {
            facts.push(("delegated", delegated.to_string()));
        }
        print::facts(facts)
    })
}

pub(super) fn read(node: &Node, address: &str, at: Option<&str>) -> Result<()> {
    let (actor, tipset) = (node.address(address)?, node.key(at)?);
    let view = node.call(StateReadState { actor, tipset })?;
    node.show(&view, || {
        let state = serde_json::to_string_pretty(&view.state).unwrap_or_default();
        let facts = print::facts([
            ("balance", show::fil(&view.balance)),
            ("code", view.code.to_string()),
        ]);
        facts + &state
    })
}

pub(super) fn codes(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let version = node.call(StateNetworkVersion { tipset })?;
    let codes = node.call(StateActorCodeCIDs { version })?;
    node.show(&codes, || {
        let rows = codes
            .iter()
            .map(|(name, cid)| vec![print::plain(name), cid.to_string()]);
        print::columns(&["actor", "code"], rows, &[])
    })
}

pub(super) fn actors(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let actors = node.call(StateListActors { tipset })?;
    node.show(&actors, || {
        let lines: Vec<String> = actors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

pub(super) fn lookup(node: &Node, address: &str, at: Option<&str>) -> Result<()> {
    let (actor, tipset) = (node.address(address)?, node.key(at)?);
    let id = node.call(StateLookupID {
        actor,
        tipset: tipset.clone(),
    })?;
    let robust = node.call(StateLookupRobustAddress {
        actor,
        tipset: tipset.clone(),
    });
    let account = actor;
    // Actors that are no accounts have no key, and some have no address but their number.
    let key = node.call(StateAccountKey { account, tipset }).ok();
    let text = |address: Option<fvm_shared::address::Address>| address.map(|a| a.to_string());
    let (robust, key) = (text(robust.ok()), text(key));
    let json = json!({ "id": id.to_string(), "robust": robust, "key": key });
    node.show_value(json, || {
        let none = || "none".to_owned();
        print::facts([
            ("id", id.to_string()),
            ("robust", robust.unwrap_or_else(none)),
            ("key", key.unwrap_or_else(none)),
        ])
    })
}
