//! Each rule by itself: a good block, in which one thing is changed and all that depends on it put right again, is refused
//! for exactly that.

mod mainnet;
mod world;

use std::collections::BTreeSet;

use filigree_blocks::{Signature, SignatureType, SignedMessage, TipsetKey, cid_of};
use filigree_consensus::config::VersionSchedule;
use filigree_consensus::messages::syntax::TOTAL_FIL;
use filigree_consensus::reason::{Field, Ineligible, MessageFault, Reason};
use filigree_consensus::{CheckError, SenderKind};
use filigree_keys::eth::Form;
use filigree_keys::{Key, KeyType, SignatureError, SignedTransaction, Transaction};
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use world::{PARENTS_EPOCH, World, atto, message};

/// One way to break the block, and the reason that must be given: its name, and words of what it says.
struct Case {
    name: &'static str,
    says: &'static str,
    spoil: fn(&mut World),
}

const fn case(name: &'static str, says: &'static str, spoil: fn(&mut World)) -> Case {
    Case { name, says, spoil }
}

const CASES: &[Case] = &[
    // A header by itself.
    case("Missing", "no ticket", |w| w.header(|h| h.ticket = None)),
    case("Missing", "no election proof", |w| {
        w.header(|h| h.election_proof = None);
    }),
    case("Missing", "no signature", |w| {
        w.block.header.signature = None;
    }),
    case("Missing", "no aggregate signature", |w| {
        w.header(|h| h.bls_aggregate = None);
    }),
    case("Missing", "no parents", |w| {
        w.header(|h| h.parents = TipsetKey::new([]));
    }),
    case("MinerNotId", "f1", |w| {
        let address = *w.secp.address();
        w.header(|h| h.miner = address);
    }),
    case("TooLong", "8193 beacon entries", |w| {
        let entry = w.beacon.entry(5);
        w.header(|h| h.beacon_entries = vec![entry; 8193]);
    }),
    case("Timestamp", "epoch 1002", |w| {
        w.header(|h| h.timestamp_seconds += 4);
    }),
    case("Future", "from the future", |w| w.now -= 2),
    // On its parents.
    case("Height", "epoch 1000 is not after", |w| {
        w.move_to(1001);
        w.header(|h| {
            h.height = PARENTS_EPOCH;
            h.timestamp_seconds -= 4;
        });
    }),
    case("BeaconMissing", "round 1003", |w| {
        w.block.header.beacon_entries.clear();
        w.draw();
        w.sign();
    }),
    case("BeaconRound", "entry 1 is of round 1004", |w| {
        w.block.header.beacon_entries[1] = w.beacon.entry(1004);
        w.draw();
        w.sign();
    }),
    case("BeaconSignature", "entry 0 for round 1002", |w| {
        w.header(|h| h.beacon_entries[0].signature[9] ^= 1);
    }),
    case(
        "BeaconCount",
        "2 beacon entries where there must be 0",
        |w| {
            w.author.previous_beacon = w.beacon.entry(1003);
        },
    ),
    case("Ticket", "the ticket is not", |w| {
        w.header(|h| h.ticket.as_mut().unwrap().vrf_proof[9] ^= 1);
    }),
    case("Ticket", "the ticket is not", |w| {
        // The election's input in the place of the ticket's.
        let proof = w.block.header.election_proof.clone().unwrap().vrf_proof;
        w.header(|h| h.ticket.as_mut().unwrap().vrf_proof = proof);
    }),
    case("Election", "the election proof is not", |w| {
        let ticket = w.block.header.ticket.clone().unwrap().vrf_proof;
        w.header(|h| h.election_proof.as_mut().unwrap().vrf_proof = ticket);
    }),
    case("NoWin", "claims 0 wins", |w| {
        w.header(|h| h.election_proof.as_mut().unwrap().win_count = 0);
    }),
    case("WinCount", "wins and has", |w| {
        w.header(|h| h.election_proof.as_mut().unwrap().win_count += 1);
    }),
    case("WinCount", "has 0", |w| w.author.power = BigInt::from(0)),
    case("BlockSignature", "not signed", |w| {
        w.block.header.fork_signal = 1;
    }),
    case("BlockSignature", "not signed", |w| {
        let other = Key::from_secret(KeyType::Bls, &[8; 32]).unwrap();
        let bytes = w.block.header.signing_bytes();
        w.block.header.signature = Some(other.sign(&bytes));
    }),
    case("WinningPost", "proof of spacetime", |w| {
        w.post_holds = false
    }),
    case("ParentState", "state is", |w| {
        w.header(|h| h.parent_state = cid_of(b"other"));
    }),
    case("ParentReceipts", "receipts are", |w| {
        w.header(|h| h.parent_receipts = cid_of(b"other"));
    }),
    case("ParentWeight", "weigh 123456, the block says 123457", |w| {
        w.header(|h| h.parent_weight += 1);
    }),
    case("BaseFee", "base fee is", |w| {
        w.header(|h| h.parent_base_fee = atto(101));
    }),
    // Who makes it.
    case("Ineligible::NoClaim", "no claim", |w| {
        w.facts.standing.now = None
    }),
    case("Ineligible::NoClaim", "no claim", |w| {
        w.author.worker = None
    }),
    case(
        "Ineligible::BelowMinimum",
        "below the network's minimum",
        |w| {
            w.facts.standing.earlier_raw_power = BigInt::from(2047);
            w.facts.standing.earlier_miners_above_minimum = 4;
        },
    ),
    case("Ineligible::NoPower", "no power", |w| {
        w.facts.standing.now.as_mut().unwrap().quality_power = BigInt::from(0);
    }),
    case("Ineligible::FeeDebt", "owes", |w| {
        w.facts.standing.now.as_mut().unwrap().fee_debt = atto(1);
    }),
    case("Ineligible::ConsensusFault", "up to epoch 1000", |w| {
        w.facts.standing.now.as_mut().unwrap().excluded_until = PARENTS_EPOCH;
    }),
    // Its messages.
    case("TooManyMessages", "10001", |w| {
        let one = w.block.signed[0].clone();
        w.block.signed = vec![one; 9_999];
    }),
    case("BlockGas", "10000000000", |w| {
        let third = 10_000_000_000 / 3 + 1;
        w.block.bls[0].gas_limit = third;
        w.block.bls[1].gas_limit = third;
        w.first_signed(|m| m.gas_limit = third);
    }),
    case("MessageRoot", "the header lists", |w| {
        w.header(|h| h.messages = cid_of(b"other"));
    }),
    case("MessageRoot", "the header lists", |w| {
        w.block.signed.pop();
    }),
    case("Aggregate", "aggregate", |w| {
        w.block.bls[1].value += atto(1);
        let right = w.block.header.bls_aggregate.clone();
        w.seal();
        w.header(|h| h.bls_aggregate = right);
    }),
    case("Aggregate", "aggregate", |w| {
        w.header(|h| h.bls_aggregate = Some(Signature::new(SignatureType::Bls, [0xc0; 96])));
    }),
    case("Message::Version", "version 1", |w| {
        w.first_signed(|m| m.version = 1)
    }),
    case("Message::ToZeroAddress", "zero address", |w| {
        let mut infinity = [0; 48];
        infinity[0] = 0xc0;
        let zero = Address::new_bls(&infinity).unwrap();
        w.first_signed(|m| m.to = zero);
    }),
    case("Message::Value", "cannot be sent", |w| {
        w.first_signed(|m| m.value = atto(-1))
    }),
    case("Message::Value", "cannot be sent", |w| {
        w.first_signed(|m| m.value = TokenAmount::from_whole(TOTAL_FIL) + atto(1));
    }),
    case("Message::FeeCap", "is negative", |w| {
        w.first_signed(|m| m.gas_fee_cap = atto(-1));
    }),
    case("Message::Premium", "is negative", |w| {
        w.first_signed(|m| m.gas_premium = atto(-1));
    }),
    case("Message::PremiumAboveCap", "above the fee cap", |w| {
        w.first_signed(|m| m.gas_premium = m.gas_fee_cap.clone() + atto(1));
    }),
    case("Message::GasLimit", "limit of 0", |w| {
        w.first_signed(|m| m.gas_limit = 0)
    }),
    case("Message::GasLimit", "limit of 10000000001", |w| {
        w.first_signed(|m| m.gas_limit = 10_000_000_001);
    }),
    case("Message::Inclusion", "what being on chain costs", |w| {
        w.first_signed(|m| m.gas_limit = 500_000);
    }),
    case("Message::NoSender", "no sender", |w| {
        let address = *w.secp.address();
        w.state.senders.remove(&address);
    }),
    case("Message::NotAnAccount", "is no account", |w| {
        for sender in w.state.senders.values_mut().filter(|s| s.id == 101) {
            sender.kind = SenderKind::Other;
        }
    }),
    case(
        "Message::Sequence",
        "number 7, the sender's next is 6",
        |w| {
            w.block.bls[1].sequence = 7;
            w.seal();
        },
    ),
    case(
        "Message::Sequence",
        "number 0, the sender's next is 1",
        |w| {
            w.block.signed[2] = w.block.signed[0].clone();
            w.seal();
        },
    ),
    case("Message::NoBlsKey", "no BLS key", |w| {
        w.block.bls[1] = message(&w.secp, 0);
        w.seal();
    }),
    case("Message::SignatureType", "type 2", |w| {
        let bls = w.block.bls.remove(1);
        let signed = w.sign_message(&w.bls, bls);
        w.block.signed.push(signed);
        w.seal();
    }),
    case("Message::LegacyTransaction", "network version 23", |w| {
        w.config.versions = VersionSchedule {
            genesis: NetworkVersion::V22,
            upgrades: vec![],
        };
        w.block.signed[1] = legacy(w);
        w.seal();
    }),
    case("Message::Signature", "the signature is not of", |w| {
        w.block.signed[2].signature.bytes[9] ^= 1;
        w.seal();
    }),
    case("Message::Signature", "no Ethereum transaction", |w| {
        w.block.signed[1].message.to = Address::new_actor(b"no contract");
        w.seal();
    }),
];

