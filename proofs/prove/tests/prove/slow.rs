//! Real proofs, judged by the verifier. `FILIGREE_DEV_PARAMETERS` names a directory of development parameters
//! (`filigree params generate`).

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredPoStProof, RegisteredSealProof};
use filigree_proofs_params::{Proof, Role, SectorSize, Selection, Set};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::pieces::PieceFile;
use filigree_proofs_prove::post::Stored;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::unseal::Range;
use filigree_proofs_prove::{
    Commitment, Control, Event, Outcome, ProveError, Sector, Step, Task, Workers,
};
use filigree_proofs_verify::{Keys, Limits, ProofVerifier};
use filigree_vm::Verifier;
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector as chain;
use fvm_shared::sector::{PoStProof, RegisteredPoStProof as ChainPoSt};

use crate::full::limited;
use crate::support::*;

const SEED: [u8; 32] = [1; 32];
const RANDOMNESS: [u8; 32] = [5; 32];
const CHAIN_KIND: chain::RegisteredSealProof = chain::RegisteredSealProof::StackedDRG2KiBV1P1;

fn parameters() -> PathBuf {
    let folder = std::env::var_os("FILIGREE_DEV_PARAMETERS");
    PathBuf::from(folder.expect("FILIGREE_DEV_PARAMETERS names the directory of parameters"))
}

fn workers(farm: &Farm) -> Workers {
    farm.workers_with(&parameters())
}

fn verifier() -> ProofVerifier {
    let selection = Selection::of(Set::Development, Role::Verify);
    judging(selection.with_sector_size(SectorSize::_2KiB))
}

/// A verifier with these keys.
fn judging(selection: Selection) -> ProofVerifier {
    let keys = Keys::load(&parameters(), &selection.files());
    ProofVerifier::new(keys.complete().unwrap(), Limits::default()).unwrap()
}

fn run(farm: &Farm, task: &Task) -> Outcome {
    workers(farm).run(task, 2, &Control::default()).unwrap()
}

/// Runs a task that is killed after so many lines of its output, then at random moments before `end`, then left alone.
///
/// Proofs are random: that they are good is for the verifier to say. Until then nothing may look whole but what was.
fn interrupted(farm: &Farm, task: &Task, lines: &[usize], end: Duration) -> Outcome {
    let workers = workers(farm);
    let (wholes, names) = (farm.wholes(), farm.names());
    let mut kills: Vec<Kill> = lines.iter().copied().map(Kill::Lines).collect();
    kills.extend((0..3).map(|_| at_random(end)));
    for kill in kills {
        farm.run_and_kill(&workers, task, kill);
        assert!(farm.wholes() == wholes, "{kill:?}");
    }
    let outcome = run(farm, task);
    let mut new = farm.names();
    new.retain(|name| !names.contains(name));
    let is_record = |name: &PathBuf| name.extension().is_some_and(|end| end == "json");
    assert!(new.len() <= 1 && new.iter().all(is_record), "{new:?}");
    outcome
}

#[track_caller]
fn proof(outcome: Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Proof(proof) => proof,
        other => panic!("{other:?}"),
    }
}

fn write(farm: &Farm, sector: Sector, files: Vec<PieceFile>) {
    let root = farm.root();
    run(
        farm,
        &Task::Pieces {
            root,
            sector,
            files,
        },
    );
}

fn seal(farm: &Farm, sector: Sector) -> Sealed {
    write(farm, sector, vec![]);
    let root = farm.root();
    match run(farm, &Task::PreCommit2 { root, sector }) {
        Outcome::Sealed(sealed) => sealed,
        other => panic!("{other:?}"),
    }
}

fn commit(farm: &Farm, sector: Sector) -> Task {
    Task::Commit {
        root: farm.root(),
        sector,
        seed: SEED,
    }
}

fn stored(farm: &Farm, number: u64, comm_r: Commitment) -> Stored {
    Stored::sealed(&farm.layout(), sector(number).id, comm_r)
}

