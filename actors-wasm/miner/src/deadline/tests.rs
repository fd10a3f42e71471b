//! A deadline of ten sectors, in partitions of four.

use super::*;
use crate::bitfield_queue::bits;
use crate::sector_map::PartitionSectorMap;
use crate::sectors::Sectors;
use crate::types::{PoStPartition, Sizes};
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::sector::SectorSize;

const SIZE: SectorSize = SectorSize::_2KiB;
const BYTES: i128 = 2 << 10;
const SIZES: Sizes = Sizes {
    sector: SIZE,
    partition: 4,
};
const QUANT: QuantSpec = QuantSpec {
    unit: 10,
    offset: 4,
};

fn set(numbers: &[u64]) -> BitField {
    bits(numbers.iter().copied()).unwrap()
}

fn power(count: i128) -> PowerPair {
    PowerPair::new(count * BYTES, count * BYTES)
}

fn map(entries: &[(u64, &[u64])]) -> PartitionSectorMap {
    let mut map = PartitionSectorMap::default();
    for (partition, sectors) in entries {
        map.add(*partition, set(sectors));
    }
    map
}

fn post(index: u64, skipped: &[u64]) -> PoStPartition {
    PoStPartition {
        index,
        skipped: set(skipped),
    }
}

/// Sectors that end by threes: 0 to 2 at 14, 3 to 5 at 24, …
fn sectors(numbers: std::ops::Range<u64>) -> Vec<SectorOnChainInfo> {
    let sector = |number| SectorOnChainInfo {
        sector_number: number,
        expiration: 5 + 10 * (number as i64 / 3),
        initial_pledge: TokenAmount::from_atto(1_000),
        daily_fee: TokenAmount::from_atto(1),
        ..Default::default()
    };
    numbers.map(sector).collect()
}

struct Case<'a> {
    store: &'a MemoryBlockstore,
    sectors: Sectors<&'a MemoryBlockstore>,
    deadline: Deadline,
}

impl<'a> Case<'a> {
    /// Ten sectors, proven: four, four and two.
    fn new(store: &'a MemoryBlockstore) -> Self {
        let empty = OpenArray::empty(store).close().unwrap();
        let mut array = Sectors::load(store, &empty).unwrap();
        array.store(&sectors(0..10)).unwrap();
        let mut case = Self {
            store,
            sectors: array,
            deadline: Deadline::new(store).unwrap(),
        };
        case.add(0..6);
        case.add(6..10);
        let proven = case.prove(&[post(0, &[]), post(1, &[]), post(2, &[])]);
        assert_eq!(proven.unwrap().power_delta, power(10));
        case.close(9);
        case
    }

    fn add(&mut self, numbers: std::ops::Range<u64>) {
        let (store, new) = (self.store, sectors(numbers));
        let added = self
            .deadline
            .add_sectors(store, SIZES, Arrival::New, &new, QUANT)
            .unwrap();
        let count = new.len() as i128;
        assert_eq!(added, (power(count), TokenAmount::from_atto(count)));
    }

    fn prove(&mut self, posts: &[PoStPartition]) -> Result<PoStResult> {
        let store = self.store;
        self.deadline
            .record_proven_sectors(store, &self.sectors, SIZE, QUANT, 40, posts)
    }

    /// Closes the window, without expiring anything.
    fn close(&mut self, fault_expiration: ChainEpoch) -> (PowerPair, PowerPair) {
        let array = OpenArray::empty(self.store).close().unwrap();
        self.deadline
            .process_deadline_end(self.store, QUANT, fault_expiration, array)
            .unwrap()
    }

    fn partition(&self, index: u64) -> Partition {
        self.deadline.load_partition(self.store, index).unwrap()
    }

    fn faults(&mut self, declared: &[(u64, &[u64])]) -> Result<PowerPair> {
        let (store, declared) = (self.store, map(declared));
        self.deadline
            .record_faults(store, &self.sectors, SIZE, QUANT, 16, &declared)
    }

    fn terminate(&mut self, declared: &[(u64, &[u64])]) -> Result<PowerPair> {
        let (store, declared) = (self.store, map(declared));
        self.deadline
            .terminate_sectors(store, &self.sectors, 7, &declared, SIZE, QUANT)
    }

    fn compact(&mut self, partitions: &[u64]) -> Result<BitField> {
        let store = self.store;
        self.deadline
            .compact_partitions(store, &self.sectors, SIZES, &set(partitions), QUANT)
    }

    /// Partitions that may have sectors that end, by epoch.
    fn expirations(&self) -> Vec<(u64, Vec<u64>)> {
        let mut found = Vec::new();
        let queue = self
            .deadline
            .expirations_epochs
            .open_in(self.store)
            .unwrap();
        let visit = |epoch, partitions: BitField| {
            found.push((epoch, partitions.iter().collect()));
            Ok(())
        };
        queue.for_each(visit).unwrap();
        found
    }
}

