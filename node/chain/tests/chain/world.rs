//! A chain of blocks that nobody would check, in a store in a temporary directory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Result, bail};
use cid::Cid;
use filigree_blocks::{
    BeaconEntry, BlockHeader, ElectionProof, FullBlock, Signature, SignatureType, SignedMessage,
    Ticket, Tipset, TipsetKey, cid_of,
};
use filigree_chain::{Chain, States};
use filigree_consensus::ChainConfig;
use filigree_consensus::config::Devnet;
use filigree_consensus::messages::root;
use filigree_store::{Db, Options};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;
use tempfile::TempDir;

/// States in which the network's power is 2^20, and actors have the ids that they are given here.
#[derive(Default)]
pub struct FewStates {
    pub ids: BTreeMap<Address, ActorID>,
    pub asked: AtomicU64,
    /// Whether no state is here any more.
    pub are_gone: AtomicBool,
}

impl States for FewStates {
    fn total_power(&self, _: &Cid) -> Result<BigInt> {
        if self.are_gone.load(Ordering::Relaxed) {
            bail!("the state is gone");
        }
        Ok(BigInt::from(1 << 20))
    }

    fn resolve(&self, _: &Cid, address: &Address) -> Result<Option<ActorID>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.ids.get(address).copied())
    }
}

pub fn config() -> ChainConfig {
    ChainConfig::devnet(Devnet {
        name: "local".to_owned(),
        genesis_timestamp_seconds: 1_700_000_000,
        block_delay_seconds: 4,
        version: NetworkVersion::V28,
        beacon_key: [0; 96],
    })
}

/// What a round of the beacon says.
pub fn beacon(round: u64) -> BeaconEntry {
    BeaconEntry {
        round,
        signature: [&b"round"[..], &round.to_be_bytes()].concat(),
    }
}

pub fn header(miner: u64, height: i64, parents: &TipsetKey, weight: BigInt) -> BlockHeader {
    let cid = cid_of(&height.to_be_bytes());
    BlockHeader {
        miner: Address::new_id(miner),
        ticket: Some(Ticket {
            vrf_proof: [&miner.to_be_bytes()[..], &height.to_be_bytes()].concat(),
        }),
        election_proof: Some(ElectionProof {
            win_count: 1,
            vrf_proof: vec![],
        }),
        beacon_entries: vec![beacon(height as u64 + 1)],
        winning_post: vec![],
        parents: parents.clone(),
        parent_weight: weight,
        height,
        parent_state: cid,
        parent_receipts: cid,
        messages: empty_root(),
        bls_aggregate: None,
        timestamp_seconds: 1_700_000_000 + 4 * height as u64,
        signature: None,
        fork_signal: 0,
        parent_base_fee: TokenAmount::from_atto(100),
    }
}

fn empty_root() -> Cid {
    let empty = "bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba";
    empty.parse().unwrap()
}

pub fn genesis() -> Tipset {
    let mut header = header(0, 0, &TipsetKey::new([]), BigInt::from(0));
    header.election_proof = None;
    Tipset::new([header]).unwrap()
}

/// A chain with its genesis.
pub struct World {
    pub chain: Chain,
    pub states: Arc<FewStates>,
    pub db: Db,
    pub dir: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with(config(), FewStates::default())
    }

    pub fn with(config: ChainConfig, states: FewStates) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(dir.path().join("store"), &Options::small()).unwrap();
        let states = Arc::new(states);
        let chain = Chain::create(db.clone(), config, states.clone(), &genesis()).unwrap();
        // The list of no messages, which all blocks here have.
        let nothing = header(0, 0, &TipsetKey::new([]), BigInt::from(0));
        let nothing = FullBlock {
            header: nothing,
            bls: vec![],
            signed: vec![],
        };
        chain.put_block(&nothing).unwrap();
        Self {
            chain,
            states,
            db,
            dir,
        }
    }

    /// Closes the chain and opens it again.
    pub fn reopen(self) -> Self {
        let Self {
            chain,
            states,
            db,
            dir,
        } = self;
        drop((chain, db));
        let db = Db::open(dir.path().join("store"), &Options::small()).unwrap();
        let chain = Chain::open(db.clone(), config(), states.clone()).unwrap();
        Self {
            chain,
            states,
            db,
            dir,
        }
    }

    /// The header of a block on a tipset.
    pub fn on(&self, parents: &Tipset, miner: u64, height: i64) -> BlockHeader {
        let weight = self.chain.weight(parents).unwrap();
        header(miner, height, parents.key(), weight)
    }

    /// A tipset of these miners' blocks; nobody has heard of it.
    pub fn tipset(&self, parents: &Tipset, height: i64, miners: &[u64]) -> Tipset {
        let headers = miners.iter().map(|miner| self.on(parents, *miner, height));
        Tipset::new(headers).unwrap()
    }

    /// A tipset of these miners' blocks, taken.
    pub fn grow(&self, parents: &Tipset, height: i64, miners: &[u64]) -> Tipset {
        let tipset = self.tipset(parents, height, miners);
        self.chain.take(&tipset).unwrap();
        tipset
    }

    /// Tipsets of a miner's single blocks at these heights, each on the one before, taken.
    pub fn grow_chain(
        &self,
        parents: &Tipset,
        miner: u64,
        heights: impl Iterator<Item = i64>,
    ) -> Tipset {
        let mut head = parents.clone();
        for height in heights {
            head = self.grow(&head, height, &[miner]);
        }
        head
    }

    /// A block with messages, in the store.
    pub fn full(
        &self,
        mut header: BlockHeader,
        bls: Vec<Message>,
        signed: Vec<SignedMessage>,
    ) -> BlockHeader {
        let mut block = FullBlock {
            header: header.clone(),
            bls,
            signed,
        };
        header.messages = root::of(&block).unwrap();
        block.header = header.clone();
        self.chain.put_block(&block).unwrap();
        header
    }
}

pub fn message(from: Address, sequence: u64) -> Message {
    Message {
        version: 0,
        from,
        to: Address::new_id(99),
        sequence,
        value: TokenAmount::from_atto(1),
        method_num: 0,
        params: RawBytes::default(),
        gas_limit: 1_000_000,
        gas_fee_cap: TokenAmount::from_atto(1_000),
        gas_premium: TokenAmount::from_atto(10),
    }
}

pub fn signed(from: Address, sequence: u64) -> SignedMessage {
    SignedMessage {
        message: message(from, sequence),
        signature: Signature::new(SignatureType::Secp256k1, [1; 65]),
    }
}
