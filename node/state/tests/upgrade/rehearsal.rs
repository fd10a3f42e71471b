//! Upgrades tried on a copy.

use cid::Cid;
use filigree_node_state::{Error, Migration, Rules};
use filigree_state::Manifest;
use fvm_ipld_encoding::{CborStore, IPLD_RAW};
use fvm_shared::version::NetworkVersion;
use multihash_codetable::Code;

use super::common::bundle;
use super::{COUNTERS, PLACE, by, grow, network, put_code, to, with};

/// Code of actors that upgrade themselves at no version but this one.
fn wanting(version: u32) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "network" "context" (func $network (param i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "invoke") (param i32) (result i32) (i32.const 0))
            (func (export "upgrade") (param i32 i32) (result i32)
                (if (call $network (i32.const 0)) (then unreachable))
                (if (i32.ne (i32.load (i32.const 40)) (i32.const {version})) (then unreachable))
                (i32.const 0)))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn a_rehearsal_is_by_the_rules_of_the_new_version() {
    let (mut world, _) = network(None);
    let mut rules = Rules::clone(&world.states.rules());
    rules.config.versions.genesis = NetworkVersion::V26;
    world.states = by(&world, rules);
    grow(&mut world, 1);
    let (_, plain) = bundle();
    let [of_27, of_28] = [27, 28].map(|version| {
        let code = put_code(&world.blocks, wanting(version));
        Migration::to(with(&world.blocks, &plain, &[(PLACE, code)]))
    });
    let none = Migration::default();
    let rehearse = |version: Option<u32>, migration| {
        let version = version.map(NetworkVersion::new);
        let rehearsed = world.states.rehearse(&world.head, version, migration, None);
        rehearsed.map(|migrated| migrated.upgraded as u64)
    };
    assert_eq!(rehearse(Some(27), &of_27).unwrap(), COUNTERS);
    assert_eq!(rehearse(Some(28), &of_28).unwrap(), COUNTERS);
    for (version, migration) in [(None, &of_27), (Some(28), &of_27), (Some(27), &of_28)] {
        let error = rehearse(version, migration).unwrap_err();
        assert!(matches!(error, Error::Migration { .. }), "{error}");
    }
    // Where nothing is to be migrated, its first epoch is seen all the same.
    let error = rehearse(Some(29), &none).unwrap_err();
    assert!(error.to_string().contains("29"), "{error}");

    // A version stays, if there is none; that of upgrades to come counts.
    let head = world.head.height();
    let states = &world.states;
    states
        .schedule(head, head + 3, NetworkVersion::V27, of_27.clone())
        .unwrap();
    assert_eq!(rehearse(Some(28), &of_28).unwrap(), COUNTERS);
    let error = rehearse(None, &of_28).unwrap_err();
    assert!(matches!(error, Error::Migration { .. }), "{error}");
    states
        .schedule(head, head + 9, NetworkVersion::V28, none.clone())
        .unwrap();
    assert_eq!(rehearse(None, &of_28).unwrap(), COUNTERS);
}

#[test]
fn an_upgrade_is_rehearsed_on_the_actors_that_those_before_it_bring() {
    let (mut world, new) = network(None);
    grow(&mut world, 1);
    let store = &world.blocks;
    let manifest = Manifest::load_bundle(store, &new).unwrap();
    let mut entries = manifest.entries().to_vec();
    entries.push(("extra".to_owned(), put_code(store, wanting(28))));
    let data = store.put_cbor(&entries, Code::Blake2b256).unwrap();
    let larger = store.put_cbor(&(1u32, data), Code::Blake2b256).unwrap();
    let rehearse = || world.states.rehearse(&world.head, None, &to(new), None);
    assert_eq!(rehearse().unwrap().upgraded as u64, COUNTERS);
    let head = world.head.height();
    let version = NetworkVersion::V28;
    world
        .states
        .schedule(head, head + 5, version, to(larger))
        .unwrap();
    let error = rehearse().unwrap_err().to_string();
    assert!(error.contains("the bundle has no extra"), "{error}");
    world.states.unschedule(head + 5).unwrap();
    rehearse().unwrap();

    // One before it that would fail is named by its epoch.
    let trap = put_code(store, wanting(27));
    let bad = with(store, &new, &[(PLACE, trap)]);
    let epoch = head + 7;
    world
        .states
        .schedule(head, epoch, version, to(bad))
        .unwrap();
    let error = rehearse().unwrap_err().to_string();
    let named = format!("the migration after epoch {epoch} failed");
    assert!(error.contains(&named), "{error}");
}

#[test]
fn bundles_that_cannot_follow_are_refused() {
    let (mut world, _) = network(None);
    grow(&mut world, 1);
    let rehearse = |bundle| {
        world
            .states
            .rehearse(&world.head, None, &to(bundle), None)
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
