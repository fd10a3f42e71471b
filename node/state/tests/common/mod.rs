//! A network of two miners in memory, and a chain that is made block by block.

#![allow(dead_code, reason = "every test uses another part")]

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use anyhow::{Context as _, Result};
use cid::Cid;
use filigree_blocks::{
    BeaconEntry, BlockHeader, ChainMessage, ElectionProof, MessageCids, MessageRoots, Signature,
    SignatureType, SignedMessage, Ticket, Tipset, TipsetKey,
};
use filigree_bundle::{Network as BundleNetwork, Recipe, kept};
use filigree_car::CarReader;
use filigree_consensus::ChainConfig;
use filigree_consensus::beacon::LocalBeacon;
use filigree_consensus::config::Devnet;
use filigree_consensus::draw::digest;
use filigree_genesis::Template;
use filigree_genesis::template::{
    Account, Beacon, Holder, Miner, Multisig, PolicyName, Sector, VerifiedRegistry, Verifier,
};
use filigree_keys::{Key, KeyType};
use filigree_node_state::history::BlockMessages;
use filigree_node_state::{History, Limits, Nulls, Rules, States, Store, Supply, View};
use filigree_vm::{Engines, Verdict, Verifier as HostVerifier, VerifyError};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::commcid::{FIL_COMMITMENT_SEALED, POSEIDON_BLS12_381_A1_FC1};
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    SectorSize, WindowPoStVerifyInfo,
};
use fvm_shared::version::NetworkVersion;
use multihash_codetable::Multihash;

pub const GENESIS_TIME: u64 = 1_760_000_000;
pub const BLOCK_DELAY: u64 = 4;
pub const MINERS: [u64; 2] = [1_000, 1_001];

/// The engines of this process.
pub fn engines() -> Engines {
    static ENGINES: OnceLock<Engines> = OnceLock::new();
    let engines = ENGINES.get_or_init(|| {
        let cache = filigree_build::build::default_cache_dir();
        let cache = cache.and_then(|dir| Some(dir.parent()?.join("modules")));
        Engines::new(8, cache)
    });
    engines.clone()
}

/// Blocks in memory, with the actors of a devnet; and the root of their bundle.
pub fn bundle() -> (Store, Cid) {
    static CAR: Mutex<Option<Vec<u8>>> = Mutex::new(None);
    let mut car = CAR.lock().unwrap_or_else(PoisonError::into_inner);
    let car = car.get_or_insert_with(|| kept::car(&Recipe::of(BundleNetwork::Devnet)).unwrap());
    let mut reader = CarReader::new(&car[..]).unwrap();
    let root = reader.roots()[0];
    let store = Store::memory();
    while let Some(block) = reader.next_block().unwrap() {
        store.put_keyed(&block.cid, &block.data).unwrap();
    }
    (store, root)
}

/// The folder of an example actor.
pub fn example(name: &str) -> PathBuf {
    filigree_bundle::checkout().join("sdk/examples").join(name)
}

/// Keys by their numbers: even ones over secp256k1, odd ones BLS.
pub fn key(number: u8) -> Key {
    let key_type = match number % 2 {
        0 => KeyType::Secp256k1,
        _ => KeyType::Bls,
    };
    Key::from_secret(key_type, &[number + 1; 32]).unwrap()
}

pub fn address(number: u8) -> Address {
    *key(number).address()
}

pub fn beacon() -> LocalBeacon {
    LocalBeacon::from_seed(&[7; 32])
}

fn sector(miner: u8, number: u64) -> Sector {
    let mut digest = [0; 32];
    digest[..2].copy_from_slice(&[miner + 1, number as u8]);
    let hash = Multihash::wrap(POSEIDON_BLS12_381_A1_FC1, &digest).unwrap();
    Sector {
        number,
        comm_r: Cid::new_v1(FIL_COMMITMENT_SEALED, hash),
        comm_d: None,
        seal_proof: None,
    }
}

