//! The library's own entry points, called as the reference host calls them: the oracle of our verdicts.
//!
//! They read keys from a directory that a variable names when the process first needs it, so they are asked in a process
//! of their own: this test program again, with the variable set.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use filecoin_proofs_api::{PublicReplicaInfo, SectorId, post, seal, update};
use filigree_proofs_verify::{ProofVerifier, kinds};
use filigree_vm::{Verdict, Verifier, VerifyError};
use fvm_ipld_encoding::{from_slice, to_vec};
use fvm_shared::commcid::{cid_to_data_commitment_v1, cid_to_replica_commitment_v1};
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, PoStProof, ReplicaUpdateInfo, SealVerifyInfo, SectorInfo,
    WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use serde::{Deserialize, Serialize};

use crate::bad::questions;
use crate::forge::Forge;
use crate::recorded::{self, Bad};
use crate::support::{forge, prover, verifier};

/// A question, with a name for when the answers differ.
#[derive(Serialize, Deserialize)]
pub struct Question {
    pub name: String,
    pub asked: Asked,
}

#[derive(Serialize, Deserialize)]
pub enum Asked {
    Seal(SealVerifyInfo),
    Aggregate(AggregateSealVerifyProofAndInfos),
    Window(WindowPoStVerifyInfo),
    Winning(WinningPoStVerifyInfo),
    Update(ReplicaUpdateInfo),
}

/// An answer. The library does not tell a refusal from a missing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    Valid,
    Invalid,
    Refused,
}

impl Asked {
    /// Our answer.
    pub fn ask(&self, verifier: &ProofVerifier) -> Verdict {
        match self {
            Self::Seal(info) => verifier.seal(info),
            Self::Aggregate(info) => verifier.aggregate_seals(info),
            Self::Window(info) => verifier.window_post(info),
            Self::Winning(info) => verifier.winning_post(info),
            Self::Update(info) => verifier.replica_update(info),
        }
    }

    fn ask_library(&self) -> anyhow::Result<bool> {
        match self {
            Self::Seal(info) => library_seal(info),
            Self::Aggregate(info) => library_aggregate(info),
            Self::Window(info) => library_window(info),
            Self::Winning(info) => library_winning(info),
            Self::Update(info) => library_update(info),
        }
    }
}

