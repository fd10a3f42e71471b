//! Deadlines: what they note of their partitions.

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;

use super::partition::PartitionTotals;
use super::{Checker, Totals, numbers};
use crate::deadline::Deadline;

impl<S: Blocks + Copy> Checker<'_, S> {
    pub(super) fn check_deadline(
        &mut self,
        index: u64,
        deadline: &Deadline,
        totals: &mut Totals,
    ) -> Result<()> {
        let quant = self.miner.quant_spec_for_deadline(self.policy, index);
        let mut partitions = Vec::new();
        deadline
            .partitions_amt(self.store)?
            .for_each(|key, partition| {
                partitions.push((key, partition));
                Ok(())
            })?;
        let count = partitions.len() as u64;
        let mut all = PartitionTotals::default();
        let mut expected = Vec::new();
        for (place, (key, partition)) in (0..).zip(&partitions) {
            self.require(*key == place, "deadline/partition-numbers", || {
                format!("deadline {index}: partition {key} is at {place}")
            });
            let one = self.check_partition((index, *key), partition, quant)?;
            self.require(
                !all.sectors.contains_any(&one.sectors),
                "deadline/sector-once",
                || format!("deadline {index}: partition {key} shares sectors"),
            );
            expected.extend(one.expirations.iter().map(|epoch| (*epoch, *key)));
            if one.has_early_terminations {
                all.early_terminations.set(*key);
            }
            all.add(&one);
        }
        self.check_memos(index, deadline, &all);
        self.check_expirations(index, deadline, &expected)?;
        let posted = deadline.partitions_posted.last();
        self.require(
            posted.is_none_or(|last| last < count),
            "deadline/posted",
            || format!("deadline {index}: partition {posted:?} of {count}"),
        );

        self.require(
            !totals.sectors.contains_any(&all.sectors),
            "deadline/sector-once",
            || format!("deadline {index} shares sectors"),
        );
        totals.sectors |= &all.sectors;
        totals.active_power += all.active_power;
        totals.pledge += &all.pledge;
        if !all.early_terminations.is_empty() {
            totals.early_terminations.set(index);
        }
        Ok(())
    }

    /// What is noted of all partitions together.
    fn check_memos(&mut self, index: u64, deadline: &Deadline, all: &PartitionTotals) {
        let counts = (deadline.live_sectors, deadline.total_sectors);
        let expected = (all.live.len(), all.sectors.len());
        self.require(counts == expected, "deadline/sector-counts", || {
            format!("deadline {index}: {counts:?}, should be {expected:?}")
        });
        let powers = (deadline.live_power, deadline.faulty_power);
        let expected = (all.live_power, all.faulty_power);
        self.require(powers == expected, "deadline/power", || {
            format!("deadline {index}: {powers:?}, should be {expected:?}")
        });
        let (fee, expected) = (&deadline.daily_fee, &all.daily_fee);
        self.require(fee == expected, "deadline/daily-fee", || {
            format!("deadline {index}: {fee}, should be {expected}")
        });
        let (noted, expected) = (&deadline.early_terminations, &all.early_terminations);
        self.require(noted == expected, "deadline/early-terminations", || {
            let (noted, expected) = (numbers(noted), numbers(expected));
            format!("deadline {index}: {noted:?}, should be {expected:?}")
        });
    }

    /// Each epoch at which sectors of a partition end must be noted.
    fn check_expirations(
        &mut self,
        index: u64,
        deadline: &Deadline,
        expected: &[(ChainEpoch, u64)],
    ) -> Result<()> {
        let quant = self.miner.quant_spec_for_deadline(self.policy, index);
        let mut noted = Vec::new();
        let queue = deadline.expirations_epochs.open_in(self.store)?;
        queue.for_each(|key, partitions| {
            noted.push((key as ChainEpoch, partitions));
            Ok(())
        })?;
        for (epoch, _) in &noted {
            self.require(
                quant.quantize_up(*epoch) == *epoch,
                "deadline/expiration-epoch",
                || format!("deadline {index} does not end at {epoch}"),
            );
        }
        for (epoch, partition) in expected {
            let is_noted = noted
                .iter()
                .any(|(at, partitions)| at == epoch && partitions.get(*partition));
            self.require(is_noted, "deadline/expirations", || {
                format!("deadline {index}: partition {partition} at {epoch} is missing")
            });
        }
        Ok(())
    }
}
