//! Consensus faults: what a miner must not do with the right to make blocks, shown by two of its headers (Filecoin spec,
//! "Consensus Faults"; Lotus, `chain/vm/fvm.go`).
//!
//! - *Double-fork mining*: two blocks at one epoch.
//! - *Time-offset mining*: two blocks on the same parents at different epochs.
//! - *Parent grinding*: the later block leaves out the earlier one, though it is built on a tipset (shown by a third header,
//!   the witness) that the earlier belonged to.
//!
//! The headers need only be signed by the miner's worker; whether they would have been good blocks does not matter.

use anyhow::Result;
use filigree_blocks::{BlockHeader, TipsetKey};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::{ConsensusFault, ConsensusFaultType};
use ipld_core::ipld::Ipld;
use serde_ipld_dagcbor::de::from_reader_once;

use crate::config::ChainConfig;
use crate::{block_signature, structure};

/// Whether two headers, encoded, and perhaps a witness show a fault of a miner, reported at epoch `now`.
///
/// `worker` gives the key address (f3) of a miner's worker as blocks at an epoch must be signed: of the state a
/// [lookback](crate::lookback::power_epoch) before it. None, where there is no such miner.
///
/// # Errors
/// Those of `worker`: we cannot tell.
pub fn find(
    config: &ChainConfig,
    first: &[u8],
    second: &[u8],
    witness: &[u8],
    now: ChainEpoch,
    mut worker: impl FnMut(&Address, ChainEpoch) -> Result<Option<Address>>,
) -> Result<Option<ConsensusFault>> {
    let (Some(a), Some(b)) = (decode(first), decode(second)) else {
        return Ok(None);
    };
    let halted = |header| is_near_halt(config, header);
    if a.cid() == b.cid() || halted(&a) || halted(&b) {
        return Ok(None);
    }
    if a.miner != b.miner || b.height < a.height {
        return Ok(None);
    }
    let witness = match witness {
        [] => None,
        bytes => match decode(bytes) {
            None => return Ok(None),
            some => some,
        },
    };
    let Some(fault_type) = kind(&a, &b, witness.as_ref()) else {
        return Ok(None);
    };
    for header in [&a, &b] {
        // Workers of epochs behind the finality are not looked up.
        if header.height < now.saturating_sub(config.finality_epochs) {
            return Ok(None);
        }
        let Some(worker) = worker(&header.miner, header.height)? else {
            return Ok(None);
        };
        if block_signature::check(header, &worker).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(ConsensusFault {
        target: a.miner,
        epoch: b.height,
        fault_type,
    }))
}

/// What two blocks of one miner, the earlier first, show. The last that applies counts.
fn kind(
    a: &BlockHeader,
    b: &BlockHeader,
    witness: Option<&BlockHeader>,
) -> Option<ConsensusFaultType> {
    let grinds = |c: &BlockHeader| {
        let parents_of_b = b.parents.cids();
        are_same(&a.parents, &c.parents)
            && c.height == a.height
            && parents_of_b.contains(&c.cid())
            && !parents_of_b.contains(&a.cid())
    };
    if witness.is_some_and(grinds) {
        Some(ConsensusFaultType::ParentGrinding)
    } else if a.height == b.height {
        Some(ConsensusFaultType::DoubleForkMining)
    } else if are_same(&a.parents, &b.parents) {
        Some(ConsensusFaultType::TimeOffsetMining)
    } else {
        None
    }
}

/// Whether lists of parents are the same to the network: they are as long, and the first has all of the second (Lotus,
/// `CidArrsEqual`). Their order does not matter, for these headers need not be of good blocks.
fn are_same(first: &TipsetKey, second: &TipsetKey) -> bool {
    let first = first.cids();
    first.len() == second.len() && second.cids().iter().all(|cid| first.contains(cid))
}

fn is_near_halt(config: &ChainConfig, header: &BlockHeader) -> bool {
    let distance = |halt| header.height.abs_diff(halt);
    let halt = config.history.faultless_epoch;
    halt.is_some_and(|halt| distance(halt) < config.finality_epochs.unsigned_abs())
}

/// Most bytes of a ticket, a proof or a beacon's signature (`cbor-gen`, `ByteArrayMaxLen`).
const MAX_BYTES: usize = 2 << 20;

