//! The calibration network. Facts: Lotus, `build/buildconstants/params_calibnet.go`.

use fvm_shared::address::Network;

use super::beacons::{self, BeaconPoint, BeaconSchedule};
use super::versions::VersionSchedule;
use super::{ChainConfig, History};

/// Epoch and version of each upgrade; those to the same version repaired what the one before broke.
const UPGRADES: &[(i64, u32)] = &[
    (30, 4),
    (60, 5),
    (90, 6),
    (120, 7),
    (240, 8),
    (300, 9),
    (330, 10),
    (360, 11),
    (390, 12),
    (420, 13),
    (450, 14),
    (480, 15),
    (510, 16),
    (16_800, 17),
    (322_354, 18),
    (489_094, 19),
    (492_214, 20),
    (1_013_134, 21),
    (1_070_494, 21),
    (1_108_174, 21),
    (1_427_974, 22),
    (1_493_854, 22),
    (1_779_094, 23),
    (2_078_794, 24),
    (2_523_454, 25),
    (2_543_614, 26),
    (2_558_014, 26),
    (3_007_294, 27),
    (3_694_534, 28),
];

impl ChainConfig {
    /// The calibration network.
    pub fn calibnet() -> Self {
        let genesis = "bafy2bzacecyaggy24wol5ruvs6qm73gjibs2l2iyhcqmvi7r7a4ph7zx3yqd4";
        Self {
            name: "calibrationnet".to_owned(),
            genesis: Some(genesis.parse().expect("a CID")),
            genesis_timestamp_seconds: 1_667_326_380,
            block_delay_seconds: 30,
            propagation_delay_seconds: 10,
            clock_drift_seconds: 1,
            blocks_per_epoch: 5,
            finality_epochs: 900,
            ticket_lookback_epochs: 1,
            power_lookback_epochs: 900,
            early_power_lookback_epochs: 10,
            min_miner_power_bytes: 32 << 30,
            max_message_bytes: super::MESSAGE_BYTES,
            versions: VersionSchedule::of(0, UPGRADES),
            beacons: BeaconSchedule(vec![
                BeaconPoint {
                    from: 0,
                    beacon: beacons::league_of_entropy(),
                },
                BeaconPoint {
                    from: 1_428_094,
                    beacon: beacons::quicknet(),
                },
            ]),
            eth_chain_id: 314_159,
            addresses: Network::Testnet,
            history: History {
                smoke: -2,
                base_fee_pause: None,
                unchecked_messages: None,
                faultless_epoch: Some(1_070_494),
            },
        }
    }
}