fn replica(comm_r: &Commitment) -> cid::Cid {
    replica_commitment_v1_to_cid(comm_r).unwrap()
}

fn data(comm_d: &Commitment) -> cid::Cid {
    data_commitment_v1_to_cid(comm_d).unwrap()
}

/// What is asked of a verifier about a sealed sector; types of seals have the same numbers everywhere.
fn seal_info(
    sector: Sector,
    number: i64,
    sealed: &Sealed,
    proof: Vec<u8>,
) -> chain::SealVerifyInfo {
    chain::SealVerifyInfo {
        registered_proof: chain::RegisteredSealProof::from(number),
        sector_id: chain::SectorID {
            miner: MINER,
            number: sector.id.number,
        },
        deal_ids: Vec::new(),
        randomness: Randomness(sector.ticket.to_vec()),
        interactive_randomness: Randomness(SEED.to_vec()),
        proof,
        sealed_cid: replica(&sealed.comm_r),
        unsealed_cid: data(&sealed.comm_d),
    }
}

fn info(number: u64, comm_r: &Commitment) -> chain::SectorInfo {
    chain::SectorInfo {
        proof: CHAIN_KIND,
        sector_number: number,
        sealed_cid: replica(comm_r),
    }
}

fn one(post_proof: ChainPoSt, proof_bytes: Vec<u8>) -> Vec<PoStProof> {
    vec![PoStProof {
        post_proof,
        proof_bytes,
    }]
}

#[test]
#[ignore = "needs window parameters"]
fn a_window_proof_skips_what_cannot_be_read() {
    let farm = Farm::new();
    let sealed: Vec<Sealed> = (1..=4).map(|number| seal(&farm, sector(number))).collect();
    let sectors: Vec<Stored> = (1..=4)
        .zip(&sealed)
        .map(|(number, sealed)| stored(&farm, number, sealed.comm_r))
        .collect();
    std::fs::remove_file(&sectors[1].replica).unwrap();
    let roots = sectors[3].cache.join("p_aux");
    let mut damaged = std::fs::read(&roots).unwrap();
    damaged[0] ^= 1;
    std::fs::write(roots, damaged).unwrap();
    let task = Task::WindowPost {
        kind: RegisteredPoStProof::StackedDrgWindow2KiBV1_2,
        randomness: RANDOMNESS,
        miner: MINER,
        sectors: sectors.clone(),
    };
    let outcome = interrupted(&farm, &task, &[0, 1], Duration::from_secs(1));
    let Outcome::Window(window) = outcome else {
        panic!("no window proof")
    };
    assert_eq!(window.skipped, [2, 4]);
    let asked = chain::WindowPoStVerifyInfo {
        randomness: Randomness(RANDOMNESS.to_vec()),
        proofs: one(ChainPoSt::StackedDRGWindow2KiBV1P1, window.proof),
        challenged_sectors: vec![info(1, &sealed[0].comm_r), info(3, &sealed[2].comm_r)],
        prover: MINER,
    };
    assert!(verifier().window_post(&asked).unwrap());
    // None left: an error, not an empty proof.
    for stored in &sectors {
        let _ = std::fs::remove_file(&stored.replica);
    }
    let error = workers(&farm)
        .run(&task, 2, &Control::default())
        .unwrap_err();
    assert!(error.to_string().contains("none of 4 sectors"), "{error}");
}

#[test]
#[ignore = "needs winning parameters"]
fn a_winning_proof_is_valid() {
    let farm = Farm::new();
    let sealed = seal(&farm, sector(1));
    let kind = RegisteredPoStProof::StackedDrgWinning2KiBV1;
    let challenge = filigree_proofs_prove::post::winning_challenge(kind, RANDOMNESS, MINER, 1);
    assert_eq!(challenge.unwrap(), [0]);
    let task = Task::WinningPost {
        kind,
        randomness: RANDOMNESS,
        miner: MINER,
        challenged: vec![stored(&farm, 1, sealed.comm_r)],
    };
    let made = proof(interrupted(&farm, &task, &[0, 1], Duration::from_secs(2)));
    let asked = chain::WinningPoStVerifyInfo {
        randomness: Randomness(RANDOMNESS.to_vec()),
        proofs: one(ChainPoSt::StackedDRGWinning2KiBV1, made),
        challenge_sectors: vec![info(1, &sealed.comm_r)],
        prover: MINER,
    };
    assert!(verifier().winning_post(&asked).unwrap());
}

