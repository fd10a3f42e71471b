//! The state of the reward actor, and how it goes from epoch to epoch.

use filigree_builtin::smooth::FilterEstimate;
use filigree_builtin::{Broken, Invariants};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::clock::EPOCH_UNDEFINED;

use crate::minting::{self, Progress};

/// Estimate of the first epochs' reward, attoFIL, and of its change in an epoch.
const FIRST_ESTIMATE: (u128, i64) = (36_266_260_308_195_979_333, -109_897_758_509);

/// What miners can mine in all, in FIL.
const MINING_ALLOCATION_FIL: i64 = minting::SIMPLE_TOTAL_FIL + minting::BASELINE_TOTAL_FIL;

/// The reward actor's state.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reward {
    /// Spacetime under the baseline up to `effective_network_time`, byte-epochs.
    pub cumsum_baseline: BigIntDe,
    /// Spacetime there has been, counted up to the baseline in each epoch; never more than `cumsum_baseline`.
    pub cumsum_realized: BigIntDe,
    /// Effective network time, rounded up to an epoch.
    pub effective_network_time: ChainEpoch,
    /// The baseline at that time, bytes.
    pub effective_baseline_power: BigIntDe,
    /// What all blocks of the epoch are expected to get, attoFIL.
    pub this_epoch_reward: TokenAmount,
    /// The same, smoothed.
    pub this_epoch_reward_smoothed: FilterEstimate,
    /// The baseline at the epoch, bytes.
    pub this_epoch_baseline_power: BigIntDe,
    /// The epoch all this is for.
    pub epoch: ChainEpoch,
    /// What blocks have got, fees aside, attoFIL.
    pub total_storage_power_reward: TokenAmount,
    /// What the simple part mints in all, attoFIL.
    pub simple_total: TokenAmount,
    /// What the baseline part mints in all, attoFIL.
    pub baseline_total: TokenAmount,
}

impl Reward {
    /// Ready for epoch 0, with this power.
    pub fn at_genesis(power: &BigInt) -> Self {
        let zero = BigIntDe::default();
        let (position, velocity) = FIRST_ESTIMATE;
        let mut state = Self {
            cumsum_baseline: zero.clone(),
            cumsum_realized: zero,
            effective_network_time: 0,
            effective_baseline_power: BigIntDe(minting::BASELINE_AT_START.into()),
            this_epoch_reward: TokenAmount::default(),
            this_epoch_reward_smoothed: FilterEstimate::new(position.into(), velocity.into()),
            this_epoch_baseline_power: BigIntDe(minting::baseline_before_start()),
            epoch: EPOCH_UNDEFINED,
            total_storage_power_reward: TokenAmount::default(),
            simple_total: TokenAmount::from_whole(minting::SIMPLE_TOTAL_FIL),
            baseline_total: TokenAmount::from_whole(minting::BASELINE_TOTAL_FIL),
        };
        state.next_epoch_with_reward(power);
        state
    }

    /// Goes to the epoch after `now`, with this power in all epochs that had no tipset too.
    pub fn advance(&mut self, power: &BigInt, now: ChainEpoch) {
        let before = self.epoch;
        while self.epoch < now {
            self.next_epoch(power);
        }
        self.next_epoch_with_reward(power);
        let observed = self.this_epoch_reward.atto();
        self.this_epoch_reward_smoothed = self
            .this_epoch_reward_smoothed
            .next(observed, self.epoch - before);
    }

    fn next_epoch_with_reward(&mut self, power: &BigInt) {
        let from = self.progress().effective_time();
        self.next_epoch(power);
        let to = self.progress().effective_time();
        self.this_epoch_reward = minting::reward(
            self.epoch,
            (&from, &to),
            &self.simple_total,
            &self.baseline_total,
        );
    }

