//! Real proofs of 2 KiB sectors, judged by the verifier. `FILIGREE_DEV_PARAMETERS` names a directory of development
//! parameters (`filigree params generate`).

use std::path::PathBuf;

use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredPoStProof};
use filigree_proofs_params::{Role, SectorSize, Selection, Set};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::post::Stored;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::{Commitment, Control, Outcome, Task};
use filigree_proofs_verify::{Keys, Limits, ProofVerifier};
use filigree_vm::Verifier;
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, PoStProof, RegisteredAggregateProof,
    RegisteredPoStProof as ChainPoSt, RegisteredSealProof, RegisteredUpdateProof,
    ReplicaUpdateInfo, SealVerifyInfo, SectorID, SectorInfo, WindowPoStVerifyInfo,
    WinningPoStVerifyInfo,
};

use crate::support::*;

const SEED: [u8; 32] = [1; 32];
const RANDOMNESS: [u8; 32] = [5; 32];
const CHAIN_KIND: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;

fn parameters() -> PathBuf {
    let folder = std::env::var_os("FILIGREE_DEV_PARAMETERS");
    PathBuf::from(folder.expect("FILIGREE_DEV_PARAMETERS names the directory of parameters"))
}

fn verifier() -> ProofVerifier {
    let selection = Selection::of(Set::Development, Role::Verify);
    let files = selection.with_sector_size(SectorSize::_2KiB).files();
    let keys = Keys::load(&parameters(), &files).complete().unwrap();
    ProofVerifier::new(keys, Limits::default()).unwrap()
}

fn run(farm: &Farm, task: &Task) -> Outcome {
    let workers = farm.workers_with(&parameters());
    workers.run(task, 2, &Control::default()).unwrap()
}

fn proof(farm: &Farm, task: &Task) -> Vec<u8> {
    match run(farm, task) {
        Outcome::Proof(proof) => proof,
        other => panic!("{other:?}"),
    }
}

fn seal(farm: &Farm, number: u64) -> Sealed {
    let (root, sector) = (farm.root(), sector(number));
    let pieces = Task::Pieces {
        root: root.clone(),
        sector,
        files: vec![],
    };
    run(farm, &pieces);
    match run(farm, &Task::PreCommit2 { root, sector }) {
        Outcome::Sealed(sealed) => sealed,
        other => panic!("{other:?}"),
    }
}

fn stored(farm: &Farm, number: u64, comm_r: Commitment) -> Stored {
    Stored::sealed(&farm.layout(), sector(number).id, comm_r)
}

fn replica(comm_r: &Commitment) -> cid::Cid {
    replica_commitment_v1_to_cid(comm_r).unwrap()
}

fn info(number: u64, comm_r: &Commitment) -> SectorInfo {
    SectorInfo {
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
    let sealed: Vec<Sealed> = (1..=4).map(|number| seal(&farm, number)).collect();
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
    let Outcome::Window(window) = run(&farm, &task) else {
        panic!("no window proof")
    };
    assert_eq!(window.skipped, [2, 4]);
    let asked = WindowPoStVerifyInfo {
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
    let workers = farm.workers_with(&parameters());
    let error = workers.run(&task, 2, &Control::default()).unwrap_err();
    assert!(error.to_string().contains("none of 4 sectors"), "{error}");
}

#[test]
#[ignore = "needs winning parameters"]
fn a_winning_proof_is_valid() {
    let farm = Farm::new();
    let sealed = seal(&farm, 1);
    let kind = RegisteredPoStProof::StackedDrgWinning2KiBV1;
    let challenge = filigree_proofs_prove::post::winning_challenge(kind, RANDOMNESS, MINER, 1);
    assert_eq!(challenge.unwrap(), [0]);
    let task = Task::WinningPost {
        kind,
        randomness: RANDOMNESS,
        miner: MINER,
        challenged: vec![stored(&farm, 1, sealed.comm_r)],
    };
    let asked = WinningPoStVerifyInfo {
        randomness: Randomness(RANDOMNESS.to_vec()),
        proofs: one(ChainPoSt::StackedDRGWinning2KiBV1, proof(&farm, &task)),
        challenge_sectors: vec![info(1, &sealed.comm_r)],
        prover: MINER,
    };
    assert!(verifier().winning_post(&asked).unwrap());
}

#[test]
#[ignore = "needs the parameters of replica updates"]
fn an_update_is_proved() {
    let farm = Farm::new();
    let old = seal(&farm, 1);
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
    let asked = ReplicaUpdateInfo {
        update_proof_type: RegisteredUpdateProof::StackedDRG2KiBV1,
        old_sealed_cid: replica(&old.comm_r),
        new_sealed_cid: replica(&updated.sealed.comm_r),
        new_unsealed_cid: data_commitment_v1_to_cid(&updated.sealed.comm_d).unwrap(),
        proof: proof(&farm, &Task::UpdateProve { root, sector }),
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
        let sealed = seal(&farm, number);
        let commit = Task::Commit {
            root: farm.root(),
            sector: sector(number),
            seed: SEED,
        };
        let proof = proof(&farm, &commit);
        // Done once: Groth16 proofs are random, so another one would differ.
        assert_eq!(run(&farm, &commit), Outcome::Proof(proof.clone()));
        let asked = SealVerifyInfo {
            registered_proof: CHAIN_KIND,
            sector_id: SectorID {
                miner: MINER,
                number,
            },
            deal_ids: Vec::new(),
            randomness: Randomness(sector(number).ticket.to_vec()),
            interactive_randomness: Randomness(SEED.to_vec()),
            proof: proof.clone(),
            sealed_cid: replica(&sealed.comm_r),
            unsealed_cid: data_commitment_v1_to_cid(&sealed.comm_d).unwrap(),
        };
        assert!(verifier.seal(&asked).unwrap());
        infos.push(AggregateSealVerifyInfo {
            sector_number: number,
            randomness: asked.randomness,
            interactive_randomness: asked.interactive_randomness,
            sealed_cid: asked.sealed_cid,
            unsealed_cid: asked.unsealed_cid,
        });
        proved.push(Proved {
            comm_r: sealed.comm_r,
            seed: SEED,
            proof,
        });
    }
    let aggregate = Task::Aggregate {
        proof: KIND,
        version: RegisteredAggregationProof::SnarkPackV2,
        sectors: proved,
    };
    let asked = AggregateSealVerifyProofAndInfos {
        miner: MINER,
        seal_proof: CHAIN_KIND,
        aggregate_proof: RegisteredAggregateProof::SnarkPackV2,
        proof: proof(&farm, &aggregate),
        infos,
    };
    assert!(verifier.aggregate_seals(&asked).unwrap());
}
