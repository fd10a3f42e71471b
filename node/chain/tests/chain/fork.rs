//! How the head moves, and what listeners hear of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use filigree_blocks::Tipset;
use filigree_chain::{Chain, ChainError, Event, Notice, NullRounds, Taken};

use crate::world::{FewStates, World, config, genesis, header};

fn change(events: &[Event]) -> Notice {
    Notice::Change(events.into())
}

/// Asserts that memory, store and index agree about the head, and the index holds its chain and nothing else.
#[track_caller]
fn check_whole(world: &World, head: &Tipset) {
    assert_eq!(world.chain.head(), *head);
    let index = world.db.index();
    assert_eq!(index.head().unwrap().unwrap().key, *head.key());
    let mut tipset = head.clone();
    let mut heights = vec![];
    loop {
        assert_eq!(
            index.tipset_at(tipset.height()).unwrap().as_ref(),
            Some(tipset.key())
        );
        heights.push(tipset.height());
        if tipset.height() == 0 {
            break;
        }
        tipset = world.chain.parents(&tipset).unwrap();
    }
    let indexed: Vec<i64> = index
        .tipsets_back(0..=i64::MAX)
        .map(|head| head.unwrap().height)
        .collect();
    assert_eq!(indexed, heights);
}

#[test]
fn a_new_chain_is_its_genesis() {
    let world = World::new();
    check_whole(&world, &genesis());
    assert_eq!(*world.chain.genesis(), genesis());
    let world = world.reopen();
    check_whole(&world, &genesis());
}

#[test]
fn a_store_has_one_genesis() {
    let world = World::new();
    let states = Arc::new(FewStates::default());
    let again = Chain::create(world.db.clone(), config(), states.clone(), &genesis());
    assert!(again.is_ok());
    let mut other = genesis().first().clone();
    other.fork_signal = 1;
    let other = Tipset::new([other]).unwrap();
    let error = Chain::create(world.db.clone(), config(), states.clone(), &other)
        .err()
        .unwrap();
    assert!(matches!(error, ChainError::OtherGenesis { .. }), "{error}");
    let mut strange = config();
    strange.genesis = Some(other.first().cid());
    let error = Chain::open(world.db.clone(), strange, states)
        .err()
        .unwrap();
    assert!(matches!(error, ChainError::OtherGenesis { .. }), "{error}");
}

#[test]
fn the_heavier_chain_is_the_chain() {
    let world = World::new();
    let (start, listener) = world.chain.subscribe(10);
    assert_eq!(start, genesis());
    let a = world.grow(&genesis(), 1, &[1000]);
    let b = world.grow(&a, 2, &[1000]);
    // One block beside b is as heavy; two are heavier.
    let c = world.tipset(&a, 3, &[1001, 1002]);
    assert_eq!(world.chain.take(&c).unwrap(), Taken::Head);
    check_whole(&world, &c);
    assert_eq!(world.chain.take(&b).unwrap(), Taken::Lighter);
    // More tipsets are heavier than more blocks.
    let d = world.tipset(&b, 3, &[1000]);
    assert_eq!(world.chain.take(&d).unwrap(), Taken::Head);
    check_whole(&world, &d);
    assert_eq!(listener.try_next(), Some(change(&[Event::Apply(a)])));
    assert_eq!(
        listener.try_next(),
        Some(change(&[Event::Apply(b.clone())]))
    );
    let expected = change(&[Event::Revert(b.clone()), Event::Apply(c.clone())]);
    assert_eq!(listener.try_next(), Some(expected));
    let expected = change(&[Event::Revert(c), Event::Apply(b), Event::Apply(d)]);
    assert_eq!(listener.try_next(), Some(expected));
    assert_eq!(listener.try_next(), None);
}

