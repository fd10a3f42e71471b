//! Recorded proofs of 2 KiB sectors, made with the development parameters (`proofs/fixtures`; the example
//! `record-fixtures` of `proofs/prove` makes them again).

use std::fs;
use std::path::{Path, PathBuf};

use filigree_proofs_params::{Role, SectorSize, Selection, Set};
use filigree_proofs_verify::{Keys, Limits, ProofVerifier};
use fvm_ipld_encoding::from_slice;
use serde::Deserialize;

use crate::library::{Asked, Question};

/// A line of the recording.
#[derive(Deserialize)]
struct Recorded {
    asks: String,
    cbor: String,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// The keys of 2 KiB sectors of the development set.
pub fn keys() -> Keys {
    let selection = Selection::of(Set::Development, Role::Verify);
    let files = selection.with_sector_size(SectorSize::_2KiB).files();
    assert_eq!(files.len(), 5, "four keys and the reference string");
    Keys::load(&fixtures(), &files).complete().unwrap()
}

/// What was recorded.
pub fn questions() -> Vec<Question> {
    let text = fs::read(fixtures().join("proofs.json")).unwrap();
    let recorded: Vec<Recorded> = serde_json::from_slice(&text).unwrap();
    let questions = recorded.iter().map(|line| {
        let cbor = hex::decode(&line.cbor).unwrap();
        let asked = match line.asks.as_str() {
            "seal" | "synthetic-seal" | "non-interactive-seal" => {
                Asked::Seal(from_slice(&cbor).unwrap())
            }
            "aggregate" => Asked::Aggregate(from_slice(&cbor).unwrap()),
            "window" => Asked::Window(from_slice(&cbor).unwrap()),
            "winning" => Asked::Winning(from_slice(&cbor).unwrap()),
            "update" => Asked::Update(from_slice(&cbor).unwrap()),
            other => panic!("nothing asks {other}"),
        };
        Question {
            name: format!("recorded {}", line.asks),
            asked,
        }
    });
    questions.collect()
}

/// The bytes of its proof.
pub fn proof(asked: &mut Asked) -> &mut Vec<u8> {
    match asked {
        Asked::Seal(info) => &mut info.proof,
        Asked::Aggregate(info) => &mut info.proof,
        Asked::Window(info) => &mut info.proofs[0].proof_bytes,
        Asked::Winning(info) => &mut info.proofs[0].proof_bytes,
        Asked::Update(info) => &mut info.proof,
    }
}

#[test]
fn real_proofs_are_valid_and_with_one_bit_flipped_they_are_not() {
    let verifier = ProofVerifier::new(keys(), Limits::default()).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for mut question in questions() {
        assert!(question.asked.ask(&verifier).unwrap(), "{}", question.name);
        let len = proof(&mut question.asked).len();
        for at in (0..len).step_by(len / 24) {
            proof(&mut question.asked)[at] ^= 4;
            let verdict = question.asked.ask(&verifier);
            assert!(!matches!(verdict, Ok(true)), "{}: byte {at}", question.name);
            proof(&mut question.asked)[at] ^= 4;
        }
        kinds.insert(question.name);
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
}
