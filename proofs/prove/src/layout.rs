//! Where the files of sectors are: as the network's tools lay them out, so that a miner can move from one to another.
//!
//! ```text
//! unsealed/s-t01000-7        data, padded
//! sealed/s-t01000-7          the replica
//! cache/s-t01000-7/          its trees
//! update/s-t01000-7          the replica with data encoded into it
//! update-cache/s-t01000-7/   the trees of that
//! ```
//!
//! Beside these, and ours alone: `partial/pre-commit-2/s-t01000-7/`, what a step is writing, and `steps/s-t01000-7/`, the
//! records of finished steps. What one step left half written no other takes for its own.

use std::path::{Path, PathBuf};

use crate::{SectorId, Step};

/// A directory of sectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

/// A file or directory of a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// Data, padded.
    Unsealed,
    /// The replica.
    Sealed,
    /// Its trees (a directory).
    Cache,
    /// The updated replica.
    Update,
    /// Its trees (a directory).
    UpdateCache,
}

impl Place {
    /// The directory that has these of all sectors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsealed => "unsealed",
            Self::Sealed => "sealed",
            Self::Cache => "cache",
            Self::Update => "update",
            Self::UpdateCache => "update-cache",
        }
    }
}

impl Layout {
    /// Sectors under `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the whole one is.
    pub fn whole(&self, place: Place, sector: SectorId) -> PathBuf {
        self.root.join(place.name()).join(sector.to_string())
    }

    /// Where it is while `step` writes it.
    pub fn partial(&self, step: Step, place: Place, sector: SectorId) -> PathBuf {
        self.partials(step, sector).join(place.name())
    }

    /// All that `step` is writing of a sector.
    pub fn partials(&self, step: Step, sector: SectorId) -> PathBuf {
        let of_step = self.root.join("partial").join(step.name());
        of_step.join(sector.to_string())
    }

    /// Records of the steps of a sector.
    pub fn records(&self, sector: SectorId) -> PathBuf {
        self.root.join("steps").join(sector.to_string())
    }
    /// The file that is locked while a sector is worked on.
    pub fn lock(&self, sector: SectorId) -> PathBuf {
        self.records(sector).join("lock")
    }
}
