//! Garbage collection: deletes blocks that nothing leads to, while the node runs.
//!
//! Mark: a walk over the chains that are kept notes every block it meets. Sweep: all blocks are gone through in the order of their
//! keys, and those not noted are deleted, some thousands at a time. Blocks that come or are asked for meanwhile are kept, with all
//! below them (`barrier`). What is deleted is deleted in batches, each whole or not at all, and nothing else is written: a process that is
//! killed leaves a store from which some garbage is gone. The marks are in memory, and in a temporary set on disk where there
//! are many (`disk_set`): exact, for a mark that is wrong would leave out a whole tree.

use std::time::Instant;

use cid::Cid;
use filigree_blocks::TipsetKey;
use rocksdb::WriteBatch;

use crate::barrier::Armed;
use crate::db::{Db, columns};
use crate::disk_set::DiskSet;
use crate::error::StoreError;
use crate::index::Head;
use crate::report::{Counts, Pace, Report, tell};
use crate::walk::{Extent, Part, Place, Visitor, Walk};

/// Blocks looked at, and at most deleted, at once. Writers wait while such a batch is deleted: some milliseconds.
const SWEEP: usize = 4_096;

/// Memory for blocks touched while headers are still being marked.
const TOUCHED_BYTES: usize = 32 << 20;

/// Blocks touched are followed in rounds until there are so few, or so many rounds were made; the rest is followed during the
/// sweep.
const FEW: u64 = 1_024;
const ROUNDS: usize = 16;

/// What is kept beside the head of the index.
#[derive(Clone, Debug, Default)]
pub struct GcRoots {
    /// Heads of other chains that the node may still need, such as forks younger than finality. Down to the height to which the chain of
    /// the index is kept.
    pub heads: Vec<TipsetKey>,
    /// Trees that are kept whole: states that were computed and that no header names yet, and whatever else a table names.
    pub pins: Vec<Cid>,
}

/// What a collection does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GcStage {
    /// Work that began before is being waited for.
    Waiting,
    /// Blocks are marked.
    Marking,
    /// Blocks without a mark are deleted.
    Sweeping,
    /// Files are merged, so that the disk is free.
    Compacting,
}

/// How far a collection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcProgress {
    /// What it does.
    pub stage: GcStage,
    /// Blocks in the store when it began, as far as the database knows without counting.
    pub blocks_estimate: u64,
    /// Blocks marked.
    pub marked: u64,
    /// Blocks kept, of those the sweep has come by.
    pub kept_blocks: u64,
    /// Their bytes, before compression.
    pub kept_bytes: u64,
    /// Blocks deleted.
    pub deleted_blocks: u64,
    /// Their bytes, before compression.
    pub deleted_bytes: u64,
    /// While files are merged: how much of it is done, in hundredths.
    pub compacted_percent: u8,
}

/// What a collection did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcReport {
    /// The last progress.
    pub done: GcProgress,
    /// Blocks that are not here, though something that is kept leads to them: as far back as a chain is kept it may be incomplete.
    pub missing_blocks: u64,
    /// Files of blocks on disk before, in bytes.
    pub disk_bytes_before: u64,
    /// And after.
    pub disk_bytes_after: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Deletes what is not kept; how far back that is counts from the head as it is when blocks begin to be marked. `roots` is asked once all work begun before has ended ([`Blocks::work`](crate::Blocks::work)): it must name
/// whatever the node holds and no header names. The thread that calls this must hold no such work.
///
/// # Errors
/// [`StoreError::NoHead`] when nothing would be kept, [`StoreError::Busy`], [`StoreError::Stopped`], [`StoreError::Roots`]; or when the
/// disk fails. What is kept is whole in every case.
pub fn gc(
    db: &Db,
    extent: Extent,
    roots: impl FnOnce() -> anyhow::Result<GcRoots>,
    report: Report<'_, GcProgress>,
) -> Result<GcReport, StoreError> {
    let _permit = db.maintenance().alone("garbage collection")?;
    let started = Instant::now();
    let mut progress = GcProgress::new(db.usage().blocks_estimate);
    let result = collect(db, extent, roots, &mut progress, report);
    // What a collection deleted that was cut short is deleted all the same.
    let millis = started.elapsed().as_millis() as u64;
    db.maintenance().collected(&progress, &result, millis);
    let (missing_blocks, disk_bytes_before) = result?;
    Ok(GcReport {
        done: progress,
        missing_blocks,
        disk_bytes_before,
        disk_bytes_after: db.usage().blocks_bytes,
        millis,
    })
}

