//! Our HAMT against `fvm_ipld_hamt`, and against damaged nodes.

use std::collections::BTreeMap;
use std::rc::Rc;

use cid::Cid;
use filigree_ipld::{Blocks, Broken, Hamt, cbor};
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_ipld_encoding::{from_slice, to_vec};
use fvm_ipld_hamt::BytesKey;
use proptest::prelude::*;

type Oracle = fvm_ipld_hamt::Hamt<Rc<MemoryBlockstore>, u64>;

#[derive(Clone, Debug)]
enum Op {
    Set(Vec<u8>, u64),
    Insert(Vec<u8>, u64),
    Remove(Vec<u8>),
    Flush,
    Reload,
}

/// Few keys, so that they meet; keys of several lengths, so that their order matters.
fn key() -> impl Strategy<Value = Vec<u8>> {
    (0..400u32).prop_map(|n| match n % 3 {
        0 => vec![n as u8],
        1 => n.to_be_bytes().to_vec(),
        _ => n.to_string().into_bytes(),
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (key(), 0..3u64).prop_map(|(key, value)| Op::Set(key, value << 20)),
        4 => (key(), 0..3u64).prop_map(|(key, value)| Op::Insert(key, value << 20)),
        12 => key().prop_map(Op::Remove),
        1 => Just(Op::Flush),
        1 => Just(Op::Reload),
    ]
}

fn encoded(value: u64) -> Vec<u8> {
    to_vec(&value).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn is_the_tree_the_oracle_makes(bits in 1..=6u32,
                                    start in prop::collection::btree_map(key(), 0..3u64, 0..300),
                                    ops in prop::collection::vec(op(), 0..300)) {
        let store = Rc::new(MemoryBlockstore::new());
        let mut model = BTreeMap::new();
        let mut ours = Hamt::new(bits);
        let mut oracle = Oracle::new_with_bit_width(Rc::clone(&store), bits);
        let fill = start.into_iter().map(|(key, value)| Op::Set(key, value));
        for op in fill.chain([Op::Reload]).chain(ops).chain([Op::Flush]) {
            match op {
                Op::Set(key, value) => {
                    ours.set(&store, &key, &encoded(value)).unwrap();
                    oracle.set(BytesKey(key.clone()), value).unwrap();
                    model.insert(key, value);
                }
                Op::Insert(key, value) => {
                    let is_new = !model.contains_key(&key);
                    prop_assert_eq!(ours.insert(&store, &key, &encoded(value)).unwrap(), is_new);
                    prop_assert_eq!(oracle.set_if_absent(BytesKey(key.clone()), value).unwrap(), is_new);
                    model.entry(key).or_insert(value);
                }
                Op::Remove(key) => {
                    let value = model.remove(&key);
                    let removed = ours.remove(&store, &key).unwrap();
                    prop_assert_eq!(removed.map(|value| value.to_vec()), value.map(encoded));
                    prop_assert_eq!(oracle.delete(&key).unwrap().map(|(_, value)| value), value);
                }
                Op::Flush | Op::Reload => {
                    let root = ours.flush(&store).unwrap();
                    prop_assert_eq!(oracle.flush().unwrap(), root);
                    if matches!(op, Op::Reload) {
                        ours = Hamt::load(&store, &root, bits).unwrap();
                        oracle = Oracle::load_with_bit_width(&root, Rc::clone(&store), bits).unwrap();
                    }
                }
            }
            prop_assert_eq!(ours.is_empty(), model.is_empty());
        }
        for key in (0..400u32).map(|n| n.to_string().into_bytes()).chain(model.keys().cloned()) {
            let value = ours.get(&store, &key).unwrap().map(|value| from_slice(value).unwrap());
            prop_assert_eq!(value, model.get(&key).copied());
        }
        let mut visited = Vec::new();
        let whole = ours.for_each_while(&store, |key, value| {
            visited.push((key.to_vec(), from_slice(value).unwrap()));
            Ok::<_, Broken<anyhow::Error>>(true)
        }).unwrap();
        let expected: Vec<_> = oracle.iter().map(|e| e.map(|(key, value)| (key.0.clone(), *value)).unwrap()).collect();
        prop_assert_eq!(&visited, &expected);
        prop_assert!(whole && visited.into_iter().collect::<BTreeMap<_, _>>() == model);
    }

    #[test]
    fn any_node_is_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..80), at in 0..200usize, byte: u8) {
        let store = Rc::new(MemoryBlockstore::new());
        let random = Blocks::write(&store, &data, None).unwrap();
        let _ = Hamt::load(&store, &random, 5);
        // A good node with one byte changed.
        let mut good = Hamt::new(5);
        for n in 0..6u8 {
            good.set(&store, &[n], &[n]).unwrap();
        }
        let root = good.flush(&store).unwrap();
        let mut bytes = store.read(&root).unwrap().unwrap().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let changed = Blocks::write(&store, &bytes, None).unwrap();
        // The oracle also reads what no map has: keys out of order, for one.
        if let Some(ours) = entries(&store, &changed) {
            let oracle = Oracle::load_with_bit_width(&changed, Rc::clone(&store), 5).unwrap();
            let read = oracle.iter().map(|entry| entry.map(|(key, value)| (key.0.clone(), *value)));
            prop_assert_eq!(ours, read.collect::<Result<Vec<_>, _>>().unwrap());
        }
        if let Ok(mut hamt) = Hamt::load(&store, &changed, 5) {
            for n in 0..6u8 {
                let _ = hamt.get(&store, &[n]);
                let _ = hamt.set(&store, &[n, n], &[n]);
                let _ = hamt.remove(&store, &[n]);
            }
            hamt.flush(&store).unwrap();
        }
    }
}