/// The Ethereum message of the block as a Homestead transaction.
fn legacy(w: &World) -> SignedMessage {
    let mut message = w.block.signed[1].message.clone();
    message.gas_premium = message.gas_fee_cap.clone();
    let transaction = Transaction::from_message(&message, Form::Homestead).unwrap();
    let signature = w.eth.sign(&transaction.signing_bytes()).bytes;
    let signed = SignedTransaction {
        transaction,
        v: 27 + u128::from(signature[64]),
        r: signature[..32].try_into().unwrap(),
        s: signature[32..64].try_into().unwrap(),
    };
    signed.to_message().unwrap()
}

/// The name of each reason: in a list, and as a match, so that a new reason without a line here does not compile and one
/// without a case is missed.
macro_rules! names {
    ($($pattern:pat => $name:literal,)*) => {
        const NAMES: &[&str] = &[$($name),*];

        fn name(reason: &Reason) -> &'static str {
            match reason {
                $($pattern => $name,)*
            }
        }
    };
}

names! {
    Reason::Missing(_) => "Missing",
    Reason::MinerNotId(_) => "MinerNotId",
    Reason::TooLong { .. } => "TooLong",
    Reason::Height { .. } => "Height",
    Reason::ParentsNotATipset(_) => "ParentsNotATipset",
    Reason::ParentsTwoOfAMiner(_) => "ParentsTwoOfAMiner",
    Reason::StoodStill { .. } => "StoodStill",
    Reason::Timestamp { .. } => "Timestamp",
    Reason::Future { .. } => "Future",
    Reason::OutOfRange { .. } => "OutOfRange",
    Reason::BeaconCount { .. } => "BeaconCount",
    Reason::BeaconMissing { .. } => "BeaconMissing",
    Reason::BeaconRound { .. } => "BeaconRound",
    Reason::BeaconSignature { .. } => "BeaconSignature",
    Reason::Ticket { .. } => "Ticket",
    Reason::Election { .. } => "Election",
    Reason::NoWin(_) => "NoWin",
    Reason::WinCount { .. } => "WinCount",
    Reason::WinningPost => "WinningPost",
    Reason::BlockSignature { .. } => "BlockSignature",
    Reason::ParentState { .. } => "ParentState",
    Reason::ParentReceipts { .. } => "ParentReceipts",
    Reason::ParentWeight { .. } => "ParentWeight",
    Reason::BaseFee { .. } => "BaseFee",
    Reason::TooManyMessages(_) => "TooManyMessages",
    Reason::BlockGas { .. } => "BlockGas",
    Reason::TooLarge { .. } => "TooLarge",
    Reason::MessageRoot { .. } => "MessageRoot",
    Reason::Aggregate => "Aggregate",
    Reason::Ineligible { why: Ineligible::NoClaim, .. } => "Ineligible::NoClaim",
    Reason::Ineligible { why: Ineligible::BelowMinimum { .. }, .. } => "Ineligible::BelowMinimum",
    Reason::Ineligible { why: Ineligible::NoPower, .. } => "Ineligible::NoPower",
    Reason::Ineligible { why: Ineligible::FeeDebt(_), .. } => "Ineligible::FeeDebt",
    Reason::Ineligible { why: Ineligible::ConsensusFault { .. }, .. } => "Ineligible::ConsensusFault",
    Reason::Message { fault: MessageFault::Version(_), .. } => "Message::Version",
    Reason::Message { fault: MessageFault::ToZeroAddress, .. } => "Message::ToZeroAddress",
    Reason::Message { fault: MessageFault::Address { .. }, .. } => "Message::Address",
    Reason::Message { fault: MessageFault::Value(_), .. } => "Message::Value",
    Reason::Message { fault: MessageFault::FeeCap(_), .. } => "Message::FeeCap",
    Reason::Message { fault: MessageFault::Premium(_), .. } => "Message::Premium",
    Reason::Message { fault: MessageFault::PremiumAboveCap { .. }, .. } => "Message::PremiumAboveCap",
    Reason::Message { fault: MessageFault::GasLimit(_), .. } => "Message::GasLimit",
    Reason::Message { fault: MessageFault::Inclusion { .. }, .. } => "Message::Inclusion",
    Reason::Message { fault: MessageFault::NoSender(_), .. } => "Message::NoSender",
    Reason::Message { fault: MessageFault::NotAnAccount(_), .. } => "Message::NotAnAccount",
    Reason::Message { fault: MessageFault::Sequence { .. }, .. } => "Message::Sequence",
    Reason::Message { fault: MessageFault::NoBlsKey(_), .. } => "Message::NoBlsKey",
    Reason::Message { fault: MessageFault::SignatureType(_), .. } => "Message::SignatureType",
    Reason::Message { fault: MessageFault::LegacyTransaction, .. } => "Message::LegacyTransaction",
    Reason::Message { fault: MessageFault::Signature(_), .. } => "Message::Signature",
}

