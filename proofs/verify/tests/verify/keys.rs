//! A key that is missing or damaged: the verifier cannot tell, and says which file and what to do.

use std::fs;

use filigree_proofs_params::catalogue::find;
use filigree_proofs_params::{Kind, Proof, SectorSize, Set, Status};
use filigree_proofs_verify::{KeyFault, Keys, Limits, ProofVerifier};
use filigree_vm::{Verdict, Verifier, VerifyError};
use fvm_shared::sector::{RegisteredAggregateProof, RegisteredSealProof};

use crate::forge::listed;
use crate::recorded;
use crate::support::*;

/// A change of a file.
type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

/// Damages the file of `proof` (none: it is removed) and loads all keys.
fn load(proof: Proof, damage: Option<Damage<'_>>, in_catalogue: bool) -> Keys {
    let folder = tempfile::tempdir().unwrap();
    let mut files = forge().write(folder.path());
    let file = files.iter_mut().find(|file| file.proof == proof).unwrap();
    let path = folder.path().join(file.name());
    match damage {
        None => fs::remove_file(path).unwrap(),
        Some(damage) => {
            let mut bytes = fs::read(&path).unwrap();
            damage(&mut bytes);
            if in_catalogue {
                *file = listed(*file, &bytes);
            }
            fs::write(path, bytes).unwrap();
        }
    }
    Keys::load(folder.path(), &files)
}

/// Asks for one of everything; gives which were answered "cannot tell", with the reason.
fn unavailable(keys: Keys) -> Vec<(&'static str, String)> {
    let forge = forge();
    let verifier = ProofVerifier::new(keys, Limits::default()).unwrap();
    let v2 = RegisteredAggregateProof::SnarkPackV2;
    let verdicts: Vec<(&str, Verdict)> = vec![
        ("seal", verifier.seal(&proved_seal(&forge, SEAL, 1))),
        (
            "window",
            verifier.window_post(&proved_window(&forge, WINDOW, 2)),
        ),
        ("winning", verifier.winning_post(&proved_winning(&forge))),
        ("update", verifier.replica_update(&proved_update(&forge))),
        (
            "aggregate",
            verifier.aggregate_seals(&proved_aggregate(&forge, 2, v2)),
        ),
    ];
    let unavailable = verdicts
        .into_iter()
        .filter_map(|(name, verdict)| match verdict {
            Ok(valid) => {
                assert!(valid, "{name}");
                None
            }
            Err(VerifyError::Unavailable(reason)) => Some((name, format!("{reason:#}"))),
            Err(VerifyError::Malformed(what)) => panic!("{name}: {what}"),
        });
    unavailable.collect()
}

#[test]
fn a_missing_key_is_no_verdict_and_no_other_proof_suffers() {
    let parts = [
        (Proof::Porep, vec!["seal", "aggregate"]),
        (Proof::WindowPost, vec!["window"]),
        (Proof::WinningPost, vec!["winning"]),
        (Proof::ReplicaUpdate, vec!["update"]),
        (Proof::Aggregation, vec!["aggregate"]),
    ];
    for (proof, affected) in parts {
        let keys = load(proof, None, false);
        let fault = keys.faults().next().unwrap().clone();
        assert!(
            is_status(&fault, |status| matches!(status, Status::Missing)),
            "{fault}"
        );
        let refused = unavailable(keys);
        let names: Vec<&str> = refused.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, affected, "{proof}");
        for (_, reason) in refused {
            assert_eq!(reason, fault.to_string());
            assert!(
                reason.contains("v28-") && reason.contains("filigree params"),
                "{reason}"
            );
        }
    }
}

#[test]
fn a_node_that_needs_all_keys_does_not_start_without_one() {
    let faults = load(Proof::ReplicaUpdate, None, false)
        .complete()
        .unwrap_err();
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].to_string().contains("is missing"),
        "{}",
        faults[0]
    );
    assert!(forge().keys().complete().is_ok());
}

#[test]
fn damage_is_found_by_the_digest() {
    let damages: [Damage<'_>; 5] = [
        &|bytes| bytes[0] ^= 1,
        &|bytes| *bytes.last_mut().unwrap() ^= 0x80,
        &|bytes| bytes.truncate(bytes.len() - 1),
        &|bytes| bytes.push(0),
        &|bytes| bytes.clear(),
    ];
    for proof in [Proof::Porep, Proof::Aggregation] {
        for damage in damages {
            let keys = load(proof, Some(damage), false);
            let fault = keys.faults().next().unwrap();
            let damaged = is_status(fault, |status| matches!(status, Status::WrongDigest { .. }));
            assert!(damaged, "{fault}");
            assert!(!unavailable(keys).is_empty());
        }
    }
}

