//! A miner's life: sectors pledged, sealed and proven, window proofs, faults, restarts, reorganisations. Proofs are mock, the actors and the
//! host are those of the node.

mod common;

use std::fs;
use std::sync::Arc;

use common::{MINER, World};
use filigree_mempool::Pending;
use filigree_seal::{Death, Pipeline, SealError};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

const SUBMIT_WINDOWED_POST: u64 = 5;
const DECLARE_FAULTS: u64 = 10;
const DECLARE_FAULTS_RECOVERED: u64 = 11;
const PRE_COMMIT: u64 = 28;
const PROVE_COMMIT: u64 = 34;
/// Epochs of a proving period.
const PERIOD: u64 = 480;

fn state(pipeline: &Pipeline, number: u64) -> String {
    pipeline.sector(number).unwrap().state
}

fn active(world: &World) -> Vec<u64> {
    let view = world.view();
    let miner = view.miner(&Address::new_id(MINER)).unwrap();
    miner.active_sectors().unwrap().iter().collect()
}

fn faults(world: &World) -> Vec<u64> {
    let view = world.view();
    let miner = view.miner(&Address::new_id(MINER)).unwrap();
    miner.faults().unwrap().iter().collect()
}

#[test]
fn a_pledged_sector_is_proven_and_stays_so_and_a_lost_one_comes_back() {
    let world = World::new();
    let pipeline = world.start();
    let number = pipeline.pledge().unwrap();
    assert_eq!(number, 2, "the network begins with 0 and 1");
    world.mine_until(&pipeline, 60, "the sector is proven", |pipeline| {
        state(pipeline, number) == "Proving"
    });
    assert_eq!(world.successes(PRE_COMMIT), 1);
    assert_eq!(world.successes(PROVE_COMMIT), 1);
    let status = pipeline.sector(number).unwrap();
    assert!(status.trouble.is_none(), "{status:#?}");
    let states: Vec<&str> = status.log.iter().map(|entry| entry.text.as_str()).collect();
    assert!(states.contains(&"WaitSeed") && states.contains(&"Committing"));

    // Two proving periods: each deadline with sectors is proven in each.
    world.advance(&pipeline, 2 * PERIOD);
    assert_eq!(active(&world), [0, 1, 2]);
    assert!(faults(&world).is_empty());
    let proven = world.successes(SUBMIT_WINDOWED_POST);
    let deadlines = pipeline.deadlines().unwrap();
    let with_sectors = deadlines.iter().filter(|deadline| deadline.sectors > 0);
    let with_sectors = with_sectors.count();
    assert!(
        proven >= 2 * with_sectors,
        "{proven} of {with_sectors} deadlines"
    );

    // The replica of a sector is lost, long before its deadline: it is declared faulty.
    let view = world.view();
    let location = view
        .miner(&Address::new_id(MINER))
        .unwrap()
        .sector_location(number);
    let (index, _) = location.unwrap().unwrap();
    world.mine_until(&pipeline, PERIOD, "its deadline is far", |pipeline| {
        let deadlines = pipeline.deadlines().unwrap();
        deadlines[index as usize].open > world.height() + 100
    });
    let replica = world.replica(number);
    let saved = fs::read(&replica).unwrap();
    fs::remove_file(&replica).unwrap();
    world.mine_until(&pipeline, PERIOD + 60, "the sector is faulty", |_| {
        faults(&world) == [number]
    });
    assert_eq!(active(&world), [0, 1]);
    assert_eq!(world.successes(DECLARE_FAULTS), 1);

    // It is found again: declared recovered, and proven.
    fs::write(&replica, saved).unwrap();
    world.mine_until(&pipeline, PERIOD + 60, "the sector is back", |_| {
        active(&world) == [0, 1, 2]
    });
    assert!(faults(&world).is_empty());
    assert_eq!(world.successes(DECLARE_FAULTS_RECOVERED), 1);
}

/// Killed after every single write, again and again.
#[test]
fn a_pipeline_that_dies_after_every_write_gets_there_and_sends_nothing_twice() {
    lives(&World::new(), Death::After(1));
}

/// Killed between the effect of a step and its record, again and again: the write that follows does not happen.
#[test]
fn a_pipeline_that_dies_before_every_write_gets_there_and_sends_nothing_twice() {
    lives(&World::new(), Death::Before(1));
}

