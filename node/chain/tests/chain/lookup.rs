//! Ancestors by their epochs, and randomness.

use filigree_blocks::Tipset;
use filigree_chain::{ChainError, NullRounds};
use filigree_consensus::config::{Upgrade, VersionSchedule};
use filigree_consensus::draw::{self, Purpose};
use fvm_shared::version::NetworkVersion;

use crate::world::{FewStates, World, beacon, config, genesis};

/// Asserts what stands for each epoch, by walking back.
fn check_all(world: &World, from: &Tipset) {
    let mut after = from.clone();
    let mut before = from.clone();
    for epoch in (0..=from.height()).rev() {
        while after.height() > epoch && before.height() > epoch {
            before = world.chain.parents(&before).unwrap();
            if before.height() >= epoch {
                after = before.clone();
            }
        }
        if before.height() == epoch {
            after = before.clone();
        }
        let at = |null_rounds| world.chain.tipset_at(from, epoch, null_rounds).unwrap();
        assert_eq!(at(NullRounds::After), after, "after {epoch}");
        assert_eq!(at(NullRounds::Before), before, "before {epoch}");
    }
}

/// Heights with null rounds here and there, some of them longer than a step of the lookback table.
fn heights(from: i64, to: i64) -> impl Iterator<Item = i64> {
    (from..=to).filter(|h| h % 3 != 0 && !(25..70).contains(h) && h % 40 != 1)
}

#[test]
fn epochs_without_blocks_are_stood_for_by_those_around_them() {
    let world = World::new();
    let common = world.grow_chain(&genesis(), 1000, heights(1, 100));
    let head = world.grow_chain(&common, 1000, heights(101, 200));
    check_all(&world, &head);
    check_all(&world, &common);
    // A fork that is no longer, and one that never was, our chain.
    let fork = world.grow_chain(&common, 1001, heights(101, 190));
    assert_eq!(world.chain.head(), head);
    for _ in 0..2 {
        check_all(&world, &fork);
    }
    let heavier = world.grow_chain(&fork, 1001, 191..=205);
    assert_eq!(world.chain.head(), heavier);
    check_all(&world, &heavier);
    check_all(&world, &head);
    let world = world.reopen();
    check_all(&world, &head);
    check_all(&world, &heavier);
}

#[test]
fn epochs_that_are_not_on_the_chain_are_an_error() {
    let world = World::new();
    let head = world.grow_chain(&genesis(), 1000, 1..=5);
    for epoch in [-1, 6] {
        let error = world
            .chain
            .tipset_at(&head, epoch, NullRounds::Before)
            .unwrap_err();
        assert!(
            matches!(error, ChainError::OffChain { head: 5, .. }),
            "{error}"
        );
    }
}

#[test]
fn elections_look_a_finality_back() {
    let mut config = config();
    config.power_lookback_epochs = 10;
    let world = World::with(config, FewStates::default());
    let head = world.grow_chain(&genesis(), 1000, [1, 2, 5, 6, 20, 21].into_iter());
    let lookback = |parents: &Tipset, epoch| {
        let found = world.chain.lookback(parents, epoch).unwrap();
        (found.tipset.height(), found.state)
    };
    let at = |epoch| {
        world
            .chain
            .tipset_at(&head, epoch, NullRounds::After)
            .unwrap()
    };
    let state = |epoch| Some(at(epoch).parent_state());
    assert_eq!(lookback(&head, 22), (6, state(20)));
    assert_eq!(lookback(&head, 16), (6, state(20)));
    assert_eq!(lookback(&head, 15), (5, state(6)));
    assert_eq!(lookback(&head, 14), (2, state(5)));
    assert_eq!(lookback(&at(5), 6), (0, state(1)));
    // On the genesis there is nobody to say what its state is.
    assert_eq!(lookback(&genesis(), 1), (0, None));
    assert_eq!(lookback(&genesis(), 900), (0, None));
    assert_eq!(lookback(&at(20), 29), (6, state(20)));
    let error = world.chain.lookback(&at(20), 30).unwrap_err();
    assert!(
        matches!(error, ChainError::StoodStill { lookback: 20, .. }),
        "{error}"
    );
}

#[test]
fn randomness_is_of_the_chain_that_is_asked_about() {
    let world = World::new();
    let common = world.grow_chain(&genesis(), 1000, 1..=5);
    let ours = world.grow_chain(&common, 1000, 6..=9);
    let fork = world.grow_chain(&common, 1001, [7, 8].into_iter());
    let ticket = |from: &Tipset, epoch| world.chain.ticket_randomness(from, epoch).unwrap();
    let digest = |from: &Tipset, epoch| {
        let tipset = world
            .chain
            .tipset_at(from, epoch, NullRounds::After)
            .unwrap();
        tipset.min_ticket().digest()
    };
    assert_eq!(ticket(&ours, 7), digest(&ours, 7));
    assert_eq!(ticket(&fork, 7), digest(&fork, 7));
    assert_ne!(ticket(&ours, 7), ticket(&fork, 7));
    assert_eq!(ticket(&ours, 3), ticket(&fork, 3));
    // From version 13 on a null round has the ticket after it.
    assert_eq!(ticket(&fork, 6), digest(&fork, 7));
    assert_eq!(ticket(&ours, -5), genesis().min_ticket().digest());
    assert!(world.chain.ticket_randomness(&ours, 10).is_err());

    let purpose = Purpose::SealRandomness;
    let drawn = world
        .chain
        .draw_from_ticket(&ours, purpose, 7, b"f01000")
        .unwrap();
    let expected = draw::from_digest(&digest(&ours, 7), purpose, 7, b"f01000");
    assert_eq!(drawn, expected);
    let drawn = world
        .chain
        .draw_from_beacon(&ours, purpose, 7, b"f01000")
        .unwrap();
    assert_eq!(
        drawn,
        draw::from_base(&beacon(8).signature, purpose, 7, b"f01000")
    );
}