pub fn template() -> Template {
    let account = |number, fil| Account {
        address: address(number),
        balance: TokenAmount::from_whole(fil),
    };
    let miner = |number: u8, owner, worker, sectors: u64| Miner {
        owner: address(owner),
        worker: address(worker),
        sector_size: SectorSize::_2KiB,
        peer_id: vec![],
        committed_capacity: None,
        sectors: (0..sectors).map(|at| sector(number, at)).collect(),
    };
    let first = beacon().entry(1);
    Template {
        network_name: "in memory".to_owned(),
        chain_id: 31_415_926,
        network_version: 28,
        genesis_time: GENESIS_TIME,
        base_fee: TokenAmount::from_atto(100),
        policy: PolicyName::Devnet,
        bundle: None,
        ticket: None,
        beacon: Some(Beacon {
            round: first.round,
            signature: first.signature,
        }),
        verified_registry: VerifiedRegistry {
            root: Holder::Account(address(20)),
            verifiers: vec![Verifier {
                address: address(2),
                allowance: 1 << 40,
                clients: Vec::new(),
            }],
        },
        reserve: Holder::Account(address(22)),
        accounts: vec![
            account(0, 1_000_000),
            account(1, 5_000),
            account(2, 100_000),
            account(3, 5_000),
        ],
        multisigs: vec![Multisig {
            signers: vec![address(0), address(2)],
            threshold: 1,
            balance: TokenAmount::from_whole(1_000),
            vesting_start: 0,
            vesting_duration: 100,
        }],
        miners: vec![miner(0, 0, 1, 3), miner(1, 2, 3, 2)],
    }
}

pub fn config() -> ChainConfig {
    ChainConfig::devnet(Devnet {
        name: "in memory".to_owned(),
        genesis_timestamp_seconds: GENESIS_TIME,
        block_delay_seconds: BLOCK_DELAY,
        version: NetworkVersion::V28,
        beacon_key: beacon().public(),
    })
}

/// A chain of which every tipset is in memory.
#[derive(Default)]
pub struct Memory {
    tipsets: RwLock<HashMap<TipsetKey, Tipset>>,
    messages: RwLock<HashMap<TipsetKey, Vec<BlockMessages>>>,
    /// Called when somebody asks for a child, which is before a state is computed.
    pub on_child: Mutex<Option<Box<dyn Fn() + Send>>>,
}

impl Memory {
    pub fn put(&self, tipset: &Tipset, messages: Vec<BlockMessages>) {
        let key = tipset.key().clone();
        self.tipsets
            .write()
            .unwrap()
            .insert(key.clone(), tipset.clone());
        self.messages.write().unwrap().insert(key, messages);
    }

    /// From now on the chain does not tell the messages of a tipset, which are given.
    pub fn lose_messages(&self, tipset: &Tipset) -> Vec<BlockMessages> {
        let mut messages = self.messages.write().unwrap();
        messages.remove(tipset.key()).unwrap()
    }
}

impl History for Memory {
    fn tipset(&self, key: &TipsetKey) -> Result<Tipset> {
        let tipsets = self.tipsets.read().unwrap();
        tipsets
            .get(key)
            .cloned()
            .with_context(|| format!("no tipset {key}"))
    }

    fn tipset_at(&self, base: &Tipset, epoch: ChainEpoch, nulls: Nulls) -> Result<Tipset> {
        anyhow::ensure!(epoch <= base.height(), "epoch {epoch} is in the future");
        let mut after = base.clone();
        loop {
            if after.height() == epoch || after.height() == 0 {
                return Ok(after);
            }
            let parents = self.tipset(after.parents())?;
            if parents.height() < epoch {
                return Ok(match nulls {
                    Nulls::Before => parents,
                    Nulls::After => after,
                });
            }
            after = parents;
        }
    }

    fn messages(&self, tipset: &Tipset) -> Result<Vec<BlockMessages>> {
        let messages = self.messages.read().unwrap();
        messages.get(tipset.key()).cloned().context("no messages")
    }

