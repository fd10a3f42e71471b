//! Ours and the library's side of a round, each with a directory of its own.
//!
//! Both seal the same two sectors: one with data, which is proved, aggregated and unsealed, and an empty one, into which
//! data is encoded afterwards. Commitments and unsealed data must be equal.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredPoStProof, RegisteredSealProof};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::pieces::PieceFile;
use filigree_proofs_prove::post::Stored;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::unseal::Range;
use filigree_proofs_prove::{Layout, Outcome, Sector, SectorId, Task};

use crate::direct::{Answer, Call, Files};
use crate::judge::{Differ, Judge};
use crate::meter::{self, Place, Usage};
use crate::options::Role;
use crate::steps::Step;

/// The miner whose sectors are sealed.
pub const MINER: u64 = 1_000;
/// The sector with data.
pub const FULL: u64 = 1;
/// The sector that is sealed empty.
pub const EMPTY: u64 = 2;
/// Randomness of the chain.
pub const TICKET: [u8; 32] = [3; 32];
/// The same, from after CommR was published.
pub const SEED: [u8; 32] = [4; 32];
/// Randomness of a proof of spacetime.
pub const RANDOMNESS: [u8; 32] = [5; 32];
/// Proofs in the aggregate: the one proof, so often.
pub const AGGREGATED: usize = 64;

/// Type of the sectors.
const KIND: RegisteredSealProof = RegisteredSealProof::StackedDrg2KiBV1_1;
const WINDOW: RegisteredPoStProof = RegisteredPoStProof::StackedDrgWindow2KiBV1_2;
const WINNING: RegisteredPoStProof = RegisteredPoStProof::StackedDrgWinning2KiBV1;
const SECTOR_BYTES: u64 = 2048;
const DATA_BYTES: u64 = 2032;

/// What a side has made.
#[derive(Debug, Default)]
pub struct Made {
    /// Commitments of sealed sectors, by number.
    pub sealed: BTreeMap<u64, Sealed>,
    /// Commitments of the empty sector after its update.
    pub updated: Option<Sealed>,
    /// Proofs.
    pub proofs: BTreeMap<Step, Vec<u8>>,
    /// What was unsealed.
    pub data: Vec<u8>,
}

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Tasks in workers.
    Ours,
    /// Calls of the library.
    Direct,
}

/// Both sides of a round.
#[derive(Debug)]
pub struct Scene {
    /// The data that is sealed, and encoded into the empty sector.
    data: PathBuf,
    ours: Side,
    direct: Side,
    /// All files; they go with it.
    _folder: tempfile::TempDir,
}

/// A directory of sectors, and what was made in it.
#[derive(Debug)]
struct Side {
    whose: Whose,
    root: PathBuf,
    place: Place,
    made: Made,
}

impl Scene {
    /// Two empty directories, in which the sector is sealed that an update needs: that is not measured, and warms up.
    pub fn new(parameters: Option<&Path>, threads: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = Place {
            parameters: parameters.unwrap_or(folder.path()).to_owned(),
            folder: folder.path().to_owned(),
            threads,
        };
        let side = |whose, name| Side {
            whose,
            root: folder.path().join(name),
            place: place.clone(),
            made: Made::default(),
        };
        let data = folder.path().join("data");
        let bytes: Vec<u8> = (0..DATA_BYTES).map(|i| (i * i % 251) as u8).collect();
        fs::write(&data, bytes)?;
        let mut scene = Self {
            data,
            ours: side(Whose::Ours, "ours"),
            direct: side(Whose::Direct, "direct"),
            _folder: folder,
        };
        for number in [FULL, EMPTY] {
            scene.direct.files(number).prepare()?;
        }
        for side in [&mut scene.ours, &mut scene.direct] {
            for step in [Step::Pieces, Step::PreCommit1, Step::PreCommit2] {
                side.run(step, EMPTY, None)?;
            }
        }
        Ok(scene)
    }

    /// Runs a step on one side. Those before it must have been run.
    pub fn run(&mut self, whose: Whose, step: Step) -> Result<Usage> {
        let side = match whose {
            Whose::Ours => &mut self.ours,
            Whose::Direct => &mut self.direct,
        };
        let number = match step {
            Step::UpdateEncode | Step::UpdateProve => EMPTY,
            _ => FULL,
        };
        side.run(step, number, Some(&self.data))
    }

    /// Fails unless all proofs are valid.
    pub fn judge(&self, judge: &Judge) -> Result<()> {
        judge.all(&self.ours.made)?;
        judge.all(&self.direct.made)
    }

    /// Fails unless both sides came to the same.
    pub fn compare(&self) -> Result<()> {
        let (ours, direct) = (&self.ours.made, &self.direct.made);
        let data = fs::read(&self.data)?;
        let same = [
            ("commitments of seals", ours.sealed == direct.sealed),
            ("commitments of updates", ours.updated == direct.updated),
            ("what is unsealed", ours.data == direct.data),
            ("what is unsealed and what was sealed", ours.data == data),
        ];
        match same.iter().find(|(_, same)| !same) {
            Some((what, _)) => bail!(Differ(format!("{what}: ours and the library's differ"))),
            None => Ok(()),
        }
    }
}