#[test]
#[ignore = "needs the parameters of replica updates"]
fn an_update_is_proved() {
    let farm = Farm::new();
    let old = seal(&farm, sector(1));
    let (file, _) = farm.piece("data", 1024);
    let (root, sector) = (farm.root(), sector(1));
    let encode = Task::UpdateEncode {
        root: root.clone(),
        sector,
        files: vec![file],
    };
    let Outcome::Updated(updated) = run(&farm, &encode) else {
        panic!("no update")
    };
    let prove = Task::UpdateProve { root, sector };
    let made = proof(interrupted(&farm, &prove, &[0, 1], Duration::from_secs(10)));
    // Done once: Groth16 proofs are random, so another one would differ.
    assert_eq!(run(&farm, &prove), Outcome::Proof(made.clone()));
    let asked = chain::ReplicaUpdateInfo {
        update_proof_type: chain::RegisteredUpdateProof::StackedDRG2KiBV1,
        old_sealed_cid: replica(&old.comm_r),
        new_sealed_cid: replica(&updated.sealed.comm_r),
        new_unsealed_cid: data(&updated.sealed.comm_d),
        proof: made,
    };
    assert!(verifier().replica_update(&asked).unwrap());
}

#[test]
#[ignore = "needs the parameters of seals; minutes"]
fn seals_are_proved_and_aggregated() {
    let farm = Farm::new();
    let verifier = verifier();
    let (mut proved, mut infos) = (Vec::new(), Vec::new());
    for number in [1, 2] {
        let sealed = seal(&farm, sector(number));
        let commit = commit(&farm, sector(number));
        let outcome = match number {
            1 => {
                openings_find_no_room(&farm, &commit);
                // In phase 1 and behind it; then openings are kept, and it is in phase 2.
                interrupted(&farm, &commit, &[0, 1, 2, 2], Duration::from_secs(10))
            }
            _ => run(&farm, &commit),
        };
        let made = proof(outcome);
        assert_eq!(run(&farm, &commit), Outcome::Proof(made.clone()));
        let asked = seal_info(sector(number), CHAIN_KIND.into(), &sealed, made.clone());
        assert!(verifier.seal(&asked).unwrap());
        infos.push(chain::AggregateSealVerifyInfo {
            sector_number: number,
            randomness: asked.randomness,
            interactive_randomness: asked.interactive_randomness,
            sealed_cid: asked.sealed_cid,
            unsealed_cid: asked.unsealed_cid,
        });
        proved.push(Proved {
            comm_r: sealed.comm_r,
            seed: SEED,
            proof: made,
        });
    }
    let aggregate = Task::Aggregate {
        proof: KIND,
        version: RegisteredAggregationProof::SnarkPackV2,
        sectors: proved,
    };
    let made = interrupted(&farm, &aggregate, &[0, 1], Duration::from_millis(500));
    let asked = chain::AggregateSealVerifyProofAndInfos {
        miner: MINER,
        seal_proof: CHAIN_KIND,
        aggregate_proof: chain::RegisteredAggregateProof::SnarkPackV2,
        proof: proof(made),
        infos,
    };
    assert!(verifier.aggregate_seals(&asked).unwrap());
}

/// A commit whose disk is full when phase 1 is done: nothing of it stays.
fn openings_find_no_room(farm: &Farm, commit: &Task) {
    let workers = limited(&workers(farm), 100);
    let error = workers.run(commit, 2, &Control::default()).unwrap_err();
    let ProveError::Io { path, .. } = &error else {
        panic!("{error}")
    };
    assert!(path.ends_with("commit-1.json.partial"), "{error}");
    assert!(!path.with_extension("").exists());
}

