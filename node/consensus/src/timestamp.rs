//! When a block may stand: after its parents, at the time of its epoch, not in the future.

use filigree_blocks::{BlockHeader, Tipset};
use fvm_shared::clock::ChainEpoch;

use crate::config::ChainConfig;
use crate::reason::Reason;

/// How many epochs ahead of the clock a block may be to be looked at at all (Lotus, `MaxHeightDrift`).
pub const MAX_AHEAD_EPOCHS: ChainEpoch = 5;

/// That a block comes after its parents.
pub fn check_height(header: &BlockHeader, parents: &Tipset) -> Result<(), Reason> {
    if header.height <= parents.height() {
        return Err(Reason::Height {
            found: header.height,
            parents: parents.height(),
        });
    }
    Ok(())
}

/// That a block has its epoch's time: that of the parents and a block delay for each epoch since, which is that of the genesis
/// and a block delay for each epoch.
pub fn check_time(config: &ChainConfig, header: &BlockHeader) -> Result<(), Reason> {
    let expected = config.timestamp_of(header.height).unwrap_or(u64::MAX);
    if header.timestamp_seconds != expected {
        return Err(Reason::Timestamp {
            epoch: header.height,
            expected,
            found: header.timestamp_seconds,
        });
    }
    Ok(())
}

/// That a block's time has come, give or take the drift that clocks are allowed. `now` is in seconds since 1970.
pub fn check_not_future(
    config: &ChainConfig,
    header: &BlockHeader,
    now: u64,
) -> Result<(), Reason> {
    let found = header.timestamp_seconds;
    if found > now.saturating_add(config.clock_drift_seconds) {
        return Err(Reason::Future { found, now });
    }
    Ok(())
}

/// That a block is worth a look: not behind the finality of our head, not many epochs ahead of our clock. For blocks that are
/// offered; those of a chain that is loaded or replayed are old and need not obey.
pub fn check_range(
    config: &ChainConfig,
    epoch: ChainEpoch,
    head: ChainEpoch,
    now: u64,
) -> Result<(), Reason> {
    let from = head.saturating_sub(config.finality_epochs);
    let current = config.epoch_at(now).unwrap_or(0);
    let to = current.saturating_add(MAX_AHEAD_EPOCHS);
    if !(from..=to).contains(&epoch) {
        let found = epoch;
        return Err(Reason::OutOfRange { found, from, to });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blocks_near_the_head_and_the_clock_are_looked_at() {
        let config = ChainConfig::mainnet();
        let now = config.timestamp_of(5_000).unwrap() + 7;
        for (epoch, taken) in [(4_097, false), (4_098, true), (5_005, true), (5_006, false)] {
            let range = check_range(&config, epoch, 4_998, now);
            assert_eq!(range.is_ok(), taken, "{epoch}");
        }
        let early = check_range(&config, 6, 0, 0).unwrap_err();
        assert_eq!(
            early,
            Reason::OutOfRange {
                found: 6,
                from: -900,
                to: 5
            }
        );
    }
}