    fn chain_randomness(&self, base: &Tipset, epoch: ChainEpoch) -> Result<Option<[u8; 32]>> {
        if epoch > base.height() {
            return Ok(None);
        }
        let tipset = self.tipset_at(base, epoch.max(0), Nulls::After)?;
        Ok(Some(tipset.min_ticket().digest()))
    }

    fn beacon_randomness(&self, base: &Tipset, epoch: ChainEpoch) -> Result<Option<[u8; 32]>> {
        if epoch > base.height() {
            return Ok(None);
        }
        let tipset = self.tipset_at(base, epoch.max(0), Nulls::After)?;
        Ok(Some(digest(&self.latest_beacon(&tipset)?.signature)))
    }

    fn latest_beacon(&self, tipset: &Tipset) -> Result<BeaconEntry> {
        match tipset.first().beacon_entries.last() {
            Some(entry) => Ok(entry.clone()),
            None => self.latest_beacon(&self.tipset(tipset.parents())?),
        }
    }

    fn child(&self, _: &Tipset) -> Result<Option<Tipset>> {
        if let Some(on_child) = &*self.on_child.lock().unwrap() {
            on_child();
        }
        Ok(None)
    }

    fn configure(&self, _: &ChainConfig) {}
}

/// Takes window proofs, and nothing else.
pub struct WindowProofs;

impl HostVerifier for WindowProofs {
    fn unsealed_sector_cid(
        &self,
        _: RegisteredSealProof,
        _: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        Err(VerifyError::Malformed("no pieces here".to_owned()))
    }

    fn window_post(&self, _: &WindowPoStVerifyInfo) -> Verdict {
        Ok(true)
    }

    fn seal(&self, _: &SealVerifyInfo) -> Verdict {
        Ok(false)
    }

    fn aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Verdict {
        Ok(false)
    }

    fn replica_update(&self, _: &ReplicaUpdateInfo) -> Verdict {
        Ok(false)
    }
}

/// A network that grows.
pub struct World {
    pub blocks: Store,
    pub history: Arc<Memory>,
    pub states: States,
    pub head: Tipset,
    pub nonces: BTreeMap<Address, u64>,
}

/// A block to be made: by whom, with how many wins, and its messages.
pub struct Plan {
    pub miner: u64,
    pub wins: i64,
    pub messages: Vec<ChainMessage>,
}

pub fn states_over(blocks: &Store, history: &Arc<Memory>, root: &Cid) -> States {
    let store = blocks.clone();
    let supply = Supply::of_genesis(&View::open(&store, root).unwrap()).unwrap();
    let rules = Rules {
        config: config(),
        policy: *PolicyName::Devnet.policy(),
        limits: Limits {
            allow_install: true,
            allow_upgrade: true,
            actor_debugging: false,
        },
        supply,
        migrations: BTreeMap::new(),
    };
    let history: Arc<dyn History> = Arc::<Memory>::clone(history);
    States::new(store, engines(), history, Arc::new(WindowProofs), rules)
}

impl World {
    pub fn new() -> Self {
        let (blocks, bundle) = bundle();
        Self::on(blocks, &bundle, |_, root| root)
    }

    /// On another bundle, with the first state changed.
    pub fn on(blocks: Store, bundle: &Cid, change: impl FnOnce(&Store, Cid) -> Cid) -> Self {
        let made = filigree_genesis::make(blocks.clone(), &engines(), bundle, &template());
        let mut header = made.unwrap().header;
        header.parent_state = change(&blocks, header.parent_state);
        let head = Tipset::new([header]).unwrap();
        let history = Arc::new(Memory::default());
        history.put(&head, vec![Arc::from([])]);
        let states = states_over(&blocks, &history, &head.parent_state());
        Self {
            blocks,
            history,
            states,
            head,
            nonces: BTreeMap::new(),
        }
    }