#[test]
#[ignore = "needs the parameters of seals; minutes"]
fn a_synthetic_seal_is_proved_without_its_layers() {
    let farm = Farm::new();
    let sector = Sector {
        proof: RegisteredSealProof::StackedDrg2KiBV1_1_Feat_SyntheticPoRep,
        ..sector(1)
    };
    let sealed = seal(&farm, sector);
    let cache = farm.layout().whole(Place::Cache, sector.id);
    let openings = cache.join("syn-porep-vanilla-proofs.dat");
    assert!(openings.exists(), "{:?}", files(&cache));
    let root = farm.root();
    run(
        &farm,
        &Task::Clear {
            root: root.clone(),
            sector,
        },
    );
    assert!(!cache.join("sc-02-data-layer-1.dat").exists());
    assert!(openings.exists());
    let made = proof(run(&farm, &commit(&farm, sector)));
    let asked = seal_info(sector, 10, &sealed, made);
    assert!(verifier().seal(&asked).unwrap());
    run(&farm, &Task::Clear { root, sector });
    assert!(!openings.exists());
}

#[test]
#[ignore = "needs the parameters of seals; thirteen times as long as a seal with interaction"]
fn a_seal_without_interaction_is_proved() {
    let farm = Farm::new();
    let sector = Sector {
        proof: RegisteredSealProof::StackedDrg2KiBV1_2_Feat_NonInteractivePoRep,
        ..sector(1)
    };
    let sealed = seal(&farm, sector);
    let made = proof(run(&farm, &commit(&farm, sector)));
    let asked = seal_info(sector, 15, &sealed, made);
    assert!(verifier().seal(&asked).unwrap());
}

fn sector_of_8_mib() -> Sector {
    Sector {
        proof: RegisteredSealProof::StackedDrg8MiBV1_1,
        ..sector(1)
    }
}

#[test]
#[ignore = "a minute"]
fn data_comes_out_of_a_sector_of_8_mib_as_it_went_in() {
    let farm = Farm::new();
    let sector = sector_of_8_mib();
    let (small, small_data) = farm.piece("small", 1 << 20);
    let (large, large_data) = farm.piece("large", 4 << 20);
    let root = farm.root();
    let pieces = Task::Pieces {
        root: root.clone(),
        sector,
        files: vec![small, large],
    };
    farm.run(&pieces).unwrap();
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    let control = Control::new(move |event| heard.lock().unwrap().push(event));
    let task = Task::PreCommit2 { root, sector };
    farm.workers().run(&task, 2, &control).unwrap();
    let layer = Event::Bytes {
        step: Step::PreCommit1,
        done: 8 << 20,
        total: 16 << 20,
    };
    let events = events.lock().unwrap();
    assert!(events.contains(&layer), "{events:?}");
    let range = |start_bytes, len_bytes| Range {
        start_bytes,
        len_bytes,
    };
    let (mib, data_mib) = (1 << 20, (1 << 20) / 128 * 127);
    assert_eq!(small_data.len(), data_mib);
    assert_eq!(farm.unseal(sector, range(0, data_mib as u64)), small_data);
    let behind = 4 * data_mib as u64 + 1_234_567;
    assert_eq!(
        farm.unseal(sector, range(behind, mib)),
        large_data[1_234_567..][..mib as usize]
    );
}

#[test]
#[ignore = "needs the parameters of seals of 8 MiB sectors; minutes"]
fn a_seal_of_8_mib_is_proved() {
    let farm = Farm::new();
    let sector = sector_of_8_mib();
    let sealed = seal(&farm, sector);
    let made = proof(run(&farm, &commit(&farm, sector)));
    let asked = seal_info(sector, 6, &sealed, made);
    let keys = Selection::of(Set::Development, Role::Verify).with_proof(Proof::Porep);
    let verifier = judging(keys.with_sector_size(SectorSize::_8MiB));
    assert!(verifier.seal(&asked).unwrap());
}
