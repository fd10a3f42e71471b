//! The log, and what is wrong with a node.

use filigree_rpc::method::log::{LogList, LogSetLevel};
use filigree_rpc::{Limits, Permission, Permissions};
use serde_json::json;

use crate::common::Node;

/// As Lotus has it: who may write may see and change the log, and who manages the node what is wrong with it.
#[test]
fn the_log_is_seen_and_changed() {
    let node = Node::start(Limits::default());
    let client = node.client();
    assert_eq!(client.call(LogList {}).unwrap(), ["part"]);
    let set = |subsystem: &str, level: &str| {
        client.call(LogSetLevel {
            subsystem: subsystem.to_owned(),
            level: level.to_owned(),
        })
    };
    set("part", "debug").unwrap();
    for wrong in [set("no part", "debug"), set("part", "loud")] {
        let error = wrong.unwrap_err().to_string();
        assert!(error.contains("there is no"), "{error}");
    }
    let alerts = node.call("Filecoin.LogAlerts", "[]");
    let alert = &alerts["result"][0];
    assert_eq!(
        alert["Type"],
        json!({ "System": "chain", "Subsystem": "upgrade" })
    );
    assert_eq!(
        (&alert["Active"], &alert["LastResolved"]),
        (&json!(true), &json!(null))
    );
    let event = &alert["LastActive"];
    assert_eq!(event["Type"], "raised");
    assert_eq!(event["Message"], json!({ "why": "it failed" }));
    assert!(event["Time"].as_str().unwrap().ends_with('Z'));

    let of = |permission| {
        let token = node.services.tokens.issue(Permissions::of(&[permission]));
        format!("Authorization: Bearer {token}\r\n")
    };
    let call = |method: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"Filecoin.{method}","params":[]}}"#)
    };
    for (method, permission, allowed) in [
        ("LogList", Permission::Write, true),
        ("LogList", Permission::Read, false),
        ("LogAlerts", Permission::Admin, true),
        ("LogAlerts", Permission::Write, false),
    ] {
        let answer = node.post(&of(permission), &call(method)).json();
        assert_eq!(answer["error"].is_null(), allowed, "{method}: {answer}");
    }
}