/// All that a map of numbers holds; `None` if some of it cannot be read, a value included.
fn entries(store: &MemoryBlockstore, root: &Cid) -> Option<Vec<(Vec<u8>, u64)>> {
    let mut entries = Vec::new();
    let hamt = Hamt::load(store, root, 5).ok()?;
    hamt.for_each_while(store, |key, value| {
        entries.push((key.to_vec(), from_slice(value).ok()));
        Ok::<_, Broken<anyhow::Error>>(true)
    })
    .ok()?;
    let entries = entries.into_iter();
    entries.map(|(key, value)| Some((key, value?))).collect()
}

#[test]
fn iteration_stops_when_told() {
    let store = MemoryBlockstore::new();
    let mut hamt = Hamt::new(5);
    for n in 0..100u8 {
        hamt.set(&store, &[n], &[0]).unwrap();
    }
    let mut seen = 0;
    let whole = hamt.for_each_while(&store, |_, _| {
        seen += 1;
        Ok::<_, Broken<anyhow::Error>>(seen < 40)
    });
    assert!(!whole.unwrap());
    assert_eq!(seen, 40);
}

#[test]
fn a_missing_node_is_named() {
    let (store, elsewhere) = (MemoryBlockstore::new(), MemoryBlockstore::new());
    let mut hamt = Hamt::new(5);
    for n in 0..100u8 {
        hamt.set(&elsewhere, &[n], &[0]).unwrap();
    }
    let root = hamt.flush(&elsewhere).unwrap();
    let block = elsewhere.read(&root).unwrap().unwrap();
    assert!(matches!(Hamt::load(&store, &root, 5), Err(Broken::Missing(cid)) if cid == root));
    assert_eq!(Blocks::write(&store, &block, None).unwrap(), root);
    let mut hamt = Hamt::load(&store, &root, 5).unwrap();
    let below: Vec<u8> = (0..100)
        .filter(|&n| hamt.get(&store, &[n]).is_err())
        .collect();
    assert!(below.len() > 50);
    for n in below {
        assert!(matches!(hamt.remove(&store, &[n]), Err(Broken::Missing(_))));
        assert!(matches!(
            hamt.set(&store, &[n], &[1]),
            Err(Broken::Missing(_))
        ));
    }
    assert_eq!(
        hamt.flush(&store).unwrap(),
        root,
        "what failed changed nothing"
    );
}

#[test]
fn a_node_wider_than_its_map_is_refused() {
    let store = MemoryBlockstore::new();
    let mut wide = Hamt::new(5);
    for n in 0..100u8 {
        wide.set(&store, &[n], &[0]).unwrap();
    }
    let root = wide.flush(&store).unwrap();
    assert!(matches!(
        Hamt::load(&store, &root, 2),
        Err(Broken::Malformed(..))
    ));
    // An empty node is a root, and nothing else.
    let empty = Blocks::write(&store, &[0x82, 0x40, 0x80], None).unwrap();
    assert!(Hamt::load(&store, &empty, 5).unwrap().is_empty());
    let mut block = vec![0x82, 0x41, 0x01, 0x81];
    cbor::put_cid(&mut block, &empty);
    let root = Blocks::write(&store, &block, None).unwrap();
    let hamt = Hamt::load(&store, &root, 1).unwrap();
    let refused = (0..10u8)
        .filter(|&n| hamt.get(&store, &[n]).is_err())
        .count();
    assert!(refused > 0);
}