#[test]
fn a_file_that_holds_no_key_is_a_fault_even_if_the_catalogue_says_so() {
    // Not a point of the curve; the end of a file; bytes behind the key; a count of more points than there are.
    let no_keys: [Damage<'_>; 5] = [
        &|bytes| bytes[95] ^= 1,
        &|bytes| bytes.truncate(bytes.len() - 1),
        &|bytes| bytes.push(0),
        &|bytes| bytes.clear(),
        &|bytes| bytes[3 * 96 + 3 * 192] = 0xff,
    ];
    for damage in no_keys {
        no_key_in(&load(Proof::Porep, Some(damage), true), "--proof porep");
    }
    let no_strings: [Damage<'_>; 3] = [
        &|bytes| bytes[4] ^= 1,
        &|bytes| bytes.truncate(1_000),
        &|bytes| bytes.clear(),
    ];
    for damage in no_strings {
        let keys = load(Proof::Aggregation, Some(damage), true);
        no_key_in(&keys, "--proof aggregation");
    }
}

#[track_caller]
fn no_key_in(keys: &Keys, command: &str) {
    let fault = keys.faults().next().unwrap();
    let KeyFault::NoKey { file, .. } = &**fault else {
        panic!("{fault}")
    };
    tells(
        &fault.to_string(),
        &[&file.name(), "filigree params fetch", command],
    );
}

/// Checks that the reason why a verifier cannot tell says all this.
#[track_caller]
fn tells(reason: &str, parts: &[&str]) {
    for part in parts {
        assert!(reason.contains(part), "{reason}");
    }
}

/// Why a seal of a size cannot be judged.
#[track_caller]
fn untold(verifier: &ProofVerifier, kind: RegisteredSealProof) -> String {
    let mut info = proved_seal(&forge(), SEAL, 1);
    info.registered_proof = kind;
    match verifier.seal(&info) {
        Err(VerifyError::Unavailable(reason)) => format!("{reason:#}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn sizes_whose_keys_were_not_asked_for_are_no_verdict() {
    let verifier = verifier(&forge());
    let reason = untold(&verifier, RegisteredSealProof::StackedDRG8MiBV1P1);
    let size = Some(SectorSize::_8MiB);
    let file = find(Set::Production, Proof::Porep, size, Kind::Key).unwrap();
    let command = "run: filigree params fetch --sector-size 8MiB --proof porep --dir ";
    tells(&reason, &["started without", &file.name(), command]);
}

#[test]
fn sizes_that_the_set_has_no_keys_for_are_no_verdict() {
    let verifier = ProofVerifier::new(recorded::keys(), Limits::default()).unwrap();
    let reason = untold(&verifier, RegisteredSealProof::StackedDRG32GiBV1P1);
    let folder = recorded::fixtures().display().to_string();
    let command = "filigree params list --set dev";
    tells(&reason, &["the dev set", &folder, "porep", command]);
}

#[test]
fn a_string_too_short_for_an_aggregate_is_no_verdict() {
    let keys = forge().keys();
    assert!(keys.srs(64).is_ok());
    match keys.srs(128) {
        Err(VerifyError::Unavailable(reason)) => tells(
            &reason.to_string(),
            &[
                "v28-fil-inner-product-v1.srs",
                "128 proofs",
                "filigree params fetch",
            ],
        ),
        other => panic!("{:?}", other.map(|_| ())),
    }
    for proofs in [0, 1, 3, 1 << 15] {
        assert!(matches!(keys.srs(proofs), Err(VerifyError::Malformed(_))));
    }
}

#[test]
fn a_string_that_was_not_asked_for_is_no_verdict() {
    match Keys::default().srs(2) {
        Err(VerifyError::Unavailable(reason)) => tells(
            &reason.to_string(),
            &[
                "started without",
                "v28-fil-inner-product-v1.srs",
                "filigree params fetch",
            ],
        ),
        other => panic!("{:?}", other.map(|_| ())),
    }
}

fn is_status(fault: &KeyFault, is: impl Fn(&Status) -> bool) -> bool {
    matches!(fault, KeyFault::File(finding) if is(&finding.status))
}
