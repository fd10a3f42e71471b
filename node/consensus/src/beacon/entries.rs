//! Which rounds of the beacon a block must have: those of its epoch and of the null rounds before it (Lotus,
//! `chain/beacon/beacon.go`).

use filigree_blocks::{BeaconEntry, BlockHeader};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;

use super::verify::verify;
use crate::config::{BeaconChain, ChainConfig};
use crate::reason::Reason;
use crate::structure::MAX_LIST_ENTRIES;

/// The rounds that a block at `epoch` on parents at `parents_epoch` must have, in their order. `previous` is the latest
/// round that an ancestor has; 0, if that is a genesis that has none.
///
/// None, if there are more than a header can hold: so many epochs without a block cannot be bridged.
pub fn rounds_of_block(
    config: &ChainConfig,
    epoch: ChainEpoch,
    parents_epoch: ChainEpoch,
    previous: u64,
) -> Option<Vec<u64>> {
    let version = config.version_at(epoch);
    let beacon = config.beacons.at(epoch)?;
    let round = |epoch| beacon.round_at(config, version, epoch);
    let last = round(epoch);
    if is_fork(config, beacon, parents_epoch) {
        return Some(vec![last.checked_sub(1)?, last]);
    }
    if last == previous {
        return Some(Vec::new());
    }
    let first = parents_epoch.checked_add(1)?;
    let epochs = usize::try_from(epoch.checked_sub(parents_epoch)?).ok()?;
    (epochs <= MAX_LIST_ENTRIES).then(|| (first..=epoch).map(round).collect())
}

/// That a block has the entries it must have, and the beacon said them. `previous` is the latest entry of an ancestor.
pub fn check(
    config: &ChainConfig,
    header: &BlockHeader,
    parents_epoch: ChainEpoch,
    previous: &BeaconEntry,
) -> Result<(), Reason> {
    let entries = &header.beacon_entries;
    let version = config.version_at(header.height);
    let Some(beacon) = config.beacons.at(header.height) else {
        return Err(count(0, entries.len()));
    };
    if is_fork(config, beacon, parents_epoch) {
        return check_fork(beacon, entries);
    }
    let expected = beacon.round_at(config, version, header.height);
    if expected == previous.round {
        return match entries.len() {
            0 => Ok(()),
            found => Err(count(0, found)),
        };
    }
    let Some((last, before)) = entries.split_last() else {
        return Err(Reason::BeaconMissing { round: expected });
    };
    // The chain of signatures begins somewhere.
    if beacon.scheme.is_chained() && previous.round == 0 {
        return Ok(());
    }
    check_round(before.len(), expected, last)?;
    if !beacon.scheme.is_chained() {
        check_rounds(config, version, beacon, parents_epoch, entries)?;
    }
    let mut previous_signature = &previous.signature;
    for (at, entry) in entries.iter().enumerate() {
        check_signature(beacon, at, entry, previous_signature)?;
        previous_signature = &entry.signature;
    }
    Ok(())
}

/// Whether another beacon begins between the parents and the block, and its first entry needs the one before it.
fn is_fork(config: &ChainConfig, beacon: &BeaconChain, parents_epoch: ChainEpoch) -> bool {
    beacon.scheme.is_chained() && config.beacons.at(parents_epoch) != Some(beacon)
}

/// Two entries: the second is checked with the first, which cannot be checked.
fn check_fork(beacon: &BeaconChain, entries: &[BeaconEntry]) -> Result<(), Reason> {
    match entries {
        [before, entry] => check_signature(beacon, 1, entry, &before.signature),
        other => Err(count(2, other.len())),
    }
}

/// Without a chain of signatures, each place must have the round of its epoch.
fn check_rounds(
    config: &ChainConfig,
    version: NetworkVersion,
    beacon: &BeaconChain,
    parents_epoch: ChainEpoch,
    entries: &[BeaconEntry],
) -> Result<(), Reason> {
    let epochs = parents_epoch.saturating_add(1)..;
    for (at, (entry, epoch)) in entries.iter().zip(epochs).enumerate() {
        check_round(at, beacon.round_at(config, version, epoch), entry)?;
    }
    Ok(())
}

