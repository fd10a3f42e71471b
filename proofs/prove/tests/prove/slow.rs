//! Real proofs of 2 KiB sectors, judged by the verifier. `FILIGREE_DEV_PARAMETERS` names a directory of development
//! parameters (`filigree params generate`).

use std::path::PathBuf;

use filecoin_proofs_api::{RegisteredPoStProof, RegisteredSealProof};
use filigree_proofs_prove::post::Stored;
use filigree_proofs_prove::{Control, Outcome, Task};

use crate::support::*;

fn parameters() -> PathBuf {
    let folder = std::env::var_os("FILIGREE_DEV_PARAMETERS");
    PathBuf::from(folder.expect("FILIGREE_DEV_PARAMETERS names the directory of parameters"))
}

fn run(farm: &Farm, task: &Task) -> Outcome {
    let workers = farm.workers_with(&parameters());
    workers.run(task, 2, &Control::default()).unwrap()
}

fn seal(farm: &Farm, number: u64) -> Stored {
    let (root, sector) = (farm.root(), sector(number));
    let pieces = Task::Pieces {
        root: root.clone(),
        sector,
        files: vec![],
    };
    run(farm, &pieces);
    match run(farm, &Task::PreCommit2 { root, sector }) {
        Outcome::Sealed(sealed) => Stored::sealed(&farm.layout(), sector.id, sealed.comm_r),
        other => panic!("{other:?}"),
    }
}

#[test]
#[ignore = "needs window parameters"]
fn a_window_proof_skips_what_cannot_be_read() {
    let farm = Farm::new();
    let mut stored: Vec<Stored> = (1..=3).map(|number| seal(&farm, number)).collect();
    // Sector 2 is lost; the trees of 3 are cut short.
    std::fs::remove_file(&stored[1].replica).unwrap();
    let task = Task::WindowPost {
        kind: RegisteredPoStProof::StackedDrgWindow2KiBV1_2,
        randomness: [5; 32],
        miner: MINER,
        sectors: stored.clone(),
    };
    let Outcome::Window(proof) = run(&farm, &task) else {
        panic!("no window proof")
    };
    assert_eq!(proof.skipped, [2]);
    assert_eq!(proof.proof.len(), 192);
    // None left: an error, not an empty proof.
    for stored in &mut stored {
        let _ = std::fs::remove_file(&stored.replica);
    }
    let workers = farm.workers_with(&parameters());
    let error = workers.run(&task, 2, &Control::default()).unwrap_err();
    assert!(error.to_string().contains("none of 3 sectors"), "{error}");
}

#[test]
#[ignore = "needs the parameters of seals"]
fn a_sector_is_sealed_and_proved() {
    let farm = Farm::new();
    seal(&farm, 1);
    let commit = Task::Commit {
        root: farm.root(),
        sector: sector(1),
        seed: [1; 32],
    };
    let Outcome::Proof(proof) = run(&farm, &commit) else {
        panic!("no proof")
    };
    assert_eq!(proof.len(), KIND.single_partition_proof_len());
    // Done once: Groth16 proofs are random, so another one would differ.
    assert_eq!(run(&farm, &commit), Outcome::Proof(proof));
    assert_eq!(KIND, RegisteredSealProof::StackedDrg2KiBV1_1);
}
