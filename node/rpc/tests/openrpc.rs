//! The OpenRPC document beside a copy of it, so that a change of the interface is seen in review. Refreshed by
//! `FILIGREE_REFRESH=1 cargo test -p filigree-rpc --test openrpc`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use filigree_rpc::method::rows;
use filigree_rpc::openrpc::document;
use serde_json::Value;

#[test]
fn the_document_is_the_one_that_was_reviewed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openrpc.json");
    let found = format!(
        "{}\n",
        serde_json::to_string_pretty(&document(rows())).unwrap()
    );
    if std::env::var_os("FILIGREE_REFRESH").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "the interface changed: look at the change, then refresh openrpc.json by\n  \
         FILIGREE_REFRESH=1 cargo test -p filigree-rpc --test openrpc"
    );
}

#[test]
fn names_differ_and_references_lead_somewhere() {
    let document = document(rows());
    let methods = document["methods"].as_array().unwrap();
    let names: BTreeSet<&str> = methods
        .iter()
        .map(|method| method["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), rows().count());
    check_references(&document, &document["components"]["schemas"]);
}

#[test]
fn what_may_be_null_at_the_end_is_not_required() {
    let document = document(rows());
    let methods = document["methods"].as_array().unwrap();
    let required = |name: &str| {
        let method = methods.iter().find(|method| method["name"] == name);
        let params = method.unwrap()["params"].as_array().unwrap().iter();
        params
            .map(|param| param["required"].as_bool().unwrap())
            .collect::<Vec<bool>>()
    };
    assert_eq!(required("Filecoin.StateGetActor"), [true, false]);
    assert_eq!(required("Filecoin.MpoolPushMessage"), [true, false]);
    assert_eq!(required("Filecoin.ChainGetTipSet"), [false]);
    // What follows must be there.
    assert_eq!(required("Filecoin.StateSearchMsg"), [true; 4]);
    assert_eq!(required("Filecoin.WalletDelete"), [true]);
}

fn check_references(value: &Value, schemas: &Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let name = reference.strip_prefix("#/components/schemas/").unwrap();
                assert!(schemas[name].is_object(), "{name}");
            }
            fields
                .values()
                .for_each(|value| check_references(value, schemas));
        }
        Value::Array(values) => values
            .iter()
            .for_each(|value| check_references(value, schemas)),
        _ => {}
    }
}
