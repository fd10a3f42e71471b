//! The parents of the nodes of a sector's graph, which labels are computed from. The library computes them with the first
//! sector of a type and keeps them in a file, for 32 GiB one of 56 GiB.
//!
//! It writes that file in its final place, and takes what it finds there for whole: after a worker is killed, all that is
//! sealed later would be wrong. So parents are made here, before the library looks for them, by one process at a time,
//! and marked when they are synced. Files without a mark are removed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use filecoin_proofs::constants::SectorShape2KiB;
use filecoin_proofs::parameters::public_params;
use filecoin_proofs_api::RegisteredSealProof;
use storage_proofs_core::settings::SETTINGS;

use crate::error::{AtPath, InStep};
use crate::files::{lock, remove, sync, sync_folder};
use crate::{Control, Result, Step};

/// Makes the parents of sectors of a type, if they are not there.
pub(crate) fn prepare(proof: RegisteredSealProof, step: Step, control: &Control) -> Result<()> {
    let folder = Path::new(&SETTINGS.parent_cache);
    let _lock = lock(&folder.join("lock"), control)?;
    for file in unmarked(folder)? {
        remove(&file)?;
    }
    // Of the shape of a sector's trees a graph takes the hash function, which is the same for all.
    let graph = public_params::<SectorShape2KiB>(&proof.as_v1_config())
        .in_step(step)?
        .graph;
    graph.parent_cache().in_step_at(step, folder)?;
    for file in unmarked(folder)? {
        sync(&file)?;
        let mark = mark(&file);
        File::create(&mark).at(&mark)?;
        sync(&mark)?;
        sync_folder(folder)?;
    }
    Ok(())
}

/// Files of parents that nobody says are whole.
fn unmarked(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).at(folder)? {
        let path = entry.at(folder)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "cache")
            && !mark(&path).exists()
        {
            files.push(path);
        }
    }
    Ok(files)
}

/// What is beside a file that is whole.
fn mark(file: &Path) -> PathBuf {
    file.with_added_extension("whole")
}