fn check_round(at: usize, expected: u64, entry: &BeaconEntry) -> Result<(), Reason> {
    let found = entry.round;
    if found != expected {
        return Err(Reason::BeaconRound {
            at,
            expected,
            found,
        });
    }
    Ok(())
}

fn check_signature(
    beacon: &BeaconChain,
    at: usize,
    entry: &BeaconEntry,
    previous_signature: &[u8],
) -> Result<(), Reason> {
    if !verify(beacon, entry, previous_signature) {
        let round = entry.round;
        return Err(Reason::BeaconSignature { at, round });
    }
    Ok(())
}

fn count(expected: usize, found: usize) -> Reason {
    Reason::BeaconCount { expected, found }
}

#[cfg(test)]
mod tests {
    use filigree_keys::{Key, KeyType};
    use fvm_shared::address::Payload;

    use super::super::LocalBeacon;
    use super::super::verify::signed_text;
    use super::*;
    use crate::config::{BeaconPoint, BeaconSchedule, Devnet, Scheme};
    use crate::samples;

    fn local() -> LocalBeacon {
        LocalBeacon::from_seed(&[3; 32])
    }

    fn devnet() -> ChainConfig {
        ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: 1_700_000_000,
            block_delay_seconds: 4,
            version: NetworkVersion::V28,
            beacon_key: local().public(),
        })
    }

    fn judge(
        config: &ChainConfig,
        epoch: ChainEpoch,
        parents_epoch: ChainEpoch,
        previous: &BeaconEntry,
        entries: Vec<BeaconEntry>,
    ) -> Result<(), Reason> {
        let mut header = samples::header(1000);
        header.height = epoch;
        header.beacon_entries = entries;
        check(config, &header, parents_epoch, previous)
    }

    #[test]
    fn a_block_has_the_rounds_since_its_parents() {
        let config = devnet();
        for (epoch, parents) in [(1, 0), (8, 7), (12, 7)] {
            let previous = local().entry(parents as u64 + 1);
            let rounds = rounds_of_block(&config, epoch, parents, previous.round).unwrap();
            let expected: Vec<u64> = (parents as u64 + 2..=epoch as u64 + 1).collect();
            assert_eq!(rounds, expected);
            let entries: Vec<_> = rounds.iter().map(|round| local().entry(*round)).collect();
            let judge = |entries| judge(&config, epoch, parents, &previous, entries);
            assert_eq!(judge(entries.clone()), Ok(()));

            let round = epoch as u64 + 1;
            assert_eq!(judge(vec![]), Err(Reason::BeaconMissing { round }));
            let last = entries.len() - 1;
            let mut late = entries.clone();
            late[last] = local().entry(round + 1);
            let expected = Reason::BeaconRound {
                at: last,
                expected: round,
                found: round + 1,
            };
            assert_eq!(judge(late), Err(expected));
            let mut forged = entries.clone();
            forged[0].signature = LocalBeacon::from_seed(&[4; 32]).entry(rounds[0]).signature;
            let expected = Reason::BeaconSignature {
                at: 0,
                round: rounds[0],
            };
            assert_eq!(judge(forged), Err(expected));
            if last > 0 {
                let skipped = entries[1..].to_vec();
                let expected = Reason::BeaconRound {
                    at: 0,
                    expected: rounds[0],
                    found: rounds[1],
                };
                assert_eq!(judge(skipped), Err(expected));
            }
        }
    }

    #[test]
    fn epochs_shorter_than_rounds_have_no_entry_of_their_own() {
        let mut config = devnet();
        config.beacons.0[0].beacon.period_seconds = 12;
        let rounds =
            |epoch, previous| rounds_of_block(&config, epoch, epoch - 1, previous).unwrap();
        assert_eq!(rounds(3, 1), [2]);
        assert!(rounds(4, 2).is_empty());
        assert!(rounds(5, 2).is_empty());
        let previous = local().entry(2);
        assert_eq!(judge(&config, 4, 3, &previous, vec![]), Ok(()));
        let again = judge(&config, 4, 3, &previous, vec![previous.clone()]);
        assert_eq!(again, Err(count(0, 1)));
    }

    #[test]
    fn more_null_rounds_than_a_header_holds_cannot_be_bridged() {
        let config = devnet();
        assert!(rounds_of_block(&config, 8192, 0, 1).is_some());
        assert_eq!(rounds_of_block(&config, 8193, 0, 1), None);
    }

    /// A chained beacon of our own, to make what drand made while it was chained.
    struct Chained(Key);

    impl Chained {
        fn new(secret: u8) -> Self {
            Self(Key::from_secret(KeyType::Bls, &[secret; 32]).unwrap())
        }

        fn chain(&self, period_seconds: u64) -> BeaconChain {
            let Payload::BLS(key) = self.0.address().payload() else {
                unreachable!("the key is a BLS key")
            };
            BeaconChain {
                scheme: Scheme::Chained,
                public_key: key.to_vec(),
                genesis_timestamp_seconds: 1_699_999_996,
                period_seconds,
            }
        }

        fn entry(&self, round: u64) -> BeaconEntry {
            let previous = match round {
                0 => b"genesis".to_vec(),
                _ => self.entry(round - 1).signature,
            };
            let signature = self.0.sign(&signed_text(&previous, round)).bytes;
            BeaconEntry { round, signature }
        }
    }

    #[test]
    fn chained_rounds_need_the_one_before() {
        let beacon = Chained::new(5);
        let mut config = devnet();
        config.beacons.0[0].beacon = beacon.chain(4);
        let entries = |rounds: &[u64]| rounds.iter().map(|round| beacon.entry(*round)).collect();
        let judge =
            |previous, rounds| judge(&config, 5, 2, &beacon.entry(previous), entries(rounds));
        assert_eq!(judge(3, &[4, 5, 6]), Ok(()));
        assert_eq!(
            judge(3, &[5, 6]),
            Err(Reason::BeaconSignature { at: 0, round: 5 })
        );
        assert_eq!(
            judge(3, &[4, 6]),
            Err(Reason::BeaconSignature { at: 1, round: 6 })
        );
        let expected = Reason::BeaconRound {
            at: 1,
            expected: 6,
            found: 5,
        };
        assert_eq!(judge(3, &[4, 5]), Err(expected));
        // On a genesis without an entry nothing can be checked.
        assert_eq!(judge(0, &[6]), Ok(()));
        assert_eq!(judge(0, &[]), Err(Reason::BeaconMissing { round: 6 }));
    }

    #[test]
    fn where_a_chained_beacon_begins_two_entries_show_it() {
        let (old, new) = (Chained::new(5), Chained::new(6));
        let mut config = devnet();
        let point = |from, beacon: &Chained| BeaconPoint {
            from,
            beacon: beacon.chain(4),
        };
        config.beacons = BeaconSchedule(vec![point(0, &old), point(4, &new)]);
        config.check().unwrap();
        assert_eq!(rounds_of_block(&config, 6, 3, 4), Some(vec![6, 7]));
        let entries = |rounds: &[u64]| rounds.iter().map(|round| new.entry(*round)).collect();
        let judge = |rounds| judge(&config, 6, 3, &old.entry(4), entries(rounds));
        assert_eq!(judge(&[6, 7]), Ok(()));
        assert_eq!(
            judge(&[5, 7]),
            Err(Reason::BeaconSignature { at: 1, round: 7 })
        );
        assert_eq!(judge(&[5, 6, 7]), Err(count(2, 3)));
        assert_eq!(judge(&[7]), Err(count(2, 1)));
    }
}
