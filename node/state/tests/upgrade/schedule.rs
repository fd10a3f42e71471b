//! Upgrades put down and taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use filigree_consensus::config::Upgrade;
use filigree_node_state::{Error, Migration, Rules, States};
use fvm_shared::version::NetworkVersion;

use super::{FIRST, by, grow, network, to};

#[test]
fn an_upgrade_that_failed_is_taken_back() {
    let (mut world, new) = network(Some(FIRST));
    grow(&mut world, 1);
    let head = world.head.height();
    let version = NetworkVersion::V28;
    let schedule = |states: &States| states.schedule(head, head + 1, version, to(new));
    schedule(&world.states).unwrap();
    grow(&mut world, 1);
    let beyond = world.extend_by_one(vec![]);
    world.states.tipset_state(&beyond).unwrap_err();
    assert!(world.states.known(&beyond).unwrap().is_err());
    world.states.unschedule(head + 1).unwrap();
    assert!(world.states.known(&beyond).is_none());
    let state = world.states.tipset_state(&beyond).unwrap();
    assert_eq!(world.states.known(&beyond), Some(Ok(state)));
    grow(&mut world, 1);
    // What was computed by other rules is forgotten with them.
    schedule(&world.states).unwrap();
    assert!(world.states.known(&beyond).is_none());
}

#[test]
fn a_trouble_of_the_node_is_no_failure_of_an_upgrade() {
    let (mut world, new) = network(Some(FIRST));
    grow(&mut world, 1);
    let head = world.head.height();
    let (epoch, version) = (head + 1, NetworkVersion::V28);
    world
        .states
        .schedule(head, epoch, version, to(new))
        .unwrap();
    grow(&mut world, 1);
    let beyond = world.extend_by_one(vec![]);
    let messages = world.history.lose_messages(&beyond);
    let lost = || {
        let error = world.states.tipset_state(&beyond).unwrap_err();
        assert!(matches!(error, Error::History(_)), "{error}");
    };
    lost();
    assert!(world.states.known(&beyond).is_none());
    world.history.put(&beyond, messages);
    let error = world.states.tipset_state(&beyond).unwrap_err();
    let known = || world.states.known(&beyond).unwrap().unwrap_err();
    assert_eq!(known(), error.to_string());
    // Nor does it hide one.
    world.history.lose_messages(&beyond);
    lost();
    assert_eq!(known(), error.to_string());
}

#[test]
fn a_migration_is_done_again_for_another_version() {
    let (mut world, new) = network(None);
    let mut rules = Rules::clone(&world.states.rules());
    rules.config.versions.genesis = NetworkVersion::V27;
    world.states = by(&world, rules);
    grow(&mut world, 1);
    let head = world.head.height();
    let schedule = |states: &States, version| states.schedule(head, head + 1, version, to(new));
    schedule(&world.states, NetworkVersion::V27).unwrap();
    grow(&mut world, 1);
    let beyond = world.extend_by_one(vec![]);
    let by_27 = world.states.tipset_state(&beyond).unwrap();
    assert_eq!(world.states.tipset_state(&beyond).unwrap(), by_27);
    assert_eq!(world.states.migrations().done, 1);
    world.states.unschedule(head + 1).unwrap();
    schedule(&world.states, NetworkVersion::V28).unwrap();
    world.states.tipset_state(&beyond).unwrap();
    assert_eq!(world.states.migrations().done, 2);
}

#[test]
fn rules_change_when_no_block_is_on_its_way() {
    let (mut world, new) = network(None);
    grow(&mut world, 1);
    let states = world.states.clone();
    let is_taken = Arc::new(AtomicBool::new(false));
    let moving = world.states.moving();
    let seen = Arc::clone(&is_taken);
    let (began, begun) = channel();
    let thread = std::thread::spawn(move || {
        began.send(()).unwrap();
        let _held = states.hold();
        assert!(seen.load(Ordering::SeqCst), "the block is not taken yet");
        states.schedule(1, 5, NetworkVersion::V28, to(new)).unwrap();
    });
    begun.recv().unwrap();
    // As long as blocks take: work, so that whoever does not wait is seen.
    world
        .states
        .rehearse(&world.head, None, &to(new), None)
        .unwrap();
    assert!(world.states.rules().config.versions.upgrades.is_empty());
    is_taken.store(true, Ordering::SeqCst);
    drop(moving);
    thread.join().unwrap();
    assert_eq!(world.states.rules().config.versions.upgrades.len(), 1);
}

#[test]
fn versions_that_the_host_cannot_run_are_not_scheduled() {
    let (mut world, new) = network(None);
    grow(&mut world, 1);
    let head = world.head.height();
    for version in [17, 27, 29, 99] {
        let version = NetworkVersion::new(version);
        let refused = world.states.schedule(head, head + 5, version, to(new));
        let refused = refused.unwrap_err().to_string();
        let named = format!("version {version} is not possible here; possible are: 28");
        assert!(refused.contains(&named), "{refused}");
    }
    // One that came from elsewhere is taken back all the same.
    let mut rules = Rules::clone(&world.states.rules());
    let (epoch, version) = (head + 1, NetworkVersion::new(29));
    rules
        .config
        .versions
        .upgrades
        .push(Upgrade { epoch, version });
    rules.migrations.insert(epoch, Migration::default());
    world.states = by(&world, rules);
    grow(&mut world, 1);
    let beyond = world.extend_by_one(vec![]);
    let error = world.states.tipset_state(&beyond).unwrap_err().to_string();
    assert!(error.contains("29"), "{error}");
    world.states.unschedule(epoch).unwrap();
    grow(&mut world, 1);
}
