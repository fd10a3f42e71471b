//! Tests of maps, arrays and links: made by the network's own crates, read here; what is missing is said, what is
//! hostile is refused.

use std::cell::RefCell;
use std::collections::BTreeMap;

use cid::Cid;
use fvm_ipld_amt::Amt;
use fvm_ipld_blockstore::{Block, Blockstore, MemoryBlockstore};
use fvm_ipld_encoding::{CborStore, to_vec};
use fvm_ipld_hamt::{BytesKey, Hamt};
use fvm_shared::address::Address;
use multihash_codetable::Code;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::sample::cborish;
use crate::{DeepValue, Limits, Type, ValueError, hex};

fn ty(json: &str) -> Type {
    serde_json::from_str(json).unwrap()
}

fn deep(
    ty: &Type,
    root: &Cid,
    store: &MemoryBlockstore,
    limits: Limits,
) -> Result<DeepValue, ValueError> {
    ty.decode_deep(&to_vec(root).unwrap(), store, limits)
}

fn map(store: &MemoryBlockstore, bits: u32, entries: &[(Vec<u8>, u64)]) -> Cid {
    let mut hamt: Hamt<_, u64, BytesKey> = Hamt::new_with_bit_width(store, bits);
    for (key, value) in entries {
        hamt.set(BytesKey(key.clone()), *value).unwrap();
    }
    hamt.flush().unwrap()
}

fn array(store: &MemoryBlockstore, bits: u32, entries: &[(u64, u64)]) -> Cid {
    let mut amt = Amt::new_with_bit_width(store, bits);
    for (index, value) in entries {
        amt.set(*index, *value).unwrap();
    }
    amt.flush().unwrap()
}

fn put(store: &MemoryBlockstore, bytes: &[u8]) -> Cid {
    store
        .put(Code::Blake2b256, &Block::new(0x71, bytes))
        .unwrap()
}

