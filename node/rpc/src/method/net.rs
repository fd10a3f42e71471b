//! The node among others. It is alone for now: what these methods say of peers is that there are none.
//!
//! Who this node is they say all the same. Left out are the methods that do something with peers, or that keep lists which
//! nothing would look at.

use std::collections::BTreeMap;

use crate::error::{Reply, RpcError};
use crate::identity::PeerId;
use crate::json::net::{self, AddrInfo, BandwidthStats, ExtendedPeerInfo, NatInfo, PubsubScore};
use crate::json::node::{self, NodeChainStatus, NodePeerStatus, NodeSyncStatus};
use crate::methods;
use crate::services::Services;

methods! { Filecoin:
    /// Who this node is among nodes.
    [read] ID() -> PeerId = id;

    /// Who this node is, and where it is reached: nowhere.
    [read] NetAddrsListen() -> AddrInfo = listen;

    /// The peers that this node is connected with: none.
    [read] NetPeers() -> Vec<AddrInfo> = peers;

    /// Whether this node is connected with a peer: 0, it is not.
    [read] NetConnectedness(peer: PeerId) -> i64 = connectedness;

    /// The program that a peer runs. Known is what this node runs.
    [read] NetAgentVersion(peer: PeerId) -> String = agent;

    /// Where a peer is reached. Known is this node.
    [read] NetFindPeer(peer: PeerId) -> AddrInfo = find;

    /// What is known of a peer.
    [read] NetPeerInfo(peer: PeerId) -> ExtendedPeerInfo = info;

    /// What peers are worth when messages are published: there are none.
    [read] NetPubsubScores() -> Vec<PubsubScore> = scores;

    /// Whether other nodes can reach this one: nobody tried.
    [read] NetAutoNatStatus() -> NatInfo = nat;

    /// How much goes to peers and comes from them: nothing.
    [read] NetBandwidthStats() -> BandwidthStats = bandwidth;

    /// The same, by peer.
    [read] NetBandwidthStatsByPeer() -> BTreeMap<String, BandwidthStats> = bandwidth_by;

    /// The same, by protocol.
    [read] NetBandwidthStatsByProtocol() -> BTreeMap<String, BandwidthStats> = bandwidth_by;

    /// Who is not talked with: nobody is shut out.
    [read] NetBlockList() -> net::NetBlockList = block_list;

    /// The peers whose connections are kept, whatever else is closed: none.
    [read] NetProtectList() -> Vec<PeerId> = protect_list;

    /// Whether the node waits for peers to connect: it does not.
    [read] NetListening() -> bool = listening;

    /// Number of the chain in Ethereum's transactions, in decimal digits.
    [read] NetVersion() -> String = net_version;

    /// How the node is: its head beside the clock, its peers, how full its tipsets are.
    [read] NodeStatus(
        /// Whether to count blocks, which takes a while.
        chain: bool,
    ) -> node::NodeStatus = status;
}

fn id(services: &Services) -> Reply<PeerId> {
    Ok(services.operator.peer_id())
}

fn listen(services: &Services) -> Reply<AddrInfo> {
    Ok(AddrInfo {
        id: services.operator.peer_id(),
        addresses: Vec::new(),
    })
}

fn connectedness(_: &Services, _: PeerId) -> Reply<i64> {
    Ok(0)
}

/// Only this node is known.
fn require_self(services: &Services, peer: &PeerId) -> Reply<()> {
    if *peer == services.operator.peer_id() {
        return Ok(());
    }
    Err(RpcError::general(format!(
        "the peer {peer} is not known: this node has no peers"
    )))
}

fn agent(services: &Services, peer: PeerId) -> Reply<String> {
    require_self(services, &peer)?;
    Ok(services.about.agent.clone())
}

fn find(services: &Services, peer: PeerId) -> Reply<AddrInfo> {
    require_self(services, &peer)?;
    listen(services)
}

fn info(services: &Services, peer: PeerId) -> Reply<ExtendedPeerInfo> {
    let agent = agent(services, peer.clone()).unwrap_or_default();
    Ok(ExtendedPeerInfo {
        id: peer,
        agent,
        addresses: Vec::new(),
        protocols: Vec::new(),
        connections: None,
    })
}

fn scores(_: &Services) -> Reply<Vec<PubsubScore>> {
    Ok(Vec::new())
}

fn nat(_: &Services) -> Reply<NatInfo> {
    Ok(NatInfo {
        reachability: 0,
        public_addresses: Vec::new(),
    })
}

fn bandwidth(_: &Services) -> Reply<BandwidthStats> {
    Ok(BandwidthStats::default())
}

fn bandwidth_by(_: &Services) -> Reply<BTreeMap<String, BandwidthStats>> {
    Ok(BTreeMap::new())
}

fn block_list(_: &Services) -> Reply<net::NetBlockList> {
    Ok(net::NetBlockList {
        peers: Vec::new(),
        addresses: Vec::new(),
        subnets: Vec::new(),
    })
}

fn protect_list(_: &Services) -> Reply<Vec<PeerId>> {
    Ok(Vec::new())
}

fn listening(_: &Services) -> Reply<bool> {
    Ok(false)
}

fn net_version(services: &Services) -> Reply<String> {
    Ok(services.config().eth_chain_id.to_string())
}

fn peers(_: &Services) -> Reply<Vec<AddrInfo>> {
    Ok(Vec::new())
}

fn status(services: &Services, chain: bool) -> Reply<node::NodeStatus> {
    let head = services.chain.head();
    let now = services.operator.now_seconds();
    let mut counted = NodeChainStatus {
        last_100: 0.0,
        last_finality: 0.0,
    };
    if chain {
        let finality = services.config().finality_epochs;
        let (mut tipset, mut blocks) = (head.clone(), 0);
        for count in 1..=finality.min(head.height()) {
            blocks += tipset.blocks().len();
            let mean = blocks as f64 / count as f64;
            if count <= 100 {
                counted.last_100 = mean;
            }
            counted.last_finality = mean;
            if tipset.height() == 0 {
                break;
            }
            tipset = services.chain.parents(&tipset)?;
        }
    }
    Ok(node::NodeStatus {
        sync: NodeSyncStatus {
            epoch: head.height().unsigned_abs(),
            behind_seconds: now.saturating_sub(head.min_timestamp_seconds()),
        },
        peers: NodePeerStatus {
            messages: 0,
            blocks: 0,
        },
        chain: counted,
    })
}
