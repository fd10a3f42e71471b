//! Epochs and time: what every network has in common.

use filigree_sdk::prelude::ChainEpoch;

/// Length of an epoch, in seconds.
pub const EPOCH_DURATION_SECONDS: i64 = 30;

/// Epochs in an hour.
pub const EPOCHS_IN_HOUR: ChainEpoch = 3_600 / EPOCH_DURATION_SECONDS;

/// Epochs in a day.
pub const EPOCHS_IN_DAY: ChainEpoch = 86_400 / EPOCH_DURATION_SECONDS;

/// Epochs in a year of 365.2422 days.
pub const EPOCHS_IN_YEAR: ChainEpoch = 31_556_925 / EPOCH_DURATION_SECONDS;

/// Blocks that an epoch is expected to have (Filecoin spec, "Expected Consensus").
pub const EXPECTED_LEADERS_PER_EPOCH: u64 = 5;
