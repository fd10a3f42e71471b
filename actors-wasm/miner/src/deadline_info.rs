//! Deadlines in time. A proving period is divided into deadlines. Each has a challenge window, the epochs from `open` to before `close`, in
//! which its sectors are proven; the challenge is drawn a little earlier, and before that faults and recoveries must be declared
//! (Filecoin spec, "PoSt", "Design").

use filigree_builtin::Policy;
use filigree_sdk::prelude::*;

use crate::quantize::QuantSpec;

/// A deadline of a proving period, as seen at an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeadlineInfo {
    /// The epoch it is seen at.
    pub current_epoch: ChainEpoch,
    /// First epoch of the proving period.
    pub period_start: ChainEpoch,
    /// The deadline, from 0.
    pub index: u64,
    /// First epoch in which proofs are taken.
    pub open: ChainEpoch,
    /// First epoch in which proofs are taken no longer.
    pub close: ChainEpoch,
    /// When the challenge is drawn.
    pub challenge: ChainEpoch,
    /// First epoch in which no more faults and recoveries are taken.
    pub fault_cutoff: ChainEpoch,
    /// Length of the proving period.
    pub proving_period: ChainEpoch,
}

impl DeadlineInfo {
    /// Whether the proving period has begun.
    pub fn period_started(&self) -> bool {
        self.current_epoch >= self.period_start
    }

    /// Whether the proving period is over.
    pub fn period_elapsed(&self) -> bool {
        self.current_epoch >= self.next_period_start()
    }

    /// Last epoch of the proving period.
    pub fn period_end(&self) -> ChainEpoch {
        self.next_period_start() - 1
    }

    /// First epoch of the next proving period.
    pub fn next_period_start(&self) -> ChainEpoch {
        self.period_start + self.proving_period
    }

    /// Whether proofs are taken now.
    pub fn is_open(&self) -> bool {
        (self.open..self.close).contains(&self.current_epoch)
    }

    /// Whether proofs are taken no longer.
    pub fn has_elapsed(&self) -> bool {
        self.current_epoch >= self.close
    }

    /// Last epoch in which proofs are taken.
    pub fn last(&self) -> ChainEpoch {
        self.close - 1
    }

    /// First epoch of the next deadline.
    pub fn next_open(&self) -> ChainEpoch {
        self.close
    }

    /// Whether faults and recoveries are taken no longer.
    pub fn fault_cutoff_passed(&self) -> bool {
        self.current_epoch >= self.fault_cutoff
    }

    /// The same deadline, in the first proving period from this one on in which it is not over.
    pub fn next_not_elapsed(self) -> Self {
        if !self.has_elapsed() {
            return self;
        }
        let periods = 1 + (self.current_epoch - self.close) / self.proving_period;
        let later = periods * self.proving_period;
        Self {
            period_start: self.period_start + later,
            open: self.open + later,
            close: self.close + later,
            challenge: self.challenge + later,
            fault_cutoff: self.fault_cutoff + later,
            ..self
        }
    }

    /// The last epochs of this deadline in all periods.
    pub fn quant_spec(&self) -> QuantSpec {
        QuantSpec {
            unit: self.proving_period,
            offset: self.last(),
        }
    }
}

/// A deadline of a proving period. One after the last is empty, at the period's end.
pub fn new_deadline_info(
    policy: &Policy,
    period_start: ChainEpoch,
    index: u64,
    current_epoch: ChainEpoch,
) -> DeadlineInfo {
    let is_one = index < policy.wpost_period_deadlines;
    let (open, window, lookback, cutoff) = if is_one {
        let open = period_start + index as ChainEpoch * policy.wpost_challenge_window;
        let (lookback, cutoff) = (
            policy.wpost_challenge_lookback,
            policy.fault_declaration_cutoff,
        );
        (open, policy.wpost_challenge_window, lookback, cutoff)
    } else {
        (period_start + policy.wpost_proving_period, 0, 0, 0)
    };
    DeadlineInfo {
        current_epoch,
        period_start,
        index,
        open,
        close: open + window,
        challenge: open - lookback,
        fault_cutoff: if is_one { open - cutoff } else { 0 },
        proving_period: policy.wpost_proving_period,
    }
}

/// The deadline that is open at an epoch, if proving periods begin at `offset` modulo their length.
pub fn new_deadline_info_from_offset_and_epoch(
    policy: &Policy,
    offset: ChainEpoch,
    current_epoch: ChainEpoch,
) -> DeadlineInfo {
    let periods = QuantSpec {
        unit: policy.wpost_proving_period,
        offset,
    };
    let period_start = periods.quantize_down(current_epoch);
    let index = (current_epoch - period_start) / policy.wpost_challenge_window;
    new_deadline_info(policy, period_start, index as u64, current_epoch)
}

/// The last epochs of a deadline in all periods.
pub fn quant_spec_for_deadline(info: &DeadlineInfo) -> QuantSpec {
    info.quant_spec()
}

/// Whether sectors may be added to a deadline, and the like: not while it is open, nor in the window before.
pub fn deadline_is_mutable(
    policy: &Policy,
    period_start: ChainEpoch,
    index: u64,
    current_epoch: ChainEpoch,
) -> bool {
    let next = new_deadline_info(policy, period_start, index, current_epoch).next_not_elapsed();
    current_epoch < next.open - policy.wpost_challenge_window
}

