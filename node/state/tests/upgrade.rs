//! A network that gets new actors while it runs: code that is replaced, and actors that take over their state themselves.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cid::Cid;
use common::{World, address, bundle, example};
use example_counter::Counter as First;
use example_counter_v2::Counter as Second;
use filigree_build::BuildOptions;
use filigree_node_state::upgrade::MigrationError;
use filigree_node_state::{Error, Migration, Store};
use filigree_state::{ActorState, Manifest, StateTree, SystemState, WriteBuffer};
use fvm_ipld_blockstore::{Block, Blockstore};
use fvm_ipld_encoding::{CborStore, IPLD_RAW, RawBytes};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
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

#[test]
fn a_running_network_is_upgraded() {
    let (mut world, new) = network(None);
    grow(&mut world, 2);

    let told = Arc::new(AtomicUsize::new(0));
    let progress = Arc::clone(&told);
    let progress = Arc::new(move |_, all| {
        assert_eq!(all, COUNTERS as usize);
        progress.fetch_add(1, Ordering::SeqCst);
    });
    let rehearsed = world
        .states
        .rehearse(&world.head, &to(new), Some(progress))
        .unwrap();
    assert_eq!(rehearsed.upgraded, COUNTERS as usize);
    // Burnt funds, the registry's root, the reserve, and four accounts.
    assert_eq!(rehearsed.replaced, COUNTERS as usize + 7);
    assert_eq!(told.load(Ordering::SeqCst), COUNTERS as usize);
    // On a copy.
    assert!(!world.blocks.has(&rehearsed.root).unwrap());

    let epoch = world.head.height() + 2;
    let version = NetworkVersion::V28;
    let head = world.head.height();
    world
        .states
        .schedule(head, epoch, version, to(new))
        .unwrap();
    let again = world
        .states
        .schedule(head, epoch, version, to(new))
        .unwrap_err();
    assert!(matches!(again, Error::Schedule { .. }), "{again}");
    let late = world
        .states
        .schedule(epoch + 9, epoch + 9, version, to(new))
        .unwrap_err();
    assert!(late.to_string().contains("the chain is at"), "{late}");
    grow(&mut world, 2);
    assert_eq!(world.head.height(), epoch);
    let before = world.states.view_after(&world.head).unwrap();
    let counter: First = before
        .state("", &before.require(&Address::new_id(FIRST + 7)).unwrap())
        .unwrap();
    assert_eq!(counter.value, 7);

    // Over a null round: the migration is after the epoch it is scheduled for.
    let message = world.send(0, address(2), 1);
    let plan = common::Plan {
        miner: common::MINERS[0],
        wins: 1,
        messages: vec![message],
    };
    world.extend(epoch + 2, vec![plan]);
    let after = world.states.view_after(&world.head).unwrap();
    let manifest = Manifest::load_bundle(&world.blocks, &new).unwrap();
    let system = SystemState::load(after.tree()).unwrap();
    assert_eq!(system.builtin_actors, *manifest.data_cid());
    for at in 0..COUNTERS {
        let actor = after.require(&Address::new_id(FIRST + at)).unwrap();
        assert_eq!(actor.code, *manifest.code_named(PLACE).unwrap());
        assert_eq!(actor.sequence, at);
        assert!(actor.delegated_address.is_some());
        let counter: Second = after.state("", &actor).unwrap();
        let expected = Second {
            owner: 100,
            value: at,
            steps: 0,
            step_limit: 5,
        };
        assert_eq!(counter, expected);
    }
    let account = after.require(&address(0)).unwrap();
    assert_eq!(account.code, *manifest.account_code());
    // It goes on, and money still moves.
    let had = after.require(&address(2)).unwrap().balance;
    grow(&mut world, 2);
    let has = world.states.view_after(&world.head).unwrap();
    let has = has.require(&address(2)).unwrap().balance;
    assert_eq!(has, had + TokenAmount::from_whole(2));

    // Whoever computes it once more comes to the same.
    let fresh = world.fresh_states();
    fresh.schedule(head, epoch, version, to(new)).unwrap();
    let same = fresh.tipset_state(&world.head).unwrap();
    assert_eq!(same, world.states.tipset_state(&world.head).unwrap());
}

