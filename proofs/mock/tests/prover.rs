//! The mock does all tasks of a prover, and what it proves the mock verifier takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use filecoin_proofs_api::{
    RegisteredAggregationProof, RegisteredPoStProof as PoStKind, RegisteredSealProof as SealKind,
};
use filigree_proofs_mock::{DEVNET_CHAIN_ID, MockProver, MockVerifier};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::pieces::{Piece, PieceFile};
use filigree_proofs_prove::post::{Stored, WindowProof};
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::unseal::Range;
use filigree_proofs_prove::{
    Control, Event, Layout, Outcome, ProveError, Prover, Result, Sector, SectorId, Step, Task,
    commit,
};
use filigree_proofs_verify::kinds;
use filigree_vm::{Network, Verifier};
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::piece::{PaddedPieceSize, PieceInfo};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, PoStProof, RegisteredAggregateProof,
    RegisteredPoStProof, RegisteredSealProof, RegisteredUpdateProof, ReplicaUpdateInfo,
    SealVerifyInfo, SectorID, SectorInfo, WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use fvm_shared::version::NetworkVersion;
use tempfile::TempDir;

const MINER: u64 = 1_000;
const SEED: [u8; 32] = [8; 32];
const RANDOMNESS: [u8; 32] = [0xfe; 32];

fn verifier() -> MockVerifier {
    let mut devnet = Network::new(NetworkVersion::V25);
    devnet.chain_id = DEVNET_CHAIN_ID;
    MockVerifier::for_network(&devnet).unwrap()
}

/// A directory of sectors, and who works in it.
struct Farm {
    folder: TempDir,
    prover: Arc<dyn Prover>,
}

impl Farm {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            prover: Arc::new(MockProver),
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("sectors")
    }

    fn layout(&self) -> Layout {
        Layout::new(self.root())
    }

    fn run(&self, task: &Task) -> Result<Outcome> {
        self.prover.run(task, &Control::default())
    }

    /// A file of data that is no zeros, and the piece that it becomes.
    fn file(&self, name: &str, size_bytes: u64) -> PieceFile {
        let path = self.folder.path().join(name);
        let bytes: Vec<u8> = (0..size_bytes / 128 * 127)
            .map(|i| (i * i % 251) as u8)
            .collect();
        fs::write(&path, bytes).unwrap();
        PieceFile { path, size_bytes }
    }

    fn write(&self, sector: Sector, files: Vec<PieceFile>) -> Result<Vec<Piece>> {
        let root = self.root();
        match self.run(&Task::Pieces {
            root,
            sector,
            files,
        })? {
            Outcome::Pieces(pieces) => Ok(pieces),
            other => panic!("{other:?}"),
        }
    }

    fn pre_commit(&self, sector: Sector) -> Result<Sealed> {
        let root = self.root();
        match self.run(&Task::PreCommit2 { root, sector })? {
            Outcome::Sealed(sealed) => Ok(sealed),
            other => panic!("{other:?}"),
        }
    }

    fn seal(&self, sector: Sector) -> Sealed {
        self.write(sector, vec![]).unwrap();
        self.pre_commit(sector).unwrap()
    }

    fn commit(&self, sector: Sector, seed: [u8; 32]) -> Result<Vec<u8>> {
        let root = self.root();
        self.run(&Task::Commit { root, sector, seed }).map(proof)
    }

    fn stored(&self, number: u64, sealed: &Sealed) -> Stored {
        Stored::sealed(&self.layout(), sector(number).id, sealed.comm_r)
    }

    fn window(&self, sectors: &[Stored]) -> Result<WindowProof> {
        match self.run(&Task::WindowPost {
            kind: PoStKind::StackedDrgWindow2KiBV1_2,
            randomness: RANDOMNESS,
            miner: MINER,
            sectors: sectors.to_vec(),
        })? {
            Outcome::Window(window) => Ok(window),
            other => panic!("{other:?}"),
        }
    }

    fn unseal(&self, sector: Sector, start_bytes: u64, len_bytes: u64) -> Result<Vec<u8>> {
        let output = self.folder.path().join("unsealed");
        let task = Task::Unseal {
            root: self.root(),
            sector,
            range: Range {
                start_bytes,
                len_bytes,
            },
            output: output.clone(),
        };
        self.run(&task).map(|_| fs::read(output).unwrap())
    }
}

fn proof(outcome: Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Proof(proof) => proof,
        other => panic!("{other:?}"),
    }
}

fn sector(number: u64) -> Sector {
    Sector {
        proof: SealKind::StackedDrg2KiBV1_1,
        id: SectorId {
            miner: MINER,
            number,
        },
        ticket: [9; 32],
    }
}

