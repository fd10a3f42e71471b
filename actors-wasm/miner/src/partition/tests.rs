//! A partition of six sectors that end by twos.

use super::*;
use crate::bitfield_queue::bits;
use crate::sectors::Sectors;
use fvm_ipld_blockstore::MemoryBlockstore;

const SIZE: SectorSize = SectorSize::_2KiB;
const BYTES: i128 = 2 << 10;
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

/// Sectors 1 to 6 end by twos: at 14, 24 and 34.
fn six() -> Vec<SectorOnChainInfo> {
    let sector = |number| SectorOnChainInfo {
        sector_number: number,
        expiration: 5 + 10 * ((number as i64 - 1) / 2),
        initial_pledge: TokenAmount::from_atto(1_000 * number),
        daily_fee: TokenAmount::from_atto(number),
        ..Default::default()
    };
    (1..=6).map(sector).collect()
}

struct Case<'a> {
    store: &'a MemoryBlockstore,
    sectors: Sectors<&'a MemoryBlockstore>,
    partition: Partition,
}

impl<'a> Case<'a> {
    /// With these six, unproven.
    fn new(store: &'a MemoryBlockstore) -> Self {
        let empty = OpenArray::empty(store).close().unwrap();
        let mut sectors = Sectors::load(store, &empty).unwrap();
        sectors.store(&six()).unwrap();
        let mut partition = Partition::new(store).unwrap();
        let added = partition.add_sectors(store, false, &six(), SIZE, QUANT);
        assert_eq!(added.unwrap(), (power(6), TokenAmount::from_atto(21)));
        Self {
            store,
            sectors,
            partition,
        }
    }

    /// With these six, active.
    fn proven(store: &'a MemoryBlockstore) -> Self {
        let mut case = Self::new(store);
        assert_eq!(case.partition.activate_unproven(), power(6));
        case
    }

    fn faults(&mut self, numbers: &[u64]) -> Result<NewFaults> {
        let (store, numbers) = (self.store, set(numbers));
        self.partition
            .record_faults(store, &self.sectors, &numbers, 16, SIZE, QUANT)
    }

    fn skip(&mut self, numbers: &[u64]) -> Result<SkippedFaults> {
        let (store, numbers) = (self.store, set(numbers));
        self.partition
            .record_skipped_faults(store, &self.sectors, SIZE, QUANT, 16, &numbers)
    }

    fn recover(&mut self, numbers: &[u64]) -> Result<()> {
        self.partition
            .declare_faults_recovered(&self.sectors, SIZE, &set(numbers))
    }

    fn terminate(&mut self, epoch: ChainEpoch, numbers: &[u64]) -> Result<PowerPair> {
        let (store, numbers) = (self.store, set(numbers));
        let ended =
            self.partition
                .terminate_sectors(store, &self.sectors, epoch, &numbers, SIZE, QUANT);
        ended.map(|(removed, _)| removed.active_power)
    }

    /// Active, faulty and recovering power, in sectors.
    #[track_caller]
    fn check(&self, active: i128, faulty: i128, recovering: i128) {
        self.partition.validate_state().unwrap();
        let partition = &self.partition;
        let found = [
            partition.active_power(),
            partition.faulty_power,
            partition.recovering_power,
        ];
        assert_eq!(found, [active, faulty, recovering].map(power));
        let counts = [
            partition.active_sectors().len(),
            partition.faults.len(),
            partition.recoveries.len(),
        ];
        assert_eq!(counts.map(i128::from), [active, faulty, recovering]);
    }
}

#[test]
fn sectors_are_added_once() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    case.check(0, 0, 0);
    let again = case
        .partition
        .add_sectors(&store, true, &six(), SIZE, QUANT);
    assert_eq!(again.unwrap_err().code, ExitCode::USR_ILLEGAL_STATE);
}

#[test]
fn a_sector_becomes_faulty_once() {
    let store = MemoryBlockstore::new();
    let mut case = Case::proven(&store);
    let faults = case.faults(&[1, 5]).unwrap();
    assert_eq!(faults.sectors, set(&[1, 5]));
    assert_eq!(faults.power_delta, -power(2));
    assert_eq!(faults.new_faulty_power, power(2));
    case.check(4, 2, 0);
    let faults = case.faults(&[5, 6]).unwrap();
    assert_eq!((faults.sectors, faults.power_delta), (set(&[6]), -power(1)));
    assert_eq!(case.faults(&[1, 6]), Ok(NewFaults::default()));
    case.check(3, 3, 0);
    for stranger in [case.faults(&[7]).map(drop), case.recover(&[7])] {
        assert_eq!(stranger.unwrap_err().code, ExitCode::USR_ILLEGAL_ARGUMENT);
    }
}

#[test]
fn unproven_sectors_have_no_power_to_lose() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    let faults = case.faults(&[1, 2]).unwrap();
    assert_eq!(faults.power_delta, power(0));
    assert_eq!(faults.new_faulty_power, power(2));
    assert_eq!(case.partition.activate_unproven(), power(4));
    case.check(4, 2, 0);
}

