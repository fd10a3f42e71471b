//! From the public seed to a verdict: parameters of window proofs are made, sectors are proven with them, and a devnet's
//! verifier judges the proof with the key that came out of the same setup.

use std::path::PathBuf;

use filigree_proofs_generate::{Outcome, generate, jobs};
use filigree_proofs_params::{DEVNET_CHAIN_ID, Proof, SectorSize};
use filigree_proofs_verify::{Limits, ProofVerifier};
use filigree_tests_proofs::{Answer, Maker, Question, SealedSector, Sector, Stored, keys};
use filigree_vm::{Network, Verifier as _};
use fvm_shared::commcid::replica_commitment_v1_to_cid;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    PoStProof, RegisteredPoStProof, RegisteredSealProof, SectorInfo, WindowPoStVerifyInfo,
};
use fvm_shared::version::NetworkVersion;

const MINER: u64 = 1_000;
const RANDOMNESS: [u8; 32] = [5; 32];

fn sector(number: u64) -> Sector {
    Sector {
        miner: MINER,
        number,
        ticket: [3; 32],
    }
}

fn sealed(maker: &Maker, sector: Sector) -> SealedSector {
    match maker.make(&Question::Seal { sector, data: None }).unwrap() {
        Answer::Sealed(sealed) => sealed,
        other => panic!("{other:?}"),
    }
}

fn window(maker: &Maker, sectors: &[Sector]) -> Vec<u8> {
    let stored = sectors.iter().map(|sector| Stored {
        sector: *sector,
        update: None,
    });
    let asked = Question::Window {
        miner: MINER,
        randomness: RANDOMNESS,
        stored: stored.collect(),
    };
    match maker.make(&asked).unwrap() {
        Answer::Proof(proof) => proof,
        other => panic!("{other:?}"),
    }
}

fn info(sector: &Sector, sealed: &SealedSector) -> SectorInfo {
    SectorInfo {
        proof: RegisteredSealProof::StackedDRG2KiBV1P1,
        sector_number: sector.number,
        sealed_cid: replica_commitment_v1_to_cid(&sealed.comm_r).unwrap(),
    }
}

#[test]
fn a_window_proof_of_parameters_from_the_seed_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let parameters = folder.path().join("parameters-dev");
    let jobs = jobs(&[SectorSize::_2KiB], &[Proof::WindowPost]);
    let made = generate(&parameters, &jobs, &|_| true).unwrap();
    let as_recorded = made.iter().filter(|file| file.outcome == Outcome::Made);
    assert_eq!(as_recorded.count(), 2, "parameters and key");

    let worker = PathBuf::from(env!("CARGO_BIN_EXE_record-proofs"));
    let maker = Maker::new(&parameters, worker, vec!["worker".to_owned()]).unwrap();
    // Three sectors, of which two fit into one Groth16 proof.
    let sectors = [1, 2, 3].map(sector);
    let sealed = sectors.map(|sector| sealed(&maker, sector));
    let proof = window(&maker, &sectors);
    assert_eq!(proof.len(), 2 * 192);

    let network = Network {
        chain_id: DEVNET_CHAIN_ID,
        ..Network::new(NetworkVersion::V28)
    };
    let keys = keys::selection().with_proof(Proof::WindowPost);
    let verifier = ProofVerifier::for_network(&network, &keys, &parameters, Limits::default());
    let verifier = verifier.unwrap();
    let infos = sectors.iter().zip(&sealed);
    let mut asked = WindowPoStVerifyInfo {
        randomness: Randomness(RANDOMNESS.to_vec()),
        proofs: vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
            proof_bytes: proof,
        }],
        challenged_sectors: infos.map(|(sector, sealed)| info(sector, sealed)).collect(),
        prover: MINER,
    };
    assert!(verifier.window_post(&asked).unwrap());
    asked.challenged_sectors[2].sealed_cid = asked.challenged_sectors[0].sealed_cid;
    assert!(!verifier.window_post(&asked).unwrap());
}
