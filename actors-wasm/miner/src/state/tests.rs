//! A miner lives through random operations; whatever happens, its state stays consistent and its power is the sum of what changed it.

mod life;

use super::*;
use crate::bitfield_queue::bits;
use crate::policy::REWARD_VESTING_SPEC;
use crate::power::PowerPair;
use crate::types::SectorPreCommitInfo;
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::sector::RegisteredSealProof;
use life::{Life, POLICY, atto};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// The most operations in a life, so that a test has an end.
const MAX_STEPS: usize = 700;

/// Lives as the choices say; gives what was there in the meantime: power of verified data, early terminations, a pledge, five periods.
fn live(choices: Vec<u16>) -> [bool; 4] {
    let store = MemoryBlockstore::new();
    let mut life = Life::new(&store, choices);
    let mut has_had = [false; 4];
    for step in 0..MAX_STEPS {
        if !life.goes_on() {
            break;
        }
        match life.pick(12) {
            0 | 1 if step < MAX_STEPS * 5 / 7 => life.add_sectors(),
            2 => life.declare_faults(),
            3 => life.declare_recoveries(),
            4 => life.terminate(),
            5 => life.pay_terminations(),
            6 => life.compact(),
            7 => life.extend(),
            _ => life.close_deadline(),
        }
        life.check();
        let miner = &life.miner;
        has_had[0] |= life.power.qa > life.power.raw && life.power.raw > 0;
        has_had[1] |= !miner.early_terminations.is_empty();
        has_had[2] |= miner.initial_pledge.is_positive();
        has_had[3] |= life.now > 5 * POLICY.wpost_proving_period;
    }
    has_had
}