    /// Other states over the same blocks and chain, which know nothing yet.
    pub fn fresh_states(&self) -> States {
        let genesis = self
            .history
            .tipset_at(&self.head, 0, Nulls::Before)
            .unwrap();
        states_over(&self.blocks, &self.history, &genesis.parent_state())
    }

    /// A message with the sender's next number.
    pub fn message(&mut self, from: Address, to: Address, value: TokenAmount) -> Message {
        let nonce = self.nonces.entry(from).or_default();
        *nonce += 1;
        Message {
            version: 0,
            from,
            to,
            sequence: *nonce - 1,
            value,
            method_num: 0,
            params: RawBytes::default(),
            gas_limit: 20_000_000,
            gas_fee_cap: TokenAmount::from_atto(1_000_000),
            gas_premium: TokenAmount::from_atto(1_000),
        }
    }

    pub fn send(&mut self, from: u8, to: Address, fil: u64) -> ChainMessage {
        let message = self.message(address(from), to, TokenAmount::from_whole(fil));
        on_chain(message)
    }

    /// Adds a tipset at an epoch.
    pub fn extend(&mut self, epoch: ChainEpoch, plans: Vec<Plan>) -> Tipset {
        let parent = self.states.tipset_state(&self.head).unwrap();
        let mut headers = Vec::new();
        let mut lists = HashMap::new();
        for plan in plans {
            let bls = plan
                .messages
                .iter()
                .filter(|m| matches!(m, ChainMessage::Unsigned(_)));
            let signed = plan
                .messages
                .iter()
                .filter(|m| matches!(m, ChainMessage::Signed(_)));
            let ordered: Vec<ChainMessage> = bls.clone().chain(signed.clone()).cloned().collect();
            let cids = MessageCids {
                bls: bls.map(ChainMessage::cid).collect(),
                signed: signed.map(ChainMessage::cid).collect(),
            };
            let root = MessageRoots::write(&self.blocks, &cids).unwrap();
            let header = BlockHeader {
                miner: Address::new_id(plan.miner),
                ticket: Some(Ticket {
                    vrf_proof: [plan.miner.to_be_bytes(), epoch.to_be_bytes()].concat(),
                }),
                election_proof: Some(ElectionProof {
                    win_count: plan.wins,
                    vrf_proof: vec![1],
                }),
                beacon_entries: vec![beacon().entry(epoch as u64 + 1)],
                winning_post: vec![],
                parents: self.head.key().clone(),
                parent_weight: epoch.into(),
                height: epoch,
                parent_state: parent.state,
                parent_receipts: parent.receipts,
                messages: root,
                bls_aggregate: None,
                timestamp_seconds: GENESIS_TIME + epoch as u64 * BLOCK_DELAY,
                signature: None,
                fork_signal: 0,
                parent_base_fee: self.states.base_fee(&self.head).unwrap(),
            };
            lists.insert(header.cid(), BlockMessages::from(ordered));
            headers.push(header);
        }
        let tipset = Tipset::new(headers).unwrap();
        let blocks = tipset.blocks().iter();
        let messages = blocks.map(|block| lists[&block.cid()].clone()).collect();
        self.history.put(&tipset, messages);
        self.head = tipset.clone();
        tipset
    }

    /// Adds a tipset of one block of the first miner.
    pub fn extend_by_one(&mut self, messages: Vec<ChainMessage>) -> Tipset {
        let plan = Plan {
            miner: MINERS[0],
            wins: 1,
            messages,
        };
        self.extend(self.head.height() + 1, vec![plan])
    }
}

/// As it stands on chain; the signature is any.
pub fn on_chain(message: Message) -> ChainMessage {
    use fvm_shared::address::Protocol;
    let sig_type = match message.from.protocol() {
        Protocol::BLS => return ChainMessage::Unsigned(message),
        Protocol::Delegated => SignatureType::Delegated,
        _ => SignatureType::Secp256k1,
    };
    ChainMessage::Signed(SignedMessage {
        message,
        signature: Signature::new(sig_type, vec![0; 65]),
    })
}