/// Pledges a sector, and goes on with it in pipelines that all die like this, until it is proven.
fn lives(world: &World, death: Death) {
    // The number and the record are written, unless something about a deadline is.
    let pledge = |_| world.start_mortal(Death::After(2)).pledge().ok();
    let number = (0..10).find_map(pledge).unwrap();
    let mut lives = 0;
    while lives < 400 {
        let pipeline = world.start_mortal(death);
        lives += 1;
        world.mine_until(&pipeline, 40, "it dies", |pipeline| {
            pipeline.is_dead() || state(pipeline, number) == "Proving"
        });
        if state(&pipeline, number) == "Proving" {
            break;
        }
    }
    // One for each step from GetTicket to Proving.
    assert!(lives >= 11, "{lives} lives");
    let pipeline = world.start();
    assert_eq!(state(&pipeline, number), "Proving");
    assert_eq!(world.successes(PRE_COMMIT), 1);
    assert_eq!(world.successes(PROVE_COMMIT), 1);
}

#[test]
fn a_message_that_was_noted_and_is_nowhere_is_sent_again() {
    let world = World::new();
    for waits in ["PreCommitWait", "CommitWait"] {
        let pipeline = world.start();
        let number = match pipeline.sectors().unwrap().first() {
            Some(sector) => sector.number,
            None => pipeline.pledge().unwrap(),
        };
        world.mine_until(&pipeline, 60, waits, |pipeline| {
            state(pipeline, number) == waits
        });
        drop(pipeline);
        // As if the process had been killed between the note and the pool.
        assert!(!world.pool.is_empty());
        world.pool.clear(true).unwrap();
    }
    let pipeline = world.start();
    let number = pipeline.sectors().unwrap()[0].number;
    world.mine_until(&pipeline, 60, "it is proven", |pipeline| {
        state(pipeline, number) == "Proving"
    });
    assert_eq!(world.successes(PRE_COMMIT), 1);
    assert_eq!(world.successes(PROVE_COMMIT), 1);
}

/// The announcement of a sector, as it waits in the pool.
fn announcement(world: &World) -> Arc<Pending> {
    let waiting = world.pool.pending().into_iter();
    let mut found = waiting.filter(|pending| pending.signed.message.method_num == PRE_COMMIT);
    let one = found.next().expect("it waits");
    assert!(found.next().is_none(), "there are two");
    one
}

#[test]
fn a_message_that_the_base_fee_has_overtaken_is_sent_again_with_a_higher_fee() {
    let world = World::new();
    let pipeline = world.start();
    let number = pipeline.pledge().unwrap();
    world.mine_until(&pipeline, 60, "it is announced", |pipeline| {
        state(pipeline, number) == "PreCommitWait"
    });
    let first = announcement(&world);
    let cap = first.signed.message.gas_fee_cap.atto().clone();
    let dear = u64::try_from(cap).unwrap() * 3;
    world.set_base_fee(Some(dear));
    // For a while it is left: the fee may fall again.
    world.advance(&pipeline, 2);
    assert_eq!(announcement(&world).cid, first.cid);
    assert!(world.pool.get(&first.cid).is_some());
    world.mine_until(&pipeline, 4, "it is replaced", |_| {
        world.pool.get(&first.cid).is_none()
    });
    let second = announcement(&world);
    assert_eq!(second.nonce(), first.nonce());
    assert!(second.signed.message.gas_fee_cap > TokenAmount::from_atto(dear));
    // A pipeline that is started anew knows what became of the message it has noted.
    drop(pipeline);
    let pipeline = world.start();
    assert_eq!(pipeline.sector(number).unwrap().pre_commit, Some(first.cid));
    world.mine_until(&pipeline, 60, "it is proven", |pipeline| {
        state(pipeline, number) == "Proving"
    });
    assert_eq!(world.successes(PRE_COMMIT), 1);
    assert_eq!(world.successes(PROVE_COMMIT), 1);
}