#[test]
fn a_migration_that_fails_names_the_actor_and_changes_nothing() {
    let odd = FIRST + 23;
    let (mut world, new) = network(Some(odd));
    grow(&mut world, 1);
    let error = world
        .states
        .rehearse(&world.head, &to(new), None)
        .unwrap_err();
    let named = |error: Error| match error {
        Error::Migration { source, .. } => match *source {
            MigrationError::Upgrade { actor, .. } => actor,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    };
    assert_eq!(named(error), odd);

    let head = world.head.height();
    world
        .states
        .schedule(head, head + 1, NetworkVersion::V28, to(new))
        .unwrap();
    grow(&mut world, 1);
    let message = world.send(0, address(2), 1);
    let beyond = world.extend_by_one(vec![message]);
    assert_eq!(named(world.states.tipset_state(&beyond).unwrap_err()), odd);
    // The state before is still there.
    let parents = beyond.parent_state();
    let view = world.states.view(&parents).unwrap();
    assert!(view.require(&address(0)).unwrap().balance.is_positive());
}

#[test]
fn bundles_that_cannot_follow_are_refused() {
    let (mut world, _) = network(None);
    grow(&mut world, 1);
    let rehearse = |bundle| {
        world
            .states
            .rehearse(&world.head, &to(bundle), None)
            .unwrap_err()
    };
    let store = &world.blocks;
    let missing = store.put_cbor(&7, Code::Blake2b256).unwrap();
    let told = |error: Error, words: &str| {
        let error = error.to_string();
        assert!(error.contains(words), "{words}: {error}");
    };
    told(rehearse(missing), "bundle");
    let (_, plain) = bundle();
    let entries = |names: &[&str]| {
        let manifest = Manifest::load_bundle(store, &plain).unwrap();
        let kept = manifest.entries().iter();
        let kept: Vec<_> = kept
            .filter(|(name, _)| !names.contains(&name.as_str()))
            .collect();
        let data = store.put_cbor(&kept, Code::Blake2b256).unwrap();
        store.put_cbor(&(1u32, data), Code::Blake2b256).unwrap()
    };
    told(rehearse(entries(&["multisig"])), "multisig");
    told(
        rehearse(with(store, &plain, &[(PLACE, missing)])),
        "no Wasm",
    );
    let lost = multihash_codetable::MultihashDigest::digest(&Code::Blake2b256, b"lost");
    let lost = Cid::new_v1(IPLD_RAW, lost);
    told(
        rehearse(with(store, &plain, &[(PLACE, lost)])),
        "not in the store",
    );
}

#[test]
fn an_upgrade_that_nobody_knows_stops_the_node() {
    let (mut world, _) = network(None);
    grow(&mut world, 1);
    let head = world.head.height();
    let none = Migration::default();
    // A version alone needs no bundle.
    world
        .states
        .schedule(head, head + 1, NetworkVersion::V28, none)
        .unwrap();
    grow(&mut world, 3);

    let mut unknown = filigree_node_state::Rules::clone(&world.states.rules());
    unknown.migrations.clear();
    let store = world.states.store().clone();
    let states = filigree_node_state::States::new(
        store,
        common::engines(),
        world.history.clone(),
        filigree_node_state::SharedVerifier::new(common::WindowProofs),
        unknown,
    );
    let tipset = filigree_node_state::History::tipset_at(
        &*world.history,
        &world.head,
        head + 2,
        filigree_node_state::Nulls::Before,
    );
    let error = states.tipset_state(&tipset.unwrap()).unwrap_err();
    assert!(matches!(error, Error::UnknownMigration { .. }), "{error}");
}

/// Code of actors that answer with a number. `upgrade` stores what it sees of the world: the time, the base fee, what the neighbour
/// answers (the one with the number that differs in the last bit), and the tipset before.
fn asking(answer: u8) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "vm" "message_context" (func $message (param i32) (result i32)))
            (import "network" "context" (func $network (param i32) (result i32)))
            (import "network" "tipset_cid" (func $tipset (param i32 i64 i32 i32) (result i32)))
            (import "send" "send" (func $send (param i32 i32 i32 i64 i32 i64 i64 i64 i64) (result i32)))
            (import "ipld" "block_create" (func $create (param i32 i64 i32 i32) (result i32)))
            (import "ipld" "block_read" (func $read (param i32 i32 i32 i32 i32) (result i32)))
            (import "ipld" "block_link" (func $link (param i32 i32 i64 i32 i32 i32) (result i32)))
            (import "self" "set_root" (func $set_root (param i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\{answer:02x}")
            (data (i32.const 512) "\58\37")
            (func $must (param i32) (if (local.get 0) (then unreachable)))
            (func (export "invoke") (param i32) (result i32)
                (call $must (call $create (i32.const 64) (i64.const 0x71) (i32.const 0) (i32.const 1)))
                (i32.load (i32.const 64)))
            (func (export "upgrade") (param i32 i32) (result i32)
                (local $id i64)
                (call $must (call $message (i32.const 1024)))
                (local.set $id (i64.xor (i64.load (i32.const 1048)) (i64.const 1)))
                (i64.store8 (i32.const 129) (i64.or (local.get $id) (i64.const 0x80)))
                (i64.store8 (i32.const 130) (i64.or (i64.shr_u (local.get $id) (i64.const 7)) (i64.const 0x80)))
                (i64.store8 (i32.const 131) (i64.shr_u (local.get $id) (i64.const 14)))
                (call $must (call $send (i32.const 1400) (i32.const 128) (i32.const 4) (i64.const 2) (i32.const 0)
                    (i64.const 0) (i64.const 0) (i64.const -1) (i64.const 0)))
                (call $must (i32.load (i32.const 1400)))
                (call $must (call $read (i32.const 1500) (i32.load (i32.const 1404)) (i32.const 0) (i32.const 530) (i32.const 1)))
                (call $must (call $network (i32.const 1200)))
                (i64.store (i32.const 514) (i64.load (i32.const 1208)))
                (i64.store (i32.const 522) (i64.load (i32.const 1216)))
                (call $must (call $tipset (i32.const 1504)
                    (i64.sub (i64.load (i32.const 1200)) (i64.const 1)) (i32.const 531) (i32.const 38)))
                (call $must (call $create (i32.const 1508) (i64.const 0x71) (i32.const 512) (i32.const 57)))
                (call $must (call $link (i32.const 1512) (i32.load (i32.const 1508)) (i64.const 0xb220) (i32.const 32)
                    (i32.const 1600) (i32.const 100)))
                (call $must (call $set_root (i32.const 1600)))
                (i32.const 0)))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn a_migration_is_the_same_whatever_follows_and_on_however_many_cores() {
    const ANSWERS: [u8; 2] = [11, 12];
    let (store, plain) = bundle();
    let [first, second] = ANSWERS.map(|answer| put_code(&store, asking(answer)));
    let old = with(&store, &plain, &[(PLACE, first)]);
    let new = with(&store, &plain, &[(PLACE, second)]);
    let mut world = World::on(store, &old, |store, root| {
        counters(store, root, first, None)
    });
    grow(&mut world, 2);
    let parents = world.head.clone();
    // Between the last tipset and the upgrade there is a null round.
    let epoch = parents.height() + 1;
    let schedule = |states: &filigree_node_state::States| {
        let version = NetworkVersion::V28;
        states
            .schedule(parents.height(), epoch, version, Migration::to(new))
            .unwrap();
    };
    schedule(&world.states);
    let children = [1, 3].map(|after| {
        world.head = parents.clone();
        let plan = common::Plan {
            miner: common::MINERS[0],
            wins: 1,
            messages: vec![],
        };
        world.extend(epoch + after, vec![plan])
    });

    // Each child by those who know of no other, and by those who saw the other one first.
    let [near, far] = &children;
    let alone = children.each_ref().map(|child| {
        let states = world.fresh_states();
        schedule(&states);
        states.tipset_state(child).unwrap()
    });
    assert_eq!(world.states.tipset_state(near).unwrap(), alone[0]);
    assert_eq!(world.states.tipset_state(far).unwrap(), alone[1]);

    for result in alone {
        let view = world.states.view(&result.state).unwrap();
        for at in 0..COUNTERS {
            let actor = view.require(&Address::new_id(FIRST + at)).unwrap();
            assert_eq!(actor.code, second);
            let seen = world.blocks.get(&actor.state).unwrap().unwrap();
            let seen = &seen[2..];
            let begins = common::GENESIS_TIME + (epoch as u64 + 1) * common::BLOCK_DELAY;
            assert_eq!(seen[..8], begins.to_le_bytes());
            assert_eq!(seen[8..16], [0; 8], "gas is free");
            // Of forty actors three are one share: the neighbour is upgraded if it comes before, in the same one.
            let neighbour = at ^ 1;
            let is_upgraded = neighbour < at && neighbour / 3 == at / 3;
            assert_eq!(seen[16], ANSWERS[usize::from(is_upgraded)], "{at}");
            assert_eq!(seen[17..], parents.key().cid().to_bytes());
        }
    }
}
