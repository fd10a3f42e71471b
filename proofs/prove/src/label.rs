//! Pre-commit, phase 1: the layers of labels, each computed from the one before it, node by node. The hours that make
//! sealing slow.
//!
//! A layer appears under its name when it is written, so that a run that was killed leaves whole layers, and the next one
//! goes on behind them. Nothing syncs layers one by one: they count while the machine runs, not after a loss of power.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use filecoin_proofs::parameters::setup_params;
use filecoin_proofs_api::seal::{SealPreCommitPhase1Output, seal_pre_commit_phase1};
use serde::{Deserialize, Serialize};

use crate::error::{AtPath, InStep};
use crate::files::{empty_file, empty_folder, sync, write_atomically};
use crate::layout::Place;
use crate::parents;
use crate::pieces::infos;
use crate::pre_commit::{Input, Work, remove_all_but};
use crate::{Control, Event, Layout, Result, Sector, Step};

/// How often it is looked which layers are there.
const LOOK: Duration = Duration::from_secs(1);

/// What layers are computed from, and since when. Beside them, while they are written.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Begun {
    input: Input,
    /// The kernel's name of the time since the machine was started.
    boot: String,
}

/// Computes the labels of a sector whose [pieces](crate::pieces::write) are written: phase 1 alone.
pub fn label(layout: &Layout, sector: &Sector, control: &Control) -> Result<()> {
    let work = Work::new(layout, sector)?;
    if work.sealed(control)?.is_none() {
        phase_1(&work, control)?;
    }
    Ok(())
}

pub(crate) fn phase_1(work: &Work<'_>, control: &Control) -> Result<SealPreCommitPhase1Output> {
    let sector = &work.input.sector;
    let cache = work.partial(Place::Cache);
    let kept = work.records.output_of(Step::PreCommit1, &work.input)?;
    if let Some(labels) = kept
        && cache.is_dir()
    {
        control.report(Event::Kept(Step::PreCommit1));
        return Ok(labels);
    }
    control.step(Step::PreCommit1, || {
        let unsealed = work.unsealed()?;
        parents::prepare(sector.proof, Step::PreCommit1, control)?;
        let replica = work.partial(Place::Sealed);
        empty_file(&replica)?;
        begin(work, &cache)?;
        let labels = reporting(sector, &cache, control, || {
            seal_pre_commit_phase1(
                sector.proof,
                &cache,
                &unsealed,
                &replica,
                sector.id.prover(),
                sector.id.number(),
                sector.ticket,
                &infos(&work.input.pieces),
            )
            .in_step_at(Step::PreCommit1, &cache)
        })?;
        sync(&cache)?;
        work.records.write(Step::PreCommit1, &work.input, &labels)?;
        Ok(labels)
    })
}

/// Leaves in the cache the layers of an earlier run of the same input, or nothing.
fn begin(work: &Work<'_>, cache: &Path) -> Result<()> {
    let path = cache.with_added_extension("begun");
    let now = fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .map(|boot| Begun {
            input: work.input.clone(),
            boot,
        });
    let before = fs::read(&path).ok();
    let before: Option<Begun> = before.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if now.is_some() && now == before && cache.is_dir() {
        return remove_all_but(cache, &["-layer-"]);
    }
    empty_folder(cache)?;
    let bytes = serde_json::to_vec(&now).map_err(io::Error::from);
    write_atomically(&path, &bytes.at(&path)?)
}

/// Reports how many layers are there while `work` writes them.
fn reporting<T>(
    sector: &Sector,
    cache: &Path,
    control: &Control,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let setup = setup_params(&sector.proof.as_v1_config()).in_step(Step::PreCommit1)?;
    let total = setup.num_layers as u64 * sector.size_bytes();
    let (working, worked) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut reported = 0;
            while worked.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let done = written(cache) * sector.size_bytes();
                if done > reported {
                    reported = done;
                    control.report(Event::Bytes {
                        step: Step::PreCommit1,
                        done,
                        total,
                    });
                }
            }
        });
        let result = work();
        drop(working);
        result
    })
}

/// How many layers are in the cache.
fn written(cache: &Path) -> u64 {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let whole = names.filter(|name| name.contains("-layer-") && !name.ends_with(".tmp"));
    whole.count() as u64
}
