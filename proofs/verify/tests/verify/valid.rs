//! Valid proofs are valid, for what they are about and nothing else.

use filigree_vm::{Verdict, Verifier};
use fvm_shared::sector::{RegisteredAggregateProof, RegisteredPoStProof, RegisteredSealProof};

use crate::support::*;

#[track_caller]
fn valid(verdict: Verdict) {
    assert!(verdict.unwrap());
}

#[track_caller]
fn invalid(verdict: Verdict) {
    assert!(!verdict.unwrap());
}

#[test]
fn seals_of_every_version() {
    let forge = forge();
    let verifier = verifier(&forge);
    for kind in [0, 5, 10, 15].map(RegisteredSealProof::from) {
        let good = proved_seal(&forge, kind, 7);
        assert_eq!(good.proof.len(), kind.proof_size().unwrap());
        valid(verifier.seal(&good));
        let mut other = good.clone();
        other.sector_id.number = 8;
        invalid(verifier.seal(&other));
        let mut other = good.clone();
        other.randomness.0[0] ^= 1;
        invalid(verifier.seal(&other));
        // The seed challenges interactive seals; the others challenge themselves.
        let mut other = good.clone();
        other.interactive_randomness.0[0] ^= 1;
        match kind == NON_INTERACTIVE {
            true => valid(verifier.seal(&other)),
            false => invalid(verifier.seal(&other)),
        }
    }
    // Of one version and called another: another replica.
    let mut info = proved_seal(&forge, RegisteredSealProof::StackedDRG2KiBV1, 7);
    info.registered_proof = SEAL;
    invalid(verifier.seal(&info));
}

#[test]
fn many_seals_are_judged_each_by_itself() {
    let forge = forge();
    let verifier = verifier(&forge);
    let mut seals: Vec<_> = (0..12)
        .map(|number| proved_seal(&forge, SEAL, number))
        .collect();
    seals[3].sector_id.miner += 1;
    seals[5].proof.truncate(100);
    let verdicts = verifier.seals(&seals);
    assert_eq!(verdicts.len(), 12);
    for (number, verdict) in verdicts.into_iter().enumerate() {
        match number {
            3 => invalid(verdict),
            5 => assert!(verdict.is_err()),
            _ => valid(verdict),
        }
    }
    assert!(verifier.seals(&[]).is_empty());
}

#[test]
fn windows_of_one_and_of_many_partitions() {
    let forge = forge();
    let verifier = verifier(&forge);
    for count in 1..=5 {
        valid(verifier.window_post(&proved_window(&forge, WINDOW, count)));
    }
    let good = proved_window(&forge, WINDOW, 3);
    let mut other = good.clone();
    other.challenged_sectors.reverse();
    // Sectors are a set.
    valid(verifier.window_post(&other));
    let again = other.challenged_sectors[0].clone();
    other.challenged_sectors.push(again);
    valid(verifier.window_post(&other));
    let mut other = good.clone();
    // The two highest bits are no part of a field element.
    other.randomness.0[31] ^= 0xc0;
    valid(verifier.window_post(&other));
    other.randomness.0[31] ^= 0x20;
    invalid(verifier.window_post(&other));
    let mut other = good.clone();
    // The miner is not asked about: actors mix it into the randomness.
    other.prover += 1;
    valid(verifier.window_post(&other));
    let mut other = good;
    other.challenged_sectors[2].sector_number = 9;
    invalid(verifier.window_post(&other));
}

#[test]
fn older_windows_have_other_challenges() {
    let forge = forge();
    let verifier = verifier(&forge);
    let old = RegisteredPoStProof::Invalid(5);
    let mut info = proved_window(&forge, old, 2);
    valid(verifier.window_post(&info));
    info.proofs[0].post_proof = WINDOW;
    invalid(verifier.window_post(&info));
    let mut info = proved_window(&forge, WINDOW, 2);
    info.proofs[0].post_proof = old;
    invalid(verifier.window_post(&info));
}

#[test]
fn winning_proofs() {
    let forge = forge();
    let verifier = verifier(&forge);
    let mut info = proved_winning(&forge);
    valid(verifier.winning_post(&info));
    info.challenge_sectors[0].sector_number += 1;
    invalid(verifier.winning_post(&info));
}

#[test]
fn updates() {
    let forge = forge();
    let verifier = verifier(&forge);
    let mut info = proved_update(&forge);
    valid(verifier.replica_update(&info));
    std::mem::swap(&mut info.old_sealed_cid, &mut info.new_sealed_cid);
    invalid(verifier.replica_update(&info));
}

#[test]
fn aggregates_of_both_versions() {
    use RegisteredAggregateProof::{SnarkPackV1, SnarkPackV2};
    let forge = forge();
    let verifier = verifier(&forge);
    for (count, version) in [(2, SnarkPackV1), (3, SnarkPackV2), (9, SnarkPackV2)] {
        let good = proved_aggregate(&forge, count, version);
        valid(verifier.aggregate_seals(&good));
        let mut other = good.clone();
        other.infos.swap(0, 1);
        invalid(verifier.aggregate_seals(&other));
        let mut other = good.clone();
        other.infos[1].interactive_randomness.0[9] ^= 1;
        invalid(verifier.aggregate_seals(&other));
        let mut other = good;
        other.aggregate_proof = match version {
            SnarkPackV1 => SnarkPackV2,
            _ => SnarkPackV1,
        };
        invalid(verifier.aggregate_seals(&other));
    }
}

#[test]
fn a_verdict_is_given_to_no_other_question() {
    let forge = forge();
    let verifier = verifier(&forge);
    // More questions than are remembered, asked twice.
    for _ in 0..2 {
        for number in 0..40 {
            let mut info = proved_seal(&forge, SEAL, number);
            valid(verifier.seal(&info));
            info.sector_id.miner += 1;
            invalid(verifier.seal(&info));
        }
    }
}
