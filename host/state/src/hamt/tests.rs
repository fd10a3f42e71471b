//! Our HAMT against `fvm_ipld_hamt`, and against damaged nodes.

use std::collections::BTreeMap;
use std::rc::Rc;

use fvm_ipld_blockstore::{Blockstore, MemoryBlockstore};
use fvm_ipld_encoding::{CBOR, DAG_CBOR, IPLD_RAW};
use fvm_ipld_hamt::BytesKey;
use multihash_codetable::{Code, MultihashDigest};
use proptest::prelude::*;

use super::*;

type Oracle = fvm_ipld_hamt::Hamt<Rc<WriteBuffer>, u64>;

fn hash(key: &[u8]) -> [u8; 32] {
    Nodes(&buffer()).sha256(key)
}

fn buffer() -> Rc<WriteBuffer> {
    Rc::new(WriteBuffer::new(Box::new(MemoryBlockstore::new())))
}

#[derive(Clone, Debug)]
enum Op {
    Set(Vec<u8>, u64),
    Delete(Vec<u8>),
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
        12 => (key(), 0..3u64).prop_map(|(key, value)| Op::Set(key, value << 20)),
        12 => key().prop_map(Op::Delete),
        1 => Just(Op::Flush),
        1 => Just(Op::Reload),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn is_the_tree_the_oracle_makes(start in prop::collection::btree_map(key(), 0..3u64, 0..300),
                                    ops in prop::collection::vec(op(), 0..300)) {
        let store = buffer();
        let mut model = BTreeMap::new();
        let mut ours = Hamt::new();
        let mut oracle = Oracle::new_with_bit_width(Rc::clone(&store), 5);
        let fill = start.into_iter().map(|(key, value)| Op::Set(key, value));
        for op in fill.chain([Op::Reload]).chain(ops).chain([Op::Flush]) {
            match op {
                Op::Set(key, value) => {
                    ours.set(&store, &key, &value).unwrap();
                    oracle.set(BytesKey(key.clone()), value).unwrap();
                    model.insert(key, value);
                }
                Op::Delete(key) => {
                    let there = model.remove(&key).is_some();
                    prop_assert_eq!(ours.delete(&store, &key).unwrap(), there);
                    prop_assert_eq!(oracle.delete(&key).unwrap().is_some(), there);
                }
                Op::Flush | Op::Reload => {
                    let root = ours.flush(&store);
                    prop_assert_eq!(oracle.flush().unwrap(), root);
                    if matches!(op, Op::Reload) {
                        ours = Hamt::load(&store, &root).unwrap();
                        oracle = Oracle::load_with_bit_width(&root, Rc::clone(&store), 5).unwrap();
                    }
                }
            }
        }
        for key in (0..400u32).map(|n| n.to_string().into_bytes()).chain(model.keys().cloned()) {
            prop_assert_eq!(ours.get(&store, &key).unwrap(), model.get(&key).copied());
        }
        let mut all = BTreeMap::new();
        ours.for_each(&store, |key, value: u64| {
            all.insert(key.to_vec(), value);
            Ok(())
        }).unwrap();
        prop_assert_eq!(all, model);
    }

    #[test]
    fn any_node_is_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..80), at in 0..200usize, byte: u8) {
        let store = buffer();
        let random = store.write_dag_cbor(data, None);
        let _ = Hamt::load(&store, &random);
        // A good node with one byte changed.
        let mut good = Hamt::new();
        for n in 0..6u8 {
            good.set(&store, &[n], &n).unwrap();
        }
        let root = good.flush(&store);
        let mut bytes = store.read(&root).unwrap().unwrap().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let changed = store.write_dag_cbor(bytes, None);
        if let Ok(mut hamt) = Hamt::load(&store, &changed) {
            for n in 0..6u8 {
                let _ = hamt.get::<u8>(&store, &[n]);
                let _ = hamt.set(&store, &[n, n], &n);
                let _ = hamt.delete(&store, &[n]);
            }
            hamt.flush(&store);
        }
    }
}