#[test]
fn what_is_recovered_is_proven_first() {
    let store = MemoryBlockstore::new();
    let mut case = Case::proven(&store);
    case.faults(&[1, 2, 5]).unwrap();
    // Those that are not faulty need no recovery.
    case.recover(&[1, 3, 5]).unwrap();
    case.recover(&[1]).unwrap();
    case.check(3, 3, 2);
    // Faulty again before the proof; then skipped in it.
    assert_eq!(case.faults(&[1]), Ok(NewFaults::default()));
    case.check(3, 3, 1);
    case.recover(&[1, 2]).unwrap();
    let skipped = case.skip(&[2, 4]).unwrap();
    assert_eq!(skipped.power_delta, -power(1));
    assert_eq!(skipped.new_faulty_power, power(1));
    assert_eq!(skipped.retracted_recovery_power, power(1));
    assert!(skipped.has_new_faults);
    case.check(2, 4, 2);
    let recovered = case
        .partition
        .recover_faults(&store, &case.sectors, SIZE, QUANT);
    assert_eq!(recovered, Ok(power(2)));
    case.check(4, 2, 0);
    assert_eq!(case.partition.faults, set(&[2, 4]));
    assert_eq!(case.skip(&[]), Ok(SkippedFaults::default()));
    assert!(!case.skip(&[2]).unwrap().has_new_faults);
    assert!(case.skip(&[9]).is_err());
}

#[test]
fn a_missed_proof_is_paid_for_new_faults_and_failed_recoveries() {
    let store = MemoryBlockstore::new();
    let mut case = Case::proven(&store);
    case.faults(&[1, 2]).unwrap();
    case.recover(&[2]).unwrap();
    let missed = case
        .partition
        .record_missed_post(&store, 20, QUANT)
        .unwrap();
    assert_eq!(missed.power_delta, -power(4));
    assert_eq!(missed.penalized_power, power(5));
    assert_eq!(missed.new_faulty_power, power(4));
    case.check(0, 6, 0);
    // Unproven sectors are found faulty too, but had no power.
    let mut case = Case::new(&store);
    let missed = case
        .partition
        .record_missed_post(&store, 20, QUANT)
        .unwrap();
    assert_eq!(missed.power_delta, power(0));
    assert_eq!(missed.penalized_power, power(6));
    case.check(0, 6, 0);
}

#[test]
fn terminated_sectors_wait_to_be_paid_for() {
    let store = MemoryBlockstore::new();
    let mut case = Case::proven(&store);
    case.faults(&[1, 5]).unwrap();
    case.recover(&[1]).unwrap();
    assert_eq!(case.terminate(7, &[1, 2, 5]), Ok(power(1)));
    case.check(3, 0, 0);
    assert_eq!(case.partition.live_power, power(3));
    let again = case.terminate(8, &[2]).unwrap_err();
    assert_eq!(again.code, ExitCode::USR_ILLEGAL_ARGUMENT);
    case.terminate(8, &[3, 6]).unwrap();

    let mut pop = |max| {
        let (result, has_more) = case.partition.pop_early_terminations(&store, max).unwrap();
        let sectors = result.sectors.into_iter();
        let sectors: Vec<_> = sectors
            .map(|(epoch, set)| (epoch, set.iter().collect()))
            .collect();
        (sectors, has_more)
    };
    assert_eq!(pop(2), (vec![(7, vec![1, 2])], true));
    assert_eq!(pop(2), (vec![(7, vec![5]), (8, vec![3])], true));
    assert_eq!(pop(2), (vec![(8, vec![6])], false));
    assert_eq!(pop(2), (vec![], false));
}

#[test]
fn unproven_sectors_that_are_terminated_had_no_active_power() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    let ended =
        case.partition
            .terminate_sectors(&store, &case.sectors, 7, &set(&[1, 2]), SIZE, QUANT);
    let (removed, unproven) = ended.unwrap();
    assert_eq!((removed.active_power, unproven), (power(0), power(2)));
    assert_eq!(removed.fee_deduction, TokenAmount::from_atto(3));
    assert_eq!(case.partition.unproven_power, power(4));
    case.check(0, 0, 0);
}

#[test]
fn sectors_expire_on_time_or_early() {
    let store = MemoryBlockstore::new();
    let mut case = Case::new(&store);
    let pop = |case: &mut Case<'_>, until| case.partition.pop_expired_sectors(&store, until, QUANT);
    let too_soon = pop(&mut case, 14).unwrap_err();
    assert_eq!(too_soon.code, ExitCode::USR_ILLEGAL_STATE);
    case.partition.activate_unproven();
    // Both end at 24, early; 5 and 6 would at 34.
    case.faults(&[1, 6]).unwrap();
    let expired = pop(&mut case, 24).unwrap();
    assert_eq!(expired.on_time_sectors, set(&[1, 2, 3, 4]));
    assert_eq!(expired.early_sectors, set(&[6]));
    assert_eq!(expired.on_time_pledge, TokenAmount::from_atto(10_000));
    assert_eq!(
        (expired.active_power, expired.faulty_power),
        (power(3), power(2))
    );
    assert_eq!(expired.fee_deduction, TokenAmount::from_atto(16));
    case.check(1, 0, 0);
    let (result, has_more) = case.partition.pop_early_terminations(&store, 9).unwrap();
    assert_eq!(
        result.sectors.into_iter().collect::<Vec<_>>(),
        [(24, set(&[6]))]
    );
    assert!(!has_more);
}

#[test]
fn only_active_sectors_are_replaced() {
    let store = MemoryBlockstore::new();
    let mut case = Case::proven(&store);
    let old = six();
    let mut new = old[2].clone();
    new.expiration = 100;
    new.initial_pledge = TokenAmount::from_atto(5_000);
    let new = [new];
    let replaced = case
        .partition
        .replace_sectors(&store, &old[2..3], &new, SIZE, QUANT);
    let nothing = TokenAmount::default();
    assert_eq!(
        replaced.unwrap(),
        (power(0), TokenAmount::from_atto(2_000), nothing)
    );
    case.check(6, 0, 0);
    case.faults(&[1]).unwrap();
    let mut partition = case.partition.clone();
    assert!(
        partition
            .replace_sectors(&store, &old[..1], &old[..1], SIZE, QUANT)
            .is_err()
    );
}
