//! Window proofs that take long: what waits for them, and what is counted.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{MINER, World};
use filigree_proofs_mock::MockProver;
use filigree_proofs_prove::{Control, Outcome, Task};
use filigree_seal::{DeadlineStatus, Pipeline, Prover, WindowCounts};
use fvm_shared::address::Address;

const SUBMIT_WINDOWED_POST: u64 = 5;
/// Epochs of a proving period.
const PERIOD: u64 = 480;

fn faults(world: &World) -> Vec<u64> {
    let view = world.view();
    let miner = view.miner(&Address::new_id(MINER)).unwrap();
    miner.faults().unwrap().iter().collect()
}

/// Mines until a deadline with sectors is so many epochs ahead.
fn next_deadline(world: &World, pipeline: &Pipeline, ahead: i64) -> DeadlineStatus {
    let find = |pipeline: &Pipeline| {
        let deadlines = pipeline.deadlines().unwrap().into_iter();
        let mut found =
            deadlines.filter(|one| one.sectors > 0 && one.open == world.height() + ahead);
        found.next()
    };
    let what = "a deadline with sectors comes";
    world.mine_until(pipeline, PERIOD, what, |pipeline| find(pipeline).is_some());
    find(pipeline).unwrap()
}

#[test]
fn an_epoch_waits_for_the_window_proof_of_a_deadline_that_closes() {
    let slow = Slow::default();
    let world = World::with(Prover::mock_by(Box::new(slow.clone())));
    let pipeline = world.start();
    let deadline = next_deadline(&world, &pipeline, 30);
    slow.set_slow(true);
    while world.height() < deadline.open {
        world.mine();
    }
    let why = pipeline.holds_back(deadline.close - 2);
    let why = why.expect("it is held back");
    assert!(why.contains("window proof of miner f01000"), "{why}");
    assert_eq!(
        pipeline.holds_back(deadline.open + 2),
        None,
        "there is time"
    );
    assert!(world.pool.is_empty());

    slow.set_slow(false);
    assert!(pipeline.settle(Duration::from_secs(600)));
    assert_eq!(pipeline.holds_back(deadline.close - 2), None);
    assert_eq!(world.pool.len(), 1, "the proof waits to be mined");
    world.advance(&pipeline, 20);
    assert!(faults(&world).is_empty());
    assert_eq!(world.successes(SUBMIT_WINDOWED_POST), 1);
}

#[test]
fn window_proofs_are_counted() {
    let world = World::new();
    let pipeline = world.start();
    assert_eq!(pipeline.window_counts(), WindowCounts::default());
    next_deadline(&world, &pipeline, 30);
    world.advance(&pipeline, 40);
    let counts = pipeline.window_counts();
    assert_eq!((counts.made, counts.late, counts.skipped), (1, 0, 0));
    assert!(counts.last_took > Duration::ZERO);
}

#[test]
fn a_proof_that_comes_too_late_is_counted_and_not_sent() {
    let slow = Slow::default();
    let world = World::with(Prover::mock_by(Box::new(slow.clone())));
    let pipeline = world.start();
    // The files were looked at, which is a proof on trial; the challenge comes 4 epochs before the window.
    let deadline = next_deadline(&world, &pipeline, 8);
    slow.set_slow(true);
    while world.height() < deadline.open {
        world.mine();
    }
    slow.wait_until_asked();
    while world.height() < deadline.close {
        world.mine();
    }
    assert_eq!(pipeline.window_counts(), WindowCounts::default());
    slow.set_slow(false);
    assert!(pipeline.settle(Duration::from_secs(600)));
    let counts = pipeline.window_counts();
    assert_eq!((counts.made, counts.late), (1, 1));
    assert!(world.pool.is_empty());
    assert!(!faults(&world).is_empty());
}

/// A mock that makes no window proof as long as it is slow.
#[derive(Clone, Debug, Default)]
struct Slow(Arc<Slowness>);

#[derive(Debug, Default)]
struct Slowness {
    is_slow: AtomicBool,
    is_asked: AtomicBool,
}

impl Slow {
    fn set_slow(&self, is_slow: bool) {
        self.0.is_slow.store(is_slow, Ordering::SeqCst);
    }

    /// Until a window proof is being made, slowly.
    fn wait_until_asked(&self) {
        while !self.0.is_asked.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl filigree_proofs_prove::Prover for Slow {
    fn run(&self, task: &Task, control: &Control) -> filigree_proofs_prove::Result<Outcome> {
        let is_window = matches!(task, Task::WindowPost { .. });
        while is_window && self.0.is_slow.load(Ordering::SeqCst) {
            self.0.is_asked.store(true, Ordering::SeqCst);
            control.check()?;
            std::thread::sleep(Duration::from_millis(5));
        }
        filigree_proofs_prove::Prover::run(&MockProver, task, control)
    }
}
