//! Recorded proofs of 2 KiB sectors, made with the development parameters (`proofs/fixtures`; the example
//! `record-fixtures` of `proofs/prove` makes them again).

use std::fs;
use std::path::{Path, PathBuf};

use filigree_proofs_params::{Role, SectorSize, Selection, Set};
use filigree_proofs_verify::{Keys, Limits, ProofVerifier};
use filigree_vm::VerifyError;
use fvm_ipld_encoding::from_slice;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::library::{Asked, Question};

/// A line of the recording.
#[derive(Deserialize)]
struct Recorded {
    asks: String,
    cbor: String,
}

/// Where keys and recordings are.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

/// Those of 2 KiB sectors of the development set.
pub fn selection() -> Selection {
    Selection::of(Set::Development, Role::Verify).with_sector_size(SectorSize::_2KiB)
}

/// The keys of 2 KiB sectors of the development set.
pub fn keys() -> Keys {
    let files = selection().files();
    assert_eq!(files.len(), 5, "four keys and the reference string");
    Keys::load(&fixtures(), &files).complete().unwrap()
}

/// What was recorded.
pub fn questions() -> Vec<Question> {
    let recorded: Vec<Recorded> = read("proofs.json");
    let questions = recorded.iter().map(|line| Question {
        name: format!("recorded {}", line.asks),
        asked: asked(&line.asks, &line.cbor),
    });
    questions.collect()
}

/// A line of what was recorded and then broken.
#[derive(Deserialize)]
struct Broken {
    asks: String,
    broken: String,
    verdict: Bad,
    cbor: String,
}

/// What is thought of a proof that is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bad {
    Invalid,
    Malformed,
}

/// What was recorded and then broken, with its verdict.
pub fn broken() -> Vec<(Question, Bad)> {
    let broken: Vec<Broken> = read("broken.json");
    let questions = broken.iter().map(|line| {
        let question = Question {
            name: format!("recorded {}, broken: {}", line.asks, line.broken),
            asked: asked(&line.asks, &line.cbor),
        };
        (question, line.verdict)
    });
    questions.collect()
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_slice(&fs::read(fixtures().join(name)).unwrap()).unwrap()
}

fn asked(asks: &str, cbor: &str) -> Asked {
    let cbor = hex::decode(cbor).unwrap();
    match asks {
        "seal" | "synthetic-seal" | "non-interactive-seal" => {
            Asked::Seal(from_slice(&cbor).unwrap())
        }
        "aggregate" => Asked::Aggregate(from_slice(&cbor).unwrap()),
        "window" => Asked::Window(from_slice(&cbor).unwrap()),
        "winning" => Asked::Winning(from_slice(&cbor).unwrap()),
        "update" => Asked::Update(from_slice(&cbor).unwrap()),
        other => panic!("nothing asks {other}"),
    }
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
            let is_bad = matches!(verdict, Ok(false) | Err(VerifyError::Malformed(_)));
            assert!(is_bad, "{}: byte {at}: {verdict:?}", question.name);
            proof(&mut question.asked)[at] ^= 4;
        }
        kinds.insert(question.name);
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
}

#[test]
fn what_was_broken_gets_the_recorded_verdict() {
    let verifier = ProofVerifier::new(keys(), Limits::default()).unwrap();
    let mut seen = std::collections::BTreeMap::new();
    for (question, bad) in broken() {
        let verdict = question.asked.ask(&verifier);
        let is_as_recorded = match bad {
            Bad::Invalid => matches!(verdict, Ok(false)),
            Bad::Malformed => matches!(verdict, Err(VerifyError::Malformed(_))),
        };
        assert!(is_as_recorded, "{}: {verdict:?}", question.name);
        *seen.entry(format!("{bad:?}")).or_insert(0) += 1;
    }
    assert!(seen["Invalid"] >= 40 && seen["Malformed"] >= 40, "{seen:?}");
}