/// Reasons that no block gets to: their rules have tests beside them.
const ELSEWHERE: &[&str] = &[
    // Rules about what is offered, not about blocks.
    "OutOfRange",
    "TooLarge",
    // What the parents are is known before the block is judged on them.
    "ParentsNotATipset",
    "ParentsTwoOfAMiner",
    "StoodStill",
    // No version that the host runs is so old.
    "Message::Address",
];

#[test]
fn the_block_is_good() {
    World::new().judge().unwrap();
}

#[test]
fn each_rule_is_broken_by_itself() {
    for (i, case) in CASES.iter().enumerate() {
        let mut world = World::new();
        (case.spoil)(&mut world);
        let place = format!("case {i}, {}", case.name);
        let error = match world.judge() {
            Ok(()) => panic!("{place}: the block is good"),
            Err(error) => error,
        };
        let reason = error.reason().unwrap_or_else(|| panic!("{place}: {error}"));
        assert_eq!(name(reason), case.name, "{place}: {reason}");
        assert!(reason.to_string().contains(case.says), "{place}: {reason}");
        assert_eq!(reason.may_pass(), case.name == "Future");
    }
}

#[test]
fn every_reason_has_a_case() {
    let tested: BTreeSet<&str> = CASES.iter().map(|case| case.name).collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().copied().collect();
    let all: BTreeSet<&str> = NAMES.iter().copied().collect();
    assert_eq!(&tested | &elsewhere, all);
    assert!(tested.is_disjoint(&elsewhere));
}

