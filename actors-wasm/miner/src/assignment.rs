//! Which deadline a new sector is proven at (Filecoin spec, "PoSt", "Design", which is older than the order below).
//!
//! A miner proves partition by partition, so the deadline with the most partitions tells what hardware it needs. A sector goes where it
//! leaves the fewest partitions, counted first as if terminated sectors were removed already, then as they are; where these are
//! equal, into a partition that is not full, the fullest first; then to the deadline with the fewest live sectors; then to the first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use filigree_sdk::prelude::*;

/// A deadline that takes sectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The deadline.
    pub index: usize,
    /// How many of its sectors are not terminated.
    pub live_sectors: u64,
    /// How many sectors it has.
    pub total_sectors: u64,
}

/// The deadline with the least takes the next sector.
type Rank = (u64, u64, bool, u64, u64, usize);

impl Candidate {
    fn rank(&self, partition_size: u64) -> Rank {
        let is_full = self.total_sectors.is_multiple_of(partition_size);
        (
            (self.live_sectors + 1).div_ceil(partition_size),
            (self.total_sectors + 1).div_ceil(partition_size),
            is_full,
            if is_full {
                0
            } else {
                u64::MAX - self.total_sectors
            },
            self.live_sectors,
            self.index,
        )
    }
}

/// The deadline of each of `count` sectors, in order. Fails with `USR_ILLEGAL_STATE` if all deadlines have `max_partitions`, or if there are none.
pub fn assign_deadlines(
    max_partitions: u64,
    partition_size: u64,
    candidates: impl IntoIterator<Item = Candidate>,
    count: usize,
) -> Result<Vec<usize>> {
    let ranked = |candidate: Candidate| Reverse((candidate.rank(partition_size), candidate));
    let mut heap: BinaryHeap<_> = candidates.into_iter().map(ranked).collect();
    let mut assigned = Vec::with_capacity(count);
    for _ in 0..count {
        let mut best = heap
            .peek_mut()
            .ok_or_else(|| Error::illegal_state("no deadline takes sectors"))?;
        let Reverse((_, mut candidate)) = *best;
        ensure!(
            candidate.total_sectors < partition_size * max_partitions,
            illegal_state,
            "all deadlines have {max_partitions} partitions"
        );
        assigned.push(candidate.index);
        candidate.live_sectors += 1;
        candidate.total_sectors += 1;
        *best = ranked(candidate);
    }
    Ok(assigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deadlines 0, 1, …, each with these live and dead sectors, four to a partition.
    fn assign(deadlines: &[(u64, u64)], count: usize) -> Result<Vec<usize>> {
        let candidates = deadlines
            .iter()
            .enumerate()
            .map(|(index, (live, dead))| Candidate {
                index,
                live_sectors: *live,
                total_sectors: live + dead,
            });
        assign_deadlines(3, 4, candidates, count)
    }

    #[track_caller]
    fn check(deadlines: &[(u64, u64)], expected: &[usize]) {
        assert_eq!(assign(deadlines, expected.len()).unwrap(), expected);
    }

    #[test]
    fn partitions_are_filled_one_deadline_after_the_other() {
        check(&[(0, 0), (0, 0)], &[0, 0, 0, 0, 1, 1, 1, 1, 0]);
    }

    #[test]
    fn the_fullest_open_partition_is_first() {
        check(&[(1, 0), (3, 0), (2, 0), (4, 0)], &[1, 2, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn fewer_partitions_after_compaction_come_first() {
        // Two live sectors in two partitions beside five live in two.
        check(&[(5, 0), (2, 6)], &[1, 1, 0]);
        // As few after compaction: fewer partitions now.
        check(&[(3, 5), (3, 0)], &[1]);
    }

    #[test]
    fn the_fewest_live_sectors_break_ties() {
        // Both full, both with two partitions afterwards.
        check(&[(3, 1), (2, 2)], &[1]);
        check(&[(2, 2), (2, 2)], &[0]);
    }

    #[test]
    fn deadlines_have_a_limit_of_partitions() {
        assert_eq!(assign(&[(11, 0), (12, 0)], 1), Ok(vec![0]));
        for full in [&[(11, 0), (12, 0)][..], &[]] {
            let error = assign(full, 2).unwrap_err();
            assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
        }
    }
}
