//! The state goes over to the new actors, or nothing happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use example_counter::Counter as First;
use example_counter_v2::Counter as Second;
use filigree_node_state::upgrade::{MigrationError, Migrations};
use filigree_node_state::{Error, Migration, Rules};
use filigree_state::{Manifest, SystemState};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

use super::common::{self, World, address};
use super::{COUNTERS, FIRST, PLACE, by, grow, network, to};

#[test]
fn a_running_network_is_upgraded() {
    let (mut world, new) = network(None);
    grow(&mut world, 2);

    let told = Arc::new(AtomicUsize::new(0));
    let progress = Arc::clone(&told);
    let progress = Arc::new(move |_, all| {
        assert_eq!(all, COUNTERS as usize);
        progress.fetch_add(1, Ordering::SeqCst);
    });
    let rehearsed = world
        .states
        .rehearse(&world.head, None, &to(new), Some(progress))
        .unwrap();
    assert_eq!(rehearsed.upgraded, COUNTERS as usize);
    // Burnt funds, the registry's root, the reserve, and four accounts.
    assert_eq!(rehearsed.replaced, COUNTERS as usize + 7);
    assert_eq!(told.load(Ordering::SeqCst), COUNTERS as usize);
    // On a copy, which no figure is about.
    assert!(!world.blocks.has(&rehearsed.root).unwrap());
    assert_eq!(world.states.migrations(), Migrations::default());

    let epoch = world.head.height() + 2;
    let version = NetworkVersion::V28;
    let head = world.head.height();
    world
        .states
        .schedule(head, epoch, version, to(new))
        .unwrap();
    let again = world
        .states
        .schedule(head, epoch, version, to(new))
        .unwrap_err();
    assert!(matches!(again, Error::Schedule { .. }), "{again}");
    let late = world
        .states
        .schedule(epoch + 9, epoch + 9, version, to(new))
        .unwrap_err();
    assert!(late.to_string().contains("the chain is at"), "{late}");
    grow(&mut world, 2);
    assert_eq!(world.head.height(), epoch);
    let before = world.states.view_after(&world.head).unwrap();
    let counter: First = before
        .state("", &before.require(&Address::new_id(FIRST + 7)).unwrap())
        .unwrap();
    assert_eq!(counter.value, 7);

    // Over a null round: the migration is after the epoch it is scheduled for.
    let message = world.send(0, address(2), 1);
    let plan = common::Plan {
        miner: common::MINERS[0],
        wins: 1,
        messages: vec![message],
    };
    world.extend(epoch + 2, vec![plan]);
    let after = world.states.view_after(&world.head).unwrap();
    let manifest = Manifest::load_bundle(&world.blocks, &new).unwrap();
    let system = SystemState::load(after.tree()).unwrap();
    assert_eq!(system.builtin_actors, *manifest.data_cid());
    for at in 0..COUNTERS {
        let actor = after.require(&Address::new_id(FIRST + at)).unwrap();
        assert_eq!(actor.code, *manifest.code_named(PLACE).unwrap());
        assert_eq!(actor.sequence, at);
        assert!(actor.delegated_address.is_some());
        let counter: Second = after.state("", &actor).unwrap();
        let expected = Second {
            owner: 100,
            value: at,
            steps: 0,
            step_limit: 5,
        };
        assert_eq!(counter, expected);
    }
    let account = after.require(&address(0)).unwrap();
    assert_eq!(account.code, *manifest.account_code());
    let figures = world.states.migrations();
    let counted = [
        figures.done,
        figures.to_upgrade,
        figures.upgraded,
        figures.replaced,
    ];
    assert_eq!(counted, [1, COUNTERS, COUNTERS, COUNTERS + 7]);
    assert!(!figures.took.is_zero());
    // It goes on, and money still moves.
    let had = after.require(&address(2)).unwrap().balance;
    grow(&mut world, 2);
    let has = world.states.view_after(&world.head).unwrap();
    let has = has.require(&address(2)).unwrap().balance;
    assert_eq!(has, had + TokenAmount::from_whole(2));

    // Whoever computes it once more comes to the same.
    let fresh = world.fresh_states();
    fresh.schedule(head, epoch, version, to(new)).unwrap();
    let same = fresh.tipset_state(&world.head).unwrap();
    assert_eq!(same, world.states.tipset_state(&world.head).unwrap());
}

#[test]
fn a_migration_that_fails_names_the_actor_and_changes_nothing() {
    let odd = FIRST + 23;
    let (mut world, new) = network(Some(odd));
    grow(&mut world, 1);
    let error = world
        .states
        .rehearse(&world.head, None, &to(new), None)
        .unwrap_err();
    let named = |error: Error| match error {
        Error::Migration { source, .. } => match *source {
            MigrationError::Upgrade { actor, .. } => actor,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    };
    assert_eq!(named(error), odd);

    let head = world.head.height();
    world
        .states
        .schedule(head, head + 1, NetworkVersion::V28, to(new))
        .unwrap();
    grow(&mut world, 1);
    let message = world.send(0, address(2), 1);
    let beyond = world.extend_by_one(vec![message]);
    assert!(
        world.states.known(&beyond).is_none(),
        "nobody has tried yet"
    );
    let ends = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ends);
    world.states.on_migration(Some(Arc::new(move |_, of| {
        count.fetch_add(usize::from(of == 0), Ordering::SeqCst);
    })));
    assert_eq!(named(world.states.tipset_state(&beyond).unwrap_err()), odd);
    assert_eq!(ends.load(Ordering::SeqCst), 1, "it is told that it is over");
    // Whoever wants to know need not try again.
    let tries = count_tries(&world);
    let known = world.states.known(&beyond).unwrap().unwrap_err();
    assert!(known.contains(&format!("f0{odd}")), "{known}");
    assert_eq!(tries.load(Ordering::SeqCst), 0);
    // The state before is still there.
    let parents = beyond.parent_state();
    let view = world.states.view(&parents).unwrap();
    assert!(view.require(&address(0)).unwrap().balance.is_positive());
}

/// Counts from now on how often somebody begins to compute a state.
fn count_tries(world: &World) -> Arc<AtomicUsize> {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let on_child = move || {
        count.fetch_add(1, Ordering::SeqCst);
    };
    *world.history.on_child.lock().unwrap() = Some(Box::new(on_child));
    tries
}

#[test]
fn an_upgrade_that_nobody_knows_stops_the_node() {
    let (mut world, _) = network(None);
    grow(&mut world, 1);
    let head = world.head.height();
    let none = Migration::default();
    // A version alone needs no bundle.
    world
        .states
        .schedule(head, head + 1, NetworkVersion::V28, none)
        .unwrap();
    grow(&mut world, 3);

    let mut unknown = Rules::clone(&world.states.rules());
    unknown.migrations.clear();
    let states = by(&world, unknown);
    let tipset = filigree_node_state::History::tipset_at(
        &*world.history,
        &world.head,
        head + 2,
        filigree_node_state::Nulls::Before,
    );
    let error = states.tipset_state(&tipset.unwrap()).unwrap_err();
    assert!(matches!(error, Error::UnknownMigration { .. }), "{error}");
}
