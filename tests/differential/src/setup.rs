//! The world a test starts from: network, chain, accounts, deployed actors; and the genesis state built from it.
//!
//! The state tree is written here with the plain HAMT library, so neither host under test takes part in making it.
//! Actors 0 (system), 1 (init), 2 (reward) and 99 (burnt funds) always exist; accounts and deployed actors are the test's.

use std::sync::Arc;

use anyhow::{Context, Result};
use cid::Cid;
use fvm_ipld_blockstore::{Block, Blockstore};
use fvm_ipld_encoding::{CborStore, DAG_CBOR, IPLD_RAW};
use fvm_ipld_hamt::Hamt;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::state::{ActorState, StateInfo0, StateRoot, StateTreeVersion};
use fvm_shared::version::NetworkVersion;
use multihash_codetable::Code;
use num_traits::Zero;

use filigree_conformance::store::{Blocks, LayeredStore};

/// HAMT bit width of the state tree and of the init actor's address map.
pub const HAMT_BIT_WIDTH: u32 = 5;

/// Names of the built-in actors a manifest must have, in manifest order (their type numbers start at 1).
pub const BUILTINS: [&str; 8] = [
    "system",
    "init",
    "cron",
    "account",
    "reward",
    "placeholder",
    "eam",
    "ethaccount",
];

/// An account that can send explicit messages.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its actor ID.
    pub id: ActorID,
    /// Its key address (f1 or f3).
    pub key: Address,
    /// Its balance.
    pub balance: TokenAmount,
}

/// An actor that exists from the start.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Its actor ID.
    pub id: ActorID,
    /// Its code: an index into [`Setup::codes`], or the name of a built-in actor.
    pub code: CodeRef,
    /// Its state block (DAG-CBOR).
    pub state: Vec<u8>,
    /// Its balance.
    pub balance: TokenAmount,
    /// Its delegated (f4) address; also registered with the init actor.
    pub delegated: Option<Address>,
}

/// Where a deployed actor's code comes from.
#[derive(Clone, Copy, Debug)]
pub enum CodeRef {
    /// `Setup::codes[i]`.
    Custom(usize),
    /// The built-in of that name.
    Builtin(&'static str),
    /// A code CID without any block behind it.
    Missing,
}

/// A whole starting world.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Network version, 18 to 28.
    pub version: NetworkVersion,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Epoch the messages run at.
    pub epoch: ChainEpoch,
    /// Unix time of that epoch's tipset, in seconds.
    pub timestamp: u64,
    /// Base fee.
    pub base_fee: TokenAmount,
    /// Circulating supply.
    pub circulating_supply: TokenAmount,
    /// Whether actors may log.
    pub debugging: bool,
    /// Whether execution traces are made. Must not change anything else.
    pub tracing: bool,
    /// Whether actors may upgrade themselves; from network version 21 on.
    pub upgrades: bool,
    /// Memory limit over the whole call stack, in bytes.
    pub max_memory_bytes: u64,
    /// Wasm of the built-in actors, by the names in [`BUILTINS`].
    pub builtins: Vec<(String, Vec<u8>)>,
    /// Wasm of custom actors.
    pub codes: Vec<Vec<u8>>,
    /// Accounts.
    pub accounts: Vec<Account>,
    /// Further actors.
    pub deployed: Vec<Deployed>,
}

/// A genesis: blocks, state root, and the CIDs tests want to name.
#[derive(Clone)]
pub struct Genesis {
    /// All blocks.
    pub blocks: Arc<Blocks>,
    /// State root.
    pub root: Cid,
    /// CID of the manifest (version and data CID): the root of the bundle.
    pub manifest: Cid,
    /// Code CIDs of [`Setup::builtins`].
    pub builtins: Vec<(String, Cid)>,
    /// Code CIDs of [`Setup::codes`].
    pub codes: Vec<Cid>,
}

/// A CID nothing is stored under.
pub fn missing_cid() -> Cid {
    use multihash_codetable::MultihashDigest;
    Cid::new_v1(IPLD_RAW, Code::Blake2b256.digest(b"nothing is here"))
}

impl Setup {
    /// A network of version `version` with these built-ins and nothing else.
    pub fn new(version: NetworkVersion, builtins: Vec<(String, Vec<u8>)>) -> Self {
        Self {
            version,
            chain_id: 314,
            epoch: 2_000,
            timestamp: 1_700_000_000,
            base_fee: TokenAmount::from_atto(100),
            circulating_supply: TokenAmount::from_whole(500_000_000),
            debugging: false,
            tracing: false,
            upgrades: false,
            max_memory_bytes: 2 << 30,
            builtins,
            codes: Vec::new(),
            accounts: Vec::new(),
            deployed: Vec::new(),
        }
    }