/// Chance could leave something out; these choices are the same in every run.
#[test]
fn a_long_life_has_everything() {
    let choices = vec(any::<u16>(), 9_000).new_tree(&mut TestRunner::deterministic());
    assert_eq!(live(choices.unwrap().current()), [true; 4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn whatever_happens_the_state_is_consistent(choices in vec(any::<u16>(), 100..9_000)) {
        live(choices);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn all_that_is_not_extended_ends(choices in vec(any::<u16>(), 100..2_000)) {
        let store = MemoryBlockstore::new();
        let mut life = Life::new(&store, choices);
        (0..5).for_each(|_| life.add_sectors());
        while life.now < 20 * POLICY.wpost_proving_period {
            life.close_deadline();
            while !life.miner.early_terminations.is_empty() {
                life.pay_terminations();
            }
        }
        life.check();
        prop_assert_eq!(life.power, PowerPair::zero());
        prop_assert_eq!(&life.miner.initial_pledge, &atto(0));
        prop_assert!(!life.miner.continue_deadline_cron());
    }
}

fn precommit(sector_number: SectorNumber, deposit: u64) -> SectorPreCommitOnChainInfo {
    SectorPreCommitOnChainInfo {
        info: SectorPreCommitInfo {
            seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
            sector_number,
            sealed_cid: Cid::default(),
            seal_rand_epoch: 0,
            deal_ids: Vec::new(),
            expiration: 1_000,
            unsealed_cid: Default::default(),
        },
        pre_commit_deposit: atto(deposit),
        pre_commit_epoch: 60,
    }
}

#[test]
fn announced_sectors_that_are_not_proven_lose_their_deposit() {
    let store = MemoryBlockstore::new();
    let mut life = Life::new(&store, Vec::new());
    let miner = &mut life.miner;
    let all = [1, 2, 3].map(|number| precommit(number, 10 * number));
    let numbers = bits([1, 2, 3]).unwrap();
    let policy = CollisionPolicy::DenyCollisions;
    miner
        .allocate_sector_numbers(&store, &numbers, policy)
        .unwrap();
    let error = miner.allocate_sector_numbers(&store, &numbers, policy);
    assert_eq!(error.unwrap_err().code, ExitCode::USR_ILLEGAL_ARGUMENT);
    let policy = CollisionPolicy::AllowCollisions;
    miner
        .allocate_sector_numbers(&store, &numbers, policy)
        .unwrap();

    miner.put_precommitted_sectors(&store, &all).unwrap();
    miner.add_pre_commit_deposit(&atto(60)).unwrap();
    let clean_ups = [(200, 1), (200, 2), (300, 3)];
    miner
        .add_pre_commit_clean_ups(&POLICY, &store, clean_ups)
        .unwrap();
    assert!(miner.put_precommitted_sectors(&store, &all[..1]).is_err());
    life.check();

    let miner = &mut life.miner;
    let found = miner.find_precommitted_sectors(&store, &[7, 2, 1]).unwrap();
    assert_eq!(found, [all[1].clone(), all[0].clone()]);
    let code = |numbers: [u64; 2]| {
        let found = miner.get_precommitted_sectors(&store, numbers);
        found.map(|found| found.len()).map_err(|error| error.code)
    };
    assert_eq!(code([3, 1]), Ok(2));
    assert_eq!(code([3, 7]), Err(ExitCode::USR_NOT_FOUND));
    assert_eq!(code([3, 1 << 63]), Err(ExitCode::USR_ILLEGAL_ARGUMENT));

    // Sector 2 is proven. The others go at the beginning of the next deadline: 240, 300.
    miner.delete_precommitted_sectors(&store, &[2]).unwrap();
    miner.add_pre_commit_deposit(&-atto(20)).unwrap();
    assert!(miner.delete_precommitted_sectors(&store, &[2]).is_err());
    let mut clean_up = |epoch| miner.cleanup_expired_pre_commits(&POLICY, &store, epoch);
    assert_eq!(clean_up(239), Ok(atto(0)));
    assert_eq!(clean_up(240), Ok(atto(10)));
    assert_eq!(clean_up(1_000), Ok(atto(30)));
    assert_eq!(life.miner.pre_commit_deposits, atto(0));
    life.check();
}

#[test]
fn debts_are_paid_by_what_is_locked_first() {
    let store = MemoryBlockstore::new();
    let mut miner = Life::new(&store, Vec::new()).miner;
    let spec = &REWARD_VESTING_SPEC;
    miner
        .add_locked_funds(&store, 60, &atto(1_800), spec)
        .unwrap();
    miner.add_initial_pledge(&atto(300)).unwrap();
    miner.apply_penalty(&atto(1_000)).unwrap();
    let balance = atto(1_800 + 300 + 50);
    assert_eq!(miner.get_unlocked_balance(&balance), Ok(atto(50)));
    assert_eq!(miner.get_available_balance(&balance), Ok(-atto(950)));
    let error = miner.clone().repay_debts(&balance).unwrap_err();
    assert_eq!(error.code, ExitCode::USR_INSUFFICIENT_FUNDS);

    let paid = miner.repay_partial_debt_in_priority_order(&store, 60, &balance);
    assert_eq!(paid, Ok((atto(1_000), atto(1_000))));
    assert_eq!(
        (&miner.fee_debt, &miner.locked_funds),
        (&atto(0), &atto(800))
    );
    // More than there is: all that is locked, and all that is free; the pledge stays.
    miner.apply_penalty(&atto(5_000)).unwrap();
    let balance = atto(800 + 300 + 50);
    let paid = miner.repay_partial_debt_in_priority_order(&store, 60, &balance);
    assert_eq!(paid, Ok((atto(850), atto(800))));
    assert_eq!(miner.fee_debt, atto(4_150));
    assert_eq!(miner.repay_debts(&atto(300 + 4_150)), Ok(atto(4_150)));
    assert!(miner.get_unlocked_balance(&atto(299)).is_err());
    assert!(miner.check_balance_invariants(&atto(300)).is_ok());
    assert!(miner.check_balance_invariants(&atto(299)).is_err());
    assert!(miner.apply_penalty(&-atto(1)).is_err());
    assert!(miner.add_initial_pledge(&-atto(301)).is_err());
}

#[test]
fn broken_invariants_are_told_by_name() {
    let store = MemoryBlockstore::new();
    let mut life = Life::new(&store, Vec::new());
    life.add_sectors();
    life.check();
    let names = |change: fn(&mut Miner)| {
        let mut miner = life.miner.clone();
        change(&mut miner);
        let broken = miner.check_invariants(&POLICY, &store, &atto(1_000_000));
        broken.iter().map(|broken| broken.name).collect::<Vec<_>>()
    };
    assert_eq!(names(|_| ()), [""; 0]);
    assert_eq!(
        names(|miner| miner.initial_pledge += atto(1)),
        ["miner/pledge"]
    );
    assert_eq!(
        names(|miner| miner.pre_commit_deposits += atto(1)),
        ["miner/deposits"]
    );
    assert_eq!(
        names(|miner| miner.locked_funds += atto(1)),
        ["miner/locked-funds"]
    );
    assert_eq!(
        names(|miner| miner.early_terminations.set(3)),
        ["miner/early-terminations"]
    );
    assert_eq!(
        names(|miner| miner.current_deadline = 48),
        ["miner/current-deadline"]
    );
    assert_eq!(
        names(|miner| miner.deadline_cron_active = false),
        ["miner/cron-is-active"]
    );
    assert_eq!(
        names(|miner| miner.info = miner.allocated_sectors),
        ["miner/readable"]
    );
    assert!(names(|miner| miner.proving_period_start += 1).contains(&"partition/expiration-epoch"));
}
