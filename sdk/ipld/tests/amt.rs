//! Our AMT against `fvm_ipld_amt`, and against damaged nodes.

use std::collections::BTreeMap;
use std::rc::Rc;

use cid::Cid;
use filigree_ipld::{Amt, Blocks, Broken};
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_ipld_encoding::{from_slice, to_vec};
use proptest::prelude::*;

type Oracle = fvm_ipld_amt::Amt<u64, Rc<MemoryBlockstore>>;

#[derive(Clone, Debug)]
enum Op {
    Set(u64, u64),
    Remove(u64),
    Flush,
    Reload,
}

/// Dense low indexes, and some at all heights.
fn index() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0..200u64,
        2 => 0..20_000u64,
        1 => (0..64u32, 0..3u64).prop_map(|(shift, more)| (1u64 << shift).saturating_add(more).min(u64::MAX - 1)),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (index(), 0..3u64).prop_map(|(index, value)| Op::Set(index, value << 20)),
        12 => index().prop_map(Op::Remove),
        1 => Just(Op::Flush),
        1 => Just(Op::Reload),
    ]
}

fn encoded(value: u64) -> Vec<u8> {
    to_vec(&value).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn is_the_tree_the_oracle_makes(bits in 1..=6u32, ops in prop::collection::vec(op(), 0..300), empty: bool, from in index()) {
        let store = Rc::new(MemoryBlockstore::new());
        let mut model = BTreeMap::new();
        let mut ours = Amt::new(bits);
        let mut oracle = Oracle::new_with_bit_width(Rc::clone(&store), bits);
        let sets: Vec<u64> = ops.iter().filter_map(|op| match op {
            Op::Set(index, _) => Some(*index),
            _ => None,
        }).collect();
        // Sometimes take all out again.
        let end = sets.iter().filter(|_| empty).map(|index| Op::Remove(*index));
        for op in ops.iter().cloned().chain([Op::Reload]).chain(end).chain([Op::Flush]) {
            match op {
                Op::Set(index, value) => {
                    ours.set(&store, index, &encoded(value)).unwrap();
                    oracle.set(index, value).unwrap();
                    model.insert(index, value);
                }
                Op::Remove(index) => {
                    let value = model.remove(&index);
                    let removed = ours.remove(&store, index).unwrap();
                    prop_assert_eq!(removed.map(|value| value.to_vec()), value.map(encoded));
                    prop_assert_eq!(oracle.delete(index).unwrap(), value);
                }
                Op::Flush | Op::Reload => {
                    let root = ours.flush(&store).unwrap();
                    prop_assert_eq!(oracle.flush().unwrap(), root);
                    if matches!(op, Op::Reload) {
                        ours = Amt::load(&store, &root).unwrap();
                        oracle = Oracle::load(&root, Rc::clone(&store)).unwrap();
                    }
                }
            }
            prop_assert_eq!(ours.count(), model.len() as u64);
        }
        prop_assert_eq!(ours.bits(), bits);
        for index in (0..300).chain(sets) {
            let value = ours.get(&store, index).unwrap().map(|value| from_slice(value).unwrap());
            prop_assert_eq!(value, model.get(&index).copied());
        }
        for start in [0, from] {
            let mut visited = Vec::new();
            let whole = ours.for_each_while(&store, start, |index, value| {
                visited.push((index, from_slice(value).unwrap()));
                Ok::<_, Broken<anyhow::Error>>(true)
            }).unwrap();
            let expected: Vec<(u64, u64)> = model.range(start..).map(|(index, value)| (*index, *value)).collect();
            prop_assert!(whole);
            prop_assert_eq!(visited, expected);
        }
    }

    #[test]
    fn any_node_is_read_or_refused(data in prop::collection::vec(any::<u8>(), 0..80), at in 0..200usize, byte: u8, leaf: bool) {
        let store = Rc::new(MemoryBlockstore::new());
        let random = Blocks::write(&store, &data, None).unwrap();
        let _ = Amt::load(&store, &random);
        // A good root with one byte changed.
        let mut good = Amt::new(3);
        for n in 0..if leaf { 6u8 } else { 20 } {
            good.set(&store, n.into(), &[n]).unwrap();
        }
        let root = good.flush(&store).unwrap();
        let mut bytes = store.read(&root).unwrap().unwrap().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let changed = Blocks::write(&store, &bytes, None).unwrap();
        // The oracle also reads values above the height of leaves, and panics on links at it; no array has either.
        if let Some(ours) = entries(&store, &changed) {
            let oracle = Oracle::load(&changed, Rc::clone(&store)).unwrap();
            let mut read = Vec::new();
            oracle.for_each(|index, value| { read.push((index, *value)); Ok(()) }).unwrap();
            prop_assert_eq!(ours, read);
        }
        if let Ok(mut amt) = Amt::load(&store, &changed) {
            for n in 0..20u8 {
                let _ = amt.get(&store, n.into());
                let _ = amt.set(&store, u64::from(n) * 7, &[n]);
                let _ = amt.remove(&store, n.into());
            }
            let _ = amt.for_each_while(&store, 3, |_, _| Ok::<_, Broken<anyhow::Error>>(true));
            amt.flush(&store).unwrap();
        }
    }
}