    /// Builds the genesis state.
    pub fn genesis(&self) -> Result<Genesis> {
        let store = LayeredStore::default();
        let put_code = |wasm: &[u8]| store.put(Code::Blake2b256, &Block::new(IPLD_RAW, wasm));
        let builtins = self
            .builtins
            .iter()
            .map(|(name, wasm)| Ok((name.clone(), put_code(wasm)?)))
            .collect::<Result<Vec<_>>>()?;
        let codes = self
            .codes
            .iter()
            .map(|wasm| put_code(wasm))
            .collect::<Result<Vec<_>>>()?;
        let builtin = |name: &str| {
            builtins
                .iter()
                .find(|(n, _)| n == name)
                .map(|(_, cid)| *cid)
                .with_context(|| format!("no built-in actor named {name}"))
        };

        let manifest_data = store.put_cbor(&builtins, Code::Blake2b256)?;
        let manifest = store.put_cbor(&(1u32, manifest_data), Code::Blake2b256)?;
        let empty = store.put_cbor(&[(); 0], Code::Blake2b256)?;

        let mut addresses = Hamt::<_, ActorID>::new_with_bit_width(&store, HAMT_BIT_WIDTH);
        let mut actors = Hamt::<_, ActorState>::new_with_bit_width(&store, HAMT_BIT_WIDTH);
        let mut next_id: ActorID = 100;
        let mut set =
            |id: ActorID, code: Cid, state: Cid, balance: TokenAmount, f4| -> Result<()> {
                let actor = ActorState::new(code, state, balance, 0, f4);
                actors.set(Address::new_id(id).to_bytes().into(), actor)?;
                next_id = next_id.max(id + 1);
                Ok(())
            };

        for account in &self.accounts {
            let state = store.put_cbor(&(account.key,), Code::Blake2b256)?;
            set(
                account.id,
                builtin("account")?,
                state,
                account.balance.clone(),
                None,
            )?;
            addresses.set(account.key.to_bytes().into(), account.id)?;
        }
        for actor in &self.deployed {
            let code = match actor.code {
                CodeRef::Custom(index) => codes[index],
                CodeRef::Builtin(name) => builtin(name)?,
                CodeRef::Missing => missing_cid(),
            };
            let state = store.put(
                Code::Blake2b256,
                &Block::new(DAG_CBOR, actor.state.as_slice()),
            )?;
            set(
                actor.id,
                code,
                state,
                actor.balance.clone(),
                actor.delegated,
            )?;
            if let Some(f4) = actor.delegated {
                addresses.set(f4.to_bytes().into(), actor.id)?;
            }
        }

        let system_state = store.put_cbor(&(manifest_data,), Code::Blake2b256)?;
        set(
            0,
            builtin("system")?,
            system_state,
            TokenAmount::zero(),
            None,
        )?;
        set(
            2,
            builtin("reward")?,
            empty,
            TokenAmount::from_whole(300_000_000),
            None,
        )?;
        let burnt_state = store.put_cbor(&(Address::new_id(99),), Code::Blake2b256)?;
        set(
            99,
            builtin("account")?,
            burnt_state,
            TokenAmount::zero(),
            None,
        )?;
        let map = addresses.flush()?;
        let init_state = store.put_cbor(&(map, next_id, "differential"), Code::Blake2b256)?;
        let init = ActorState::new(builtin("init")?, init_state, TokenAmount::zero(), 0, None);
        actors.set(Address::new_id(1).to_bytes().into(), init)?;

        let root = StateRoot {
            version: StateTreeVersion::V5,
            actors: actors.flush()?,
            info: store.put_cbor(&StateInfo0::default(), Code::Blake2b256)?,
        };
        let root = store.put_cbor(&root, Code::Blake2b256)?;
        drop((actors, addresses));
        Ok(Genesis {
            blocks: Arc::new(store.written()),
            root,
            manifest,
            builtins,
            codes,
        })
    }
}

impl Genesis {
    /// Code CID of the built-in `name`.
    pub fn builtin(&self, name: &str) -> Cid {
        let found = self.builtins.iter().find(|(n, _)| n == name);
        found.map(|(_, cid)| *cid).unwrap_or_else(missing_cid)
    }
}
