//! Pre-commit, phase 2: from the data of a sector and its [labels](crate::label) to its replica and the commitment to that
//! (CommR).
//!
//! Trees are built over labels and replica, and the data is encoded in place, under `partial/`. It always begins with a
//! fresh copy of the data, because an encoding that was interrupted is neither data nor replica; the layers stay.

use std::fs;
use std::path::{Path, PathBuf};

use filecoin_proofs_api::seal::{
    SealPreCommitPhase1Output, SealPreCommitPhase2Output, generate_synth_proofs,
    seal_pre_commit_phase2,
};
use serde::{Deserialize, Serialize};

use crate::error::{AtPath, InStep};
use crate::files::{publish_all, remove, sync};
use crate::layout::Place;
use crate::pieces::{Piece, PieceFile, infos};
use crate::records::Records;
use crate::{Commitment, Control, Event, Layout, ProveError, Result, Sector, Step, label};

/// A sealed sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Commitment to the replica.
    pub comm_r: Commitment,
    /// Commitment to the data.
    pub comm_d: Commitment,
}

/// What a replica depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Input {
    pub sector: Sector,
    pub pieces: Vec<Piece>,
}

/// Seals a sector: both phases. Takes up where an earlier run ended.
pub fn pre_commit(layout: &Layout, sector: &Sector, control: &Control) -> Result<Sealed> {
    let work = Work::new(layout, sector)?;
    if let Some(sealed) = work.sealed(control)? {
        return Ok(sealed);
    }
    let labels = label::phase_1(&work, control)?;
    work.phase_2(labels, control)
}

/// A sector that is being sealed.
pub(crate) struct Work<'a> {
    pub layout: &'a Layout,
    pub records: Records<'a>,
    pub input: Input,
}

impl<'a> Work<'a> {
    pub fn new(layout: &'a Layout, sector: &Sector) -> Result<Self> {
        let records = Records::new(layout, sector.id);
        let pieces = records.need::<(Sector, Vec<PieceFile>), Vec<Piece>>(Step::Pieces)?;
        Ok(Self {
            layout,
            records,
            input: Input {
                sector: *sector,
                pieces: pieces.output,
            },
        })
    }

    /// What an earlier run gave, if it came to the end.
    pub fn sealed(&self, control: &Control) -> Result<Option<Sealed>> {
        let sealed = self.records.output_of(Step::PreCommit2, &self.input)?;
        if sealed.is_some() {
            self.finish()?;
            control.report(Event::Kept(Step::PreCommit2));
        }
        Ok(sealed)
    }

    /// Where something is while it is written: of both phases, since the second goes on where the first ended.
    pub fn partial(&self, place: Place) -> PathBuf {
        let sector = self.input.sector.id;
        self.layout.partial(Step::PreCommit2, place, sector)
    }

    /// The data.
    pub fn unsealed(&self) -> Result<PathBuf> {
        let unsealed = self.layout.whole(Place::Unsealed, self.input.sector.id);
        match unsealed.is_file() {
            true => Ok(unsealed),
            false => Err(ProveError::Lost {
                step: Step::Pieces,
                what: unsealed,
                record: self.records.path(Step::Pieces),
            }),
        }
    }

    fn phase_2(&self, labels: SealPreCommitPhase1Output, control: &Control) -> Result<Sealed> {
        control.step(Step::PreCommit2, || {
            let unsealed = self.unsealed()?;
            let replica = self.partial(Place::Sealed);
            let cache = self.partial(Place::Cache);
            fs::copy(&unsealed, &replica).at(&replica)?;
            remove_all_but(&cache, &["-layer-", "-tree-d"])?;
            let sealed = seal_pre_commit_phase2(labels, &cache, &replica)
                .in_step_at(Step::PreCommit2, &cache)?;
            self.synthesize(&cache, &replica, &sealed)?;
            let output = Sealed {
                comm_r: sealed.comm_r,
                comm_d: sealed.comm_d,
            };
            sync(&replica)?;
            sync(&cache)?;
            self.records.write(Step::PreCommit2, &self.input, &output)?;
            self.finish()?;
            Ok(output)
        })
    }

    /// What is left to do when phase 2 is recorded: replica and trees move to their places, and what phase 1 left goes.
    fn finish(&self) -> Result<()> {
        let places = [Place::Cache, Place::Sealed];
        publish_all(self.layout, Step::PreCommit2, self.input.sector.id, &places)?;
        self.records.forget(Step::PreCommit1)
    }

    /// Opens the nodes of all synthetic challenges, after which the layers are not needed (FIP-0059).
    fn synthesize(
        &self,
        cache: &Path,
        replica: &Path,
        sealed: &SealPreCommitPhase2Output,
    ) -> Result<()> {
        let sector = &self.input.sector;
        if !sector.is_synthetic() {
            return Ok(());
        }
        generate_synth_proofs(
            cache,
            replica,
            sector.id.prover(),
            sector.id.number(),
            sector.ticket,
            sealed.clone(),
            &infos(&self.input.pieces),
        )
        .in_step_at(Step::PreCommit2, cache)
    }
}

/// Removes the files of a directory whose names have none of these in them.
pub(crate) fn remove_all_but(folder: &Path, parts: &[&str]) -> Result<()> {
    for entry in fs::read_dir(folder).at(folder)? {
        let path = entry.at(folder)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if !name.is_some_and(|name| parts.iter().any(|part| name.contains(part))) {
            remove(&path)?;
        }
    }
    Ok(())
}
