//! When in an epoch what is done. As Lotus does it (`miner.go`), the draw for an epoch, and the proof if it is won, come while the
//! epoch before still runs, as soon as that one's blocks had time to arrive; the block goes out when its epoch begins. Unlike
//! there, messages are selected as late as there is time to put the block together, so that they do not wait for an epoch more.
//!
//! ```text
//! | epoch e-1                                | epoch e
//! |--propagation--| draw, proof ... | select |-- the block goes out
//! ```

use std::time::Duration;

use filigree_consensus::ChainConfig;
use fvm_shared::clock::ChainEpoch;

/// Most time for selecting messages and putting a block together.
const ASSEMBLING: Duration = Duration::from_secs(2);

/// When an epoch begins; the beginning of the first, for those before.
pub fn release(config: &ChainConfig, epoch: ChainEpoch) -> Duration {
    let seconds = config.timestamp_of(epoch.max(0)).unwrap_or(u64::MAX);
    Duration::from_secs(seconds)
}

/// When the draw for an epoch is made: when the blocks of the one before should be here. Where epochs are short, blocks are
/// waited for during a quarter of them.
pub fn draw(config: &ChainConfig, epoch: ChainEpoch) -> Duration {
    let delay = Duration::from_secs(config.block_delay_seconds);
    let propagation = Duration::from_secs(config.propagation_delay_seconds);
    release(config, epoch.saturating_sub(1)).saturating_add(propagation.min(delay / 4))
}

/// When messages are selected for a block of an epoch: an eighth of an epoch before it begins, at most two seconds.
pub fn select(config: &ChainConfig, epoch: ChainEpoch) -> Duration {
    let delay = Duration::from_secs(config.block_delay_seconds);
    release(config, epoch).saturating_sub(ASSEMBLING.min(delay / 8))
}

/// The epoch to try next, after one that was tried: the first for which it is not too late, which it is when the next should be
/// drawn for.
pub fn next(config: &ChainConfig, now: Duration, tried: ChainEpoch) -> ChainEpoch {
    let current = config.epoch_at(now.as_secs()).unwrap_or(0);
    let running = if now < draw(config, current.saturating_add(1)) {
        current
    } else {
        current.saturating_add(1)
    };
    running.max(tried.saturating_add(1)).max(1)
}

#[cfg(test)]
mod tests {
    use filigree_consensus::config::Devnet;
    use fvm_shared::version::NetworkVersion;

    use super::*;

    const GENESIS: u64 = 1_760_000_000;

    fn config(block_delay_seconds: u64) -> ChainConfig {
        ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: GENESIS,
            block_delay_seconds,
            version: NetworkVersion::V28,
            beacon_key: [0; 96],
        })
    }

    fn after_genesis(millis: u64) -> Duration {
        Duration::from_secs(GENESIS) + Duration::from_millis(millis)
    }

    #[test]
    fn blocks_are_waited_for_then_drawn_selected_and_released() {
        let expected = [
            // Block delay; draw, selection and release of epoch 2, in milliseconds after the genesis.
            (1, 1_250, 1_875, 2_000),
            (4, 5_000, 7_500, 8_000),
            (30, 37_000, 58_000, 60_000),
        ];
        for (delay, drawn, selected, released) in expected {
            let config = config(delay);
            assert_eq!(draw(&config, 2), after_genesis(drawn), "{delay}");
            assert_eq!(select(&config, 2), after_genesis(selected), "{delay}");
            assert_eq!(release(&config, 2), after_genesis(released), "{delay}");
        }
    }

    #[test]
    fn the_next_epoch_is_the_one_whose_time_has_not_passed() {
        let config = config(4);
        for (millis, tried, expected) in [
            // Before the draw of epoch 1, and while it goes on.
            (0, 0, 1),
            (1_500, 0, 1),
            // A little late for its release is not too late.
            (4_500, 0, 1),
            (4_500, 1, 2),
            (5_000, 0, 2),
            (5_000, 2, 3),
            // The process slept.
            (400_000, 3, 100),
            (401_000, 3, 101),
        ] {
            let now = after_genesis(millis);
            assert_eq!(next(&config, now, tried), expected, "{millis} {tried}");
        }
    }

    #[test]
    fn before_the_genesis_the_first_epoch_is_next() {
        let config = config(4);
        assert_eq!(next(&config, Duration::from_secs(GENESIS - 100), 0), 1);
    }
}
