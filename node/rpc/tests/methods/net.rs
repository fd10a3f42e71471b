//! The node among others: who it is, and that there are none.

use filigree_rpc::json::net::BandwidthStats;
use filigree_rpc::method::net::{
    ID, NetAddrsListen, NetAgentVersion, NetAutoNatStatus, NetBandwidthStats,
    NetBandwidthStatsByPeer, NetBlockList, NetConnectedness, NetFindPeer, NetListening,
    NetPeerInfo, NetPeers, NetVersion,
};
use filigree_rpc::{Limits, PeerId};
use serde_json::json;

use super::failed;
use crate::common::Node;

#[test]
fn a_node_says_who_it_is_and_that_it_is_alone() {
    let node = Node::start(Limits::default());
    let client = node.client();
    let id = client.call(ID {}).unwrap();
    assert_eq!(id, PeerId::of_secret(&[1; 32]));
    let here = client.call(NetAddrsListen {}).unwrap();
    assert_eq!((&here.id, here.addresses.len()), (&id, 0));
    assert_eq!(client.call(NetFindPeer { peer: id.clone() }).unwrap(), here);
    let agent = client.call(NetAgentVersion { peer: id }).unwrap();
    assert_eq!(agent, "filigree");
    assert_eq!(client.call(NetPeers {}).unwrap(), []);
    assert!(!client.call(NetListening {}).unwrap());
    assert_eq!(client.call(NetVersion {}).unwrap(), "31415926");
    assert_eq!(
        client.call(NetBandwidthStats {}).unwrap(),
        BandwidthStats::default()
    );
    assert!(client.call(NetBandwidthStatsByPeer {}).unwrap().is_empty());
    assert_eq!(client.call(NetAutoNatStatus {}).unwrap().reachability, 0);
    assert_eq!(client.call(NetBlockList {}).unwrap().peers, []);

    let other = || PeerId::of_secret(&[2; 32]);
    let connected = NetConnectedness { peer: other() };
    assert_eq!(client.call(connected).unwrap(), 0);
    let (code, why) = failed(client.call(NetFindPeer { peer: other() }).unwrap_err());
    assert_eq!(code, 1);
    assert!(why.contains("this node has no peers"), "{why}");
    let info = client.call(NetPeerInfo { peer: other() }).unwrap();
    assert_eq!((info.id, info.agent.as_str()), (other(), ""));
    let wrong = node.call("Filecoin.NetConnectedness", r#"["nobody"]"#);
    assert_eq!(wrong["error"]["code"], -32602);
}

#[test]
fn what_a_client_asks_first_is_as_nodes_of_the_network_say_it() {
    let node = Node::start(Limits::default());
    let id = PeerId::of_secret(&[1; 32]).to_string();
    let here = node.call("Filecoin.NetAddrsListen", "[]");
    assert_eq!(here["result"], json!({ "ID": id, "Addrs": [] }));
    let nat = node.call("Filecoin.NetAutoNatStatus", "[]");
    let expected = json!({ "Reachability": 0, "PublicAddrs": null });
    assert_eq!(nat["result"], expected);
    let bandwidth = node.call("Filecoin.NetBandwidthStats", "[]");
    let expected = json!({ "TotalIn": 0, "TotalOut": 0, "RateIn": 0.0, "RateOut": 0.0 });
    assert_eq!(bandwidth["result"], expected);
}
