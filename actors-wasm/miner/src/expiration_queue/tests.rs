//! Six sectors that end by twos.

use super::*;
use crate::quantize::NO_QUANTIZATION;
use fvm_ipld_blockstore::MemoryBlockstore;

const SIZE: SectorSize = SectorSize::_2KiB;
const BYTES: i128 = 2 << 10;
/// As with deadlines: some epochs of every ten.
const QUANT: QuantSpec = QuantSpec {
    unit: 10,
    offset: 4,
};

type Queue<'a> = ExpirationQueue<&'a MemoryBlockstore>;

/// A sector whose pledge is a thousand times its number, and whose fee is its number.
fn sector(number: SectorNumber, expiration: ChainEpoch) -> SectorOnChainInfo {
    SectorOnChainInfo {
        sector_number: number,
        expiration,
        initial_pledge: TokenAmount::from_atto(1_000 * number),
        daily_fee: TokenAmount::from_atto(number),
        ..Default::default()
    }
}

fn queue(store: &MemoryBlockstore, quant: QuantSpec) -> Queue<'_> {
    let amt = OpenArray::empty(store);
    ExpirationQueue { amt, quant }
}

/// A set of sectors, the active and faulty among them counted.
fn set(on_time: &[u64], early: &[u64], active: i128, faulty: i128) -> ExpirationSet {
    let sum: u64 = on_time.iter().sum();
    let all: u64 = sum + early.iter().sum::<u64>();
    ExpirationSet {
        on_time_sectors: bits(on_time.iter().copied()).unwrap(),
        early_sectors: bits(early.iter().copied()).unwrap(),
        on_time_pledge: TokenAmount::from_atto(1_000 * sum),
        active_power: PowerPair::new(active * BYTES, active * BYTES),
        faulty_power: PowerPair::new(faulty * BYTES, faulty * BYTES),
        fee_deduction: TokenAmount::from_atto(all),
    }
}

#[track_caller]
fn check(queue: &Queue<'_>, expected: &[(u64, ExpirationSet)]) {
    let mut found = Vec::new();
    let visit = |key, set| {
        found.push((key, set));
        Ok(())
    };
    queue.for_each(visit).unwrap();
    assert_eq!(found, expected);
}

fn power(count: i128) -> PowerPair {
    PowerPair::new(count * BYTES, count * BYTES)
}

/// Sectors 1 to 6, which end by twos: 1 and 2 by 14, 3 and 4 by 24, 5 and 6 by 34.
fn six() -> Vec<SectorOnChainInfo> {
    (1..=6)
        .map(|n| sector(n, 5 + 10 * ((n as i64 - 1) / 2)))
        .collect()
}

fn queue_of_six(store: &MemoryBlockstore) -> Queue<'_> {
    let mut queue = queue(store, QUANT);
    let added = queue.add_active_sectors(&six(), SIZE).unwrap();
    assert_eq!(added.sectors, bits(1..=6).unwrap());
    assert_eq!(added.power, power(6));
    assert_eq!(added.pledge, TokenAmount::from_atto(21_000));
    assert_eq!(added.daily_fee, TokenAmount::from_atto(21));
    queue
}

#[test]
fn sectors_end_on_time_and_are_popped() {
    let store = MemoryBlockstore::new();
    let mut queue = queue_of_six(&store);
    check(
        &queue,
        &[
            (14, set(&[1, 2], &[], 2, 0)),
            (24, set(&[3, 4], &[], 2, 0)),
            (34, set(&[5, 6], &[], 2, 0)),
        ],
    );
    assert_eq!(queue.pop_until(13).unwrap(), ExpirationSet::empty());
    assert_eq!(queue.pop_until(24).unwrap(), set(&[1, 2, 3, 4], &[], 4, 0));
    check(&queue, &[(34, set(&[5, 6], &[], 2, 0))]);
    let closed = queue.close().unwrap();
    let reopened = Queue::open(&store, &closed, QUANT).unwrap();
    check(&reopened, &[(34, set(&[5, 6], &[], 2, 0))]);
}

#[test]
fn sectors_are_moved_to_another_epoch() {
    let store = MemoryBlockstore::new();
    let mut queue = queue_of_six(&store);
    queue.reschedule_expirations(20, &[], SIZE).unwrap();
    queue.reschedule_expirations(20, &six()[..3], SIZE).unwrap();
    check(
        &queue,
        &[
            (24, set(&[1, 2, 3, 4], &[], 4, 0)),
            (34, set(&[5, 6], &[], 2, 0)),
        ],
    );
    // They are found again, though they stand under another epoch than their own.
    queue
        .reschedule_expirations(40, &six()[1..2], SIZE)
        .unwrap();
    check(
        &queue,
        &[
            (24, set(&[1, 3, 4], &[], 3, 0)),
            (34, set(&[5, 6], &[], 2, 0)),
            (44, set(&[2], &[], 1, 0)),
        ],
    );
    let error = queue.reschedule_expirations(40, &[sector(7, 20)], SIZE);
    assert_eq!(error.unwrap_err().code, ExitCode::USR_ILLEGAL_STATE);
}