#[test]
fn blocks_that_come_one_by_one_form_one_tipset() {
    let world = World::new();
    let whole = world.tipset(&genesis(), 1, &[1000, 1001, 1002]);
    let single = |i: usize| Tipset::new([whole.blocks()[i].header().clone()]).unwrap();
    let (_, listener) = world.chain.subscribe(10);
    for i in [2, 0, 1] {
        assert_eq!(world.chain.take(&single(i)).unwrap(), Taken::Head);
    }
    assert_eq!(world.chain.head(), whole);
    check_whole(&world, &whole);
    for _ in 0..3 {
        assert!(matches!(listener.try_next(), Some(Notice::Change(_))));
    }
    assert_eq!(listener.try_next(), None);
    // Hearing of it again changes nothing.
    assert_eq!(world.chain.take(&single(1)).unwrap(), Taken::Head);
    assert_eq!(world.chain.take(&whole).unwrap(), Taken::Head);
    assert_eq!(listener.try_next(), None);
    assert_eq!(world.chain.candidates().len(), 4);
}

#[test]
fn the_head_is_there_after_a_restart_and_grows_on() {
    let world = World::new();
    let a = world.grow(&genesis(), 1, &[1000]);
    let head = world.grow(&a, 2, &[1000, 1001]);
    let world = world.reopen();
    check_whole(&world, &head);
    // A block that comes late joins the head of before.
    let late = Tipset::new([world.on(&a, 1002, 2)]).unwrap();
    world.chain.take(&late).unwrap();
    let whole = world.tipset(&a, 2, &[1000, 1001, 1002]);
    check_whole(&world, &whole);
}

#[test]
fn of_equal_chains_the_smaller_ticket_wins() {
    for reversed in [false, true] {
        let world = World::new();
        let mut rivals = [1000, 1001].map(|miner| world.tipset(&genesis(), 1, &[miner]));
        // At different heights, or they would be one tipset.
        rivals[1] = world.tipset(&genesis(), 2, &[1001]);
        let [a, b] = &rivals;
        let smaller = if a.min_ticket().digest() < b.min_ticket().digest() {
            a
        } else {
            b
        };
        let mut order = rivals.to_vec();
        if reversed {
            order.reverse();
        }
        for rival in &order {
            world.chain.take(rival).unwrap();
        }
        check_whole(&world, smaller);
    }
}

#[test]
fn who_makes_two_blocks_at_an_epoch_has_none_in_the_head() {
    let world = World::new();
    let a = world.grow(&genesis(), 1, &[1000]);
    let b = world.grow(&a, 2, &[1000, 1001]);
    let mut second = world.on(&a, 1001, 2);
    second.fork_signal = 1;
    let second = Tipset::new([second]).unwrap();
    world.chain.take(&second).unwrap();
    let honest = world.tipset(&a, 2, &[1000]);
    check_whole(&world, &honest);
    // A third changes nothing, and neither does hearing of the first again.
    world.chain.take(&b).unwrap();
    check_whole(&world, &honest);
    assert_eq!(world.chain.candidates().len(), 5);
    // What is built on it is as good as any.
    let child = world.grow(&b, 3, &[1000]);
    check_whole(&world, &child);
}

#[test]
fn without_an_honest_block_the_head_falls_back() {
    let world = World::new();
    let a = world.grow(&genesis(), 1, &[1000]);
    world.grow(&a, 2, &[1001]);
    let mut second = world.on(&a, 1001, 2);
    second.fork_signal = 1;
    world.chain.take(&Tipset::new([second]).unwrap()).unwrap();
    check_whole(&world, &a);
}

#[test]
fn forks_behind_finality_are_refused() {
    let mut config = config();
    config.finality_epochs = 10;
    let world = World::with(config, FewStates::default());
    let fork = world.grow_chain(&genesis(), 1000, 1..=5);
    let head = world.grow_chain(&fork, 1000, 6..=16);
    // Heavier by far, from epoch 6, so that ten tipsets would go.
    let mut deep = world.chain.tipset_at(&head, 6, NullRounds::After).unwrap();
    for height in 7..=17 {
        deep = world.tipset(&deep, height, &[1001, 1002, 1003]);
        world.chain.put_tipset(&deep).unwrap();
    }
    assert_eq!(world.chain.take(&deep).unwrap(), Taken::Refused);
    check_whole(&world, &head);
    // From epoch 7 it is nine.
    let shallow = world.chain.tipset_at(&head, 7, NullRounds::After).unwrap();
    let mut heavy = shallow;
    for height in 8..=17 {
        heavy = world.tipset(&heavy, height, &[1004, 1005, 1006]);
        world.chain.put_tipset(&heavy).unwrap();
    }
    assert_eq!(world.chain.take(&heavy).unwrap(), Taken::Head);
    check_whole(&world, &heavy);
    // Epochs that are final are remembered no more.
    world.grow_chain(&heavy, 1000, 18..=40);
    assert!(world.chain.candidates().len() < 15);
}