#[test]
fn partitions_are_filled_one_after_the_other() {
    let store = MemoryBlockstore::new();
    let case = Case::new(&store);
    assert_eq!(case.partition(0).sectors, set(&[0, 1, 2, 3]));
    assert_eq!(case.partition(1).sectors, set(&[4, 5, 6, 7]));
    assert_eq!(case.partition(2).sectors, set(&[8, 9]));
    let deadline = &case.deadline;
    assert_eq!((deadline.live_sectors, deadline.total_sectors), (10, 10));
    assert_eq!(deadline.live_power, power(10));
    assert_eq!(deadline.daily_fee, TokenAmount::from_atto(10));
    assert_eq!(
        case.expirations(),
        [
            (14, vec![0]),
            (24, vec![0, 1]),
            (34, vec![1, 2]),
            (44, vec![2])
        ]
    );
    let none = deadline.load_partition(&store, 3).unwrap_err();
    assert_eq!(none.code, ExitCode::USR_NOT_FOUND);
}

#[test]
fn a_partition_is_proven_once_in_a_window() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    let code = |case: &mut Case<'_>, posts: &[PoStPartition]| {
        let before = case.deadline.clone();
        let code = case.prove(posts).unwrap_err().code;
        case.deadline = before;
        code
    };
    let illegal = ExitCode::USR_ILLEGAL_ARGUMENT;
    assert_eq!(code(&mut case, &[post(0, &[]), post(0, &[])]), illegal);
    assert_eq!(code(&mut case, &[post(0, &[4])]), illegal);
    assert_eq!(code(&mut case, &[post(u64::MAX, &[])]), illegal);
    assert_eq!(code(&mut case, &[post(3, &[])]), ExitCode::USR_NOT_FOUND);

    let proven = case.prove(&[post(1, &[5, 6]), post(0, &[])]).unwrap();
    assert_eq!(proven.sectors, set(&[0, 1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(proven.ignored_sectors, set(&[5, 6]));
    assert_eq!(proven.partitions, set(&[0, 1]));
    assert_eq!(proven.power_delta, -power(2));
    assert_eq!(proven.new_faulty_power, power(2));
    assert_eq!(case.deadline.faulty_power, power(2));
    assert_eq!(code(&mut case, &[post(1, &[])]), illegal);
    // Faults of partition 1 end at 44 at the latest.
    assert_eq!(case.expirations()[3], (44, vec![1, 2]));
    // Partition 2 was not proven.
    let missed = case.close(50);
    assert_eq!(missed, (-power(2), power(2)));
    assert_eq!(case.deadline.faulty_power, power(4));
    assert!(case.deadline.partitions_posted.is_empty());
    assert_eq!(case.expirations()[4], (54, vec![2]));
    // Nothing is new the next time, if nothing is proven then but what was faulty.
    case.prove(&[post(0, &[]), post(1, &[])]).unwrap();
    assert_eq!(case.close(60), (power(0), power(0)));
}

#[test]
fn what_was_faulty_is_proven_after_it_was_declared() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    assert_eq!(case.faults(&[(0, &[0, 3]), (2, &[9])]), Ok(-power(3)));
    assert_eq!(case.faults(&[(0, &[3])]), Ok(power(0)));
    assert_eq!(case.deadline.faulty_power, power(3));
    let none = case.faults(&[(3, &[1])]).unwrap_err();
    assert_eq!(none.code, ExitCode::USR_NOT_FOUND);
    let declared = map(&[(0, &[0, 1])]);
    case.deadline
        .declare_faults_recovered(&store, &case.sectors, SIZE, &declared)
        .unwrap();
    let proven = case
        .prove(&[post(0, &[]), post(1, &[]), post(2, &[])])
        .unwrap();
    assert_eq!(proven.recovered_power, power(1));
    assert_eq!(proven.power_delta, power(1));
    assert_eq!(proven.ignored_sectors, set(&[3, 9]));
    assert_eq!(case.deadline.faulty_power, power(2));
}

#[test]
fn a_proof_can_be_disputed_after_its_window() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    case.faults(&[(1, &[4])]).unwrap();
    let proven = case.prove(&[post(0, &[]), post(1, &[])]).unwrap();
    let partitions = proven.partitions;
    case.deadline
        .record_post_proofs(&store, &partitions, &[])
        .unwrap();
    let none = case.deadline.take_post_proofs(&store, 0).unwrap_err();
    assert_eq!(none.code, ExitCode::USR_ILLEGAL_ARGUMENT);
    let array = {
        let mut array = OpenArray::empty(&store);
        array.set(3, &sectors(3..4)[0]).unwrap();
        array.close().unwrap()
    };
    case.deadline
        .process_deadline_end(&store, QUANT, 50, array)
        .unwrap();
    assert_eq!(case.deadline.sectors_snapshot, array);

    // What happens later does not matter.
    case.faults(&[(0, &[1])]).unwrap();
    let (taken, _) = case.deadline.take_post_proofs(&store, 0).unwrap();
    assert_eq!(taken, partitions);
    let info = case
        .deadline
        .load_partitions_for_dispute(&store, &taken)
        .unwrap();
    assert_eq!(info.all_sector_nos, set(&[0, 1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(info.ignored_sector_nos, set(&[4]));
    assert_eq!(
        info.disputed_sectors,
        map(&[(0, &[0, 1, 2, 3]), (1, &[5, 6, 7])])
    );
    assert_eq!(info.disputed_power, power(7));
    assert!(case.deadline.take_post_proofs(&store, 0).is_err());

    // Without proofs there is nothing to dispute.
    case.close(60);
    assert_ne!(case.deadline.sectors_snapshot, array);
    assert!(
        case.deadline
            .load_partitions_for_dispute(&store, &set(&[7]))
            .is_err()
    );
}

#[test]
fn sectors_expire_and_early_ones_are_paid_in_portions() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    // 5, 8 and 9 are to end later; 24 is when these end early.
    case.faults(&[(2, &[8, 9])]).unwrap();
    let none = case
        .deadline
        .pop_expired_sectors(&store, 13, QUANT)
        .unwrap();
    assert!(none.is_empty());
    let expired = case
        .deadline
        .pop_expired_sectors(&store, 24, QUANT)
        .unwrap();
    assert_eq!(expired.on_time_sectors, set(&[0, 1, 2, 3, 4, 5]));
    assert_eq!(expired.early_sectors, set(&[8, 9]));
    assert_eq!(expired.on_time_pledge, TokenAmount::from_atto(6_000));
    let deadline = &case.deadline;
    assert_eq!((deadline.live_sectors, deadline.total_sectors), (2, 10));
    assert_eq!(
        (deadline.live_power, deadline.faulty_power),
        (power(2), power(0))
    );
    assert_eq!(deadline.daily_fee, TokenAmount::from_atto(2));
    assert_eq!(deadline.early_terminations, set(&[2]));

    assert_eq!(case.terminate(&[(1, &[6])]), Ok(power(1)));
    assert_eq!(case.deadline.early_terminations, set(&[1, 2]));
    let mut pop = |partitions, sectors| {
        let popped = case
            .deadline
            .pop_early_terminations(&store, partitions, sectors);
        let (result, has_more) = popped.unwrap();
        (
            result.partitions_processed,
            result.sectors_processed,
            has_more,
        )
    };
    assert_eq!(pop(1, 9), (1, 1, true));
    assert_eq!(pop(9, 1), (1, 1, true));
    assert_eq!(pop(9, 9), (1, 1, false));
    assert!(case.deadline.early_terminations.is_empty());
}

#[test]
fn compaction_drops_what_was_terminated() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    case.terminate(&[(0, &[0, 1]), (1, &[4])]).unwrap();
    let code = |result: Result<BitField>| result.unwrap_err().code;
    let illegal = ExitCode::USR_ILLEGAL_ARGUMENT;
    // Not paid for yet.
    assert_eq!(code(case.compact(&[0])), illegal);
    case.deadline.pop_early_terminations(&store, 9, 9).unwrap();
    for wrong in [&[3][..], &[0, 1, 2, 3]] {
        assert_eq!(code(case.compact(wrong)), illegal);
    }
    assert_eq!(case.compact(&[]), Ok(BitField::new()));
    let power_before = case.deadline.live_power;
    assert_eq!(case.compact(&[0, 1]), Ok(set(&[0, 1, 4])));
    assert_eq!(case.partition(0).sectors, set(&[2, 3, 8, 9]));
    assert_eq!(case.partition(1).sectors, set(&[5, 6, 7]));
    let deadline = &case.deadline;
    assert_eq!((deadline.live_sectors, deadline.total_sectors), (7, 7));
    assert_eq!(
        (deadline.live_power, deadline.daily_fee.clone()),
        (power_before, TokenAmount::from_atto(7))
    );
    assert_eq!(
        case.expirations(),
        [
            (14, vec![0]),
            (24, vec![0, 1]),
            (34, vec![0, 1]),
            (44, vec![0])
        ]
    );
    // Faulty and unproven sectors stay where they are.
    case.faults(&[(0, &[2])]).unwrap();
    assert_eq!(code(case.compact(&[0])), illegal);
    case.add(10..11);
    assert_eq!(code(case.compact(&[1])), illegal);
}

#[test]
fn a_deadline_lives_until_nothing_can_happen() {
    let store = MemoryBlockstore::new();
    assert!(!Deadline::new(&store).unwrap().is_live());
    let mut case = Case::new(&store);
    assert!(case.deadline.is_live());
    case.prove(&[post(0, &[]), post(1, &[]), post(2, &[])])
        .unwrap();
    case.deadline
        .record_post_proofs(&store, &set(&[0]), &[])
        .unwrap();
    case.close(50);
    case.deadline
        .pop_expired_sectors(&store, 44, QUANT)
        .unwrap();
    assert_eq!(case.deadline.live_sectors, 0);
    // The snapshots are not those of what is left.
    assert!(case.deadline.is_live());
    case.close(60);
    assert!(!case.deadline.is_live());
}
