//! Sets of sectors that name all there could be, or that are no sets.

use filigree_actor_miner::params::*;
use filigree_sdk::prelude::*;
use fvm_ipld_bitfield::iter::Ranges;

use super::declare;
use super::fault::with_sectors;
use super::hostile::any;
use crate::onboard::{LIFE, fil, pass, set, whole};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/full-bitfields",
        run: full_bitfields,
    },
    Scenario {
        name: "miner/endless-bitfields",
        run: endless_bitfields,
    },
];

/// All that a bit field of few bytes can name: runs without end, and as many as fit in its encoding.
fn full_bitfields(stage: &mut Stage) {
    let miner = with_sectors(stage, 2);
    let named = declare(stage, &miner, [0]);
    let before = miner.state(stage);
    let alternating = set((0..60_000).map(|i| 2 * i));
    // Sets of all numbers, by runs.
    let mut everything = set([0]);
    everything = &everything | &set([u64::MAX - 1]);
    let from_runs = |bytes: &[u8]| {
        let encoded = [&[0x40 | bytes.len() as u8][..], bytes].concat();
        RawBytes::new(encoded)
    };
    for sectors in [alternating, everything] {
        for method in 0..3 {
            let sectors = sectors.clone();
            let named = SectorDeclaration {
                sectors,
                ..named.clone()
            };
            let call = match method {
                0 => any(miner.client.declare_faults(DeclareFaultsParams {
                    faults: vec![named],
                })),
                1 => any(miner
                    .client
                    .declare_faults_recovered(DeclareFaultsRecoveredParams {
                        recoveries: vec![named],
                    })),
                _ => any(miner.client.terminate_sectors(TerminateSectorsParams {
                    terminations: vec![named],
                })),
            };
            let outcome = stage.call(miner.worker, call);
            assert!(!outcome.is_ok(), "{outcome:?}");
        }
    }
    // RLE+ that is no set: another version, runs beyond all numbers, more bytes than are used.
    let mut bad: Vec<Vec<u8>> = vec![
        vec![0xff; 20],
        vec![0x01],
        vec![
            0x04, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ],
        vec![0x0c, 0x00],
        vec![0x00, 0x00],
    ];
    // Full: one run of almost all numbers.
    bad.push(vec![
        0xe4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f,
    ]);
    for bytes in bad {
        let mask = [&[0x81][..], &from_runs(&bytes)].concat();
        let outcome = stage.raw(
            miner.worker,
            miner.id,
            20,
            fil(0),
            Some(RawBytes::new(mask)),
        );
        assert!(!outcome.is_ok(), "{outcome:?}");
        let faults = [
            &[0x81, 0x81, 0x83, named.deadline as u8][..],
            &[0],
            &from_runs(&bytes),
        ];
        // Deadlines above 23 take two bytes.
        let faults = if named.deadline < 24 {
            faults.concat()
        } else {
            let deadline = [0x81, 0x81, 0x83, 0x18, named.deadline as u8, 0];
            [&deadline[..], &from_runs(&bytes)].concat()
        };
        for method in [9, 10, 11] {
            let params = Some(RawBytes::new(faults.clone()));
            let outcome = stage.raw(miner.worker, miner.id, method, fil(0), params);
            assert!(!outcome.is_ok(), "{outcome:?}");
        }
    }
    assert_eq!(miner.state(stage), before);
    stage.check_invariants();
}

/// All numbers of a range.
fn range(first: u64, end: u64) -> BitField {
    BitField::from_ranges(Ranges::new(std::iter::once(first..end)))
}

/// Few bytes that name more sectors than any call can look at.
fn endless_bitfields(stage: &mut Stage) {
    let miner = with_sectors(stage, 3);
    let named = declare(stage, &miner, [0]);
    let (client, by) = (&miner.client, miner.worker);
    let state = miner.state(stage);
    for last in [
        30_000,
        1 << 21,
        1 << 32,
        1 << 40,
        i64::MAX as u64,
        u64::MAX - 1,
    ] {
        for first in [0, 10] {
            let all = range(first, last);
            let named = SectorDeclaration {
                sectors: all.clone(),
                ..named.clone()
            };
            let mut post = miner.post(stage, vec![whole(0)]);
            post.partitions[0].skipped = all.clone();
            for call in [
                any(client.declare_faults(DeclareFaultsParams {
                    faults: vec![named.clone()],
                })),
                any(
                    client.declare_faults_recovered(DeclareFaultsRecoveredParams {
                        recoveries: vec![named.clone()],
                    }),
                ),
                any(client.terminate_sectors(TerminateSectorsParams {
                    terminations: vec![named.clone()],
                })),
                any(
                    client.extend_sector_expiration2(ExtendSectorExpiration2Params {
                        extensions: vec![ExpirationExtension2 {
                            deadline: named.deadline,
                            partition: named.partition,
                            sectors: all.clone(),
                            sectors_with_claims: Vec::new(),
                            new_expiration: stage.epoch() + 2 * LIFE,
                        }],
                    }),
                ),
                any(client.compact_partitions(CompactPartitionsParams {
                    deadline: named.deadline,
                    partitions: all.clone(),
                })),
                any(client.submit_windowed_post(post)),
            ] {
                let outcome = stage.call(by, call);
                assert!(!outcome.is_ok(), "{outcome:?}");
            }
        }
    }
    assert_eq!(miner.state(stage), state);
    // Sets that are none, of two declarations that are fine one by one.
    let half = |sectors| SectorDeclaration {
        sectors,
        ..named.clone()
    };
    let halves = vec![half(range(0, 1 << 62)), half(range(1 << 62, u64::MAX - 1))];
    let call = client.declare_faults(DeclareFaultsParams { faults: halves });
    assert!(!stage.call(by, call).is_ok());
    // In the deadline itself, where proofs skip sectors.
    let now = miner.go_to_deadline(stage, named.deadline);
    for last in [3, 4, 1 << 21, 1 << 40, u64::MAX - 1] {
        let mut post = miner.post(stage, vec![whole(0)]);
        post.partitions[0].skipped = range(1, last);
        let outcome = miner.submit(stage, post);
        // The sectors of the partition are 0 to 2, which may be skipped.
        assert_eq!(outcome.is_ok(), last == 3, "{outcome:?}");
    }
    pass(stage, now.close);
    // Numbers that are given up: nearly all of them.
    for (first, last) in [(10, 1 << 21), (1 << 22, 1 << 40), (0, 1 << 63)] {
        let params = CompactSectorNumbersParams {
            mask_sector_numbers: range(first, last),
        };
        let call = client.compact_sector_numbers(params);
        stage.call(by, call).ok();
    }
    let info = miner.announcement(stage, 1 << 41);
    miner
        .pre_commit(stage, vec![info])
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    stage.check_invariants();
}
