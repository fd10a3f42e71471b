//! Blocks of the store, and the chain as a file.

use filigree_blocks::cid_of;
use filigree_rpc::method::objects::{ChainBlockstoreInfo, ChainGetNode, ChainStatObj};
use serde_json::{Value, json};
use tungstenite::Message as Frame;

use super::{failed, node};
use crate::common::world::mine;
use crate::common::{Node, receive};

#[test]
fn blocks_are_shown_and_counted() {
    let node = node();
    let client = node.client();
    let tipset = mine(&node.services);
    let block = tipset.blocks()[0].cid();
    let show = |path: String| client.call(ChainGetNode { path });
    let header = show(format!("/ipfs/{block}")).unwrap();
    assert_eq!(header.cid, block);
    assert_eq!(header.object[7], json!(1), "its height");
    assert_eq!(
        header.object[8]["/"],
        tipset.parent_state().to_string(),
        "the state before it"
    );
    // The state: its version, its actors, its info.
    let state = show(format!("{block}/8")).unwrap();
    assert_eq!(state.cid, tipset.parent_state());
    let actors = show(format!("{block}/8/1")).unwrap();
    assert_eq!(json!({ "/": actors.cid.to_string() }), state.object[1]);
    for (path, why) in [
        (format!("{block}/7"), "ends inside a block"),
        (format!("{block}/99"), "has no item \"99\""),
        (format!("{block}/7/1"), "asked of what has no parts"),
        ("nope".to_owned(), "\"nope\" is no CID"),
    ] {
        let (code, found) = failed(show(path).unwrap_err());
        assert_eq!(code, -32602, "{found}");
        assert!(found.contains(why), "{found}");
    }

    let stat = |object, base| client.call(ChainStatObj { object, base }).unwrap();
    let all = stat(tipset.parent_state(), None);
    assert!(all.links > 50 && all.size_bytes > 10_000, "{all:?}");
    let part = stat(actors.cid, None);
    let rest = stat(tipset.parent_state(), Some(actors.cid));
    assert_eq!(part.links + rest.links, all.links);
    assert_eq!(part.size_bytes + rest.size_bytes, all.size_bytes);
    assert_eq!(stat(actors.cid, Some(actors.cid)).links, 0);
    let unknown = ChainStatObj {
        object: cid_of(b"unknown"),
        base: None,
    };
    assert!(client.call(unknown).is_err());
    assert_eq!(
        client.call(ChainBlockstoreInfo {}).unwrap()["type"],
        "rocksdb"
    );
}

/// The chunks of an export, as they come over a WebSocket.
fn export(node: &Node, states: u64) -> Vec<usize> {
    let mut socket = node.websocket();
    let ask = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"Filecoin.ChainExport","params":[{states},true,[]]}}"#
    );
    socket.send(Frame::text(ask)).unwrap();
    assert_eq!(receive(&mut socket)["result"], 1);
    let mut sizes = Vec::new();
    loop {
        let sent = receive(&mut socket);
        match sent["method"].as_str() {
            Some("xrpc.ch.val") => sizes.push(match &sent["params"][1] {
                Value::String(base64) => base64.len() / 4 * 3,
                _ => 0,
            }),
            Some("xrpc.ch.close") => return sizes,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_chain_comes_in_chunks_and_its_end_is_told() {
    let node = Node::start(Default::default());
    assert_eq!(export(&node, 0), [9, 0]);
    let sizes = export(&node, 2);
    assert_eq!((sizes.len(), sizes.last()), (4, Some(&0)));
    let wrong = node.call("Filecoin.ChainExport", "[0,true,[]]");
    assert_eq!(
        wrong["error"]["code"], -32601,
        "a channel needs a WebSocket"
    );
}
