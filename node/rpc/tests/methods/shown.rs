//! States of built-in actors as the RPC shows them, one of each, beside a copy, so that a change of what clients read is seen in review.
//! Refreshed by `FILIGREE_REFRESH=1 cargo test -p filigree-rpc --test methods shown`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use filigree_rpc::method::state::actors::{StateGetActor, StateListActors, StateReadState};
use filigree_rpc::method::state::network::StateActorCodeCIDs;
use fvm_shared::version::NetworkVersion;
use serde_json::{Map, Value, json};

use super::{head, node};
use crate::common::world::mine;

#[test]
fn states_are_the_ones_that_were_reviewed() {
    let node = node();
    let client = node.client();
    mine(&node.services);
    let version = NetworkVersion::V28;
    let codes = client.call(StateActorCodeCIDs { version }).unwrap();
    let mut shown = BTreeMap::new();
    for actor in client.call(StateListActors { tipset: head() }).unwrap() {
        let get = StateGetActor {
            actor,
            tipset: head(),
        };
        let code = client.call(get).unwrap().code;
        let name = codes.iter().find(|(_, known)| **known == code).unwrap().0;
        let read = StateReadState {
            actor,
            tipset: head(),
        };
        let state = client.call(read).unwrap().state;
        shown.entry(name.clone()).or_insert_with(|| general(state));
    }
    let kinds: Vec<&str> = shown.keys().map(String::as_str).collect();
    for kind in ["init", "multisig", "storageminer", "storagepower"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let found = serde_json::to_string_pretty(&json!(shown)).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/states.json");
    if std::env::var_os("FILIGREE_REFRESH").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "states are shown in another way: look at the change, then refresh tests/states.json by\n  \
         FILIGREE_REFRESH=1 cargo test -p filigree-rpc --test methods shown\n{found}"
    );
}

/// Without what differs from build to build: where links lead to. Fields are in the order of their names.
fn general(value: Value) -> Value {
    match value {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("/") => {
            json!({ "/": "a CID" })
        }
        Value::Object(fields) => {
            let fields: BTreeMap<String, Value> = fields.into_iter().collect();
            let fields = fields.into_iter();
            Value::Object(
                fields
                    .map(|(name, value)| (name, general(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => items.into_iter().map(general).collect(),
        other => other,
    }
}
