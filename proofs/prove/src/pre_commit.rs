//! Pre-commit: from the data of a sector to its replica and the commitment to that (CommR).
//!
//! Phase 1 computes the layers of labels, the hours that make sealing slow; phase 2 builds the trees over them and encodes
//! the data in place. Both work under `partial/`. Phase 2 always begins with a fresh copy of the data, because an encoding
//! that was interrupted is neither data nor replica; the layers stay.

use std::fs;
use std::path::Path;

use filecoin_proofs_api::ApiFeature;
use filecoin_proofs_api::seal::{
    SealPreCommitPhase1Output, SealPreCommitPhase2Output, generate_synth_proofs,
    seal_pre_commit_phase1, seal_pre_commit_phase2,
};
use serde::{Deserialize, Serialize};

use crate::error::{AtPath, InStep};
use crate::files::{empty_file, empty_folder, publish, remove, sync};
use crate::layout::Place;
use crate::pieces::{Piece, PieceFile, infos};
use crate::records::Records;
use crate::{Commitment, Control, Event, Layout, ProveError, Result, Sector, Step};

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

/// Computes the labels of a sector whose [pieces](crate::pieces::write) are written: phase 1 alone.
pub fn label(layout: &Layout, sector: &Sector, control: &Control) -> Result<()> {
    let work = Work::new(layout, sector)?;
    if work.sealed(control)?.is_none() {
        work.phase_1(control)?;
    }
    Ok(())
}

/// Seals a sector: both phases. Takes up where an earlier run ended.
pub fn pre_commit(layout: &Layout, sector: &Sector, control: &Control) -> Result<Sealed> {
    let work = Work::new(layout, sector)?;
    if let Some(sealed) = work.sealed(control)? {
        return Ok(sealed);
    }
    let labels = work.phase_1(control)?;
    work.phase_2(labels, control)
}

struct Work<'a> {
    layout: &'a Layout,
    records: Records<'a>,
    input: Input,
}

impl<'a> Work<'a> {
    fn new(layout: &'a Layout, sector: &Sector) -> Result<Self> {
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
    fn sealed(&self, control: &Control) -> Result<Option<Sealed>> {
        let sealed = self.records.output_of(Step::PreCommit2, &self.input)?;
        if sealed.is_some() {
            publish_replica(self.layout, &self.input.sector)?;
            control.report(Event::Kept(Step::PreCommit2));
        }
        Ok(sealed)
    }

    fn phase_1(&self, control: &Control) -> Result<SealPreCommitPhase1Output> {
        let sector = &self.input.sector;
        let cache = self.layout.partial(Place::Cache, sector.id);
        let kept = self.records.output_of(Step::PreCommit1, &self.input)?;
        if let Some(labels) = kept
            && cache.is_dir()
        {
            control.report(Event::Kept(Step::PreCommit1));
            return Ok(labels);
        }
        control.step(Step::PreCommit1, || {
            let unsealed = self.unsealed()?;
            let replica = self.layout.partial(Place::Sealed, sector.id);
            empty_file(&replica)?;
            empty_folder(&cache)?;
            let labels = seal_pre_commit_phase1(
                sector.proof,
                &cache,
                &unsealed,
                &replica,
                sector.id.prover(),
                sector.id.number(),
                sector.ticket,
                &infos(&self.input.pieces),
            )
            .in_step(Step::PreCommit1)?;
            sync(&cache)?;
            self.records.write(Step::PreCommit1, &self.input, &labels)?;
            Ok(labels)
        })
    }

    fn phase_2(&self, labels: SealPreCommitPhase1Output, control: &Control) -> Result<Sealed> {
        let sector = &self.input.sector;
        control.step(Step::PreCommit2, || {
            let unsealed = self.unsealed()?;
            let replica = self.layout.partial(Place::Sealed, sector.id);
            let cache = self.layout.partial(Place::Cache, sector.id);
            fs::copy(&unsealed, &replica).at(&replica)?;
            forget_trees(&cache)?;
            let sealed =
                seal_pre_commit_phase2(labels, &cache, &replica).in_step(Step::PreCommit2)?;
            self.synthesize(&cache, &replica, &sealed)?;
            let output = Sealed {
                comm_r: sealed.comm_r,
                comm_d: sealed.comm_d,
            };
            sync(&replica)?;
            sync(&cache)?;
            self.records.write(Step::PreCommit2, &self.input, &output)?;
            publish_replica(self.layout, sector)?;
            self.records.forget(Step::PreCommit1)?;
            Ok(output)
        })
    }

    /// Opens the nodes of all synthetic challenges, after which the layers are not needed (FIP-0059).
    fn synthesize(
        &self,
        cache: &Path,
        replica: &Path,
        sealed: &SealPreCommitPhase2Output,
    ) -> Result<()> {
        let sector = &self.input.sector;
        if !sector.proof.feature_enabled(ApiFeature::SyntheticPoRep) {
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
        .in_step(Step::PreCommit2)
    }

    fn unsealed(&self) -> Result<std::path::PathBuf> {
        let unsealed = self.layout.whole(Place::Unsealed, self.input.sector.id);
        match unsealed.is_file() {
            true => Ok(unsealed),
            false => Err(ProveError::NotReady {
                step: Step::Pieces,
                what: unsealed,
            }),
        }
    }
}

/// Moves replica and trees to their places; does nothing if they are there.
fn publish_replica(layout: &Layout, sector: &Sector) -> Result<()> {
    for place in [Place::Cache, Place::Sealed] {
        publish(
            &layout.partial(place, sector.id),
            &layout.whole(place, sector.id),
        )?;
    }
    remove(&layout.partials(sector.id))
}

/// Removes all but what phase 1 left: the layers and the tree over the data.
fn forget_trees(cache: &Path) -> Result<()> {
    for entry in fs::read_dir(cache).at(cache)? {
        let path = entry.at(cache)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let stays = name.is_some_and(|name| name.contains("-layer-") || name.contains("tree-d"));
        if !stays {
            remove(&path)?;
        }
    }
    Ok(())
}
