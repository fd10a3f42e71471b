//! A network that gets older: memory of its node, and its disk before and after garbage collection.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use filigree_rpc::method::filigree::COLLECTION;
use filigree_rpc::{Operator as _, Span};
use serde::{Deserialize, Serialize};

use crate::world::{Miners, World};

/// Epochs between two lines of progress.
const STRIDE: u64 = 500;

/// What is there after some epochs. A miner with two sectors, whose window proofs come in; nobody else sends anything.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EpochFigures {
    /// Epochs.
    pub epochs: u64,
    /// Seconds that all of them took.
    pub took_s: f64,
    /// Resident memory at the first epoch, MiB.
    pub first_mib: f64,
    /// Resident memory after the last.
    pub last_mib: f64,
    /// The most there ever was.
    pub peak_mib: f64,
    /// Bytes of the database's directory with the genesis and its state alone, all of it in files.
    pub genesis_bytes: u64,
    /// Bytes after the last epoch.
    pub before_bytes: u64,
    /// Bytes after garbage collection, which keeps the states of the last 2,000 epochs, all headers, and all messages.
    pub after_bytes: u64,
    /// Seconds of the collection.
    pub collection_s: f64,
    /// Blocks that it deleted, and kept.
    pub deleted_blocks: u64,
    /// See above.
    pub kept_blocks: u64,
}

impl EpochFigures {
    /// Bytes of an epoch, of what the directory grew by.
    pub fn per_epoch(&self, bytes: u64) -> f64 {
        bytes.saturating_sub(self.genesis_bytes) as f64 / self.epochs as f64
    }
}

/// Lets so many epochs pass, as fast as they can be mined.
///
/// # Errors
/// When mining or the collection fails.
pub fn measure(bundle: &Path, epochs: u64) -> Result<EpochFigures> {
    let world = World::found(bundle, 2, 0, Miners::Whole)?;
    let node = &world.node;
    let folder = node.home.db();
    world.mine()?;
    node.db.flush()?;
    let genesis_bytes = size(&folder)?;
    let first_mib = status_mib("VmRSS:")?;
    let start = Instant::now();
    let mut left = epochs;
    while left > 0 {
        let now = left.min(STRIDE);
        world.mining()?.advance(now)?;
        left -= now;
        let seconds = start.elapsed().as_secs_f64();
        eprintln!("epochs: {} of {epochs}, {seconds:.0} s", epochs - left);
    }
    let took_s = start.elapsed().as_secs_f64();
    world.ready()?;
    let last_mib = status_mib("VmRSS:")?;
    node.db.flush()?;
    let before_bytes = size(&folder)?;
    eprintln!("epochs: collecting garbage");
    let task = node.tasks.begin(COLLECTION, "", None)?;
    let collected = node.collect_garbage(Span::Light, &task)?;
    drop(task);
    node.db.flush()?;
    Ok(EpochFigures {
        epochs,
        took_s,
        first_mib,
        last_mib,
        peak_mib: status_mib("VmHWM:")?,
        genesis_bytes,
        before_bytes,
        after_bytes: size(&folder)?,
        collection_s: collected.millis as f64 / 1e3,
        deleted_blocks: collected.deleted_blocks,
        kept_blocks: collected.kept_blocks,
    })
}

/// A figure of this process, MiB.
fn status_mib(name: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kib: f64 = kib
        .with_context(|| format!("/proc/self/status has no {name}"))?
        .trim()
        .parse()?;
    Ok(kib / 1024.0)
}

/// Bytes of the files in a directory and below.
fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(about) = entry.metadata() else {
            // The database has deleted it just now.
            continue;
        };
        bytes += match about.is_dir() {
            true => size(&entry.path())?,
            false => about.len(),
        };
    }
    Ok(bytes)
}