#[test]
fn a_root_that_did_not_change_keeps_its_cid_and_is_not_written() {
    let store = buffer();
    let mut hamt = Hamt::new();
    for n in 0..50u64 {
        hamt.set(&store, &n.to_be_bytes(), &n).unwrap();
    }
    let root = hamt.flush(&store);
    store.flush(&root).unwrap();
    let mut hamt = Hamt::load(&store, &root).unwrap();
    hamt.set(&store, &7u64.to_be_bytes(), &7u64).unwrap();
    assert!(!hamt.delete(&store, b"nothing").unwrap());
    assert_eq!(hamt.flush(&store), root);
    assert!(store.is_empty());
}

#[test]
fn deletion_gives_the_tree_that_was() {
    let store = buffer();
    let mut hamt = Hamt::new();
    let mut roots = vec![hamt.flush(&store)];
    for n in 0..200u64 {
        hamt.set(&store, &n.to_be_bytes(), &n).unwrap();
        roots.push(hamt.flush(&store));
    }
    for n in (0..200u64).rev() {
        roots.pop();
        assert!(hamt.delete(&store, &n.to_be_bytes()).unwrap());
        assert_eq!(hamt.flush(&store), *roots.last().unwrap(), "{n}");
    }
}

#[test]
fn values_may_hold_links() {
    let base = Rc::new(MemoryBlockstore::new());
    let store = WriteBuffer::new(Box::new(Rc::clone(&base)));
    let mut hamt = Hamt::new();
    let linked: Vec<Cid> = (0..100u64)
        .map(|n| store.write_dag_cbor(n.to_be_bytes().to_vec(), Some(Rc::default())))
        .collect();
    for (n, cid) in linked.iter().enumerate() {
        hamt.set(&store, &n.to_be_bytes(), cid).unwrap();
    }
    let root = hamt.flush(&store);
    store.flush(&root).unwrap();
    for cid in linked {
        assert!(base.has(&cid).unwrap());
    }
    assert_eq!(
        Hamt::load(&WriteBuffer::new(Box::new(base)), &root)
            .unwrap()
            .get::<Cid>(&store, &3usize.to_be_bytes())
            .unwrap(),
        Some(store.write_dag_cbor(3u64.to_be_bytes().to_vec(), None))
    );
}

#[test]
fn damaged_nodes_are_refused() {
    const CID: [u8; 38] = {
        let mut cid = [7; 38];
        let head = [1, DAG_CBOR as u8, 0xa0, 0xe4, 0x02, 0x20];
        let mut at = 0;
        while at < head.len() {
            cid[at] = head[at];
            at += 1;
        }
        cid
    };
    let link = |cid: &[u8]| [&[0xd8, 42, 0x58, cid.len() as u8 + 1, 0], cid].concat();
    let raw_link = link(&[&[1, IPLD_RAW as u8], &CID[2..]].concat());
    let long_link = link(&[&CID[..], &[0]].concat());
    let one = |pointer: &[u8]| [&[0x82, 0x41, 0x01, 0x81], pointer].concat();
    let bucket =
        |entries: &[&[u8]]| one(&[&[0x80 | entries.len() as u8], &entries.concat()[..]].concat());
    let entry = |key: u8| [0x82, 0x41, key, 0x00];
    let [a, b, c, d] = [1, 2, 3, 4].map(entry);
    let cases: Vec<(Vec<u8>, bool)> = vec![
        (vec![0x82, 0x40, 0x80], true),
        (bucket(&[&a]), true),
        (bucket(&[&a, &b, &c]), true),
        (one(&link(&CID)), true),
        (vec![0x82, 0x42, 0x00, 0x00, 0x80], true),
        (vec![], false),
        (vec![0x80], false),
        (vec![0x82, 0x40], false),
        (vec![0x82, 0x40, 0x80, 0x00], false),
        (vec![0x82, 0x41, 0x01, 0x80], false),
        (
            vec![
                0x82, 0x40, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ],
            false,
        ),
        (
            vec![
                0x82, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80,
            ],
            false,
        ),
        (bucket(&[]), false),
        (bucket(&[&a, &b, &c, &d]), false),
        (bucket(&[&b, &a]), false),
        (bucket(&[&a, &a]), false),
        (bucket(&[&[0x81, 0x41, 1]]), false),
        (bucket(&[&[0x82, 0x61, b'a', 0]]), false),
        (bucket(&[&[0x82, 0x41, 1]]), false),
        (bucket(&[&[0x82, 0x41, 1, 0x9f, 0xff]]), false),
        (one(&raw_link), false),
        (one(&long_link), true),
        // A 33rd bit, which no key leads to.
        (
            [&[0x82, 0x45, 1, 0, 0, 0, 0, 0x81, 0x81][..], &a].concat(),
            true,
        ),
        (one(&[0xd8, 42, 0x41, 0]), false),
        (one(&[0x01]), false),
    ];
    let store = buffer();
    for (bytes, good) in cases {
        let cid = store.write_dag_cbor(bytes.clone(), None);
        let loaded = Hamt::load(&store, &cid);
        assert_eq!(loaded.is_ok(), good, "{bytes:x?}");
        let oracle = Oracle::load_with_bit_width(&cid, Rc::clone(&store), 5);
        assert_eq!(oracle.is_ok(), good, "the oracle: {bytes:x?}");
    }
}

