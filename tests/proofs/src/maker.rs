//! Answers by the proving pipeline: a worker process for each task, in a directory that goes with the maker.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredPoStProof, RegisteredSealProof};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::pieces::PieceFile;
use filigree_proofs_prove::{self as prove, Control, Layout, Outcome, SectorId, Task, Workers};
use tempfile::TempDir;

use crate::question::{Answer, Data, Piece, Question, SealedSector, Sector, Seeded, Stored};

/// Threads of a worker.
const THREADS: usize = 2;

/// Seals and proves.
pub struct Maker {
    workers: Workers,
    folder: TempDir,
}

impl Maker {
    /// With the parameters in a directory. `program` with `arguments` is a worker
    /// ([`serve`](filigree_proofs_prove::worker::serve)).
    pub fn new(parameters: &Path, program: PathBuf, arguments: Vec<String>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let parameters = fs::canonicalize(parameters);
        let workers = Workers {
            program,
            arguments,
            parameters: parameters.context("the directory of parameters")?,
            parents: folder.path().to_owned(),
            folder: folder.path().to_owned(),
        };
        Ok(Self { workers, folder })
    }

    /// The answer to a question. What it depends on is made if that was not asked before.
    pub fn make(&self, question: &Question) -> Result<Answer> {
        Ok(match question {
            Question::Seal { sector, data } => Answer::Sealed(self.seal(sector, data.as_ref())?),
            Question::Commit(seeded) => Answer::Proof(self.commit(seeded)?),
            Question::Aggregate(sectors) => Answer::Proof(self.aggregate(sectors)?),
            Question::Update { sector, data } => Answer::Sealed(self.update(sector, data)?),
            Question::ProveUpdate { sector, data } => {
                self.update(sector, data)?;
                let (root, sector) = (self.root(), named(sector));
                Answer::Proof(self.proof(&Task::UpdateProve { root, sector })?)
            }
            Question::Window {
                miner,
                randomness,
                stored,
            } => Answer::Proof(self.window(*miner, *randomness, stored)?),
        })
    }

    fn seal(&self, sector: &Sector, data: Option<&Data>) -> Result<SealedSector> {
        let files = data.map(|data| self.file(data)).transpose()?;
        let write = Task::Pieces {
            root: self.root(),
            sector: named(sector),
            files: files.into_iter().collect(),
        };
        let Outcome::Pieces(pieces) = self.run(&write)? else {
            bail!("no pieces were written");
        };
        let sealed = self.sealed(sector)?;
        Ok(answer(&sealed, &pieces))
    }

    /// What sealing gave; a step that is done is not done again.
    fn sealed(&self, sector: &Sector) -> Result<prove::pre_commit::Sealed> {
        let (root, sector) = (self.root(), named(sector));
        match self.run(&Task::PreCommit2 { root, sector })? {
            Outcome::Sealed(sealed) => Ok(sealed),
            other => bail!("not sealed: {other:?}"),
        }
    }

    fn commit(&self, seeded: &Seeded) -> Result<Vec<u8>> {
        self.proof(&Task::Commit {
            root: self.root(),
            sector: named(&seeded.sector),
            seed: seeded.seed,
        })
    }

    fn aggregate(&self, sectors: &[Seeded]) -> Result<Vec<u8>> {
        let proved = sectors.iter().map(|seeded| {
            Ok(Proved {
                comm_r: self.sealed(&seeded.sector)?.comm_r,
                seed: seeded.seed,
                proof: self.commit(seeded)?,
            })
        });
        self.proof(&Task::Aggregate {
            proof: SEAL,
            version: RegisteredAggregationProof::SnarkPackV2,
            sectors: proved.collect::<Result<_>>()?,
        })
    }

    fn update(&self, sector: &Sector, data: &Data) -> Result<SealedSector> {
        let encode = Task::UpdateEncode {
            root: self.root(),
            sector: named(sector),
            files: vec![self.file(data)?],
        };
        match self.run(&encode)? {
            Outcome::Updated(updated) => Ok(answer(&updated.sealed, &updated.pieces)),
            other => bail!("not updated: {other:?}"),
        }
    }

    fn window(&self, miner: u64, randomness: [u8; 32], stored: &[Stored]) -> Result<Vec<u8>> {
        let layout = Layout::new(self.root());
        let sectors = stored.iter().map(|stored| {
            let id = named(&stored.sector).id;
            Ok(match &stored.update {
                None => {
                    let comm_r = self.sealed(&stored.sector)?.comm_r;
                    prove::post::Stored::sealed(&layout, id, comm_r)
                }
                Some(data) => {
                    let comm_r = self.update(&stored.sector, data)?.comm_r;
                    prove::post::Stored::updated(&layout, id, comm_r)
                }
            })
        });
        let task = Task::WindowPost {
            kind: RegisteredPoStProof::StackedDrgWindow2KiBV1_2,
            randomness,
            miner,
            sectors: sectors.collect::<Result<_>>()?,
        };
        let Outcome::Window(window) = self.run(&task)? else {
            bail!("no window proof");
        };
        ensure!(window.skipped.is_empty(), "skipped {:?}", window.skipped);
        Ok(window.proof)
    }

    fn proof(&self, task: &Task) -> Result<Vec<u8>> {
        match self.run(task)? {
            Outcome::Proof(proof) => Ok(proof),
            other => bail!("no proof: {other:?}"),
        }
    }

    fn run(&self, task: &Task) -> Result<Outcome> {
        Ok(self.workers.run(task, THREADS, &Control::default())?)
    }

    /// The file of a piece.
    fn file(&self, data: &Data) -> Result<PieceFile> {
        let size_bytes = data.piece_bytes;
        let len = size_bytes - size_bytes / 128;
        let name = format!("{:02x}-{size_bytes}", data.byte);
        let path = self.folder.path().join(name);
        fs::write(&path, vec![data.byte; usize::try_from(len)?])?;
        Ok(PieceFile { path, size_bytes })
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("sectors")
    }
}

/// The library's name of how sectors are sealed.
const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDrg2KiBV1_1;

fn named(sector: &Sector) -> prove::Sector {
    prove::Sector {
        proof: SEAL,
        id: SectorId {
            miner: sector.miner,
            number: sector.number,
        },
        ticket: sector.ticket,
    }
}

fn answer(sealed: &prove::pre_commit::Sealed, pieces: &[prove::pieces::Piece]) -> SealedSector {
    let pieces = pieces.iter().filter(|piece| !piece.filler);
    SealedSector {
        comm_r: sealed.comm_r,
        comm_d: sealed.comm_d,
        pieces: pieces
            .map(|piece| Piece {
                size_bytes: piece.size_bytes,
                comm_p: piece.commitment,
            })
            .collect(),
    }
}
