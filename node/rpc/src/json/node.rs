//! The node itself: version, network, keys, head, peers.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_keys::KeyType;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use serde_json::{Value, json};

use super::{Bytes, Json, Mismatch, Schemas};
use crate::json_structs;

json_structs! {
    /// What answers (Lotus: `APIVersion`).
    struct VersionInfo {
        /// The program and its version. What of a development network is mock is said here too.
        "Version" => version: String,
        /// Version of the interface: major, minor and patch, a byte each.
        "APIVersion" => api: u64,
        /// Seconds between blocks.
        "BlockDelay" => block_delay_seconds: u64,
        /// The program, as peers are told.
        "Agent" => agent: String,
    }

    /// A step of the head.
    struct HeadChange {
        /// `current` (the first of a subscription), `apply` or `revert`.
        "Type" => kind: String,
        /// The tipset.
        "Val" => tipset: Tipset,
    }

    /// A key.
    struct KeyInfo {
        /// `secp256k1`, `bls` or `delegated`.
        "Type" => kind: KeyType,
        /// The secret.
        "PrivateKey" => secret: Bytes,
    }

    /// Parameters of the network.
    struct NetworkParams {
        /// Its name.
        "NetworkName" => name: String,
        /// Seconds between blocks.
        "BlockDelaySecs" => block_delay_seconds: u64,
        /// Least power with which a miner makes blocks, bytes.
        "ConsensusMinerMinPower" => min_miner_power: BigInt,
        /// Epochs between announcing a sector and its challenge.
        "PreCommitChallengeDelay" => pre_commit_challenge_delay: ChainEpoch,
        /// Epochs of upgrades, by Lotus' names for them.
        "ForkUpgradeParams" => upgrades: BTreeMap<String, i64>,
        /// Number of the chain in Ethereum's transactions.
        "Eip155ChainID" => eth_chain_id: u64,
        /// Seconds since 1970.
        "GenesisTimestamp" => genesis_timestamp_seconds: u64,
    }

    /// What the node is synchronizing.
    struct SyncState {
        /// One for each chain that is followed.
        "ActiveSyncs" => active: Vec<ActiveSync>,
        /// Messages executed since the start.
        "VMApplied" => applied: u64,
    }

    /// One chain that is followed.
    struct ActiveSync {
        /// Its number.
        "WorkerID" => worker: u64,
        /// From where.
        "Base" => base: Option<Tipset>,
        /// To where.
        "Target" => target: Option<Tipset>,
        /// 0 idle, 1 headers, 2 writing headers, 3 messages, 4 complete, 5 failed, 6 fetching messages.
        "Stage" => stage: i64,
        /// How far it is.
        "Height" => height: ChainEpoch,
        /// Since when.
        "Start" => start: String,
        /// Until when.
        "End" => end: String,
        /// Why it failed.
        "Message" => message: String,
    }

    /// How the node is.
    struct NodeStatus {
        /// Its chain beside the clock.
        "SyncStatus" => sync: NodeSyncStatus,
        /// Its peers.
        "PeerStatus" => peers: NodePeerStatus,
        /// How full its tipsets are.
        "ChainStatus" => chain: NodeChainStatus,
    }

    /// A chain beside the clock.
    struct NodeSyncStatus {
        /// Of the head.
        "Epoch" => epoch: u64,
        /// Seconds since the head.
        "Behind" => behind_seconds: u64,
    }

    /// Peers for what is published.
    struct NodePeerStatus {
        /// For messages.
        "PeersToPublishMsgs" => messages: u64,
        /// For blocks.
        "PeersToPublishBlocks" => blocks: u64,
    }

    /// How full tipsets are.
    struct NodeChainStatus {
        /// Blocks in a tipset, over 100 epochs.
        "BlocksPerTipsetLast100" => last_100: f64,
        /// Blocks in a tipset, over a finality.
        "BlocksPerTipsetLastFinality" => last_finality: f64,
    }

    /// How much there is below a block.
    struct ObjStat {
        /// Bytes.
        "Size" => size_bytes: u64,
        /// Links.
        "Links" => links: u64,
    }

    /// A block, decoded.
    struct IpldObject {
        /// Its CID.
        "Cid" => cid: Cid,
        /// What is in it.
        "Obj" => object: Value,
    }
}

/// By its name, as in Lotus' files. Read as the number of its signatures, too, as old clients have it.
impl Json for KeyType {
    fn write(&self, out: &mut String) {
        self.name().to_owned().write(out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        let numbered = |number| {
            Self::ALL
                .into_iter()
                .find(|kind| kind.signature_type() as u64 == number)
        };
        match &value {
            Value::String(name) => name.parse().map_err(|e| Mismatch::new(format!("{e}"))),
            Value::Number(number) => number.as_u64().and_then(numbered).ok_or_else(|| {
                Mismatch::expected("1 (secp256k1), 2 (bls) or 3 (delegated)", &value)
            }),
            _ => Err(Mismatch::expected("secp256k1, bls or delegated", &value)),
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "enum": ["secp256k1", "bls", "delegated", 1, 2, 3] })
    }
}