/// What the chain asks about a seal.
fn seal_info(sector: Sector, sealed: &Sealed, proof: Vec<u8>) -> SealVerifyInfo {
    SealVerifyInfo {
        registered_proof: RegisteredSealProof::from(sector.proof as i64),
        sector_id: SectorID {
            miner: MINER,
            number: sector.id.number,
        },
        deal_ids: vec![3],
        randomness: Randomness(sector.ticket.to_vec()),
        interactive_randomness: Randomness(SEED.to_vec()),
        proof,
        sealed_cid: replica_commitment_v1_to_cid(&sealed.comm_r).unwrap(),
        unsealed_cid: data_commitment_v1_to_cid(&sealed.comm_d).unwrap(),
    }
}

fn sector_info(number: u64, sealed: &Sealed) -> SectorInfo {
    SectorInfo {
        proof: RegisteredSealProof::StackedDRG2KiBV1P1,
        sector_number: number,
        sealed_cid: replica_commitment_v1_to_cid(&sealed.comm_r).unwrap(),
    }
}

/// What the chain asks about a window, whose sectors the actor lists in whatever way.
fn takes_window(proof: &[u8], challenged_sectors: Vec<SectorInfo>) -> bool {
    let info = WindowPoStVerifyInfo {
        randomness: Randomness(RANDOMNESS.to_vec()),
        proofs: vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
            proof_bytes: proof.to_vec(),
        }],
        challenged_sectors,
        prover: MINER,
    };
    verifier().window_post(&info).unwrap()
}

#[test]
fn the_chain_and_the_library_number_proofs_alike() {
    for number in 0..20 {
        let kind = kinds::seal(RegisteredSealProof::from(number)).unwrap();
        assert_eq!(kind as i64, number);
    }
    for number in 0..15 {
        let kind = kinds::post(RegisteredPoStProof::from(number)).unwrap();
        assert_eq!(kind as i64, number);
    }
    for number in 0..5 {
        let kind = kinds::update(RegisteredUpdateProof::from(number)).unwrap();
        assert_eq!(kind as i64, number);
    }
    for number in 0..2 {
        let version = kinds::aggregate(RegisteredAggregateProof::from(number)).unwrap();
        assert_eq!(version as i64, number);
    }
}

#[test]
fn a_sector_is_sealed_and_proved_and_read_again() {
    let farm = Farm::new();
    let file = farm.file("data", 1024);
    let data = fs::read(&file.path).unwrap();
    let pieces = farm.write(sector(1), vec![file]).unwrap();
    let (root, one) = (farm.root(), sector(1));
    let label = Task::PreCommit1 { root, sector: one };
    assert_eq!(farm.run(&label).unwrap(), Outcome::Done);
    let sealed = farm.pre_commit(one).unwrap();
    let infos = pieces.iter().map(|piece| PieceInfo {
        size: PaddedPieceSize(piece.size_bytes),
        cid: data_commitment_v1_to_cid(&piece.commitment).unwrap(),
    });
    let kind = RegisteredSealProof::StackedDRG2KiBV1P1;
    let comm_d = verifier().unsealed_sector_cid(kind, &infos.collect::<Vec<_>>());
    let info = seal_info(one, &sealed, farm.commit(one, SEED).unwrap());
    assert_eq!(info.unsealed_cid, comm_d.unwrap());
    assert!(verifier().seal(&info).unwrap());
    // Of another seed it is another proof.
    let other = farm.commit(one, [7; 32]).unwrap();
    assert_ne!(other, info.proof);
    assert!(!verifier().seal(&seal_info(one, &sealed, other)).unwrap());
    assert_eq!(farm.unseal(one, 0, 1016).unwrap(), data);
    assert_eq!(farm.unseal(one, 301, 77).unwrap(), data[301..378]);
    assert_eq!(farm.unseal(one, 1016, 20).unwrap(), [0; 20]);
    let error = farm.unseal(one, 2000, 33).unwrap_err();
    assert!(matches!(error, ProveError::Input(_)), "{error}");
}

#[test]
fn a_seal_without_interaction_is_proved_whatever_the_seed() {
    let farm = Farm::new();
    let mut alone = sector(1);
    alone.proof = SealKind::StackedDrg2KiBV1_2_Feat_NonInteractivePoRep;
    let sealed = farm.seal(alone);
    let proof = farm.commit(alone, [0; 32]).unwrap();
    assert_eq!(proof.len(), 14_164);
    assert!(verifier().seal(&seal_info(alone, &sealed, proof)).unwrap());
}

