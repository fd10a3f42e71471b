//! Who seals and proves: worker processes with the network's library, or a mock that leaves text where replicas are, for a verifier which takes
//! its proofs. Both do the same tasks and keep files in the same places, so a sector whose file is gone is faulty with either.

use std::path::Path;

use cid::Cid;
use filigree_node_state::mining::winning_proof;
use filigree_proofs_mock::MockProver;
use filigree_proofs_params::Proof;
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::post::{Stored, WindowProof};
use filigree_proofs_prove::{
    Control, Layout, Outcome, Pool, ProveError, Prover as DoesTasks, Sector as Replica, SectorId,
    Step, Task,
};
use filigree_proofs_verify::kinds;
use fvm_shared::ActorID;
use fvm_shared::commcid::cid_to_replica_commitment_v1;
use fvm_shared::sector::{
    PoStProof, RegisteredPoStProof, RegisteredSealProof, SectorInfo, SectorNumber,
};

use crate::error::SealError;
use crate::parameters::Parameters;
use crate::sector::Sealed;

/// All places of a sector's files.
const PLACES: [Place; 5] = [
    Place::Unsealed,
    Place::Sealed,
    Place::Cache,
    Place::Update,
    Place::UpdateCache,
];

/// See the head of the file.
#[derive(Debug)]
pub struct Prover {
    tasks: Box<dyn DoesTasks>,
    /// Those that its proofs need; a mock needs none.
    parameters: Option<Parameters>,
}

/// A sealed sector and what the chain asks of it.
#[derive(Clone, Debug)]
pub struct Challenged {
    /// The sector.
    pub replica: Replica,
    /// Its type, as the chain has it.
    pub seal_proof: RegisteredSealProof,
    /// Its commitments.
    pub sealed: Sealed,
    /// The chain's randomness since these were announced.
    pub seed: [u8; 32],
}

/// A sector as the chain knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnChain {
    /// Its number.
    pub number: SectorNumber,
    /// How it is sealed.
    pub seal_proof: RegisteredSealProof,
    /// Commitment to its replica.
    pub sealed_cid: Cid,
}

/// Partitions to be proven together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windowed {
    /// The type of proof.
    pub post_proof: RegisteredPoStProof,
    /// What chooses the challenges.
    pub randomness: [u8; 32],
    /// Whose.
    pub miner: ActorID,
    /// All sectors of the partitions, in order: also those that are not proven, in whose place the chain puts another.
    pub all: Vec<SectorNumber>,
    /// Those that are to be proven, in order.
    pub sectors: Vec<OnChain>,
}

/// How somebody is told what takes so long.
pub type Tell<'a> = &'a (dyn Fn(String) + Sync);

impl Prover {
    /// A mock, for networks whose verifier takes mock proofs.
    pub fn mock() -> Self {
        Self::mock_by(Box::new(MockProver))
    }

    /// For tests: a mock that does its tasks otherwise.
    #[doc(hidden)]
    pub fn mock_by(tasks: Box<dyn DoesTasks>) -> Self {
        Self {
            tasks,
            parameters: None,
        }
    }

    /// Workers of a pool, whose directory of parameters is the given one.
    pub fn real(pool: Pool, parameters: Parameters) -> Self {
        Self {
            tasks: Box::new(pool),
            parameters: Some(parameters),
        }
    }

    /// Whether its proofs are mock.
    pub fn is_mock(&self) -> bool {
        self.parameters.is_none()
    }

    fn run(&self, task: &Task, control: &Control) -> Result<Outcome, SealError> {
        Ok(self.tasks.run(task, control)?)
    }

    /// Sees to it that the parameters of a proof are there.
    fn ensure(
        &self,
        proof: Proof,
        sector_bytes: u64,
        control: &Control,
        tell: Tell<'_>,
    ) -> Result<(), SealError> {
        let parameters = self.parameters.as_ref();
        parameters.map_or(Ok(()), |parameters| {
            parameters.ensure(proof, sector_bytes, control, tell)
        })
    }

