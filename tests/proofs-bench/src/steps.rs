//! The steps of sealing and proving 2 KiB sectors, ours and the library's by turns.
//!
//! Both sides seal the same two sectors: one with data, which is proved, aggregated and unsealed, and an empty one, into
//! which data is encoded afterwards. Commitments and unsealed data must be equal, and all proofs valid; else there are no
//! figures.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredPoStProof, RegisteredSealProof};
use filigree_proofs_params::Proof;
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::pieces::PieceFile;
use filigree_proofs_prove::post::Stored;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::unseal::Range;
use filigree_proofs_prove::{Layout, Outcome, Sector, SectorId, Task};
use serde::Serialize;

use crate::direct::{Answer, Call, Files};
use crate::judge::{Differ, Judge};
use crate::meter::{self, Place, Usage};
use crate::options::Role;
use crate::parameters;

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

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "their names say it")]
pub enum Step {
    Pieces,
    #[serde(rename = "pre-commit-1")]
    PreCommit1,
    #[serde(rename = "pre-commit-2")]
    PreCommit2,
    Commit,
    Aggregate,
    WindowPost,
    WinningPost,
    Unseal,
    UpdateEncode,
    UpdateProve,
}

/// What one side takes for a step, and the other.
#[derive(Debug, Serialize)]
pub struct StepFigures {
    /// The step.
    pub step: Step,
    /// In a worker, in each round.
    pub ours: Vec<Usage>,
    /// By direct calls, in each round.
    pub direct: Vec<Usage>,
}

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

impl Step {
    /// All, in the order in which they are run.
    pub const ALL: [Self; 10] = [
        Self::Pieces,
        Self::PreCommit1,
        Self::PreCommit2,
        Self::Commit,
        Self::Aggregate,
        Self::WindowPost,
        Self::WinningPost,
        Self::Unseal,
        Self::UpdateEncode,
        Self::UpdateProve,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pieces => "pieces",
            Self::PreCommit1 => "pre-commit 1",
            Self::PreCommit2 => "pre-commit 2",
            Self::Commit => "commit 1 and 2",
            Self::Aggregate => "aggregate",
            Self::WindowPost => "window PoSt",
            Self::WinningPost => "winning PoSt",
            Self::Unseal => "unseal",
            Self::UpdateEncode => "update encode",
            Self::UpdateProve => "update prove",
        }
    }

    /// Whether sealing a sector takes it.
    pub fn is_of_a_seal(self) -> bool {
        self <= Self::Commit
    }

    /// Which sector it is about.
    fn sector(self) -> u64 {
        match self {
            Self::UpdateEncode | Self::UpdateProve => EMPTY,
            _ => FULL,
        }
    }

    /// Whose parameters it reads.
    fn parameters(self) -> Option<Proof> {
        match self {
            Self::Commit => Some(Proof::Porep),
            Self::WindowPost => Some(Proof::WindowPost),
            Self::WinningPost => Some(Proof::WinningPost),
            Self::UpdateProve => Some(Proof::ReplicaUpdate),
            _ => None,
        }
    }
}

/// Runs all steps `rounds` times on both sides.
pub fn measure(parameters: &Path, threads: usize, rounds: usize) -> Result<Vec<StepFigures>> {
    let judge = Judge::new(parameters)?;
    let mut figures: Vec<StepFigures> = Step::ALL
        .iter()
        .map(|step| StepFigures {
            step: *step,
            ours: Vec::new(),
            direct: Vec::new(),
        })
        .collect();
    for round in 0..rounds {
        let mut scene = Scene::new(parameters, threads)?;
        scene.seal_empty()?;
        for figures in &mut figures {
            let step = figures.step;
            let (of, name) = (round + 1, step.name());
            eprintln!("round {of}/{rounds}: {name}");
            // Who is first changes from round to round.
            let mut run = |side: Whose| -> Result<()> {
                if let Some(proof) = step.parameters() {
                    parameters::warm(parameters, proof)?;
                }
                let (usages, made) = match side {
                    Whose::Ours => (&mut figures.ours, &mut scene.ours),
                    Whose::Direct => (&mut figures.direct, &mut scene.direct),
                };
                let usage = made.run(step, step.sector(), Some(&scene.data));
                usages.push(usage.with_context(|| format!("{name}, {side:?}"))?);
                Ok(())
            };
            let mut order = [Whose::Ours, Whose::Direct];
            order.rotate_left(round % 2);
            order.into_iter().try_for_each(&mut run)?;
        }
        scene.compare()?;
        for side in [&scene.ours, &scene.direct] {
            judge.all(&side.made)?;
        }
    }
    Ok(figures)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Direct,
}

/// Both sides of a round.
struct Scene {
    /// The data that is sealed, and encoded into the empty sector.
    data: PathBuf,
    ours: Side,
    direct: Side,
    /// All files; they go with it.
    _folder: tempfile::TempDir,
}

/// A directory of sectors, and what was made in it.
struct Side {
    whose: Whose,
    root: PathBuf,
    place: Place,
    made: Made,
}

impl Scene {
    fn new(parameters: &Path, threads: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let place = Place {
            parameters: parameters.to_owned(),
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
        Ok(Self {
            data,
            ours: side(Whose::Ours, "ours"),
            direct: side(Whose::Direct, "direct"),
            _folder: folder,
        })
    }

    /// What an update needs, unmeasured. It warms both sides up as well.
    fn seal_empty(&mut self) -> Result<()> {
        for number in [FULL, EMPTY] {
            self.direct.files(number).prepare()?;
        }
        for side in [&mut self.ours, &mut self.direct] {
            for step in [Step::Pieces, Step::PreCommit1, Step::PreCommit2] {
                side.run(step, EMPTY, None)?;
            }
        }
        Ok(())
    }

    /// Whether both sides came to the same.
    fn compare(&self) -> Result<()> {
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
        match answer {
            Answer::Done if step == Step::Unseal => self.made.data = fs::read(&output)?,
            Answer::Done => (),
            Answer::Sealed(sealed) if step == Step::UpdateEncode => {
                self.made.updated = Some(sealed);
            }
            Answer::Sealed(sealed) => {
                self.made.sealed.insert(number, sealed);
            }
            Answer::Proof(proof) => {
                self.made.proofs.insert(step, proof);
            }
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