/// Gives how many blocks are missing, and what the disk had before.
fn collect(
    db: &Db,
    extent: Extent,
    roots: impl FnOnce() -> anyhow::Result<GcRoots>,
    progress: &mut GcProgress,
    report: Report<'_, GcProgress>,
) -> Result<(u64, u64), StoreError> {
    // What is in memory is in no file yet, and would be missing from the figure.
    db.flush()?;
    let disk_bytes_before = db.usage().blocks_bytes;
    let armed = db.barrier().arm();
    let mut collector = Collector {
        db,
        armed: &armed,
        touched: DiskSet::new(db.clone(), TOUCHED_BYTES),
        missing_blocks: 0,
        progress,
        is_closed: false,
        pace: Pace::new(),
        report,
    };
    collector.wait()?;
    // From here the walk begins, and everything counts. What the chain adds while roots are named or blocks marked is touched.
    let head = db.index().head()?.ok_or(StoreError::NoHead)?;
    let roots = roots().map_err(|e| StoreError::Roots {
        reason: format!("{e:#}"),
    })?;
    let mut walk = Walk::new(db, extent);
    collector.mark(&mut walk, &head, &roots)?;
    let (state, messages) = (extent.state, extent.messages);
    // Before anything is deleted: a collection may be cut short.
    db.raise_floor(state.floor(head.height).max(messages.floor(head.height)))?;
    collector.sweep(&mut walk)?;
    let Collector {
        missing_blocks,
        progress,
        report,
        ..
    } = collector;
    // Nothing is deleted from here on: writers need not note what they touch.
    drop(armed);
    drop(walk);
    progress.stage = GcStage::Compacting;
    if progress.deleted_blocks > 0 {
        db.compact(&mut |percent| {
            progress.compacted_percent = *percent;
            report(progress)
        })?;
    }
    progress.compacted_percent = 100;
    tell(report, progress)?;
    Ok((missing_blocks, disk_bytes_before))
}

struct Collector<'a, 'r> {
    db: &'a Db,
    armed: &'a Armed<'a>,
    /// Blocks touched that are not followed yet.
    touched: DiskSet,
    missing_blocks: u64,
    progress: &'r mut GcProgress,
    /// No writer may be within while a batch is deleted: neither is what `report` calls.
    is_closed: bool,
    pace: Pace,
    report: Report<'r, GcProgress>,
}

impl Collector<'_, '_> {
    fn wait(&mut self) -> Result<(), StoreError> {
        let Self {
            armed,
            report,
            progress,
            ..
        } = self;
        if armed.wait_for_work(&mut || report(progress).is_continue()) {
            Ok(())
        } else {
            Err(StoreError::Stopped)
        }
    }

    /// Marks all that is kept.
    fn mark(&mut self, walk: &mut Walk, head: &Head, roots: &GcRoots) -> Result<(), StoreError> {
        self.progress.stage = GcStage::Marking;
        let heads: Vec<&TipsetKey> = [&head.key].into_iter().chain(&roots.heads).collect();
        let mut keys = heads.iter().map(|key| key.cid()).collect();
        walk.seen.retain_new(&mut keys)?;
        let heads: Vec<Cid> = heads.iter().flat_map(|key| key.cids()).copied().collect();
        walk.chain(&heads, Some(head.height), self)?;
        for pin in &roots.pins {
            walk.tree(*pin, Part::Pinned, head.height, self)?;
        }
        // Only now, when all headers are marked, are touched blocks followed: a new header leads to its parents, and from one
        // without a mark all of history would be kept.
        self.follow_until_few(walk)
    }