    /// Sees to it that the parameters of a seal are there: on a development network it takes minutes to make them.
    ///
    /// # Errors
    /// When they cannot be made, or `control` says stop.
    pub fn prepare(&self, sector_bytes: u64, control: &Control) -> Result<(), SealError> {
        // What is being done is in the log.
        self.ensure(Proof::Porep, sector_bytes, control, &|_| ())
    }

    /// Writes the data of a sector: zeros.
    ///
    /// # Errors
    /// When a file cannot be written; so for all that follow.
    pub fn write_data(
        &self,
        directory: &Path,
        replica: &Replica,
        control: &Control,
    ) -> Result<(), SealError> {
        let task = Task::Pieces {
            root: directory.to_owned(),
            sector: *replica,
            files: Vec::new(),
        };
        self.run(&task, control).map(|_| ())
    }

    /// Computes its labels.
    ///
    /// # Errors
    /// As [`write_data`](Self::write_data), and if that was not done.
    pub fn label(
        &self,
        directory: &Path,
        replica: &Replica,
        control: &Control,
    ) -> Result<(), SealError> {
        let task = Task::PreCommit1 {
            root: directory.to_owned(),
            sector: *replica,
        };
        self.run(&task, control).map(|_| ())
    }

    /// Makes its replica.
    ///
    /// # Errors
    /// As [`label`](Self::label).
    pub fn seal(
        &self,
        directory: &Path,
        replica: &Replica,
        control: &Control,
    ) -> Result<Sealed, SealError> {
        let task = Task::PreCommit2 {
            root: directory.to_owned(),
            sector: *replica,
        };
        match self.run(&task, control)? {
            Outcome::Sealed(sealed) => Ok(Sealed {
                comm_r: sealed.comm_r,
                comm_d: sealed.comm_d,
            }),
            other => Err(unexpected(&other)),
        }
    }

    /// Proves it.
    ///
    /// # Errors
    /// When it is not sealed, or parameters are missing and cannot be made.
    pub fn commit(
        &self,
        directory: &Path,
        challenged: &Challenged,
        control: &Control,
        tell: Tell<'_>,
    ) -> Result<Vec<u8>, SealError> {
        let replica = challenged.replica;
        let size = replica.size_bytes();
        self.ensure(Proof::Porep, size, control, tell)?;
        tell("the proof".to_owned());
        let task = Task::Commit {
            root: directory.to_owned(),
            sector: replica,
            seed: challenged.seed,
        };
        proof_of(self.run(&task, control)?)
    }

    /// Deletes what only sealing needed.
    ///
    /// # Errors
    /// When it was not proved.
    pub fn clear(
        &self,
        directory: &Path,
        replica: &Replica,
        control: &Control,
    ) -> Result<(), SealError> {
        let task = Task::Clear {
            root: directory.to_owned(),
            sector: *replica,
        };
        self.run(&task, control).map(|_| ())
    }

