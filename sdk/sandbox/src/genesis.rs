//! The first state of a sandbox: the actors of the protocol itself, and burnt funds.
//!
//! It is the same for all sandboxes on one bundle, whatever network version they are at, so a process makes it once. Who
//! has a constructor is constructed by it, from the system actor, as at the genesis of a network; system and init have
//! theirs from the host's genesis, with nothing in it, and cron has a list of whom it calls.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, ensure};
use cid::Cid;
use filigree_bundle::{Network as BundleNetwork, Recipe, kept};
use filigree_sdk::call::Call;
use filigree_state::{Manifest, REWARD_ACTOR_ID, SYSTEM_ACTOR_ID, WriteBuffer};
use filigree_vm::{Genesis, Kind, Network};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CBOR;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use fvm_shared::{ActorID, EMPTY_ARR_CID, METHOD_CONSTRUCTOR, MethodNum};
use num_traits::Zero;

use crate::account::Account;
use crate::builder::Builder;
use crate::bundle::Bundle;
use crate::engines::engines;
use crate::sandbox::{CRON_ACTOR_ID, Point, message, run};
use crate::store::{Frozen, Store};
use crate::verifier::MockVerifier;

/// What the reward actor holds when a network begins: all that will be mined, in FIL.
const MINING_ALLOCATION_FIL: u64 = 1_100_000_000;

const POWER_ACTOR_ID: ActorID = 4;
const MARKET_ACTOR_ID: ActorID = 5;
const VERIFREG_ACTOR_ID: ActorID = 6;
const DATACAP_ACTOR_ID: ActorID = 7;

/// The account that appoints verifiers; a multisig has this id on public networks.
pub const VERIFREG_ROOT_ID: ActorID = 80;

/// The number of its key, which no other account comes to.
const VERIFREG_ROOT_NUMBER: u64 = u64::MAX;

/// Whom cron calls at the end of each epoch, where they are there: `OnEpochTickEnd` of power, `CronTick` of the market.
const CRON_ENTRIES: [(&str, ActorID, MethodNum); 2] = [
    ("storagepower", POWER_ACTOR_ID, 5),
    ("storagemarket", MARKET_ACTOR_ID, 9),
];

/// Where the actors of a sandbox come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Protocol {
    Ours(Recipe),
    File(PathBuf),
}

/// A first state and its blocks, code among them.
#[derive(Clone)]
pub(crate) struct First {
    /// The state root.
    pub state: Cid,
    pub blocks: Frozen,
}

impl First {
    /// The first state of a sandbox that is built so.
    pub fn of(builder: &Builder) -> anyhow::Result<First> {
        static MADE: Mutex<Option<HashMap<Protocol, First>>> = Mutex::new(None);
        let user_code = builder.network.allow_install;
        let protocol = match builder.bundles.first() {
            Some(file) => Protocol::File(file.clone()),
            None => Protocol::Ours(Recipe {
                network: BundleNetwork::Mainnet,
                user_code,
                storage: builder.storage,
            }),
        };
        // Others wait here: one process builds once.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.get_or_insert_default();
        if let Some(first) = made.get(&protocol) {
            return Ok(first.clone());
        }
        let car = match &protocol {
            Protocol::Ours(recipe) => {
                kept::car(recipe).context("the built-in actors cannot be had")
            }
            Protocol::File(file) => {
                std::fs::read(file).with_context(|| format!("the bundle {}", file.display()))
            }
        };
        let first = make(&Bundle::read(&car?)?, user_code)?;
        made.insert(protocol, first.clone());
        Ok(first)
    }
}

fn make(bundle: &Bundle, user_code: bool) -> anyhow::Result<First> {
    let store = Store::over(bundle.clone());
    let mut genesis = Genesis::new(Box::new(store.clone()), &bundle.root)?;
    let manifest = Manifest::load_bundle(&WriteBuffer::new(Box::new(store.clone())), &bundle.root)?;
    let entries: Vec<(Address, MethodNum)> = CRON_ENTRIES
        .iter()
        .filter(|(name, ..)| is_there(&store, &manifest, name))
        .map(|(_, id, method)| (Address::new_id(*id), *method))
        .collect();
    if let Some(code) = manifest.code_named("cron") {
        let state = genesis.put(&(entries,))?;
        genesis.actor(CRON_ACTOR_ID, *code, state, TokenAmount::zero(), None);
    }
    let root_key = genesis.put(&(Account::address_of(VERIFREG_ROOT_NUMBER),))?;
    let mut constructions = Vec::new();
    for (name, id, params) in constructors()? {
        let Some(code) = manifest.code_named(name) else {
            continue;
        };
        if !is_there(&store, &manifest, name) {
            continue;
        }
        let balance = match id {
            REWARD_ACTOR_ID => TokenAmount::from_whole(MINING_ALLOCATION_FIL),
            _ => TokenAmount::zero(),
        };
        genesis.actor(id, *code, EMPTY_ARR_CID, balance, None);
        if id == VERIFREG_ACTOR_ID {
            let account = *manifest.account_code();
            let nothing = TokenAmount::zero();
            genesis.actor(VERIFREG_ROOT_ID, account, root_key, nothing, None);
        }
        constructions.push(Call::new(Address::new_id(id), METHOD_CONSTRUCTOR, params));
    }
    let mut root = genesis.finish()?;
    for construction in &constructions {
        root = construct(&store, root, user_code, construction)?;
    }
    Ok(First {
        state: root,
        blocks: store.freeze(),
    })
}

/// Whether an actor stands in a place: one of our own bundle may be without.
fn is_there(store: &Store, manifest: &Manifest, name: &str) -> bool {
    let code = manifest.code_named(name);
    let wasm = code.and_then(|code| store.get(code).ok().flatten());
    wasm.is_some_and(|wasm| !filigree_bundle::is_absent(&wasm))
}

/// Who is constructed, and with what: for a network that begins without storage power.
fn constructors() -> anyhow::Result<[(&'static str, ActorID, Option<IpldBlock>); 5]> {
    let power = IpldBlock::serialize(CBOR, &Some(BigIntDe::default()))?;
    let root_key = IpldBlock::serialize(CBOR, &Address::new_id(VERIFREG_ROOT_ID))?;
    let governor = IpldBlock::serialize(CBOR, &Address::new_id(VERIFREG_ACTOR_ID))?;
    Ok([
        ("reward", REWARD_ACTOR_ID, Some(power)),
        ("storagepower", POWER_ACTOR_ID, None),
        ("storagemarket", MARKET_ACTOR_ID, None),
        ("verifiedregistry", VERIFREG_ACTOR_ID, Some(root_key)),
        ("datacap", DATACAP_ACTOR_ID, Some(governor)),
    ])
}

/// Runs a constructor.
fn construct(store: &Store, root: Cid, user_code: bool, call: &Call<()>) -> anyhow::Result<Cid> {
    let mut network = Network::new(NetworkVersion::V28);
    network.allow_install = user_code;
    let point = Point {
        root,
        epoch: 0,
        genesis_timestamp: 0,
        base_fee: TokenAmount::zero(),
        network,
        circulating_supply: TokenAmount::zero(),
        accounts: 0,
    };
    // Constructors prove nothing.
    let verifier = Arc::new(MockVerifier);
    let mut machine = point.machine(engines(false), 0, verifier, store.clone())?;
    let message = message(SYSTEM_ACTOR_ID, call, 0);
    let (applied, root) = run(&mut machine, &message, Kind::Implicit)?;
    ensure!(
        applied.receipt.exit_code.is_success(),
        "the constructor of {} failed: {:?}",
        call.to,
        applied.failure
    );
    Ok(root)
}
