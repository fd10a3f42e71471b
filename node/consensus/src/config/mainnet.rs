//! The main network. Facts: Lotus, `build/buildconstants/params_mainnet.go` and `chain/consensus/filcns/upgrades.go`.

use fvm_shared::address::Network;

use super::beacons::{self, BeaconPoint, BeaconSchedule};
use super::versions::VersionSchedule;
use super::{ChainConfig, History};

/// Epoch and version of each upgrade.
const UPGRADES: &[(i64, u32)] = &[
    (41_280, 1),
    (51_000, 2),
    (94_000, 3),
    (130_800, 3),
    (138_720, 4),
    (140_760, 5),
    (148_888, 5),
    (170_000, 6),
    (265_200, 7),
    (272_400, 8),
    (336_458, 9),
    (550_321, 10),
    (665_280, 11),
    (712_320, 12),
    (892_800, 13),
    (1_231_620, 14),
    (1_594_680, 15),
    (1_960_320, 16),
    (2_383_680, 17),
    (2_683_348, 18),
    (2_809_800, 19),
    (2_870_280, 20),
    (3_469_380, 21),
    (3_855_360, 22),
    (4_154_640, 23),
    (4_461_240, 24),
    (4_878_840, 25),
    (5_138_040, 26),
    (5_348_280, 27),
    (6_052_800, 28),
];

impl ChainConfig {
    /// The main network.
    pub fn mainnet() -> Self {
        let cid = |text: &str| Some(text.parse().expect("a CID"));
        Self {
            name: "testnetnet".to_owned(),
            genesis: cid("bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2"),
            genesis_timestamp_seconds: 1_598_306_400,
            block_delay_seconds: 30,
            propagation_delay_seconds: 10,
            clock_drift_seconds: 1,
            blocks_per_epoch: 5,
            finality_epochs: 900,
            ticket_lookback_epochs: 1,
            power_lookback_epochs: 900,
            early_power_lookback_epochs: 10,
            min_miner_power_bytes: 10 << 40,
            max_message_bytes: super::MESSAGE_BYTES,
            versions: VersionSchedule::of(0, UPGRADES),
            beacons: BeaconSchedule(vec![
                BeaconPoint {
                    from: 0,
                    beacon: beacons::incentinet(),
                },
                BeaconPoint {
                    from: 51_000,
                    beacon: beacons::league_of_entropy(),
                },
                BeaconPoint {
                    from: 3_855_480,
                    beacon: beacons::quicknet(),
                },
            ]),
            eth_chain_id: 314,
            addresses: Network::Mainnet,
            history: History {
                smoke: 51_000,
                base_fee_pause: Some((41_280, 41_400)),
                unchecked_messages: cid(
                    "bafy2bzaceapyg2uyzk7vueh3xccxkuwbz3nxewjyguoxvhx77malc2lzn2ybi",
                ),
                faultless_epoch: None,
            },
        }
    }
}