/// All that an array of numbers holds; `None` if some of it cannot be read, a value included.
fn entries(store: &MemoryBlockstore, root: &Cid) -> Option<Vec<(u64, u64)>> {
    let mut entries = Vec::new();
    let amt = Amt::load(store, root).ok()?;
    amt.for_each_while(store, 0, |index, value| {
        entries.push((index, from_slice(value).ok()));
        Ok::<_, Broken<anyhow::Error>>(true)
    })
    .ok()?;
    let entries = entries.into_iter();
    entries
        .map(|(index, value)| Some((index, value?)))
        .collect()
}

#[test]
fn iteration_stops_when_told() {
    let store = MemoryBlockstore::new();
    let mut amt = Amt::new(3);
    for n in 0..100 {
        amt.set(&store, n, &[0]).unwrap();
    }
    let mut seen = Vec::new();
    let whole = amt.for_each_while(&store, 17, |index, _| {
        seen.push(index);
        Ok::<_, Broken<anyhow::Error>>(seen.len() < 5)
    });
    assert!(!whole.unwrap());
    assert_eq!(seen, [17, 18, 19, 20, 21]);
}

#[test]
fn indexes_end_where_counts_do() {
    let store = MemoryBlockstore::new();
    let mut amt = Amt::new(6);
    assert!(matches!(
        amt.set(&store, u64::MAX, &[0]),
        Err(Broken::OutOfRange(u64::MAX))
    ));
    assert!(matches!(
        amt.get(&store, u64::MAX),
        Err(Broken::OutOfRange(u64::MAX))
    ));
    amt.set(&store, u64::MAX - 1, &[0]).unwrap();
    assert_eq!(amt.get(&store, u64::MAX - 1).unwrap(), Some(&[0][..]));
}

#[test]
fn what_fails_for_a_missing_node_changes_nothing() {
    let (store, elsewhere) = (MemoryBlockstore::new(), MemoryBlockstore::new());
    let mut amt = Amt::new(3);
    for n in 0..100 {
        amt.set(&elsewhere, n, &[0]).unwrap();
    }
    let root = amt.flush(&elsewhere).unwrap();
    assert!(matches!(Amt::load(&store, &root), Err(Broken::Missing(cid)) if cid == root));
    let block = elsewhere.read(&root).unwrap().unwrap();
    assert_eq!(Blocks::write(&store, &block, None).unwrap(), root);
    let mut amt = Amt::load(&store, &root).unwrap();
    for n in 0..100 {
        assert!(matches!(amt.remove(&store, n), Err(Broken::Missing(_))));
        assert!(matches!(amt.set(&store, n, &[1]), Err(Broken::Missing(_))));
    }
    assert_eq!(amt.flush(&store).unwrap(), root);
}

/// Counts what is read.
#[derive(Default)]
struct Counting {
    blocks: MemoryBlockstore,
    reads: std::cell::Cell<usize>,
}

impl fvm_ipld_blockstore::Blockstore for Counting {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        self.reads.set(self.reads.get() + 1);
        fvm_ipld_blockstore::Blockstore::get(&self.blocks, cid)
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> anyhow::Result<()> {
        fvm_ipld_blockstore::Blockstore::put_keyed(&self.blocks, cid, block)
    }
}

#[test]
fn nodes_of_a_queue_are_read_once() {
    let store = Counting::default();
    let mut amt = Amt::new(3);
    // As in queues by epoch: few values, all far from 0.
    let keys = [5_000_000u64, 5_002_880, 5_005_760];
    for key in keys {
        amt.set(&store, key, &encoded(key)).unwrap();
    }
    let root = amt.flush(&store).unwrap();
    let mut amt = Amt::load(&store, &root).unwrap();
    let visit = |_, _: &[u8]| Ok::<_, Broken<_>>(true);
    amt.for_each_while(&store, 0, visit).unwrap();
    let reads = store.reads.get();
    for key in keys {
        amt.remove(&store, key).unwrap();
    }
    assert!(reads > 8, "{reads}");
    assert_eq!(store.reads.get(), reads);
}