#[test]
fn finality_is_counted_in_tipsets() {
    let mut config = config();
    config.finality_epochs = 10;
    let world = World::with(config, FewStates::default());
    let mut head = world.grow_chain(&genesis(), 1000, 1..=5);
    let fork = head.clone();
    for height in (100..=900).step_by(100) {
        head = world.grow(&head, height, &[1000]);
    }
    assert_eq!(world.chain.head(), head);
    // Nine tipsets, in 895 epochs.
    let mut heavy = fork;
    for height in 6..=20 {
        heavy = world.tipset(&heavy, height, &[1001, 1002, 1003]);
        world.chain.put_tipset(&heavy).unwrap();
    }
    assert_eq!(world.chain.take(&heavy).unwrap(), Taken::Head);
    check_whole(&world, &heavy);
}

#[test]
fn no_fork_goes_behind_a_checkpoint() {
    let world = World::new();
    let a = world.grow_chain(&genesis(), 1000, 1..=5);
    let head = world.grow_chain(&a, 1000, 6..=8);
    assert_eq!(world.chain.finalized().unwrap(), genesis());
    let at_7 = world.chain.tipset_at(&head, 7, NullRounds::After).unwrap();
    world.chain.set_checkpoint(&at_7).unwrap();
    assert_eq!(world.chain.finalized().unwrap(), at_7);

    let mut rival = a.clone();
    for height in 6..=8 {
        rival = world.tipset(&rival, height, &[1001, 1002]);
        world.chain.put_tipset(&rival).unwrap();
    }
    assert_eq!(world.chain.take(&rival).unwrap(), Taken::Refused);
    let world = world.reopen();
    assert_eq!(world.chain.checkpoint(), Some(at_7.clone()));
    assert_eq!(world.chain.take(&rival).unwrap(), Taken::Refused);
    let error = world.chain.set_checkpoint(&rival).unwrap_err();
    assert!(matches!(error, ChainError::Checkpoint { .. }), "{error}");
    check_whole(&world, &head);

    world.chain.remove_checkpoint().unwrap();
    assert_eq!(world.chain.take(&rival).unwrap(), Taken::Head);
    check_whole(&world, &rival);
    // A checkpoint on a fork makes the fork the chain.
    world.chain.set_checkpoint(&head).unwrap();
    check_whole(&world, &head);
    // The head may be set behind it, which takes it back.
    world.chain.set_head(&a).unwrap();
    check_whole(&world, &a);
    assert_eq!(world.chain.checkpoint(), None);
}

#[test]
fn ways_longer_than_one_step_lead_there_as_well() {
    let world = World::new();
    let head = world.grow_chain(&genesis(), 1000, 1..=20);
    let (_, listener) = world.chain.subscribe(10_000);
    // Stored without being taken, as when a chain is fetched.
    let mut far = genesis();
    for height in 1..=1100 {
        far = world.tipset(&far, height, &[1001]);
        world.chain.put_tipset(&far).unwrap();
    }
    assert_eq!(world.chain.take(&far).unwrap(), Taken::Head);
    check_whole(&world, &far);
    world.chain.set_head(&head).unwrap();
    check_whole(&world, &head);
    let mut now = head.clone();
    let mut steps = 0;
    while let Some(notice) = listener.try_next() {
        let Notice::Change(events) = notice else {
            panic!("{notice:?}");
        };
        steps += 1;
        assert!(events.len() <= 2 * 512);
        for event in events.iter() {
            now = follow(&world, &now, event);
        }
    }
    assert_eq!(now, head);
    assert!(steps >= 6, "{steps}");
}