#[test]
fn a_window_proof_skips_what_is_not_there() {
    let farm = Farm::new();
    let sealed: Vec<Sealed> = (1..=4).map(|number| farm.seal(sector(number))).collect();
    let stored: Vec<Stored> = (1..)
        .zip(&sealed)
        .map(|(number, sealed)| farm.stored(number, sealed))
        .collect();
    let info = |number: u64| sector_info(number, &sealed[number as usize - 1]);
    let all = farm.window(&stored).unwrap();
    assert!(all.skipped.is_empty());
    assert!(takes_window(&all.proof, (1..=4).map(info).collect()));
    assert!(!takes_window(&all.proof, (1..=3).map(info).collect()));

    fs::remove_file(&stored[1].replica).unwrap();
    fs::write(&stored[3].replica, "MOCK replica, of another").unwrap();
    let window = farm.window(&stored).unwrap();
    assert_eq!(window.skipped, [2, 4]);
    // In the place of each that is faulty the miner actor puts one that is not.
    assert!(takes_window(&window.proof, [1, 1, 3, 1].map(info).into()));
    assert!(!takes_window(&window.proof, [1, 2, 3].map(info).into()));
    fs::remove_dir_all(&stored[0].cache).unwrap();
    fs::remove_file(&stored[2].replica).unwrap();
    let error = farm.window(&stored).unwrap_err();
    assert!(matches!(error, ProveError::Input(_)), "{error}");
}

#[test]
fn a_winning_proof_is_of_the_challenged_sector_alone() {
    let farm = Farm::new();
    let sealed = farm.seal(sector(1));
    let task = Task::WinningPost {
        kind: PoStKind::StackedDrgWinning2KiBV1,
        randomness: RANDOMNESS,
        miner: MINER,
        challenged: vec![farm.stored(1, &sealed)],
    };
    let made = proof(farm.run(&task).unwrap());
    let mut info = WinningPoStVerifyInfo {
        randomness: Randomness(RANDOMNESS.to_vec()),
        proofs: vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
            proof_bytes: made,
        }],
        challenge_sectors: vec![sector_info(1, &sealed)],
        prover: MINER,
    };
    assert!(verifier().winning_post(&info).unwrap());
    info.challenge_sectors[0].sector_number = 2;
    assert!(!verifier().winning_post(&info).unwrap());
    fs::remove_file(farm.layout().whole(Place::Sealed, sector(1).id)).unwrap();
    let error = farm.run(&task).unwrap_err();
    assert!(matches!(error, ProveError::Library { .. }), "{error}");
}

#[test]
fn an_aggregate_is_of_every_seal_in_it() {
    let farm = Farm::new();
    let sectors: Vec<(Sealed, Proved)> = (1..=3)
        .map(|number| {
            let sealed = farm.seal(sector(number));
            let proof = farm.commit(sector(number), SEED).unwrap();
            let proved = Proved {
                comm_r: sealed.comm_r,
                seed: SEED,
                proof,
            };
            (sealed, proved)
        })
        .collect();
    let aggregate = |change: &dyn Fn(&mut Vec<Proved>)| {
        let mut proved = sectors.iter().map(|(_, proved)| proved.clone()).collect();
        change(&mut proved);
        farm.run(&Task::Aggregate {
            proof: SealKind::StackedDrg2KiBV1_1,
            version: RegisteredAggregationProof::SnarkPackV2,
            sectors: proved,
        })
        .map(proof)
    };
    let infos = (1..).zip(&sectors).map(|(number, (sealed, _))| {
        let seal = seal_info(sector(number), sealed, Vec::new());
        AggregateSealVerifyInfo {
            sector_number: number,
            randomness: seal.randomness,
            interactive_randomness: seal.interactive_randomness,
            sealed_cid: seal.sealed_cid,
            unsealed_cid: seal.unsealed_cid,
        }
    });
    let mut info = AggregateSealVerifyProofAndInfos {
        miner: MINER,
        seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
        aggregate_proof: RegisteredAggregateProof::SnarkPackV2,
        proof: Vec::new(),
        infos: infos.collect(),
    };
    let mut check = |change: &dyn Fn(&mut Vec<Proved>), expected: bool| {
        info.proof = aggregate(change).unwrap();
        assert_eq!(verifier().aggregate_seals(&info).unwrap(), expected);
    };
    check(&|_| (), true);
    check(&|proved| proved.swap(0, 1), false);
    check(&|proved| proved[2].seed[0] ^= 1, false);
    check(&|proved| proved[2].comm_r[0] ^= 1, false);
    check(&|proved| proved[2].proof[100] ^= 1, false);
    for refused in [
        aggregate(&|proved| proved[1].proof = vec![0; 192]),
        aggregate(&|proved| proved.clear()),
    ] {
        assert!(matches!(refused, Err(ProveError::Input(_))), "{refused:?}");
    }
}