#[test]
fn damaged_trees_are_refused() {
    let store = buffer();
    let key = [1u8];
    let bit = hash(&key)[0] >> 3;
    let bits = (1u32 << bit).to_be_bytes();
    let over = |child: &Cid| {
        let mut bytes = vec![0x82, 0x44];
        bytes.extend(bits);
        bytes.push(0x81);
        filigree_ipld::cbor::put_cid(&mut bytes, child);
        // The shortest form, as the format wants it.
        let zeros = (1u32 << bit).leading_zeros() as usize / 8;
        bytes.drain(2..2 + zeros);
        bytes[1] -= zeros as u8;
        store.write_dag_cbor(bytes, None)
    };
    let load = |root: &Cid| Hamt::load(&store, root).unwrap();

    let empty = store.write_dag_cbor(vec![0x82, 0x40, 0x80], None);
    let hamt = load(&over(&empty));
    let read = hamt.get::<u8>(&store, &key);
    assert!(
        matches!(read, Err(HamtError::MalformedNode { cid, .. }) if cid == empty),
        "{read:?}"
    );

    let missing = Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(b"missing"));
    let mut hamt = load(&over(&missing));
    assert!(
        matches!(hamt.get::<u8>(&store, &key), Err(HamtError::MissingNode(cid)) if cid == missing)
    );
    assert!(hamt.set(&store, &key, &1u8).is_err());
    assert!(hamt.delete(&store, &key).is_err());
    assert!(hamt.for_each(&store, |_, _: u8| Ok(())).is_err());

    // A node so small that it should be a bucket of its parent.
    let bit = ((u16::from_be_bytes([hash(&key)[0], hash(&key)[1]]) << 5) >> 11) as u32;
    let mut lone = vec![0x82];
    let field = (1u32 << bit).to_be_bytes();
    let field = &field[(1u32 << bit).leading_zeros() as usize / 8..];
    lone.push(0x40 | field.len() as u8);
    lone.extend(field);
    lone.extend([0x81, 0x81, 0x82, 0x41, key[0], 0x05]);
    let lone = store.write_dag_cbor(lone, None);
    let mut hamt = load(&over(&lone));
    assert_eq!(hamt.get::<u8>(&store, &key).unwrap(), Some(5));
    assert!(hamt.get::<String>(&store, &key).is_err());
    assert!(matches!(
        hamt.delete(&store, &key),
        Err(HamtError::EmptyNode)
    ));

    let as_cbor = Cid::new_v1(CBOR, *empty.hash());
    WriteBuffer::write(&store, as_cbor, Rc::from([0x82, 0x40, 0x80]), None);
    assert!(Hamt::load(&store, &as_cbor).is_ok());
    let as_raw = Cid::new_v1(IPLD_RAW, *empty.hash());
    WriteBuffer::write(&store, as_raw, Rc::from([0x82, 0x40, 0x80]), None);
    assert!(Hamt::load(&store, &as_raw).is_err());
}