/// Places of big integers in a header: the parents' weight and the base fee.
const BIG_INTEGERS: [usize; 2] = [6, 15];

/// The header these bytes begin with, as the network's first implementation decodes it. What follows is not looked at. All must be
/// canonical but for the bytes inside a big integer, where zeros may lead; it is the canonical header that has the CID and that
/// was signed. Lists and strings have a greatest length.
fn decode(bytes: &[u8]) -> Option<BlockHeader> {
    let header: BlockHeader = from_reader_once(bytes).ok()?;
    let (mut expected, read) = (fields(&header.to_bytes())?, fields(bytes)?);
    for at in BIG_INTEGERS {
        expected[at] = read.get(at)?.clone();
    }
    let expected = serde_ipld_dagcbor::to_vec(&Ipld::List(expected)).ok()?;
    let is_good = bytes.starts_with(&expected) && is_short(&header);
    is_good.then_some(header)
}

fn fields(bytes: &[u8]) -> Option<Vec<Ipld>> {
    match from_reader_once(bytes).ok()? {
        Ipld::List(fields) => Some(fields),
        _ => None,
    }
}

fn is_short(header: &BlockHeader) -> bool {
    let ticket = header.ticket.iter().map(|ticket| &ticket.vrf_proof);
    let election = header.election_proof.iter().map(|proof| &proof.vrf_proof);
    let beacon = header.beacon_entries.iter().map(|entry| &entry.signature);
    let winning = header.winning_post.iter().map(|proof| &proof.proof_bytes);
    let mut strings = ticket.chain(election).chain(beacon).chain(winning);
    structure::check_lists(header).is_ok() && strings.all(|bytes| bytes.len() <= MAX_BYTES)
}

#[cfg(test)]
mod tests {
    use filigree_blocks::TipsetKey;
    use filigree_keys::{Key, KeyType};

    use super::*;
    use crate::samples;

    fn key(secret: u8) -> Key {
        Key::from_secret(KeyType::Bls, &[secret; 32]).unwrap()
    }

    /// A header of miner 1000, signed.
    fn header(change: impl Fn(&mut BlockHeader)) -> BlockHeader {
        let mut header = samples::header(1000);
        change(&mut header);
        header.signature = Some(key(1).sign(&header.signing_bytes()));
        header
    }

    fn report(
        a: &BlockHeader,
        b: &BlockHeader,
        witness: &[u8],
    ) -> Option<(ConsensusFaultType, i64)> {
        report_bytes(&a.to_bytes(), &b.to_bytes(), witness)
    }

    fn report_bytes(a: &[u8], b: &[u8], witness: &[u8]) -> Option<(ConsensusFaultType, i64)> {
        let config = ChainConfig::mainnet();
        let worker =
            |miner: &Address, _| Ok((*miner == Address::new_id(1000)).then(|| *key(1).address()));
        let fault = find(&config, a, b, witness, 4_000_100, worker).unwrap()?;
        assert_eq!(fault.target, Address::new_id(1000));
        Some((fault.fault_type, fault.epoch))
    }

    /// Asserts the fault, and that each half of it shows nothing.
    #[track_caller]
    fn check(found: Option<(ConsensusFaultType, i64)>, expected: Option<(u8, i64)>) {
        assert_eq!(found.map(|(kind, epoch)| (kind as u8, epoch)), expected);
    }

    const DOUBLE: u8 = ConsensusFaultType::DoubleForkMining as u8;
    const GRIND: u8 = ConsensusFaultType::ParentGrinding as u8;
    const OFFSET: u8 = ConsensusFaultType::TimeOffsetMining as u8;

    #[test]
    fn two_blocks_at_one_epoch() {
        let a = header(|h| h.height = 4_000_000);
        let other = TipsetKey::new([filigree_blocks::cid_of(b"other")]);
        let b = header(|h| {
            h.height = 4_000_000;
            h.parents = other.clone();
        });
        check(report(&a, &b, &[]), Some((DOUBLE, 4_000_000)));
        check(report(&b, &a, &[]), Some((DOUBLE, 4_000_000)));
        check(report(&a, &a, &[]), None);
        let unlike = header(|h| h.height = 4_000_001);
        let apart = header(|h| {
            h.height = 4_000_002;
            h.parents = other.clone();
        });
        check(report(&unlike, &apart, &[]), None);
    }