    /// Deletes all files of a sector.
    ///
    /// # Errors
    /// When one cannot be deleted.
    pub fn forget(&self, directory: &Path, sector: SectorId) -> Result<(), SealError> {
        let layout = Layout::new(directory);
        let steps = [Step::Pieces, Step::PreCommit1, Step::PreCommit2];
        let partial = steps.map(|step| layout.partials(step, sector));
        let whole = PLACES.map(|place| layout.whole(place, sector));
        // The records last: while they are there, what is there of the rest has a meaning.
        let records = [layout.records(sector)];
        for path in partial.iter().chain(&whole).chain(&records) {
            let removed = match path.is_dir() {
                true => std::fs::remove_dir_all(path),
                false => std::fs::remove_file(path),
            };
            match removed {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(SealError::Io {
                        path: path.clone(),
                        source: error,
                    });
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// Whether the files of a sector are there and belong to its commitment, as far as a look tells: the replica has its length, and the roots
    /// beside its trees are those of its commitment. That every node is as it was, only proofs tell, of those they ask for.
    pub fn keeps(&self, directory: &Path, miner: ActorID, sector: &OnChain) -> bool {
        let (Ok(stored), Ok(size)) = (
            stored(directory, miner, sector),
            sector.seal_proof.sector_size(),
        ) else {
            return false;
        };
        if self.is_mock() {
            return self.mock_keeps(miner, sector, stored);
        }
        let length = std::fs::metadata(&stored.replica).map(|found| found.len());
        length.is_ok_and(|length| length == size as u64) && stored.is_committed_to()
    }

    /// A mock tells by a proof, which costs it nothing.
    fn mock_keeps(&self, miner: ActorID, sector: &OnChain, stored: Stored) -> bool {
        let post_proof = sector.seal_proof.registered_window_post_proof();
        let kind = post_proof
            .map_err(malformed)
            .and_then(|post_proof| kinds::post(post_proof).map_err(malformed));
        kind.is_ok_and(|kind| {
            let task = Task::WindowPost {
                kind,
                randomness: [0; 32],
                miner,
                sectors: vec![stored],
            };
            self.run(&task, &Control::default()).is_ok()
        })
    }

    /// Proves sectors of a deadline; those that cannot be opened are skipped.
    ///
    /// # Errors
    /// When none can be opened, or parameters are missing and cannot be made.
    pub fn window(
        &self,
        directory: &Path,
        windowed: &Windowed,
        control: &Control,
        tell: Tell<'_>,
    ) -> Result<WindowProof, SealError> {
        let kind = kinds::post(windowed.post_proof).map_err(malformed)?;
        let size = kind.sector_size().into();
        self.ensure(Proof::WindowPost, size, control, tell)?;
        let sectors = windowed.sectors.iter();
        let sectors = sectors.map(|sector| stored(directory, windowed.miner, sector));
        let task = Task::WindowPost {
            kind,
            randomness: windowed.randomness,
            miner: windowed.miner,
            sectors: sectors.collect::<Result<_, _>>()?,
        };
        match self.run(&task, control)? {
            Outcome::Window(proof) => Ok(proof),
            other => Err(unexpected(&other)),
        }
    }

    /// Proves the sectors that a block's challenge chose.
    ///
    /// # Errors
    /// When one cannot be opened, or parameters are missing and cannot be made.
    pub fn winning(
        &self,
        directory: &Path,
        miner: ActorID,
        challenge: [u8; 32],
        sectors: &[SectorInfo],
    ) -> Result<Vec<PoStProof>, SealError> {
        let first = sectors
            .first()
            .ok_or_else(|| ProveError::Input("there are no sectors to prove".to_owned()))?;
        let window = first.proof.registered_window_post_proof();
        let post_proof = winning_proof(window.map_err(malformed)?);
        let kind = kinds::post(post_proof).map_err(malformed)?;
        let control = Control::default();
        let size = kind.sector_size().into();
        let tell = |what: String| tracing::info!(miner, what, "winning proof");
        self.ensure(Proof::WinningPost, size, &control, &tell)?;
        let challenged = sectors.iter().map(|sector| {
            let sector = OnChain {
                number: sector.sector_number,
                seal_proof: sector.proof,
                sealed_cid: sector.sealed_cid,
            };
            stored(directory, miner, &sector)
        });
        let task = Task::WinningPost {
            kind,
            randomness: challenge,
            miner,
            challenged: challenged.collect::<Result<_, _>>()?,
        };
        Ok(vec![PoStProof {
            post_proof,
            proof_bytes: proof_of(self.run(&task, &control)?)?,
        }])
    }
}

fn stored(directory: &Path, miner: ActorID, sector: &OnChain) -> Result<Stored, SealError> {
    let comm_r = cid_to_replica_commitment_v1(&sector.sealed_cid).map_err(malformed)?;
    let layout = Layout::new(directory);
    let id = SectorId {
        miner,
        number: sector.number,
    };
    // Deals will update sectors: what was updated is in a place of its own.
    Ok(match layout.whole(Place::Update, id).exists() {
        true => Stored::updated(&layout, id, comm_r),
        false => Stored::sealed(&layout, id, comm_r),
    })
}

fn proof_of(outcome: Outcome) -> Result<Vec<u8>, SealError> {
    match outcome {
        Outcome::Proof(proof) => Ok(proof),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(outcome: &Outcome) -> SealError {
    SealError::Prover(format!("the worker answered something else: {outcome:?}"))
}

fn malformed(error: impl ToString) -> SealError {
    SealError::Prover(error.to_string())
}