#[test]
fn shows_maps_by_key() {
    let store = MemoryBlockstore::new();
    let balances = ty(r#"{"map":{"key":"address","value":"u64","bits":5}}"#);
    let entries: Vec<_> = (0..200)
        .map(|id| (Address::new_id(id).to_bytes(), id * 10))
        .collect();
    let root = map(&store, 5, &entries);
    let shown = deep(&balances, &root, &store, Limits::default()).unwrap();
    assert_eq!(shown.notes, []);
    let expected: BTreeMap<String, u64> = (0..200).map(|id| (format!("f0{id}"), id * 10)).collect();
    assert_eq!(shown.value.to_string(), json!(expected).to_string());

    let by_id = ty(r#"{"map":{"key":"actor_id","value":"u64","bits":3}}"#);
    let entries: Vec<_> = [1, 9, 10, 300]
        .iter()
        .map(|id| (Address::new_id(*id).payload_bytes(), *id))
        .collect();
    let root = map(&store, 3, &entries);
    let shown = deep(&by_id, &root, &store, Limits::default()).unwrap();
    assert_eq!(
        shown.value.to_string(),
        r#"{"1":1,"9":9,"10":10,"300":300}"#
    );
    let empty = map(&store, 3, &[]);
    assert_eq!(
        deep(&by_id, &empty, &store, Limits::default())
            .unwrap()
            .value,
        json!({})
    );
}

#[test]
fn shows_arrays_in_order() {
    let store = MemoryBlockstore::new();
    let sectors = ty(r#"{"array":{"value":"u64","bits":3}}"#);
    let entries: Vec<_> = [0, 1, 7, 8, 511, 512, 1 << 40]
        .iter()
        .map(|at| (*at, at + 1))
        .collect();
    let root = array(&store, 3, &entries);
    let shown = deep(&sectors, &root, &store, Limits::default()).unwrap();
    assert_eq!(shown.value, json!(entries));
    assert_eq!(shown.notes, []);
    let empty = array(&store, 3, &[]);
    assert_eq!(
        deep(&sectors, &empty, &store, Limits::default())
            .unwrap()
            .value,
        json!([])
    );
}

#[test]
fn shows_what_is_behind_links() {
    let store = MemoryBlockstore::new();
    let inner = map(&store, 5, &[(b"a".to_vec(), 1)]);
    let outer = store.put_cbor(&(7_u64, inner), Code::Blake2b256).unwrap();
    let linked = ty(
        r#"{"link":{"tuple":{"name":"S","fields":[{"name":"n","type":"u64"},{"name":"m","type":{"map":{"key":"string","value":"u64","bits":5}}}]}}}"#,
    );
    let shown = deep(&linked, &outer, &store, Limits::default()).unwrap();
    assert_eq!(shown.value, json!({ "n": 7, "m": { "a": 1 } }));

    let wrong = ty(r#"{"link":{"map":{"key":"string","value":"string","bits":5}}}"#);
    let root = store.put_cbor(&inner, Code::Blake2b256).unwrap();
    let error = deep(&wrong, &root, &store, Limits::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        r#"value["a"]: found the integer 1 (at byte 11); string is a text string"#
    );
    let wrong = ty(r#"{"map":{"key":"address","value":"u64","bits":5}}"#);
    let error = deep(&wrong, &inner, &store, Limits::default())
        .unwrap_err()
        .to_string();
    assert_eq!(error, "value: found the key 0x61; its keys are address");
}

#[test]
fn says_what_is_left_out() {
    let store = MemoryBlockstore::new();
    let by_id = ty(r#"{"map":{"key":"actor_id","value":"u64","bits":5}}"#);
    let entries: Vec<_> = (0..100)
        .map(|id| (Address::new_id(id).payload_bytes(), id))
        .collect();
    let root = map(&store, 5, &entries);
    let few = Limits {
        entries: 10,
        ..Limits::default()
    };
    let shown = deep(&by_id, &root, &store, few).unwrap();
    assert_eq!(shown.value.as_object().unwrap().len(), 10);
    assert_eq!(
        shown.notes[0].to_string(),
        "value: only 10 entries are shown"
    );
    // Exactly all of them is not cut.
    let exact = Limits {
        entries: 100,
        ..Limits::default()
    };
    assert_eq!(deep(&by_id, &root, &store, exact).unwrap().notes, []);

    let list = ty(r#"{"list":{"array":{"value":"u64","bits":3}}}"#);
    let entries: Vec<_> = (0..100).map(|at| (at, at)).collect();
    let bytes = to_vec(&[array(&store, 3, &entries), Cid::default(), root]).unwrap();
    let error = list
        .decode_deep(&bytes, &store, few)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("value[2]: found an array of 2 (at byte 0)")
            || error.starts_with("value[2]: found"),
        "{error}"
    );
    let bytes = to_vec(&[
        array(&store, 3, &entries),
        put(&MemoryBlockstore::new(), b"\x05"),
        Cid::default(),
    ])
    .unwrap();
    let shown = list.decode_deep(&bytes, &store, few).unwrap();
    assert_eq!(shown.value[0].as_array().unwrap().len(), 10);
    let notes: Vec<String> = shown.notes.iter().map(ToString::to_string).collect();
    assert_eq!(notes[0], "value[0]: only 10 of 100 entries are shown");
    assert!(
        notes[1].starts_with("value[1]: bafy2") && notes[1].ends_with(" is not in the store"),
        "{notes:?}"
    );
    assert!(
        notes[2].ends_with(" is no DAG-CBOR and was not read"),
        "{notes:?}"
    );

    let small = Limits {
        bytes: 600,
        ..Limits::default()
    };
    let shown = deep(&by_id, &root, &store, small).unwrap();
    assert!(
        shown.notes[0]
            .text
            .ends_with("the limit of 600 bytes of blocks is reached"),
        "{:?}",
        shown.notes
    );
}

/// A store that fails, and one whose every block is the same.
struct Bad(Option<Vec<u8>>, RefCell<usize>);

impl Blockstore for Bad {
    fn get(&self, _: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        *self.1.borrow_mut() += 1;
        self.0
            .clone()
            .map(Some)
            .ok_or_else(|| anyhow::anyhow!("disk on fire"))
    }

    fn put_keyed(&self, _: &Cid, _: &[u8]) -> anyhow::Result<()> {
        Ok(())
    }
}

#[test]
fn hostile_stores_are_bounded() {
    let cid = put(&MemoryBlockstore::new(), b"x");
    let bytes = to_vec(&cid).unwrap();
    let map = ty(r#"{"map":{"key":"string","value":"u8","bits":1}}"#);
    let array = ty(r#"{"array":{"value":"u8","bits":3}}"#);
    let store = Bad(None, RefCell::default());
    let error = map
        .decode_deep(&bytes, &store, Limits::default())
        .unwrap_err()
        .to_string();
    assert!(error.contains("disk on fire"), "{error}");

    // A node that holds itself.
    let node = to_vec(&(fvm_ipld_encoding::BytesDe(vec![1]), [cid])).unwrap();
    let store = Bad(Some(node), RefCell::default());
    let error = map
        .decode_deep(&bytes, &store, Limits::default())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("more levels than a hash has bits"),
        "{error}"
    );
    // Twice itself: 2^256 nodes, or as many as the limit lets pass.
    let node = to_vec(&(fvm_ipld_encoding::BytesDe(vec![3]), [cid, cid])).unwrap();
    let store = Bad(Some(node), RefCell::default());
    let limits = Limits {
        bytes: 1 << 16,
        ..Limits::default()
    };
    assert!(map.decode_deep(&bytes, &store, limits).is_err());
    assert!(*store.1.borrow() <= (1 << 16) / 256);

    // A root that asks for 2^60 slots.
    for root in [
        "0x84183c0000834000808080",
        "0x840318400083410080",
        "0x8403181500834101808105",
        "0x8403ff",
        "0x84030000834102808105",
        "0x8403000083410182d82ad82a80",
    ] {
        let store = Bad(Some(hex::parse(root).unwrap()), RefCell::default());
        let error = array.decode_deep(&bytes, &store, Limits::default());
        let is_good = root == "0x84030000834102808105";
        assert_eq!(error.is_ok(), is_good, "{root}: {error:?}");
    }
    let link = ty(&format!(
        "{}\"u8\"{}",
        r#"{"link":"#.repeat(60),
        "}".repeat(60)
    ));
    let store = Bad(Some(bytes.clone()), RefCell::default());
    assert!(link.decode_deep(&bytes, &store, Limits::default()).is_err());
}

proptest! {
    #[test]
    fn random_maps_are_shown(keys: BTreeMap<String, u64>, bits in 1..=8_u32) {
        let store = MemoryBlockstore::new();
        let entries: Vec<_> = keys.iter().map(|(key, value)| (key.clone().into_bytes(), *value)).collect();
        let root = map(&store, bits, &entries);
        let strings = Type::Map { key: Box::new(Type::String), value: Box::new(Type::U64), bits };
        let shown = deep(&strings, &root, &store, Limits::default()).unwrap();
        let expected = keys.into_iter().map(|(key, value)| (key, crate::number::print(value.into())));
        prop_assert_eq!(shown.value, Value::Object(expected.collect()));
    }

    #[test]
    fn random_arrays_are_shown(items: BTreeMap<u32, u32>, shift in 0..30_u32, bits in 1..=6_u32) {
        let store = MemoryBlockstore::new();
        let entries: Vec<_> = items.iter().map(|(at, value)| (u64::from(*at) << shift, u64::from(*value))).collect();
        let root = array(&store, bits, &entries);
        let numbers = Type::Array { value: Box::new(Type::U64), bits };
        let shown = deep(&numbers, &root, &store, Limits::default()).unwrap();
        let expected: Vec<Value> = entries.iter().map(|(at, value)| json!([crate::number::print((*at).into()), value])).collect();
        prop_assert_eq!(shown.value, Value::from(expected));
    }

    #[test]
    fn random_blocks_do_no_harm(block in cborish(), (ty, value) in crate::sample::typed_values()) {
        let bytes = ty.encode_json(&value).unwrap();
        let store = Bad(Some(block), RefCell::default());
        let limits = Limits { bytes: 1 << 16, ..Limits::default() };
        let _ = ty.decode_deep(&bytes, &store, limits);
    }
}