    #[test]
    fn two_epochs_on_one_tipset() {
        let a = header(|h| h.height = 4_000_000);
        let b = header(|h| h.height = 4_000_003);
        check(report(&a, &b, &[]), Some((OFFSET, 4_000_003)));
        check(report(&b, &a, &[]), None);
    }

    #[test]
    fn parents_are_the_same_in_any_order() {
        let [x, y, z] = [b"x", b"y", b"z"].map(|name| filigree_blocks::cid_of(name));
        let on = |height: i64, parents: &[cid::Cid]| {
            header(|h| {
                h.height = height;
                h.parents = TipsetKey::new(parents.iter().copied());
            })
        };
        let offset = Some((OFFSET, 4_000_001));
        for (first, second, expected) in [
            (vec![x, y], vec![y, x], offset),
            // All of the second are in the first; not the other way round.
            (vec![x, y], vec![x, x], offset),
            (vec![x, x], vec![x, y], None),
            (vec![x, y], vec![x, z], None),
            (vec![x, y], vec![x], None),
        ] {
            let (a, b) = (on(4_000_000, &first), on(4_000_001, &second));
            check(report(&a, &b, &[]), expected);
        }
        let a = on(4_000_000, &[x, y]);
        let mut witness = on(4_000_000, &[y, x]);
        witness.miner = Address::new_id(1001);
        let b = on(4_000_001, &[witness.cid()]);
        check(
            report(&a, &b, &witness.to_bytes()),
            Some((GRIND, 4_000_001)),
        );
    }

    #[test]
    fn a_tipset_without_ones_own_block() {
        let a = header(|h| h.height = 4_000_000);
        let mut witness = a.clone();
        witness.miner = Address::new_id(1001);
        let ground = |parents: &[&BlockHeader]| {
            let parents = TipsetKey::new(parents.iter().map(|h| h.cid()));
            header(|h| {
                h.height = 4_000_001;
                h.parents = parents.clone();
            })
        };
        let b = ground(&[&witness]);
        check(report(&a, &b, &[]), None);
        check(
            report(&a, &b, &witness.to_bytes()),
            Some((GRIND, 4_000_001)),
        );
        check(report(&a, &b, b"no header"), None);
        let fair = ground(&[&witness, &a]);
        check(report(&a, &fair, &witness.to_bytes()), None);
        let mut later = witness.clone();
        later.height += 1;
        let elsewhere = ground(&[&later]);
        check(report(&a, &elsewhere, &later.to_bytes()), None);
    }

    #[test]
    fn only_the_miner_itself_can_be_at_fault() {
        let a = header(|h| h.height = 4_000_000);
        let b = header(|h| {
            h.height = 4_000_000;
            h.fork_signal = 7;
        });
        check(report(&a, &b, &[]), Some((DOUBLE, 4_000_000)));
        let mut forged = b.clone();
        forged.fork_signal = 8;
        check(report(&a, &forged, &[]), None);
        check(report(&forged, &a, &[]), None);
        let other_miner = header(|h| {
            h.height = 4_000_000;
            h.miner = Address::new_id(1001);
        });
        check(report(&a, &other_miner, &[]), None);
    }

    #[test]
    fn what_is_no_header_shows_nothing_and_what_follows_one_is_ignored() {
        let a = header(|h| h.height = 4_000_000);
        let b = header(|h| h.height = 4_000_003);
        let (a, b) = (a.to_bytes(), b.to_bytes());
        let longer = [&b[..], &[1, 2, 3]].concat();
        check(report_bytes(&a, &longer, &[]), Some((OFFSET, 4_000_003)));
        check(report_bytes(&a, &b[..b.len() - 1], &[]), None);
        check(report_bytes(&[], &b, &[]), None);
    }

    /// The header's bytes with other bytes for its weight, 7, and its base fee, 100.
    fn with_big_integers(header: &BlockHeader, weight: &[u8], fee: &[u8]) -> Vec<u8> {
        let mut read = fields(&header.to_bytes()).unwrap();
        assert_eq!(read[6], Ipld::Bytes(vec![0, 7]));
        assert_eq!(read[15], Ipld::Bytes(vec![0, 100]));
        read[6] = Ipld::Bytes(weight.to_vec());
        read[15] = Ipld::Bytes(fee.to_vec());
        serde_ipld_dagcbor::to_vec(&Ipld::List(read)).unwrap()
    }

