//! Nodes among nodes: who they are, where they are reached, how much goes to and fro.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Json, Mismatch, Schemas, quoted};
use crate::identity::PeerId;
use crate::json_structs;

json_structs! {
    /// A peer and where it is reached.
    struct AddrInfo {
        /// Who.
        "ID" => id: PeerId,
        /// Multiaddresses.
        "Addrs" => addresses: Vec<String>,
    }

    /// Whether other nodes can reach this one.
    struct NatInfo {
        /// 0 unknown, 1 yes, 2 no.
        "Reachability" => reachability: i64,
        /// Where they reach it, multiaddresses.
        "PublicAddrs" nil => public_addresses: Vec<String>,
    }

    /// How much goes to and fro.
    #[derive(Default)]
    struct BandwidthStats {
        /// Bytes that came.
        "TotalIn" => total_in: i64,
        /// Bytes that went.
        "TotalOut" => total_out: i64,
        /// Bytes that come in a second.
        "RateIn" => rate_in: f64,
        /// Bytes that go in a second.
        "RateOut" => rate_out: f64,
    }

    /// What is known of a peer.
    struct ExtendedPeerInfo {
        /// Who.
        "ID" => id: PeerId,
        /// The program that it runs; empty if that is not known.
        "Agent" => agent: String,
        /// Where it is reached, multiaddresses.
        "Addrs" nil => addresses: Vec<String>,
        /// What it speaks.
        "Protocols" => protocols: Vec<String>,
        /// What is noted of the connections with it; null if there are none.
        "ConnMgrMeta" => connections: Option<ConnMgrInfo>,
    }

    /// What is noted of the connections with a peer.
    struct ConnMgrInfo {
        /// Since when it is known.
        "FirstSeen" => first_seen: String,
        /// How much it is worth to be kept.
        "Value" => value: i64,
        /// What for.
        "Tags" => tags: BTreeMap<String, i64>,
        /// Its connections, and since when they are.
        "Conns" => connections: BTreeMap<String, String>,
    }

    /// What a peer is worth to whom messages are published with.
    struct PubsubScore {
        /// Who.
        "ID" => id: PeerId,
        /// What for.
        "Score" => score: Value,
    }

    /// Who is not talked with.
    struct NetBlockList {
        /// Peers.
        "Peers" nil => peers: Vec<PeerId>,
        /// Addresses of IP.
        "IPAddrs" nil => addresses: Vec<String>,
        /// Parts of networks of IP.
        "IPSubnets" nil => subnets: Vec<String>,
    }
}

/// In base 58; read as a CID, too.
impl Json for PeerId {
    fn write(&self, out: &mut String) {
        self.to_string().write(out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::String(text) => text
                .parse()
                .map_err(|e| Mismatch::new(format!("{}: {e}", quoted(&text)))),
            other => Err(Mismatch::expected("a peer id", &other)),
        }
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.named("PeerId", |_| {
            json!({ "type": "string", "description": "Who a node is among nodes: a multihash of its key, in base 58." })
        })
    }
}