    /// Follows what was touched, and what is touched meanwhile, until there is little left. There may be some: only who shuts writers
    /// out follows all.
    fn follow_until_few(&mut self, walk: &mut Walk) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            self.note_touched()?;
            if self.touched.len() <= FEW {
                break;
            }
            self.follow_touched(walk)?;
        }
        self.follow_touched(walk)
    }

    /// Takes over what was touched since the last time.
    fn note_touched(&mut self) -> Result<(), StoreError> {
        let mut touched: Vec<Cid> = self.armed.take().into_iter().collect();
        self.touched.retain_new(&mut touched)
    }

    /// Marks what was taken over, and all below. What is taken over meanwhile, so that the notes do not grow, is not among it.
    fn follow_touched(&mut self, walk: &mut Walk) -> Result<(), StoreError> {
        let empty = DiskSet::new(self.db.clone(), TOUCHED_BYTES);
        let touched = std::mem::replace(&mut self.touched, empty);
        for cid in touched.iter() {
            walk.tree(cid?, Part::Pinned, 0, self)?;
        }
        Ok(())
    }

    fn sweep(&mut self, walk: &mut Walk) -> Result<(), StoreError> {
        self.progress.stage = GcStage::Sweeping;
        let mut from = Vec::new();
        loop {
            tell(self.report, self.progress)?;
            let (keys, sizes) = self.some_blocks(&from)?;
            let Some(last) = keys.last() else {
                return Ok(());
            };
            from = [&last[..], &[0]].concat();
            self.follow_until_few(walk)?;
            self.sweep_batch(walk, &keys, &sizes)?;
        }
    }

    /// The next blocks from a key on: keys, and bytes of each with its key.
    fn some_blocks(&self, from: &[u8]) -> Result<(Vec<Vec<u8>>, Vec<u64>), StoreError> {
        let mut options = rocksdb::ReadOptions::default();
        // All of the store passes by: it would push out of the cache what the node uses.
        options.fill_cache(false);
        let column = self.db.column(columns::BLOCKS);
        let mut entries = self.db.rocks().raw_iterator_cf_opt(column, options);
        entries.seek(from);
        let (mut keys, mut sizes) = (Vec::new(), Vec::new());
        while keys.len() < SWEEP
            && let Some((key, value)) = entries.item()
        {
            keys.push(key.to_vec());
            sizes.push((key.len() + value.len()) as u64);
            entries.next();
        }
        entries
            .status()
            .map_err(|e| self.db.error("read blocks", &e))?;
        Ok((keys, sizes))
    }

    fn sweep_batch(
        &mut self,
        walk: &mut Walk,
        keys: &[Vec<u8>],
        sizes: &[u64],
    ) -> Result<(), StoreError> {
        let mut closed = self.armed.close();
        self.is_closed = true;
        // With these, what was taken over while others were followed.
        let mut touched: Vec<Cid> = closed.take().into_iter().collect();
        self.touched.retain_new(&mut touched)?;
        self.follow_touched(walk)?;
        self.is_closed = false;
        let column = self.db.column(columns::BLOCKS);
        let mut batch = WriteBatch::default();
        let mut after = *self.progress;
        for ((key, bytes), is_kept) in keys.iter().zip(sizes).zip(walk.seen.contains(keys)?) {
            if is_kept {
                after.kept_blocks += 1;
                after.kept_bytes += bytes;
            } else {
                after.deleted_blocks += 1;
                after.deleted_bytes += bytes;
                batch.delete_cf(column, key);
            }
        }
        let written = self.db.rocks().write(batch);
        drop(closed);
        written.map_err(|e| self.db.error("delete blocks", &e))?;
        *self.progress = after;
        Ok(())
    }
}

impl Visitor for Collector<'_, '_> {
    const READS_LEAVES: bool = false;

    fn block(&mut self, _: &Place, _: &[u8]) -> Result<bool, StoreError> {
        self.progress.marked += 1;
        if !self.is_closed && self.pace.is_due() {
            // So that the notes do not grow.
            self.note_touched()?;
            tell(self.report, self.progress)?;
        }
        Ok(true)
    }

    fn missing(&mut self, place: &Place) -> Result<(), StoreError> {
        if !place.may_be_missing() {
            self.missing_blocks += 1;
        }
        Ok(())
    }
}

impl GcProgress {
    fn new(blocks_estimate: u64) -> Self {
        Self {
            stage: GcStage::Waiting,
            blocks_estimate,
            marked: 0,
            kept_blocks: 0,
            kept_bytes: 0,
            deleted_blocks: 0,
            deleted_bytes: 0,
            compacted_percent: 0,
        }
    }

    /// For whoever shows it.
    pub fn counts(&self) -> Counts {
        let (doing, done, total) = match self.stage {
            GcStage::Waiting => ("waiting for work under way", 0, 0),
            GcStage::Marking => ("marking what is kept", self.marked, 0),
            GcStage::Sweeping => {
                let seen = self.kept_blocks + self.deleted_blocks;
                ("deleting the rest", seen, self.blocks_estimate.max(seen))
            }
            GcStage::Compacting => ("freeing the disk", self.compacted_percent.into(), 100),
        };
        Counts { doing, done, total }
    }
}

#[cfg(test)]
mod tests;
