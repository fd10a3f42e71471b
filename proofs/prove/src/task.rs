//! A step as data: what a worker process is given, and what it answers.

use std::path::PathBuf;

use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredPoStProof, RegisteredSealProof};
use fvm_shared::ActorID;
use serde::{Deserialize, Serialize};

use crate::aggregate::{self, Proved};
use crate::files::{Lock, lock, remove, try_lock};
use crate::pieces::{self, Piece, PieceFile};
use crate::post::{self, Stored, WindowProof};
use crate::pre_commit::{self, Sealed};
use crate::unseal::{self, Range};
use crate::update::{self, Updated};
use crate::{Control, Layout, Result, Sector, commit, label};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// [`pieces::write`].
    Pieces {
        /// Where sectors are.
        root: PathBuf,
        /// The sector.
        sector: Sector,
        /// Its pieces.
        files: Vec<PieceFile>,
    },
    /// [`label::label`].
    PreCommit1 {
        /// Where sectors are.
        root: PathBuf,
        /// The sector.
        sector: Sector,
    },
    /// [`pre_commit::pre_commit`]: phase 2, and phase 1 before it if that is not done.
    PreCommit2 {
        /// Where sectors are.
        root: PathBuf,
        /// The sector.
        sector: Sector,
    },
    /// [`commit::commit`], both phases.
    Commit {
        /// Where sectors are.
        root: PathBuf,
        /// The sector.
        sector: Sector,
        /// Randomness of the chain.
        seed: [u8; 32],
    },
    /// [`commit::clear`].
    Clear {
        /// Where sectors are.
        root: PathBuf,
        /// The sector.
        sector: Sector,
    },
    /// [`aggregate::aggregate`].
    Aggregate {
        /// The sectors' type.
        proof: RegisteredSealProof,
        /// How.
        version: RegisteredAggregationProof,
        /// The sectors.
        sectors: Vec<Proved>,
    },
    /// [`update::encode`].
    UpdateEncode {
        /// Where sectors are.
        root: PathBuf,
        /// The sector.
        sector: Sector,
        /// Its new pieces.
        files: Vec<PieceFile>,
    },
    /// [`update::prove`].
    UpdateProve {
        /// Where sectors are.
        root: PathBuf,
        /// The sector.
        sector: Sector,
    },
    /// [`unseal::unseal`].
    Unseal {
        /// Where sectors are.
        root: PathBuf,
        /// The sector.
        sector: Sector,
        /// Which part of its data.
        range: Range,
        /// Where to.
        output: PathBuf,
    },
    /// [`post::window`].
    WindowPost {
        /// The sectors' type.
        kind: RegisteredPoStProof,
        /// Randomness of the chain.
        randomness: [u8; 32],
        /// Whose.
        miner: ActorID,
        /// The sectors.
        sectors: Vec<Stored>,
    },
    /// [`post::winning`].
    WinningPost {
        /// The sectors' type.
        kind: RegisteredPoStProof,
        /// Randomness of the chain.
        randomness: [u8; 32],
        /// Whose.
        miner: ActorID,
        /// The challenged sectors.
        challenged: Vec<Stored>,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The data is written.
    Pieces(Vec<Piece>),
    /// The sector is sealed.
    Sealed(Sealed),
    /// A proof.
    Proof(Vec<u8>),
    /// The sector is updated.
    Updated(Updated),
    /// A window proof.
    Window(WindowProof),
    /// Done.
    Done,
}

impl Task {
    /// Does it, in this process, with the parameters that the process's environment names. Of tasks of one sector, in
    /// whatever process, each waits for the one before it.
    pub fn run(&self, control: &Control) -> Result<Outcome> {
        let at = |root: &PathBuf| Layout::new(root);
        let _lock = self.lock(control)?;
        Ok(match self {
            Self::Pieces {
                root,
                sector,
                files,
            } => Outcome::Pieces(pieces::write(&at(root), sector, files, control)?),
            Self::PreCommit1 { root, sector } => {
                label::label(&at(root), sector, control)?;
                Outcome::Done
            }
            Self::PreCommit2 { root, sector } => {
                Outcome::Sealed(pre_commit::pre_commit(&at(root), sector, control)?)
            }
            Self::Commit { root, sector, seed } => {
                Outcome::Proof(commit::commit(&at(root), sector, *seed, control)?)
            }
            Self::Clear { root, sector } => {
                commit::clear(&at(root), sector)?;
                Outcome::Done
            }
            Self::Aggregate {
                proof,
                version,
                sectors,
            } => Outcome::Proof(aggregate::aggregate(*proof, *version, sectors, control)?),
            Self::UpdateEncode {
                root,
                sector,
                files,
            } => Outcome::Updated(update::encode(&at(root), sector, files, control)?),
            Self::UpdateProve { root, sector } => {
                Outcome::Proof(update::prove(&at(root), sector, control)?)
            }
            Self::Unseal {
                root,
                sector,
                range,
                output,
            } => {
                unseal::unseal(&at(root), sector, *range, output, control)?;
                Outcome::Done
            }
            Self::WindowPost {
                kind,
                randomness,
                miner,
                sectors,
            } => Outcome::Window(post::window(*kind, *randomness, *miner, sectors, control)?),
            Self::WinningPost {
                kind,
                randomness,
                miner,
                challenged,
            } => Outcome::Proof(post::winning(
                *kind,
                *randomness,
                *miner,
                challenged,
                control,
            )?),
        })
    }

    /// Bytes of a sector that it is about.
    pub fn sector_bytes(&self) -> u64 {
        match self {
            Self::Aggregate { proof, .. } => proof.sector_size().into(),
            Self::WindowPost { kind, .. } | Self::WinningPost { kind, .. } => {
                kind.sector_size().into()
            }
            of_one => of_one.sector().map_or(0, |(_, sector)| sector.size_bytes()),
        }
    }

    /// Waits until nobody else, in whatever process, is at the sector that it is about, and keeps others out until what is
    /// given is dropped.
    pub fn lock(&self, control: &Control) -> Result<Option<Lock>> {
        let sector = self.sector();
        sector
            .map(|(root, sector)| lock(&Layout::new(root).lock(sector.id), control))
            .transpose()
    }

    /// Removes what a killed run of it left beside its output, unless somebody else is at the sector already.
    pub(crate) fn remove_left(&self) -> Result<()> {
        let Self::Unseal {
            root,
            sector,
            output,
            ..
        } = self
        else {
            return Ok(());
        };
        let work = unseal::work_folder(sector, output);
        match work.exists() {
            true => match try_lock(&Layout::new(root).lock(sector.id))? {
                Some(_lock) => remove(&work),
                None => Ok(()),
            },
            false => Ok(()),
        }
    }

    /// The sector that it is about, and where that is; none if it is about more than one.
    pub fn sector(&self) -> Option<(&PathBuf, &Sector)> {
        match self {
            Self::Pieces { root, sector, .. }
            | Self::PreCommit1 { root, sector }
            | Self::PreCommit2 { root, sector }
            | Self::Commit { root, sector, .. }
            | Self::Clear { root, sector }
            | Self::UpdateEncode { root, sector, .. }
            | Self::UpdateProve { root, sector }
            | Self::Unseal { root, sector, .. } => Some((root, sector)),
            Self::Aggregate { .. } | Self::WindowPost { .. } | Self::WinningPost { .. } => None,
        }
    }
}