#[test]
fn an_update_puts_data_into_an_empty_sector() {
    let farm = Farm::new();
    let (root, one) = (farm.root(), sector(1));
    let old = farm.seal(one);
    let file = farm.file("data", 512);
    let data = fs::read(&file.path).unwrap();
    let encode = Task::UpdateEncode {
        root: root.clone(),
        sector: one,
        files: vec![file],
    };
    let Outcome::Updated(new) = farm.run(&encode).unwrap() else {
        panic!("no update")
    };
    assert_ne!(new.sealed.comm_r, old.comm_r);
    assert_eq!(farm.run(&encode).unwrap(), Outcome::Updated(new.clone()));
    let task = Task::UpdateProve { root, sector: one };
    let info = ReplicaUpdateInfo {
        update_proof_type: RegisteredUpdateProof::StackedDRG2KiBV1,
        old_sealed_cid: replica_commitment_v1_to_cid(&old.comm_r).unwrap(),
        new_sealed_cid: replica_commitment_v1_to_cid(&new.sealed.comm_r).unwrap(),
        new_unsealed_cid: data_commitment_v1_to_cid(&new.sealed.comm_d).unwrap(),
        proof: proof(farm.run(&task).unwrap()),
    };
    assert!(verifier().replica_update(&info).unwrap());
    assert_eq!(farm.unseal(one, 0, 508).unwrap(), data);
    let updated = Stored::updated(&farm.layout(), one.id, new.sealed.comm_r);
    let window = farm.window(&[updated]).unwrap();
    assert!(takes_window(
        &window.proof,
        vec![sector_info(1, &new.sealed)]
    ));
}

#[test]
fn steps_have_the_order_the_records_and_the_events_of_real_ones() {
    let farm = Farm::new();
    let heard: Arc<Mutex<Vec<Event>>> = Arc::default();
    let control = {
        let heard = heard.clone();
        Control::new(move |event| heard.lock().unwrap().push(event))
    };
    let (root, one) = (farm.root(), sector(1));
    let seal = Task::PreCommit2 {
        root: root.clone(),
        sector: one,
    };
    let commit = Task::Commit {
        root: root.clone(),
        sector: one,
        seed: SEED,
    };
    let clear = Task::Clear { root, sector: one };
    let not_ready = |task: &Task, expected: Step| {
        let error = farm.run(task).unwrap_err();
        let ProveError::NotReady { step, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(*step, expected);
    };
    not_ready(&seal, Step::Pieces);
    farm.write(one, vec![]).unwrap();
    not_ready(&commit, Step::PreCommit2);
    let sealed = farm.prover.run(&seal, &control).unwrap();
    not_ready(&clear, Step::Commit2);
    // Again: what was done is kept.
    assert_eq!(farm.prover.run(&seal, &control).unwrap(), sealed);
    farm.prover.run(&commit, &control).unwrap();
    assert_eq!(farm.run(&clear).unwrap(), Outcome::Done);
    use Event::{Done, Kept, Started};
    let expected = [
        Started(Step::PreCommit1),
        Done(Step::PreCommit1),
        Started(Step::PreCommit2),
        Done(Step::PreCommit2),
        Kept(Step::PreCommit2),
        Started(Step::Commit1),
        Done(Step::Commit1),
        Started(Step::Commit2),
        Done(Step::Commit2),
    ];
    assert_eq!(*heard.lock().unwrap(), expected);
    // With another ticket it is another replica.
    let mut other = one;
    other.ticket = [1; 32];
    let error = farm.pre_commit(other).unwrap_err();
    assert!(matches!(error, ProveError::OtherInput { .. }), "{error}");
    control.stop();
    let error = farm.prover.run(&seal, &control).unwrap_err();
    assert!(matches!(error, ProveError::Cancelled), "{error}");
}

#[test]
fn a_mock_and_a_real_replica_are_not_taken_for_each_other() {
    let farm = Farm::new();
    farm.seal(sector(1));
    let control = Control::default();
    let error = commit::commit(&farm.layout(), &sector(1), SEED, &control).unwrap_err();
    assert!(
        matches!(
            error,
            ProveError::NotReady {
                step: Step::PreCommit2,
                ..
            }
        ),
        "{error}"
    );
    // And the other way round: what is no mock's stays.
    let real = farm.layout().whole(Place::Sealed, sector(2).id);
    fs::write(&real, [7; 2048]).unwrap();
    farm.write(sector(2), vec![]).unwrap();
    let error = farm.pre_commit(sector(2)).unwrap_err();
    assert!(error.to_string().contains("real replica"), "{error}");
    assert_eq!(fs::read(&real).unwrap(), [7; 2048]);
}

#[test]
fn nothing_is_left_but_whole_files() {
    let farm = Farm::new();
    farm.seal(sector(1));
    farm.commit(sector(1), SEED).unwrap();
    let mut left = Vec::new();
    walk(&farm.root(), &mut left);
    let is_partial = |path: &PathBuf| path.to_string_lossy().contains("partial/pre-commit-2/s-");
    assert!(!left.iter().any(is_partial), "{left:?}");
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        }
        found.push(path);
    }
}
