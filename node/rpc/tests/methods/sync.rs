//! Blocks marked and heard of, tipsets judged, and no second block put together.

use std::time::{Duration, Instant};

use filigree_blocks::cid_of;
use filigree_rpc::json::miner::BlockTemplate;
use filigree_rpc::method::miner::MinerCreateBlock;
use filigree_rpc::method::sync::{
    SyncCheckBad, SyncMarkBad, SyncUnmarkAllBad, SyncUnmarkBad, SyncValidateTipset,
};
use filigree_rpc::{Client, ClientError};
use serde_json::{Value, json};
use tungstenite::Message;

use super::{failed, head, node, send};
use crate::common::world::mine;
use crate::common::{Node, receive};

#[test]
fn blocks_are_declared_bad_and_that_is_taken_back() {
    let node = Node::start(Default::default());
    let client = node.client();
    let [one, other] = [cid_of(b"one"), cid_of(b"other")];
    let why = |block| client.call(SyncCheckBad { block }).unwrap();
    for block in [one, other] {
        client.call(SyncMarkBad { block }).unwrap();
    }
    assert_eq!(
        (why(one).as_str(), why(other).as_str()),
        ("it smells", "it smells")
    );
    client.call(SyncUnmarkBad { block: one }).unwrap();
    assert_eq!((why(one).as_str(), why(other).as_str()), ("", "it smells"));
    client.call(SyncUnmarkAllBad {}).unwrap();
    assert_eq!(why(other), "");
    // Whoever may read may ask, and no more.
    let anybody = Client::new(format!("http://{}/rpc/v1", node.address), None);
    assert_eq!(anybody.call(SyncCheckBad { block: one }).unwrap(), "");
    let refused = |error: ClientError| assert!(error.to_string().contains("permission"), "{error}");
    refused(anybody.call(SyncMarkBad { block: one }).unwrap_err());
    refused(anybody.call(SyncUnmarkBad { block: one }).unwrap_err());
    refused(anybody.call(SyncUnmarkAllBad {}).unwrap_err());
}

#[test]
fn a_tipset_is_judged_once_more() {
    let node = node();
    let client = node.client();
    let validate = || client.call(SyncValidateTipset { tipset: head() });
    assert!(validate().unwrap());
    mine(&node.services);
    assert_eq!(
        failed(validate().unwrap_err()),
        (1, "it is not good".to_owned())
    );
}

#[test]
fn headers_come_over_a_channel_as_blocks_come() {
    let node = node();
    let mut socket = node.websocket();
    let request =
        json!({"jsonrpc": "2.0", "id": 5, "method": "Filecoin.SyncIncomingBlocks", "params": []});
    socket.send(Message::text(request.to_string())).unwrap();
    let answer = receive(&mut socket);
    let channel = answer["result"].as_u64().unwrap();
    let tipset = mine(&node.services);
    node.door.tell(tipset.first());
    let value = receive(&mut socket);
    assert_eq!(value["method"], "xrpc.ch.val");
    assert_eq!(value["params"][0], channel);
    let header: &Value = &value["params"][1];
    let key = serde_json::to_value(tipset.first().parents.cids()[0].to_string()).unwrap();
    assert_eq!(header["Parents"][0]["/"], key);
    assert_eq!(header["Height"], 1);
    // Who listens no more is forgotten.
    let cancel = json!({"jsonrpc": "2.0", "method": "xrpc.cancel", "params": [5]});
    socket.send(Message::text(cancel.to_string())).unwrap();
    assert_eq!(receive(&mut socket)["method"], "xrpc.ch.close");
    let patience = Instant::now() + Duration::from_secs(60);
    while node.door.listeners() > 0 {
        assert!(Instant::now() < patience, "it is still told");
        node.door.tell(tipset.first());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_second_block_of_an_epoch_is_not_given_out() {
    let node = node();
    let client = node.client();
    let tipset = mine(&node.services);
    let template = super::checks::template(&tipset);
    let create = |template: BlockTemplate| client.call(MinerCreateBlock { template });
    let first = create(template.clone()).unwrap();
    assert_eq!(create(template.clone()).unwrap(), first);
    let sent = send(&client, 1);
    let second = BlockTemplate {
        messages: vec![sent],
        ..template.clone()
    };
    let refused = failed(create(second).unwrap_err());
    assert_eq!(refused, (1, "it would be a second one".to_owned()));
    let later = BlockTemplate {
        epoch: template.epoch + 1,
        ..template
    };
    create(later).unwrap();
}