    /// Counts the spacetime of an epoch. Effective network time follows as far as that carries it.
    fn next_epoch(&mut self, power: &BigInt) {
        self.epoch += 1;
        self.this_epoch_baseline_power =
            BigIntDe(minting::next_baseline(&self.this_epoch_baseline_power.0));
        self.cumsum_realized.0 += power.min(&self.this_epoch_baseline_power.0);
        while self.cumsum_realized.0 > self.cumsum_baseline.0 {
            self.effective_network_time += 1;
            self.effective_baseline_power =
                BigIntDe(minting::next_baseline(&self.effective_baseline_power.0));
            self.cumsum_baseline.0 += &self.effective_baseline_power.0;
        }
    }

    fn progress(&self) -> Progress<'_> {
        Progress {
            epoch: self.effective_network_time,
            power: &self.effective_baseline_power.0,
            target: &self.cumsum_baseline.0,
            realized: &self.cumsum_realized.0,
        }
    }

    /// What is wrong with the state after the tipset of `last_epoch`, given the actor's balance.
    pub fn check_invariants(&self, last_epoch: ChainEpoch, balance: &TokenAmount) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        // Anyone can send money here, so there may be more.
        let accounted = &self.total_storage_power_reward + balance;
        let allocation = TokenAmount::from_whole(MINING_ALLOCATION_FIL);
        invariants.require(accounted >= allocation, "reward/nothing-lost", || {
            format!("{accounted} FIL were paid or are left")
        });
        invariants.require(self.epoch == last_epoch + 1, "reward/epoch", || {
            format!("it is ready for {}, the last was {last_epoch}", self.epoch)
        });
        let time = self.effective_network_time;
        invariants.require(time <= self.epoch, "reward/effective-time", || {
            format!("{time} is after epoch {}", self.epoch)
        });
        let (realized, target) = (&self.cumsum_realized.0, &self.cumsum_baseline.0);
        invariants.require(realized <= target, "reward/realized-below-baseline", || {
            format!("{realized} above {target}")
        });
        invariants.require(
            *realized >= BigInt::from(0),
            "reward/realized-not-negative",
            || realized.to_string(),
        );
        invariants.into_broken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_network_mints_the_simple_part() {
        let state = Reward::at_genesis(&BigInt::from(0));
        assert_eq!((state.epoch, state.effective_network_time), (0, 0));
        assert_eq!(
            state.this_epoch_baseline_power.0,
            BigInt::from(minting::BASELINE_AT_START - 1)
        );
        let balance = TokenAmount::from_whole(MINING_ALLOCATION_FIL);
        assert_eq!(state.check_invariants(-1, &balance), []);
        let names: Vec<&str> = state
            .check_invariants(5, &(balance - TokenAmount::from_atto(1)))
            .iter()
            .map(|b| b.name)
            .collect();
        assert_eq!(names, ["reward/nothing-lost", "reward/epoch"]);
    }

    #[test]
    fn null_rounds_are_caught_up() {
        let power = BigInt::from(1u64 << 50);
        let mut step = Reward::at_genesis(&power);
        let mut jump = step.clone();
        for epoch in 0..=9 {
            step.advance(&power, epoch);
        }
        jump.advance(&power, 9);
        assert_eq!((step.epoch, jump.epoch), (10, 10));
        assert_eq!(step.cumsum_realized, jump.cumsum_realized);
        assert_eq!(step.this_epoch_reward, jump.this_epoch_reward);
        assert_eq!(
            step.this_epoch_baseline_power,
            jump.this_epoch_baseline_power
        );
        let balance = TokenAmount::from_whole(MINING_ALLOCATION_FIL);
        assert_eq!(jump.check_invariants(9, &balance), []);
    }

    #[test]
    fn power_above_the_baseline_does_not_count() {
        let [at, above] = [1u64, 1_000].map(|times| {
            let mut state = Reward::at_genesis(&BigInt::from(0));
            let power = BigInt::from(minting::BASELINE_AT_START) * 2 * times;
            (0..20).for_each(|epoch| state.advance(&power, epoch));
            state
        });
        assert_eq!(at, above);
        // As fast as the baseline: an epoch of effective time for each epoch.
        assert!(
            (20..=21).contains(&at.effective_network_time),
            "{}",
            at.effective_network_time
        );
    }
}