#[test]
fn a_message_is_not_replaced_by_one_that_may_not_cost_what_it_must() {
    let world = World::new();
    let pipeline = world.start();
    let number = pipeline.pledge().unwrap();
    world.mine_until(&pipeline, 60, "it is announced", |pipeline| {
        state(pipeline, number) == "PreCommitWait"
    });
    let first = announcement(&world);
    // A FIL, of which a message about a sector may cost one, for each of its millions of gas.
    world.set_base_fee(Some(1_000_000_000_000_000_000));
    world.advance(&pipeline, 8);
    assert_eq!(announcement(&world).cid, first.cid);
    world.set_base_fee(Some(100));
    world.mine_until(&pipeline, 60, "it is proven", |pipeline| {
        state(pipeline, number) == "Proving"
    });
    assert_eq!(world.successes(PRE_COMMIT), 1);
}

#[test]
fn a_reorganisation_that_moves_the_announcement_brings_another_challenge() {
    let world = World::new();
    let pipeline = world.start();
    let number = pipeline.pledge().unwrap();
    world.mine_until(&pipeline, 60, "announced", |pipeline| {
        state(pipeline, number) == "WaitSeed"
    });
    let fork = world.height() - 4;
    world.mine_until(&pipeline, 60, "proved", |pipeline| {
        state(pipeline, number) == "CommitWait"
    });
    // Deeper than what is relied on: the announcement waits again, is mined elsewhere, and the proof is of another seed.
    drop(pipeline);
    world.revert_to(fork);
    for _ in 0..2 {
        // Blocks without it.
        let waiting = world.pool.pending();
        world.pool.clear(true).unwrap();
        world.mine();
        for pending in waiting {
            let source = filigree_mempool::Source::Here;
            // The proof cannot come before the announcement.
            let _ = world.pool.push(pending.signed.clone(), source);
        }
    }
    let pipeline = world.start();
    world.mine_until(
        &pipeline,
        120,
        "it is proven on the other chain",
        |pipeline| state(pipeline, number) == "Proving",
    );
    // The first proof came with its announcement in one block, too early and of another seed.
    let proofs: Vec<_> = world
        .calls()
        .into_iter()
        .filter(|call| call.0 == PROVE_COMMIT)
        .collect();
    assert!(
        proofs.len() == 2 && proofs[0].1 != 0 && proofs[1].1 == 0,
        "{proofs:?}"
    );
    assert_eq!(world.successes(PRE_COMMIT), 1);
}

#[test]
fn a_step_that_fails_says_why_rests_and_is_tried_again() {
    let world = World::new();
    // Where replicas should be is a file.
    let sealed = world.sectors().join("sealed");
    let aside = world.sectors().join("aside");
    fs::rename(&sealed, &aside).unwrap();
    fs::write(&sealed, b"no directory").unwrap();
    let pipeline = world.start();
    let number = pipeline.pledge().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(600);
    let trouble = loop {
        let status = pipeline.sector(number).unwrap();
        if let Some(trouble) = status.trouble {
            assert_eq!(status.state, "PreCommit2");
            break trouble;
        }
        assert!(std::time::Instant::now() < deadline, "{status:#?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    assert!(trouble.reason.contains("sealed"), "{}", trouble.reason);
    assert!(trouble.tries == 1 && trouble.retry_at_seconds > 0);
    fs::remove_file(&sealed).unwrap();
    fs::rename(&aside, &sealed).unwrap();
    // Without waiting for the pause to end.
    pipeline.retry(number).unwrap();
    world.mine_until(&pipeline, 60, "it goes on", |pipeline| {
        state(pipeline, number) == "PreCommitWait"
    });
    assert!(pipeline.sector(number).unwrap().trouble.is_none());
}

#[test]
fn a_number_is_never_used_again() {
    let world = World::new();
    let pipeline = world.start();
    let first = pipeline.pledge().unwrap();
    // Before it is announced.
    pipeline.remove(first).unwrap();
    assert!(pipeline.settle(std::time::Duration::from_secs(600)));
    let gone = pipeline.sector(first).unwrap_err();
    assert!(matches!(gone, SealError::NoSector { number, .. } if number == first));
    assert!(!world.replica(first).exists());
    let second = pipeline.pledge().unwrap();
    assert_eq!(second, first + 1);
    drop(pipeline);
    let pipeline = world.start();
    let third = pipeline.pledge().unwrap();
    assert_eq!(third, second + 1);
    world.mine_until(&pipeline, 60, "both are proven", |pipeline| {
        state(pipeline, second) == "Proving" && state(pipeline, third) == "Proving"
    });
    let error = pipeline.remove(second).unwrap_err();
    assert!(
        matches!(error, SealError::OnChain(number) if number == second),
        "{error}"
    );
}