/// Asserts that a changed block is good.
#[track_caller]
fn good(change: impl FnOnce(&mut World)) {
    let mut world = World::new();
    change(&mut world);
    if let Err(error) = world.judge() {
        panic!("{error}");
    }
}

#[test]
fn what_no_rule_forbids_is_good() {
    // Any fork signal, if it is signed.
    good(|w| w.header(|h| h.fork_signal = u64::MAX));
    // Clocks differ by a second.
    good(|w| w.now -= 1);
    good(|w| w.now += 1_000_000);
    // No null rounds, or many.
    good(|w| w.move_to(1001));
    good(|w| w.move_to(1040));
    // No messages.
    good(|w| {
        w.block.bls.clear();
        w.block.signed.clear();
        w.seal();
    });
    // No messages of BLS senders: then any aggregate will do.
    good(|w| {
        w.block.bls.clear();
        w.seal();
        w.header(|h| h.bls_aggregate = Some(Signature::new(SignatureType::Bls, [1; 96])));
    });
    // Older transactions of Ethereum, since version 23.
    good(|w| {
        w.block.signed[1] = legacy(w);
        w.seal();
    });
    // Exactly all gas.
    good(|w| {
        let others: u64 = w.block.messages().map(|m| m.message().gas_limit).sum();
        w.first_signed(|m| m.gas_limit = 10_000_000_000 - (others - m.gas_limit));
    });
    // The exclusion for a fault ended before the parents.
    good(|w| w.facts.standing.now.as_mut().unwrap().excluded_until = PARENTS_EPOCH - 1);
}