/// Whether proofs of a deadline that were accepted unseen may be disputed: not while it is open, nor when it may be compacted already
/// (FIP-0010).
pub fn deadline_available_for_optimistic_post_dispute(
    policy: &Policy,
    period_start: ChainEpoch,
    index: u64,
    current_epoch: ChainEpoch,
) -> bool {
    if period_start > current_epoch {
        return false;
    }
    let next = new_deadline_info(policy, period_start, index, current_epoch).next_not_elapsed();
    let last_close = next.close - policy.wpost_proving_period;
    !next.is_open() && current_epoch < last_close + policy.wpost_dispute_window
}

/// Whether a deadline may be compacted: when it may be changed, and no proof of it may be disputed.
pub fn deadline_available_for_compaction(
    policy: &Policy,
    period_start: ChainEpoch,
    index: u64,
    current_epoch: ChainEpoch,
) -> bool {
    deadline_is_mutable(policy, period_start, index, current_epoch)
        && !deadline_available_for_optimistic_post_dispute(
            policy,
            period_start,
            index,
            current_epoch,
        )
}

/// The deadline that a declaration of faults or recoveries is for: its next window that is not over. Fails with `USR_ILLEGAL_ARGUMENT` if
/// there is no such deadline.
pub fn declaration_deadline_info(
    policy: &Policy,
    period_start: ChainEpoch,
    index: u64,
    current_epoch: ChainEpoch,
) -> Result<DeadlineInfo> {
    ensure!(
        index < policy.wpost_period_deadlines,
        illegal_argument,
        "there is no deadline {index}"
    );
    Ok(new_deadline_info(policy, period_start, index, current_epoch).next_not_elapsed())
}

/// Fails with `USR_ILLEGAL_ARGUMENT` if it is too late to declare faults and recoveries.
pub fn validate_fr_declaration_deadline(deadline: &DeadlineInfo) -> Result<()> {
    ensure!(
        !deadline.fault_cutoff_passed(),
        illegal_argument,
        "too late to declare faults and recoveries of deadline {}",
        deadline.index
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigree_builtin::policy::MAINNET;

    #[test]
    fn windows_follow_each_other() {
        let first = new_deadline_info(&MAINNET, 1_000, 0, 900);
        assert_eq!(
            (first.open, first.close, first.last()),
            (1_000, 1_060, 1_059)
        );
        assert_eq!((first.challenge, first.fault_cutoff), (980, 930));
        let last = new_deadline_info(&MAINNET, 1_000, 47, 900);
        assert_eq!((last.open, last.close), (3_820, 3_880));
        assert_eq!(last.close, last.next_period_start());
        let none = new_deadline_info(&MAINNET, 1_000, 48, 900);
        assert_eq!(
            (none.open, none.close, none.challenge),
            (3_880, 3_880, 3_880)
        );
    }

    #[test]
    fn the_next_window_is_this_one_until_it_is_over() {
        let open_at = |epoch| {
            let info = new_deadline_info(&MAINNET, 1_000, 2, epoch).next_not_elapsed();
            assert_eq!(info.close - info.open, 60);
            assert_eq!(info.open - info.period_start, 120);
            info.open
        };
        assert_eq!([0, 1_120, 1_179].map(open_at), [1_120; 3]);
        assert_eq!([1_180, 4_059].map(open_at), [4_000; 2]);
        assert_eq!([4_060, 6_939, 6_940].map(open_at), [6_880, 6_880, 9_760]);
    }

    #[test]
    fn the_open_deadline_follows_from_offset_and_epoch() {
        let at = |epoch| {
            let info = new_deadline_info_from_offset_and_epoch(&MAINNET, 100, epoch);
            assert!(info.is_open());
            (info.period_start, info.index)
        };
        assert_eq!(at(100), (100, 0));
        assert_eq!(at(159), (100, 0));
        assert_eq!(at(160), (100, 1));
        assert_eq!(at(99), (-2_780, 47));
        assert_eq!(at(100 + 2_880 * 5 + 2_879), (14_500, 47));
    }

    #[test]
    fn a_deadline_is_frozen_from_a_window_before_it_opens_until_it_closes() {
        // Deadline 3 of the period at 0 is open from 180 to 240.
        let mutable = |epoch| deadline_is_mutable(&MAINNET, 0, 3, epoch);
        assert_eq!(
            [119, 120, 180, 239].map(mutable),
            [true, false, false, false]
        );
        assert_eq!([240, 2_999, 3_000].map(mutable), [true, true, false]);
    }

    #[test]
    fn proofs_may_be_disputed_for_two_finalities_after_their_window() {
        let disputable =
            |epoch| deadline_available_for_optimistic_post_dispute(&MAINNET, 0, 3, epoch);
        assert_eq!([-1, 179, 180, 239].map(disputable), [false; 4]);
        assert_eq!([240, 2_039, 2_040].map(disputable), [true, true, false]);
        let compactable = |epoch| deadline_available_for_compaction(&MAINNET, 0, 3, epoch);
        assert_eq!(
            [240, 2_039, 2_040, 2_999, 3_000].map(compactable),
            [false, false, true, true, false]
        );
    }

    #[test]
    fn faults_are_declared_in_time() {
        let code = |index, epoch| {
            let info = declaration_deadline_info(&MAINNET, 0, index, epoch)?;
            validate_fr_declaration_deadline(&info)
        };
        assert_eq!(code(3, 109), Ok(()));
        for (index, epoch) in [(3, 110), (3, 239), (48, 0)] {
            let error = code(index, epoch).unwrap_err();
            assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
        }
        assert_eq!(code(3, 240), Ok(()));
    }
}
