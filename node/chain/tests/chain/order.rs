//! Whatever the order in which the blocks of a tree come, the head is the same, and what listeners hear leads there.

use filigree_blocks::Tipset;
use filigree_chain::Notice;
use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::fork::follow;
use crate::world::{World, genesis};

/// A tipset of a random tree: on which of those before it, how many epochs later, of which miners, and whether its miners make
/// their second blocks there.
#[derive(Clone, Debug)]
struct Branch {
    on: prop::sample::Index,
    later: i64,
    miners: Vec<u64>,
    twin: bool,
}

fn branch() -> impl Strategy<Value = Branch> {
    let miners = prop::sample::subsequence(vec![1000, 1001, 1002, 1003], 1..=3);
    let twin = prop::bool::weighted(0.1);
    (any::<prop::sample::Index>(), 1..4i64, miners, twin).prop_map(|(on, later, miners, twin)| {
        Branch {
            on,
            later,
            miners,
            twin,
        }
    })
}

/// The tipsets of a tree, parents before children.
fn plant(world: &World, branches: &[Branch]) -> Vec<Tipset> {
    let mut tree = vec![genesis()];
    for branch in branches {
        let parents = branch.on.get(&tree).clone();
        let height = parents.height() + branch.later;
        let headers = branch.miners.iter().map(|miner| {
            let mut header = world.on(&parents, *miner, height);
            header.fork_signal = u64::from(branch.twin);
            header
        });
        let tipset = Tipset::new(headers).unwrap();
        // Children are built on it, so that it must be in the store before them.
        world.chain.put_tipset(&tipset).unwrap();
        tree.push(tipset);
    }
    tree.split_off(1)
}

proptest! {
    #![proptest_config(Config { cases: 24, max_shrink_iters: 200, ..Config::default() })]

    #[test]
    fn the_order_of_coming_does_not_matter(
        branches in prop::collection::vec(branch(), 1..25),
        (order, other) in (any::<u64>(), any::<u64>()),
        single in any::<bool>(),
    ) {
        let mut heads = vec![];
        for order in [order, other] {
            let world = World::new();
            let tree = plant(&world, &branches);
            let (mut heard, listener) = world.chain.subscribe(1000);
            for tipset in shuffled(&tree, order, single) {
                world.chain.take(&tipset).unwrap();
                while let Some(notice) = listener.try_next() {
                    let Notice::Change(events) = notice else {
                        panic!("{notice:?}");
                    };
                    for event in events.iter() {
                        heard = follow(&world, &heard, event);
                    }
                }
                prop_assert_eq!(&heard, &world.chain.head());
            }
            let head = world.chain.head();
            check_index(&world, &head);
            let world = world.reopen();
            prop_assert_eq!(&world.chain.head(), &head);
            heads.push(head);
        }
        prop_assert_eq!(&heads[0], &heads[1]);
    }
}

/// The tipsets in some order, as they are, or their blocks one by one.
fn shuffled(tree: &[Tipset], order: u64, single: bool) -> Vec<Tipset> {
    let mut all: Vec<Tipset> = if single {
        let blocks = tree.iter().flat_map(Tipset::headers);
        blocks
            .map(|header| Tipset::new([header.clone()]).unwrap())
            .collect()
    } else {
        tree.to_vec()
    };
    let mut state = order | 1;
    for i in (1..all.len()).rev() {
        // Knuth's multiplier: enough to mix an order.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        all.swap(i, (state >> 33) as usize % (i + 1));
    }
    all
}

fn check_index(world: &World, head: &Tipset) {
    let mut keys = vec![];
    let mut tipset = head.clone();
    while tipset.height() > 0 {
        keys.push(tipset.key().clone());
        tipset = world.chain.parents(&tipset).unwrap();
    }
    keys.push(genesis().key().clone());
    let indexed: Vec<_> = world
        .db
        .index()
        .tipsets_back(0..=i64::MAX)
        .map(|head| head.unwrap().key)
        .collect();
    assert_eq!(indexed, keys);
}