#[test]
fn the_miner_has_the_state_and_the_beacon_it_says() {
    // An entry of ones own beacon is none of the network's.
    let mut world = World::new();
    world.beacon = filigree_consensus::beacon::LocalBeacon::from_seed(&[10; 32]);
    world.move_to(1002);
    let error = world.judge().unwrap_err();
    assert_eq!(error.reason().map(name), Some("BeaconSignature"));
}

#[test]
fn signatures_that_are_known_are_not_checked_again() {
    let mut world = World::new();
    world.block.signed[2].signature.bytes[9] ^= 1;
    world.seal();
    assert!(world.judge().is_err());
    world.state.known_good.push(world.block.signed[2].clone());
    world.judge().unwrap();
}

#[test]
fn the_first_bad_signature_is_reported_however_many_threads_look() {
    let mut world = World::new();
    world.block.signed.truncate(2);
    for sequence in 1..300 {
        let signed = world.sign_message(&world.secp, message(&world.secp, sequence));
        world.block.signed.push(signed);
    }
    for at in [280, 171, 250] {
        world.block.signed[at].signature.bytes[9] ^= 1;
        world.seal();
        let error = world.judge().unwrap_err();
        let expected = if at == 280 { 282 } else { 173 };
        match error.reason() {
            Some(Reason::Message {
                at,
                fault: MessageFault::Signature(SignatureError::Invalid { .. }),
                ..
            }) => {
                assert_eq!(*at, expected);
            }
            _ => panic!("{error}"),
        }
    }
}

#[test]
fn who_cannot_tell_gives_no_reason() {
    let mut world = World::new();
    world.state.damaged = true;
    let error = world.judge().unwrap_err();
    assert!(matches!(error, CheckError::Unknown(_)), "{error}");
    assert!(error.to_string().contains("the disk is gone"), "{error}");
    let mut world = World::new();
    world.config.versions.genesis = NetworkVersion::V17;
    assert!(world.judge().unwrap_err().reason().is_none());
}

#[test]
fn what_is_missing_is_named() {
    let mut world = World::new();
    world.block.header.signature = None;
    let error = world.judge().unwrap_err();
    assert_eq!(error.reason(), Some(&Reason::Missing(Field::Signature)));
}
