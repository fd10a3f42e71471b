//! Epochs and the time they begin: the genesis time and a block delay for each epoch.

use fvm_shared::clock::ChainEpoch;

use super::ChainConfig;

impl ChainConfig {
    /// When an epoch begins, seconds since 1970; none before the genesis, and none for epochs beyond all time.
    pub fn timestamp_of(&self, epoch: ChainEpoch) -> Option<u64> {
        let delays = u64::try_from(epoch).ok()?;
        delays
            .checked_mul(self.block_delay_seconds)?
            .checked_add(self.genesis_timestamp_seconds)
    }

    /// The epoch that it is at a time, seconds since 1970; none before the genesis.
    pub fn epoch_at(&self, seconds: u64) -> Option<ChainEpoch> {
        let passed = seconds.checked_sub(self.genesis_timestamp_seconds)?;
        let epochs = passed.checked_div(self.block_delay_seconds)?;
        ChainEpoch::try_from(epochs).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Upgrades of mainnet and calibnet were announced with both.
    #[test]
    fn epochs_and_times_are_those_that_were_announced() {
        let mainnet = ChainConfig::mainnet();
        let calibnet = ChainConfig::calibnet();
        for (config, epoch, seconds) in [
            (&mainnet, 0, 1_598_306_400),
            (&mainnet, 2_683_348, 1_678_806_840), // 2023-03-14T15:14:00Z
            (&mainnet, 6_052_800, 1_779_890_400), // 2026-05-27T14:00:00Z
            (&calibnet, 322_354, 1_676_997_000),  // 2023-02-21T16:30:00Z
            (&calibnet, 3_694_534, 1_778_162_400), // 2026-05-07T14:00:00Z
        ] {
            assert_eq!(config.timestamp_of(epoch), Some(seconds));
            assert_eq!(config.epoch_at(seconds), Some(epoch));
            assert_eq!(config.epoch_at(seconds + 29), Some(epoch));
            assert_eq!(config.epoch_at(seconds + 30), Some(epoch + 1));
        }
        assert_eq!(mainnet.timestamp_of(-1), None);
        assert_eq!(mainnet.timestamp_of(ChainEpoch::MAX), None);
        assert_eq!(mainnet.epoch_at(1_598_306_399), None);
    }
}