/// Where an event leads from `now`, which it must fit.
#[track_caller]
pub fn follow(world: &World, now: &Tipset, event: &Event) -> Tipset {
    match event {
        Event::Apply(tipset) => {
            assert_eq!(tipset.parents(), now.key());
            tipset.clone()
        }
        Event::Revert(tipset) => {
            assert_eq!(tipset, now);
            world.chain.parents(tipset).unwrap()
        }
    }
}

#[test]
fn a_slow_listener_is_told_that_it_lagged() {
    let world = World::new();
    let (_, listener) = world.chain.subscribe(3);
    let three = world.grow_chain(&genesis(), 1000, 1..=3);
    let four = world.grow_chain(&three, 1000, 4..=4);
    let five = world.grow_chain(&four, 1000, 5..=5);
    assert_eq!(listener.try_next(), Some(Notice::Lagged(four)));
    assert_eq!(listener.try_next(), Some(change(&[Event::Apply(five)])));
    assert_eq!(listener.try_next(), None);
}

#[test]
fn listeners_wait_are_woken_and_hear_the_end() {
    let world = World::new();
    let (_, listener) = world.chain.subscribe(3);
    assert_eq!(listener.next(Duration::from_millis(1)), None);
    let rings = Arc::new(AtomicU32::new(0));
    let counter = rings.clone();
    let bell = Box::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let (_, with_bell) = world.chain.subscribe_with(3, Some(bell));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| listener.next(Duration::from_secs(60)));
        let head = world.grow(&genesis(), 1, &[1000]);
        let heard = waiting.join().unwrap();
        assert_eq!(heard, Some(change(&[Event::Apply(head)])));
    });
    assert_eq!(rings.load(Ordering::Relaxed), 1);
    assert!(with_bell.try_next().is_some());
    drop(world);
    assert_eq!(listener.next(Duration::from_secs(60)), Some(Notice::Closed));
    assert_eq!(rings.load(Ordering::Relaxed), 2);
}

#[test]
fn the_way_between_two_tipsets() {
    let world = World::new();
    let a = world.grow_chain(&genesis(), 1000, 1..=3);
    let b = world.grow_chain(&a, 1000, [4, 6].into_iter());
    let c = world.grow_chain(&a, 1001, [5, 6, 9].into_iter());
    let path = world.chain.path(&b, &c, 100).unwrap();
    let heights = |tipsets: &[Tipset]| tipsets.iter().map(Tipset::height).collect::<Vec<_>>();
    assert_eq!(path.base, a);
    assert_eq!(heights(&path.revert), [6, 4]);
    assert_eq!(heights(&path.apply), [5, 6, 9]);
    let back = world.chain.path(&c, &b, 100).unwrap();
    assert_eq!(heights(&back.revert), [9, 6, 5]);
    assert_eq!(heights(&back.apply), [4, 6]);
    let same = world.chain.path(&c, &c, 0).unwrap();
    assert!(same.revert.is_empty() && same.apply.is_empty());
    let error = world.chain.path(&b, &c, 4).unwrap_err();
    assert!(matches!(error, ChainError::TooFar { .. }), "{error}");
    assert!(world.chain.is_ancestor(&a, &c).unwrap());
    assert!(!world.chain.is_ancestor(&b, &c).unwrap());
    assert!(!world.chain.is_ancestor(&c, &c).unwrap());
}

#[test]
fn what_is_missing_is_named_and_the_head_stays() {
    let world = World::new();
    let a = world.grow(&genesis(), 1, &[1000]);
    let unknown = world.tipset(&a, 2, &[1000]);
    let orphan = header(1000, 3, unknown.key(), 1_000_000.into());
    let orphan = Tipset::new([orphan]).unwrap();
    let error = world.chain.take(&orphan).unwrap_err();
    assert!(
        matches!(error, ChainError::Missing { what: "block", .. }),
        "{error}"
    );
    check_whole(&world, &a);
    // A block whose messages are not here is no head, either.
    let mut bare = world.on(&a, 1000, 2);
    bare.messages = unknown.first().cid();
    let error = world.chain.take(&Tipset::new([bare]).unwrap()).unwrap_err();
    assert!(matches!(error, ChainError::Messages(_)), "{error}");
    check_whole(&world, &a);
}
