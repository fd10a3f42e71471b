//! The tree against a plain model, and the corners of transactions and lookups.

use std::collections::BTreeMap;

use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_ipld_encoding::IPLD_RAW;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{EMPTY_ARR_CID, HAMT_BIT_WIDTH};
use multihash_codetable::{Code, MultihashDigest};
use proptest::prelude::*;

use super::*;
use crate::address_book::InitState;

type Oracle = fvm_ipld_hamt::Hamt<Rc<WriteBuffer>, ActorState>;

fn actor(n: u64) -> ActorState {
    let code = Cid::new_v1(IPLD_RAW, Code::Blake2b256.digest(&[1]));
    let delegated = (n % 2 == 1).then(|| Address::new_delegated(10, &n.to_be_bytes()).unwrap());
    ActorState::new(code, EMPTY_ARR_CID, TokenAmount::from_atto(n), n, delegated)
}

fn address(n: u64) -> Address {
    Address::new_actor(&n.to_be_bytes())
}

fn buffer() -> Rc<WriteBuffer> {
    Rc::new(WriteBuffer::new(Box::new(MemoryBlockstore::new())))
}

/// A tree with an init actor.
fn new() -> StateTree {
    let mut tree = StateTree::new(buffer()).unwrap();
    let init = InitState::new(tree.store(), "test").unwrap();
    let mut actor = actor(0);
    actor.state = save(tree.store(), &init, "").unwrap();
    tree.set_actor(INIT_ACTOR_ID, actor);
    tree
}

fn all(tree: &StateTree) -> BTreeMap<ActorID, ActorState> {
    let mut all = BTreeMap::new();
    tree.for_each(|id, actor| {
        assert!(all.insert(id, actor.clone()).is_none(), "f0{id} came twice");
    })
    .unwrap();
    all
}

#[derive(Clone, Debug)]
enum Op {
    Get(ActorID),
    Set(ActorID, u64),
    Delete(ActorID),
    Lookup(u64),
    Register(u64),
    Begin,
    End(bool),
    /// Closes all transactions, flushes, and reads everything anew if told so.
    Flush(bool),
}

fn op() -> impl Strategy<Value = Op> {
    let id = 2..40u64;
    prop_oneof![
        4 => id.clone().prop_map(Op::Get),
        6 => (id.clone(), 0..4u64).prop_map(|(id, n)| Op::Set(id, n)),
        3 => id.prop_map(Op::Delete),
        4 => (0..12u64).prop_map(Op::Lookup),
        3 => (0..12u64).prop_map(Op::Register),
        4 => Just(Op::Begin),
        4 => any::<bool>().prop_map(Op::End),
        1 => any::<bool>().prop_map(Op::Flush),
    ]
}

#[derive(Clone, Default)]
struct Model {
    actors: BTreeMap<ActorID, ActorState>,
    ids: BTreeMap<u64, ActorID>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn does_what_a_stack_of_maps_does(ops in prop::collection::vec(op(), 0..120)) {
        let mut tree = new();
        let mut now = Model::default();
        let mut saved: Vec<Model> = Vec::new();
        for op in ops.into_iter().chain([Op::Flush(true)]) {
            match op {
                Op::Get(id) => prop_assert_eq!(tree.get_actor(id).unwrap(), now.actors.get(&id).cloned()),
                Op::Set(id, n) => {
                    tree.set_actor(id, actor(n));
                    now.actors.insert(id, actor(n));
                }
                Op::Delete(id) => {
                    tree.delete_actor(id);
                    now.actors.remove(&id);
                }
                Op::Lookup(n) => {
                    prop_assert_eq!(tree.lookup_id(&address(n)).unwrap(), now.ids.get(&n).copied());
                }
                Op::Register(n) => if !now.ids.contains_key(&n) {
                    let id = tree.register_new_address(&address(n)).unwrap();
                    prop_assert_eq!(id, 100 + now.ids.len() as u64);
                    now.ids.insert(n, id);
                },
                Op::Begin => {
                    tree.begin_transaction();
                    saved.push(now.clone());
                }
                Op::End(revert) => match saved.pop() {
                    Some(before) => {
                        tree.end_transaction(revert).unwrap();
                        if revert {
                            now = before;
                        }
                    }
                    None => prop_assert!(tree.end_transaction(revert).is_err()),
                },
                Op::Flush(reload) => {
                    prop_assert_eq!(tree.flush().is_err(), !saved.is_empty());
                    while saved.pop().is_some() {
                        tree.end_transaction(false).unwrap();
                    }
                    let root = tree.flush().unwrap();
                    let store = Rc::clone(tree.store());
                    let init = tree.get_actor(INIT_ACTOR_ID).unwrap().unwrap();
                    // The tree is the one the oracle makes of the same actors.
                    let mut oracle = Oracle::new_with_bit_width(Rc::clone(&store), HAMT_BIT_WIDTH);
                    oracle.set(key(INIT_ACTOR_ID).into(), init.clone()).unwrap();
                    for (id, actor) in &now.actors {
                        oracle.set(key(*id).into(), actor.clone()).unwrap();
                    }
                    let read: StateRoot = load(&store, &root, "").unwrap();
                    prop_assert_eq!(read.actors, oracle.flush().unwrap());
                    store.flush(&root).unwrap();
                    if reload {
                        tree = StateTree::load(store, &root).unwrap();
                    }
                }
            }
            prop_assert_eq!(tree.in_transaction(), !saved.is_empty());
            let mut seen = all(&tree);
            seen.remove(&INIT_ACTOR_ID);
            prop_assert_eq!(&seen, &now.actors);
        }
    }
}