#[test]
fn the_entry_of_a_null_round_is_in_the_block_after_it() {
    let world = World::new();
    let mut head = world.grow_chain(&genesis(), 1000, 1..=5);
    let mut block = world.on(&head, 1000, 8);
    block.beacon_entries = vec![beacon(7), beacon(8), beacon(9)];
    head = Tipset::new([block]).unwrap();
    world.chain.take(&head).unwrap();
    for epoch in 0..=8 {
        let entry = world.chain.beacon_entry(&head, epoch).unwrap();
        assert_eq!(entry, beacon(epoch as u64 + 1));
    }
    // Before the genesis there is what the genesis has.
    assert_eq!(world.chain.beacon_entry(&head, -3).unwrap(), beacon(1));
    assert_eq!(world.chain.latest_beacon_entry(&head).unwrap(), beacon(9));
}

#[test]
fn where_epochs_are_short_entries_are_searched_for() {
    let mut config = config();
    // Three epochs to a round: epochs 1 to 3 have round 1, 4 to 6 have 2, …
    config.beacons.0[0].beacon.period_seconds = 12;
    config.beacons.0[0].beacon.genesis_timestamp_seconds = config.genesis_timestamp_seconds;
    let world = World::with(config, FewStates::default());
    let mut head = genesis();
    for height in 1..=40 {
        let mut block = world.on(&head, 1000, height);
        // Then the beacon was silent.
        let silent = height > 12 || height % 3 != 1;
        block.beacon_entries = if silent {
            vec![]
        } else {
            vec![beacon((height as u64).div_ceil(3))]
        };
        head = Tipset::new([block]).unwrap();
        world.chain.take(&head).unwrap();
    }
    let at = |epoch| {
        world
            .chain
            .tipset_at(&head, epoch, NullRounds::After)
            .unwrap()
    };
    assert_eq!(world.chain.beacon_entry(&at(6), 6).unwrap(), beacon(2));
    assert_eq!(world.chain.beacon_entry(&head, 5).unwrap(), beacon(2));
    assert_eq!(world.chain.latest_beacon_entry(&at(12)).unwrap(), beacon(4));
    // Twenty tipsets are searched.
    assert_eq!(world.chain.latest_beacon_entry(&at(29)).unwrap(), beacon(4));
    let error = world.chain.latest_beacon_entry(&at(30)).unwrap_err();
    assert!(
        matches!(error, ChainError::NoBeacon { epoch: 30, .. }),
        "{error}"
    );
    let error = world.chain.beacon_entry(&head, 14).unwrap_err();
    assert!(
        matches!(error, ChainError::NoBeacon { epoch: 14, .. }),
        "{error}"
    );
}

#[test]
fn older_versions_looked_elsewhere() {
    let mut config = config();
    let upgrade = |epoch, version| Upgrade {
        epoch,
        version: NetworkVersion::new(version),
    };
    config.versions = VersionSchedule {
        genesis: NetworkVersion::V12,
        upgrades: vec![upgrade(10, 13), upgrade(20, 14)],
    };
    let world = World::with(config, FewStates::default());
    // Each with the rounds since the one before.
    let mut head = genesis();
    for height in [1, 2, 5, 11, 14, 21, 24] {
        let mut block = world.on(&head, 1000, height);
        let rounds = head.height() + 1..=height;
        block.beacon_entries = rounds.map(|epoch| beacon(epoch as u64)).collect();
        head = Tipset::new([block]).unwrap();
        world.chain.take(&head).unwrap();
    }
    let entry = |epoch| world.chain.beacon_entry(&head, epoch).unwrap().round;
    let ticket = |epoch| world.chain.ticket_randomness(&head, epoch).unwrap();
    let digest = |epoch| {
        let tipset = world
            .chain
            .tipset_at(&head, epoch, NullRounds::After)
            .unwrap();
        tipset.min_ticket().digest()
    };
    // Up to 12: before. In 13: the last of the one after. From 14 on: the epoch's own round, here one less up to 15.
    assert_eq!((entry(3), ticket(3)), (2, digest(2)));
    assert_eq!((entry(12), ticket(12)), (14, digest(14)));
    assert_eq!((entry(22), ticket(22)), (22, digest(24)));
}