#[test]
fn faulty_sectors_end_early_unless_they_end_before() {
    let store = MemoryBlockstore::new();
    let mut queue = queue_of_six(&store);
    let six = six();
    let faults = [six[0].clone(), six[2].clone(), six[4].clone()];
    assert_eq!(
        queue.reschedule_as_faults(16, &faults, SIZE).unwrap(),
        power(3)
    );
    let with_faults = [
        (14, set(&[1, 2], &[], 1, 1)),
        (24, set(&[3, 4], &[5], 1, 2)),
        (34, set(&[6], &[], 1, 0)),
    ];
    check(&queue, &with_faults);

    // Both come back.
    let power_back = queue.reschedule_recovered(&faults, SIZE).unwrap();
    assert_eq!(power_back, power(3));
    check(
        &queue,
        &[
            (14, set(&[1, 2], &[], 2, 0)),
            (24, set(&[3, 4], &[], 2, 0)),
            (34, set(&[5, 6], &[], 2, 0)),
        ],
    );
    assert!(queue.reschedule_recovered(&[sector(9, 20)], SIZE).is_err());
}

#[test]
fn a_missed_proof_makes_all_sectors_faulty() {
    let store = MemoryBlockstore::new();
    let mut queue = queue_of_six(&store);
    let six = six();
    queue.reschedule_as_faults(16, &six[4..5], SIZE).unwrap();
    queue.reschedule_all_as_faults(20).unwrap();
    check(
        &queue,
        &[
            (14, set(&[1, 2], &[], 0, 2)),
            (24, set(&[3, 4], &[5, 6], 0, 4)),
        ],
    );
    // Those that end early cannot be put off, nor end earlier still.
    assert!(queue.reschedule_all_as_faults(10).is_err());
    queue.reschedule_all_as_faults(50).unwrap();
    // And all come back.
    assert_eq!(queue.reschedule_recovered(&six, SIZE).unwrap(), power(6));
    check(
        &queue,
        &[
            (14, set(&[1, 2], &[], 2, 0)),
            (24, set(&[3, 4], &[], 2, 0)),
            (34, set(&[5, 6], &[], 2, 0)),
        ],
    );
}

#[test]
fn sectors_are_removed_wherever_they_are() {
    let store = MemoryBlockstore::new();
    let mut queue = queue_of_six(&store);
    let six = six();
    let faults = [six[0].clone(), six[4].clone(), six[5].clone()];
    queue.reschedule_as_faults(16, &faults, SIZE).unwrap();
    let gone = [
        six[0].clone(),
        six[1].clone(),
        six[2].clone(),
        six[4].clone(),
    ];
    let (removed, recovering) = queue
        .remove_sectors(
            &gone,
            &bits([1, 5, 6]).unwrap(),
            &bits([1, 6]).unwrap(),
            SIZE,
        )
        .unwrap();
    assert_eq!(removed, set(&[1, 2, 3], &[5], 2, 2));
    assert_eq!(recovering, power(1));
    check(&queue, &[(24, set(&[4], &[6], 1, 1))]);
    let none = BitField::new();
    assert!(queue.remove_sectors(&gone, &none, &none, SIZE).is_err());
}

#[test]
fn sectors_are_replaced_by_better_ones() {
    let store = MemoryBlockstore::new();
    let mut queue = queue_of_six(&store);
    let old = six()[0].clone();
    let mut new = sector(1, 30);
    new.verified_deal_weight = BYTES * 30;
    new.initial_pledge = TokenAmount::from_atto(5_000);
    new.daily_fee = TokenAmount::from_atto(11);
    let replaced = queue.replace_sectors(&[old], &[new], SIZE).unwrap();
    assert_eq!(replaced.power_delta, PowerPair::new(0, 9 * BYTES));
    assert_eq!(replaced.pledge_delta, TokenAmount::from_atto(4_000));
    assert_eq!(replaced.daily_fee_delta, TokenAmount::from_atto(10));
    let mut last = set(&[1, 5, 6], &[], 3, 0);
    last.active_power.qa += 9 * BYTES;
    last.on_time_pledge += TokenAmount::from_atto(4_000);
    last.fee_deduction += TokenAmount::from_atto(10);
    check(
        &queue,
        &[
            (14, set(&[2], &[], 1, 0)),
            (24, set(&[3, 4], &[], 2, 0)),
            (34, last),
        ],
    );
}

#[test]
fn faulty_sectors_are_not_taken_for_active_ones() {
    let store = MemoryBlockstore::new();
    let mut queue = queue_of_six(&store);
    queue.reschedule_as_faults(6, &six()[4..5], SIZE).unwrap();
    let error = queue.reschedule_expirations(40, &six()[4..5], SIZE);
    assert_eq!(error.unwrap_err().code, ExitCode::USR_ILLEGAL_STATE);
}

#[test]
fn epochs_are_not_rounded_without_need() {
    let store = MemoryBlockstore::new();
    let mut queue = queue(&store, NO_QUANTIZATION);
    queue
        .add_active_sectors(&[sector(1, 5), sector(2, 6)], SIZE)
        .unwrap();
    check(
        &queue,
        &[(5, set(&[1], &[], 1, 0)), (6, set(&[2], &[], 1, 0))],
    );
}
