//! Blocks that the chain leaves, whatever they weigh.

use filigree_blocks::Tipset;
use filigree_chain::{Event, Notice, Taken};

use crate::world::{World, genesis};

/// A chain of 1000's blocks up to epoch 4, with one of 1001 beside that of epoch 3, and a fork of 1002 from epoch 1 on.
struct Fork {
    world: World,
    ours: Vec<Tipset>,
    fork: Tipset,
}

impl Fork {
    fn new() -> Self {
        let world = World::new();
        let first = world.grow(&genesis(), 1, &[1000]);
        let second = world.grow(&first, 2, &[1000]);
        let third = world.grow(&second, 3, &[1000, 1001]);
        let fourth = world.grow(&third, 4, &[1000]);
        let fork = world.tipset(&first, 2, &[1002]);
        assert_eq!(world.chain.take(&fork).unwrap(), Taken::Lighter);
        Self {
            world,
            ours: vec![first, second, third, fourth],
            fork,
        }
    }
}

#[test]
fn the_head_goes_to_the_blocks_beside() {
    let Fork { world, ours, .. } = Fork::new();
    let (_, listener) = world.chain.subscribe(10);
    let [bad, beside] = [1000, 1001].map(|miner| {
        let mut blocks = ours[2].blocks().iter();
        let of = |id| fvm_shared::address::Address::new_id(id);
        blocks
            .find(|block| block.header().miner == of(miner))
            .unwrap()
            .clone()
    });
    assert!(world.chain.leave(&bad.cid()).unwrap());
    let expected = Tipset::new([beside.header().clone()]).unwrap();
    assert_eq!(world.chain.head(), expected);
    let steps = [
        Event::Revert(ours[3].clone()),
        Event::Revert(ours[2].clone()),
        Event::Apply(expected.clone()),
    ];
    assert_eq!(listener.try_next(), Some(Notice::Change(steps[..].into())));
    // What was built on it is forgotten: the head goes on from where it is.
    let next = world.tipset(&expected, 4, &[1001]);
    assert_eq!(world.chain.take(&next).unwrap(), Taken::Head);
    assert!(!world.chain.leave(&bad.cid()).unwrap(), "it is left");
    assert_eq!(world.chain.head(), next);
}

#[test]
fn the_head_goes_to_the_heaviest_fork_or_to_the_parents() {
    let Fork { world, ours, fork } = Fork::new();
    assert!(world.chain.leave(&ours[1].first().cid()).unwrap());
    assert_eq!(world.chain.head(), fork);
    assert!(world.chain.leave(&fork.first().cid()).unwrap());
    assert_eq!(world.chain.head(), ours[0]);
    // After a restart no fork is remembered.
    let Fork { world, ours, .. } = Fork::new();
    let world = world.reopen();
    assert!(world.chain.leave(&ours[1].first().cid()).unwrap());
    assert_eq!(world.chain.head(), ours[0]);
}

#[test]
fn a_fork_that_is_not_the_head_is_forgotten() {
    let Fork { world, ours, fork } = Fork::new();
    assert!(!world.chain.leave(&fork.first().cid()).unwrap());
    assert_eq!(world.chain.head(), ours[3]);
    assert!(!world.chain.candidates().contains(&fork.first().cid()));
    // With a checkpoint on what is left, there is none any more.
    world.chain.set_checkpoint(&ours[2]).unwrap();
    assert!(world.chain.leave(&ours[2].blocks()[0].cid()).unwrap());
    assert_eq!(world.chain.checkpoint(), None);
}

#[test]
fn what_is_not_here_and_the_genesis_change_nothing() {
    let Fork { world, ours, .. } = Fork::new();
    for cid in [
        filigree_blocks::cid_of(b"nowhere"),
        genesis().first().cid(),
        world.tipset(&ours[3], 5, &[1002]).first().cid(),
    ] {
        assert!(!world.chain.leave(&cid).unwrap());
    }
    assert_eq!(world.chain.head(), ours[3]);
}
