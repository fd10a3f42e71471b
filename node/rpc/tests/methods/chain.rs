//! Tipsets by keys and by epochs, and hearing of them as they come.

use std::sync::atomic::Ordering;

use filigree_blocks::TipsetKey;
use filigree_rpc::method::chain::{
    ChainGetBlock, ChainGetGenesis, ChainGetPath, ChainGetTipSet, ChainGetTipSetAfterHeight,
    ChainGetTipSetByHeight, ChainHasObj, ChainHead, ChainReadObj, ChainSetHead, ChainTipSetWeight,
};
use filigree_rpc::method::net::NodeStatus;
use filigree_rpc::method::sync::{SyncCheckpoint, SyncState};
use serde_json::json;
use tungstenite::Message as Frame;

use super::{failed, head, node, send};
use crate::common::receive;
use crate::common::world::mine;

#[test]
fn the_pool_is_told_of_a_head_that_is_set() {
    let node = node();
    let client = node.client();
    let first = mine(&node.services);
    mine(&node.services);
    let told = || node.followed.load(Ordering::Relaxed);
    assert_eq!(told(), 0);
    let tipset = first.key().clone();
    client.call(ChainSetHead { tipset }).unwrap();
    assert_eq!(node.services.chain.head(), first);
    assert_eq!(told(), 1);
    let tipset = first.key().clone();
    client.call(SyncCheckpoint { tipset }).unwrap();
    assert_eq!(node.services.chain.checkpoint(), Some(first));
    assert_eq!(told(), 2);
}

#[test]
fn the_chain_is_read_by_keys_and_by_epochs() {
    let node = node();
    let client = node.client();
    let genesis = client.call(ChainGetGenesis {}).unwrap();
    let first = mine(&node.services);
    let second = mine(&node.services);
    assert_eq!(client.call(ChainHead {}).unwrap(), second);
    assert_eq!(
        client
            .call(ChainGetTipSet {
                tipset: first.key().clone()
            })
            .unwrap(),
        first
    );
    let at = |epoch| ChainGetTipSetByHeight {
        epoch,
        from: head(),
    };
    assert_eq!(client.call(at(0)).unwrap(), genesis);
    assert_eq!(client.call(at(1)).unwrap(), first);
    assert!(client.call(at(3)).is_err());
    assert_eq!(
        client
            .call(ChainGetTipSetAfterHeight {
                epoch: 1,
                from: head()
            })
            .unwrap(),
        first
    );
    let path = ChainGetPath {
        from: genesis.key().clone(),
        to: head(),
    };
    let kinds: Vec<_> = client
        .call(path)
        .unwrap()
        .0
        .into_iter()
        .map(|step| step.kind)
        .collect();
    assert_eq!(kinds, ["apply", "apply"]);
    let block = second.blocks()[0].cid();
    assert_eq!(
        &client.call(ChainGetBlock { block }).unwrap(),
        second.first()
    );
    assert_eq!(
        client.call(ChainReadObj { cid: block }).unwrap().0,
        second.first().to_bytes()
    );
    assert!(client.call(ChainHasObj { cid: block }).unwrap());
    let unknown = filigree_blocks::cid_of(b"unknown");
    assert!(!client.call(ChainHasObj { cid: unknown }).unwrap());
    assert!(
        failed(client.call(ChainReadObj { cid: unknown }).unwrap_err())
            .1
            .contains("not in the store")
    );
    let weigh = |key: &TipsetKey| {
        client
            .call(ChainTipSetWeight {
                tipset: key.clone(),
            })
            .unwrap()
    };
    assert!(weigh(second.key()) > weigh(first.key()));
    let state = client.call(SyncState {}).unwrap();
    assert_eq!((state.active[0].stage, state.active[0].height), (4, 2));
    let status = client.call(NodeStatus { chain: true }).unwrap();
    assert_eq!((status.sync.epoch, status.chain.last_100), (2, 1.0));
    // By the network's clock (`MockOperator`), not the one on the wall.
    let head = client.call(ChainHead {}).unwrap();
    let behind = 5_000_000_000 - head.min_timestamp_seconds();
    assert_eq!(status.sync.behind_seconds, behind);
}

#[test]
fn a_websocket_hears_how_the_head_moves_and_can_stop_waiting() {
    let node = node();
    let mut socket = node.websocket();
    let mut send_text = |text: &str| {
        socket
            .send(Frame::text(text))
            .map(|()| receive(&mut socket))
            .unwrap()
    };
    let notify = r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.ChainNotify","params":[]}"#;
    assert_eq!(send_text(notify)["result"], 1);
    let current = receive(&mut socket);
    assert_eq!(current["method"], "xrpc.ch.val");
    assert_eq!(current["params"][0], 1);
    let steps = &current["params"][1];
    assert_eq!(
        (steps.as_array().unwrap().len(), &steps[0]["Type"]),
        (1, &json!("current"))
    );
    assert_eq!(steps[0]["Val"]["Height"], 0);
    let tipset = mine(&node.services);
    let applied = receive(&mut socket);
    assert_eq!(applied["params"][1][0]["Type"], "apply");
    assert_eq!(
        applied["params"][1][0]["Val"]["Cids"][0]["/"],
        tipset.blocks()[0].cid().to_string()
    );
    node.services
        .chain
        .set_head(&node.services.chain.genesis().clone())
        .unwrap();
    assert_eq!(receive(&mut socket)["params"][1][0]["Type"], "revert");

    let cid = send(&node.client(), 1).cid();
    let wait = format!(
        r#"{{"jsonrpc":"2.0","id":2,"method":"Filecoin.StateWaitMsg","params":[{{"/":"{cid}"}},0,-1,true]}}"#
    );
    socket.send(Frame::text(wait)).unwrap();
    socket
        .send(Frame::text(
            r#"{"jsonrpc":"2.0","id":3,"method":"Filecoin.Session","params":[]}"#,
        ))
        .unwrap();
    assert_eq!(receive(&mut socket)["id"], 3);
    socket
        .send(Frame::text(
            r#"{"jsonrpc":"2.0","method":"xrpc.cancel","params":[2]}"#,
        ))
        .unwrap();
    let cancelled = receive(&mut socket);
    assert_eq!(
        (&cancelled["id"], &cancelled["error"]["code"]),
        (&json!(2), &json!(1))
    );
}

#[test]
fn the_pool_tells_who_subscribed() {
    let node = node();
    let mut socket = node.websocket();
    socket
        .send(Frame::text(
            r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.MpoolSub","params":[]}"#,
        ))
        .unwrap();
    assert_eq!(receive(&mut socket)["result"], 1);
    let signed = send(&node.client(), 1);
    let added = receive(&mut socket);
    assert_eq!(added["params"][1]["Type"], 0);
    assert_eq!(
        added["params"][1]["Message"]["CID"]["/"],
        signed.cid().to_string()
    );
    mine(&node.services);
    assert_eq!(receive(&mut socket)["params"][1]["Type"], 1);
}