fn text(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

fn bytes_32(bytes: &[u8]) -> [u8; 32] {
    let mut array = [0; 32];
    // Panics on another length, as the reference host does.
    array.copy_from_slice(bytes);
    array
}

fn library_seal(info: &SealVerifyInfo) -> anyhow::Result<bool> {
    seal::verify_seal(
        kinds::seal(info.registered_proof)?,
        cid_to_replica_commitment_v1(&info.sealed_cid).map_err(text)?,
        cid_to_data_commitment_v1(&info.unsealed_cid).map_err(text)?,
        prover(info.sector_id.miner),
        SectorId::from(info.sector_id.number),
        bytes_32(&info.randomness.0),
        bytes_32(&info.interactive_randomness.0),
        &info.proof,
    )
}

fn library_aggregate(info: &AggregateSealVerifyProofAndInfos) -> anyhow::Result<bool> {
    anyhow::ensure!(!info.infos.is_empty(), "no seals");
    let kind = kinds::seal(info.seal_proof)?;
    let (mut inputs, mut comm_rs, mut seeds) = (Vec::new(), Vec::new(), Vec::new());
    for sector in &info.infos {
        let comm_r = cid_to_replica_commitment_v1(&sector.sealed_cid).map_err(text)?;
        let comm_d = cid_to_data_commitment_v1(&sector.unsealed_cid).map_err(text)?;
        let ticket = bytes_32(&sector.randomness.0);
        let seed = bytes_32(&sector.interactive_randomness.0);
        let (miner, number) = (prover(info.miner), SectorId::from(sector.sector_number));
        inputs.extend(seal::get_seal_inputs(
            kind, comm_r, comm_d, miner, number, ticket, seed,
        )?);
        comm_rs.push(comm_r);
        seeds.push(seed);
    }
    let version = kinds::aggregate(info.aggregate_proof)?;
    let proof = info.proof.clone();
    seal::verify_aggregate_seal_commit_proofs(kind, version, proof, &comm_rs, &seeds, inputs)
}

fn library_window(info: &WindowPoStVerifyInfo) -> anyhow::Result<bool> {
    let (randomness, proofs) = (post_randomness(&info.randomness.0), &info.proofs);
    let replicas = replicas(proofs, &info.challenged_sectors)?;
    let proofs = proofs.iter().map(|proof| {
        let kind = kinds::post(proof.post_proof)?;
        Ok((kind, proof.proof_bytes.as_slice()))
    });
    let proofs: Vec<_> = proofs.collect::<Result<_, VerifyError>>()?;
    post::verify_window_post(&randomness, &proofs, &replicas, prover(info.prover))
}

fn library_winning(info: &WinningPoStVerifyInfo) -> anyhow::Result<bool> {
    let (randomness, proofs) = (post_randomness(&info.randomness.0), &info.proofs);
    let kind = kinds::post(proofs[0].post_proof)?;
    let replicas = info.challenge_sectors.iter().map(|sector| {
        let comm_r = cid_to_replica_commitment_v1(&sector.sealed_cid).map_err(text)?;
        let id = SectorId::from(sector.sector_number);
        Ok((id, PublicReplicaInfo::new(kind, comm_r)))
    });
    let replicas: BTreeMap<_, _> = replicas.collect::<anyhow::Result<_>>()?;
    let (proof, miner) = (&proofs[0].proof_bytes, prover(info.prover));
    post::verify_winning_post(&randomness, proof, &replicas, miner)
}

fn post_randomness(bytes: &[u8]) -> [u8; 32] {
    let mut bytes = bytes.to_vec();
    bytes[31] &= 0x3f;
    bytes_32(&bytes)
}

fn replicas(
    proofs: &[PoStProof],
    sectors: &[SectorInfo],
) -> anyhow::Result<BTreeMap<SectorId, PublicReplicaInfo>> {
    let proof = proofs[0].post_proof;
    anyhow::ensure!(
        proofs.iter().all(|other| other.post_proof == proof),
        "types differ"
    );
    let of = sectors.iter().map(|sector| {
        let comm_r = cid_to_replica_commitment_v1(&sector.sealed_cid).map_err(text)?;
        let window = sector.proof.registered_window_post_proof().map_err(text)?;
        // The reference host of nv18 to nv20 takes the older types too.
        let (window, number) = (i64::from(window), i64::from(proof));
        anyhow::ensure!(
            number == window || number == window - 5,
            "invalid proof type"
        );
        let info = PublicReplicaInfo::new(kinds::post(proof)?, comm_r);
        Ok((SectorId::from(sector.sector_number), info))
    });
    of.collect()
}

fn library_update(info: &ReplicaUpdateInfo) -> anyhow::Result<bool> {
    update::verify_empty_sector_update_proof(
        kinds::update(info.update_proof_type)?,
        &info.proof,
        cid_to_replica_commitment_v1(&info.old_sealed_cid).map_err(text)?,
        cid_to_replica_commitment_v1(&info.new_sealed_cid).map_err(text)?,
        cid_to_data_commitment_v1(&info.new_unsealed_cid).map_err(text)?,
    )
}

/// Set in the process that asks the library: the folder of questions, answers and keys.
const FOLDER: &str = "FILIGREE_ASK_LIBRARY";

#[test]
fn the_library_gives_the_same_verdicts() {
    match env::var_os(FOLDER) {
        Some(folder) => answer(Path::new(&folder)),
        None => compare(&forge()),
    }
}

/// In the other process.
fn answer(folder: &Path) {
    let questions: Vec<Question> =
        from_slice(&fs::read(folder.join("questions")).unwrap()).unwrap();
    let answers = questions.iter().map(|question| {
        let asked = catch_unwind(AssertUnwindSafe(|| question.asked.ask_library()));
        match asked {
            Ok(Ok(true)) => Answer::Valid,
            Ok(Ok(false)) => Answer::Invalid,
            Ok(Err(_)) | Err(_) => Answer::Refused,
        }
    });
    let answers: Vec<Answer> = answers.collect();
    fs::write(folder.join("answers"), to_vec(&answers).unwrap()).unwrap();
}

/// What the library answers, in another process, with the keys in `folder`.
fn ask_elsewhere(folder: &Path, questions: &[Question]) -> Vec<Answer> {
    fs::write(folder.join("questions"), to_vec(&questions).unwrap()).unwrap();
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "library::the_library_gives_the_same_verdicts"])
        .env(FOLDER, folder)
        .env("FIL_PROOFS_PARAMETER_CACHE", folder)
        .output()
        .unwrap();
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let answers: Vec<Answer> = from_slice(&fs::read(folder.join("answers")).unwrap()).unwrap();
    assert_eq!(answers.len(), questions.len());
    answers
}

fn compare(forge: &Forge) {
    let folder = tempfile::tempdir().unwrap();
    forge.write(folder.path());
    let questions = questions(forge);
    let answers = ask_elsewhere(folder.path(), &questions);
    let verifier = verifier(forge);
    let mut seen = BTreeMap::new();
    for (question, theirs) in questions.iter().zip(answers) {
        let verdict = question.asked.ask(&verifier);
        let ours = match &verdict {
            Ok(true) => Answer::Valid,
            Ok(false) => Answer::Invalid,
            Err(_) => Answer::Refused,
        };
        assert_eq!(ours, theirs, "{}: {verdict:?}", question.name);
        *seen.entry(format!("{ours:?}")).or_insert(0) += 1;
    }
    let bad = seen["Invalid"] + seen["Refused"];
    assert!(
        seen["Valid"] >= 5 && seen["Invalid"] >= 40 && bad >= 200,
        "{seen:?}"
    );
}

/// That the recorded verdicts are not only ours.
#[test]
fn the_library_gives_the_recorded_verdicts() {
    let folder = tempfile::tempdir().unwrap();
    for file in recorded::selection().files() {
        let from = recorded::fixtures().join(file.name());
        fs::copy(from, folder.path().join(file.name())).unwrap();
    }
    let (mut questions, mut expected) = (recorded::questions(), Vec::new());
    expected.resize(questions.len(), Answer::Valid);
    for (question, bad) in recorded::broken() {
        questions.push(question);
        expected.push(match bad {
            Bad::Invalid => Answer::Invalid,
            Bad::Malformed => Answer::Refused,
        });
    }
    let answers = ask_elsewhere(folder.path(), &questions);
    for ((question, expected), answer) in questions.iter().zip(expected).zip(answers) {
        assert_eq!(answer, expected, "{}", question.name);
    }
}