#[test]
fn the_empty_tree_is_the_oracles() {
    let mut tree = StateTree::new(buffer()).unwrap();
    let root = tree.flush().unwrap();
    let root: StateRoot = load(tree.store(), &root, "").unwrap();
    let empty = Oracle::new_with_bit_width(Rc::clone(tree.store()), HAMT_BIT_WIDTH)
        .flush()
        .unwrap();
    assert_eq!(root.actors, empty);
    assert_eq!(root.info, EMPTY_ARR_CID);
    assert_eq!(root.version, StateTreeVersion::V5);
}

#[test]
fn what_a_reverted_transaction_looked_up_is_forgotten() {
    let mut tree = new();
    tree.begin_transaction();
    assert_eq!(tree.register_new_address(&address(1)).unwrap(), 100);
    tree.begin_transaction();
    assert_eq!(tree.lookup_id(&address(1)).unwrap(), Some(100));
    tree.end_transaction(true).unwrap();
    assert_eq!(tree.lookup_id(&address(1)).unwrap(), Some(100));
    tree.end_transaction(true).unwrap();
    assert_eq!(tree.lookup_id(&address(1)).unwrap(), None);
    // The id is free again.
    assert_eq!(tree.register_new_address(&address(2)).unwrap(), 100);
    assert_eq!(tree.lookup_id(&address(1)).unwrap(), None);
}

#[test]
fn the_init_actors_state_is_followed_wherever_it_comes_from() {
    let mut tree = new();
    let before = tree.get_actor(INIT_ACTOR_ID).unwrap().unwrap();
    assert_eq!(tree.register_new_address(&address(1)).unwrap(), 100);
    let after = tree.get_actor(INIT_ACTOR_ID).unwrap().unwrap();
    // As when the init actor itself changes its state: here back, and forth.
    tree.set_actor(INIT_ACTOR_ID, before);
    assert_eq!(tree.lookup_id(&address(2)).unwrap(), None);
    assert_eq!(tree.register_new_address(&address(2)).unwrap(), 100);
    tree.set_actor(INIT_ACTOR_ID, after);
    assert_eq!(tree.register_new_address(&address(3)).unwrap(), 101);
    // An address once found stays found, as in the reference.
    assert_eq!(tree.lookup_id(&address(2)).unwrap(), Some(100));
}

#[test]
fn id_addresses_are_their_own_ids() {
    let tree = StateTree::new(buffer()).unwrap();
    assert_eq!(tree.lookup_id(&Address::new_id(77)).unwrap(), Some(77));
    assert!(matches!(
        tree.lookup_id(&address(1)),
        Err(StateError::MissingActor("init", INIT_ACTOR_ID))
    ));
}

#[test]
fn a_flush_writes_only_what_is_dirty() {
    let mut tree = new();
    for id in 2..200 {
        tree.set_actor(id, actor(id));
    }
    let root = tree.flush().unwrap();
    tree.store().flush(&root).unwrap();
    assert!(tree.store().is_empty());
    // Reads, and writes of what is there, change nothing.
    tree.get_actor(5).unwrap();
    tree.set_actor(7, actor(7));
    tree.delete_actor(1000);
    assert_eq!(tree.flush().unwrap(), root);
    assert_eq!(
        tree.store().len(),
        1,
        "the root object alone is written again"
    );
}

#[test]
fn other_versions_and_damaged_roots_are_refused() {
    let store = buffer();
    let root = StateTree::new(Rc::clone(&store)).unwrap().flush().unwrap();
    let good: StateRoot = load(&store, &root, "").unwrap();
    for version in 0..7u64 {
        let root = save(&store, &(version, good.actors, good.info), "").unwrap();
        let loaded = StateTree::load(Rc::clone(&store), &root).err();
        match version {
            5 => assert!(loaded.is_none()),
            6 => assert!(matches!(loaded, Some(StateError::Malformed { .. }))),
            _ => assert!(matches!(loaded, Some(StateError::Version(_)))),
        }
    }
    let missing = Cid::new_v1(
        fvm_ipld_encoding::DAG_CBOR,
        Code::Blake2b256.digest(b"missing"),
    );
    let load = |root: &Cid| StateTree::load(Rc::clone(&store), root).err();
    assert!(matches!(load(&missing), Some(StateError::Missing { .. })));
    let raw = Cid::new_v1(IPLD_RAW, *root.hash());
    assert!(matches!(load(&raw), Some(StateError::Malformed { .. })));
    let no_tree = save(&store, &(5u64, missing, good.info), "").unwrap();
    assert!(matches!(load(&no_tree), Some(StateError::Hamt { .. })));
}
