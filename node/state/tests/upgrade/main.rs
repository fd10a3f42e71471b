//! A network that gets new actors while it runs: code that is replaced, and actors that take over their state themselves.

#[path = "../common/mod.rs"]
mod common;
mod migration;
mod rehearsal;
mod same;
mod schedule;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use cid::Cid;
use common::{World, address, bundle, example};
use example_counter::Counter as First;
use filigree_build::BuildOptions;
use filigree_node_state::{Migration, Rules, States, Store};
use filigree_state::{ActorState, Manifest, StateTree, WriteBuffer};
use fvm_ipld_blockstore::{Block, Blockstore};
use fvm_ipld_encoding::{CborStore, IPLD_RAW, RawBytes};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use multihash_codetable::Code;

/// Where counters stand in for contracts: our bundles have none.
const PLACE: &str = "evm";

/// The first counter.
const FIRST: u64 = 50_000;

/// How many there are.
const COUNTERS: u64 = 40;

fn wasm(folder: PathBuf) -> Vec<u8> {
    let options = BuildOptions {
        quiet: true,
        ..BuildOptions::new(folder)
    };
    filigree_build::build(&options).unwrap().wasm
}

fn put_code(store: &Store, wasm: Vec<u8>) -> Cid {
    store
        .put(Code::Blake2b256, &Block::new(IPLD_RAW, wasm))
        .unwrap()
}

/// A bundle in which some actors have other code.
fn with(store: &Store, bundle: &Cid, others: &[(&str, Cid)]) -> Cid {
    let manifest = Manifest::load_bundle(store, bundle).unwrap();
    let mut entries = manifest.entries().to_vec();
    for (name, code) in others {
        let entry = entries.iter_mut().find(|(known, _)| known == name);
        entry.unwrap().1 = *code;
    }
    let data = store.put_cbor(&entries, Code::Blake2b256).unwrap();
    store.put_cbor(&(1u32, data), Code::Blake2b256).unwrap()
}

/// The same code with a section that nobody reads: other code, to everyone.
fn marked(store: &Store, bundle: &Cid, name: &str) -> Cid {
    let manifest = Manifest::load_bundle(store, bundle).unwrap();
    let mut wasm = store
        .get(manifest.code_named(name).unwrap())
        .unwrap()
        .unwrap();
    wasm.extend_from_slice(&[0, 3, 2, b'v', b'2']);
    put_code(store, wasm)
}

/// A network with counters, and the bundle that makes others of them. The counter `odd`, if there is one, has a state that is
/// none.
fn network(odd: Option<u64>) -> (World, Cid) {
    let (store, plain) = bundle();
    let first = put_code(&store, wasm(example("counter")));
    let second = put_code(&store, wasm(example("counter-v2")));
    let old = with(&store, &plain, &[(PLACE, first)]);
    let account = marked(&store, &plain, "account");
    let new = with(&store, &plain, &[(PLACE, second), ("account", account)]);
    let world = World::on(store, &old, |store, root| counters(store, root, first, odd));
    (world, new)
}

fn counters(store: &Store, root: Cid, code: Cid, odd: Option<u64>) -> Cid {
    let buffer = Rc::new(WriteBuffer::new(Box::new(store.clone())));
    let mut tree = StateTree::load(Rc::clone(&buffer), &root).unwrap();
    for at in 0..COUNTERS {
        let state = match odd {
            Some(odd) if odd == FIRST + at => store.put_cbor(&"none", Code::Blake2b256),
            _ => {
                let counter = First {
                    owner: 100,
                    value: at,
                };
                store.put_cbor(&counter, Code::Blake2b256)
            }
        };
        let delegated = Address::new_delegated(10, &[at as u8; 20]).unwrap();
        let actor = ActorState::new(
            code,
            state.unwrap(),
            TokenAmount::default(),
            at,
            Some(delegated),
        );
        tree.set_actor(FIRST + at, actor);
    }
    let root = tree.flush().unwrap();
    buffer.flush(&root).unwrap();
    root
}

fn to(bundle: Cid) -> Migration {
    let limit = RawBytes::serialize(5u64).unwrap();
    Migration {
        params: BTreeMap::from([(PLACE.to_owned(), limit)]),
        ..Migration::to(bundle)
    }
}

/// A few tipsets with a send each.
fn grow(world: &mut World, tipsets: u8) {
    for _ in 0..tipsets {
        let message = world.send(0, address(2), 1);
        world.extend_by_one(vec![message]);
        world.states.tipset_state(&world.head).unwrap();
    }
}

/// The states of a world, by other rules.
fn by(world: &World, rules: Rules) -> States {
    States::new(
        world.states.store().clone(),
        common::engines(),
        world.history.clone(),
        std::sync::Arc::new(common::WindowProofs),
        rules,
    )
}