    #[test]
    fn big_integers_may_begin_with_zeros_and_nothing_else_may_be_odd() {
        let a = header(|h| h.height = 4_000_000).to_bytes();
        let b = header(|h| {
            h.height = 4_000_003;
            h.parent_weight = 7.into();
        });
        let offset = Some((OFFSET, 4_000_003));
        let long = |length: usize| [&vec![0; length - 1][..], &[7]].concat();
        for (weight, fee, expected) in [
            (&[0, 7][..], &[0, 100][..], offset),
            (&[0, 0, 7], &[0, 0, 0, 100], offset),
            (&long(128), &[0, 100], offset),
            (&long(129), &[0, 100], None),
            // The signature is of another number.
            (&[0, 8], &[0, 100], None),
            (&[1, 7], &[0, 100], None),
            (&[2, 7], &[0, 100], None),
        ] {
            let b = with_big_integers(&b, weight, fee);
            check(report_bytes(&a, &b, &[]), expected);
        }
        let canonical = b.to_bytes();
        let found = |bytes: &[u8]| report_bytes(&a, bytes, &[]);
        check(found(&canonical), offset);
        // The length of the weight, 2, in two bytes, and the height in eight.
        let at = |part: &[u8]| {
            canonical
                .windows(part.len())
                .position(|w| w == part)
                .unwrap()
        };
        let mut wide = canonical.clone();
        let weight = at(&[0x42, 0, 7, 0x1a]);
        wide.splice(weight..=weight, [0x58, 2]);
        check(found(&wide), None);
        let mut wide = canonical.clone();
        wide.splice(weight + 3..=weight + 3, [0x1b, 0, 0, 0, 0]);
        check(found(&wide), None);
        // Zero, which is signed as no bytes.
        let nothing = header(|h| {
            h.height = 4_000_003;
            h.parent_weight = 0.into();
        });
        let mut zero = nothing.to_bytes();
        let weight = zero.windows(2).position(|w| w == [0x40, 0x1a]).unwrap();
        for signed_zero in [&[0x41, 0][..], &[0x41, 1], &[0x42, 1, 0]] {
            zero.splice(weight..=weight, signed_zero.iter().copied());
            check(found(&zero), offset);
            zero.splice(weight..weight + signed_zero.len(), [0x40]);
        }
    }

    #[test]
    fn lists_and_strings_of_a_header_have_a_greatest_length() {
        let a = header(|h| h.height = 4_000_000);
        let entry = filigree_blocks::BeaconEntry {
            round: 1,
            signature: vec![],
        };
        let found = |entries: usize, ticket_bytes: usize| {
            let b = header(|h| {
                h.height = 4_000_003;
                h.beacon_entries = vec![entry.clone(); entries];
                h.ticket.as_mut().unwrap().vrf_proof = vec![0; ticket_bytes];
            });
            report(&a, &b, &[])
        };
        let offset = Some((OFFSET, 4_000_003));
        check(found(8192, 1), offset);
        check(found(8193, 1), None);
        check(found(0, 2 << 20), offset);
        check(found(0, (2 << 20) + 1), None);
    }

    #[test]
    fn old_faults_and_those_near_a_halt_are_let_go() {
        let a = header(|h| h.height = 3_999_199);
        let b = header(|h| h.height = 4_000_003);
        check(report(&a, &b, &[]), None);
        let a = header(|h| h.height = 3_999_200);
        check(report(&a, &b, &[]), Some((OFFSET, 4_000_003)));

        let config = ChainConfig::calibnet();
        let near = |height: i64| {
            let a = header(|h| h.height = height);
            let b = header(|h| h.height = height + 1);
            let worker = |_: &Address, _| Ok(Some(*key(1).address()));
            let (a, b) = (a.to_bytes(), b.to_bytes());
            find(&config, &a, &b, &[], height + 2, worker)
                .unwrap()
                .is_some()
        };
        let halt = 1_070_494;
        for (height, found) in [
            (halt - 902, true),
            (halt - 901, true),
            (halt - 900, false),
            (halt, false),
            (halt + 899, false),
            (halt + 900, true),
        ] {
            assert_eq!(near(height), found, "{}", height - halt);
        }
    }
}