impl Side {
    /// Runs a step for a sector, and keeps what it made.
    fn run(&mut self, step: Step, number: u64, data: Option<&Path>) -> Result<Usage> {
        let output = self.root.join("unsealed.bin");
        let (usage, answer) = match self.whose {
            Whose::Ours => {
                let task = self.task(step, number, data, &output)?;
                let (usage, outcome) = meter::task(&self.place, &task)?;
                (usage, answer(outcome)?)
            }
            Whose::Direct => {
                let call = self.call(step, number, data, &output)?;
                meter::role(&self.place, Role::Direct, &call)?
            }
        };
        match (step, answer) {
            (Step::Pieces | Step::PreCommit1, Answer::Done) => (),
            (Step::PreCommit2, Answer::Sealed(sealed)) => {
                self.made.sealed.insert(number, sealed);
            }
            (Step::Unseal, Answer::Done) => self.made.data = fs::read(&output)?,
            (Step::UpdateEncode, Answer::Sealed(sealed)) => self.made.updated = Some(sealed),
            (step, Answer::Proof(proof)) => {
                self.made.proofs.insert(step, proof);
            }
            (_, other) => bail!("the answer was {other:?}"),
        }
        Ok(usage)
    }

    fn task(&self, step: Step, number: u64, data: Option<&Path>, output: &Path) -> Result<Task> {
        let (root, sector) = (self.root.clone(), sector(number));
        let files: Vec<PieceFile> = data.iter().map(|path| piece(path)).collect();
        Ok(match step {
            Step::Pieces => Task::Pieces {
                root,
                sector,
                files,
            },
            Step::PreCommit1 => Task::PreCommit1 { root, sector },
            Step::PreCommit2 => Task::PreCommit2 { root, sector },
            Step::Commit => Task::Commit {
                root,
                sector,
                seed: SEED,
            },
            Step::Aggregate => Task::Aggregate {
                proof: KIND,
                version: RegisteredAggregationProof::SnarkPackV2,
                sectors: self.proved()?,
            },
            Step::WindowPost => Task::WindowPost {
                kind: WINDOW,
                randomness: RANDOMNESS,
                miner: MINER,
                sectors: self.stored(&[FULL, EMPTY])?,
            },
            Step::WinningPost => Task::WinningPost {
                kind: WINNING,
                randomness: RANDOMNESS,
                miner: MINER,
                challenged: self.stored(&[FULL])?,
            },
            Step::Unseal => Task::Unseal {
                root,
                sector,
                range: Range {
                    start_bytes: 0,
                    len_bytes: DATA_BYTES,
                },
                output: output.to_owned(),
            },
            Step::UpdateEncode => Task::UpdateEncode {
                root,
                sector,
                files,
            },
            Step::UpdateProve => Task::UpdateProve { root, sector },
        })
    }

    fn call(&self, step: Step, number: u64, data: Option<&Path>, output: &Path) -> Result<Call> {
        let files = self.files(number);
        Ok(match step {
            Step::Pieces => Call::Pieces(files, data.map(Path::to_owned)),
            Step::PreCommit1 => Call::PreCommit1(files),
            Step::PreCommit2 => Call::PreCommit2(files),
            Step::Commit => Call::Commit(files, self.sealed(number)?, SEED),
            Step::Aggregate => Call::Aggregate(files.sector, self.proved()?),
            Step::WindowPost => {
                Call::WindowPost(files, WINDOW, RANDOMNESS, self.stored(&[FULL, EMPTY])?)
            }
            Step::WinningPost => {
                Call::WinningPost(files, WINNING, RANDOMNESS, self.stored(&[FULL])?)
            }
            Step::Unseal => Call::Unseal(files, self.sealed(number)?, output.to_owned()),
            Step::UpdateEncode => {
                let data = data.context("an update without data")?;
                Call::UpdateEncode(files, data.to_owned())
            }
            Step::UpdateProve => {
                let new = self.made.updated.context("no update is encoded")?;
                Call::UpdateProve(files, self.sealed(number)?, new)
            }
        })
    }

    fn files(&self, number: u64) -> Files {
        Files {
            root: self.root.clone(),
            sector: sector(number),
        }
    }

    fn sealed(&self, number: u64) -> Result<Sealed> {
        let sealed = self.made.sealed.get(&number).copied();
        sealed.with_context(|| format!("sector {number} is not sealed"))
    }

    fn stored(&self, numbers: &[u64]) -> Result<Vec<Stored>> {
        let layout = Layout::new(&self.root);
        let stored = |number: &u64| {
            let comm_r = self.sealed(*number)?.comm_r;
            Ok(Stored::sealed(&layout, sector(*number).id, comm_r))
        };
        numbers.iter().map(stored).collect()
    }

    fn proved(&self) -> Result<Vec<Proved>> {
        let proof = self.made.proofs.get(&Step::Commit);
        let proved = Proved {
            comm_r: self.sealed(FULL)?.comm_r,
            seed: SEED,
            proof: proof.context("nothing is proved")?.clone(),
        };
        Ok(vec![proved; AGGREGATED])
    }
}

fn sector(number: u64) -> Sector {
    Sector {
        proof: KIND,
        id: SectorId {
            miner: MINER,
            number,
        },
        ticket: TICKET,
    }
}

fn piece(path: &Path) -> PieceFile {
    PieceFile {
        path: path.to_owned(),
        size_bytes: SECTOR_BYTES,
    }
}

fn answer(outcome: Outcome) -> Result<Answer> {
    Ok(match outcome {
        Outcome::Pieces(_) | Outcome::Done => Answer::Done,
        Outcome::Sealed(sealed) => Answer::Sealed(sealed),
        Outcome::Updated(updated) => Answer::Sealed(updated.sealed),
        Outcome::Proof(proof) => Answer::Proof(proof),
        Outcome::Window(window) if window.skipped.is_empty() => Answer::Proof(window.proof),
        Outcome::Window(window) => bail!(Differ(format!("skipped {:?}", window.skipped))),
    })
}
