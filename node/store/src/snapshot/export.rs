//! Writing a snapshot while the node runs.
//!
//! Blocks come tipset by tipset from the head down: a header, then what of its messages, receipts and state has not come before. One chain
//! gives one file, byte for byte.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use filigree_blocks::TipsetKey;
use filigree_car::CarWriter;
use fvm_shared::clock::ChainEpoch;

use crate::check::MissingBlock;
use crate::db::Db;
use crate::error::StoreError;
use crate::report::{Counts, Pace, Report, tell};
use crate::walk::{Extent, Part, Place, Visitor, Walk};

/// Zstandard's level: the default of its own tool, about as fast as a disk on one core.
const LEVEL: i32 = 3;

/// How far an export has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportProgress {
    /// Height of the head.
    pub head: ChainEpoch,
    /// Height of the header written last; they come from the highest down.
    pub height: ChainEpoch,
    /// Headers written.
    pub headers: u64,
    /// Blocks written.
    pub blocks: u64,
    /// Bytes of the CAR file so far, before compression.
    pub bytes: u64,
}

impl ExportProgress {
    /// For whoever shows it.
    pub fn counts(&self) -> Counts {
        Counts::down("writing the snapshot", self.head, self.height)
    }
}

/// How a snapshot is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A CAR file.
    Car,
    /// A CAR file compressed with Zstandard.
    CarZst,
}

impl Format {
    /// By the end of a file's name: `.zst` or anything else.
    pub fn of(path: &Path) -> Self {
        match path.extension() {
            Some(extension) if extension == "zst" => Self::CarZst,
            _ => Self::Car,
        }
    }
}

/// Writes the chain that ends at `head`, or at the head of the index if none is given.
///
/// # Errors
/// [`StoreError::Incomplete`] when a block is not here, [`StoreError::NoHead`], [`StoreError::Busy`] while blocks are collected,
/// [`StoreError::Stopped`], [`StoreError::Output`].
pub fn export(
    db: &Db,
    head: Option<&TipsetKey>,
    extent: Extent,
    out: impl Write,
    format: Format,
    report: Report<'_, ExportProgress>,
) -> Result<ExportProgress, StoreError> {
    let _permit = db.maintenance().walk("an export")?;
    let head = match head {
        Some(head) => head.clone(),
        None => db.index().head()?.ok_or(StoreError::NoHead)?.key,
    };
    match format {
        Format::Car => {
            let (out, done) = write_car(
                db,
                &head,
                extent,
                BufWriter::with_capacity(1 << 20, out),
                report,
            )?;
            drop(out);
            Ok(done)
        }
        Format::CarZst => {
            let mut encoder = zstd::Encoder::new(out, LEVEL).map_err(StoreError::Output)?;
            let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
            encoder
                .include_checksum(true)
                .and_then(|()| encoder.multithread(threads.min(8) as u32))
                .map_err(StoreError::Output)?;
            let buffered = BufWriter::with_capacity(1 << 20, encoder);
            let (buffered, done) = write_car(db, &head, extent, buffered, report)?;
            let encoder = buffered
                .into_inner()
                .map_err(|e| StoreError::Output(e.into_error()))?;
            encoder
                .finish()
                .and_then(|mut out| out.flush())
                .map_err(StoreError::Output)?;
            Ok(done)
        }
    }
}

/// As [`export`], to a file, compressed if its name ends in `.zst`. There is the whole file under that name or none: it is written under
/// another one, which is deleted if that fails.
///
/// # Errors
/// As [`export`]; what the file system refuses is [`StoreError::DiskFull`], [`StoreError::Permission`] or [`StoreError::Io`].
pub fn export_file(
    db: &Db,
    head: Option<&TipsetKey>,
    extent: Extent,
    path: &Path,
    report: Report<'_, ExportProgress>,
) -> Result<ExportProgress, StoreError> {
    let failed = |source| StoreError::io(path, "write to", source);
    let unfinished = Unfinished(beside(path));
    let file = File::create(&unfinished.0).map_err(failed)?;
    let done = export(db, head, extent, &file, Format::of(path), report);
    let done = done.map_err(|e| match e {
        StoreError::Output(source) => failed(source),
        other => other,
    })?;
    file.sync_all().map_err(failed)?;
    fs::rename(&unfinished.0, path).map_err(failed)?;
    Ok(done)
}

/// A file that is deleted, unless it has got another name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// `chain.car` → `chain.car.unfinished`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

fn write_car<W: Write>(
    db: &Db,
    head: &TipsetKey,
    extent: Extent,
    out: W,
    report: Report<'_, ExportProgress>,
) -> Result<(W, ExportProgress), StoreError> {
    let mut exporter = Exporter {
        car: CarWriter::new(out, head.cids()).map_err(StoreError::Output)?,
        progress: ExportProgress::default(),
        pace: Pace::new(),
        report,
    };
    Walk::new(db, extent).chain(head.cids(), None, &mut exporter)?;
    exporter.progress.bytes = exporter.car.bytes();
    let out = exporter.car.finish().map_err(StoreError::Output)?;
    tell(exporter.report, &exporter.progress)?;
    Ok((out, exporter.progress))
}

struct Exporter<'a, W> {
    car: CarWriter<W>,
    progress: ExportProgress,
    pace: Pace,
    report: Report<'a, ExportProgress>,
}

impl<W: Write> Visitor for Exporter<'_, W> {
    fn block(&mut self, place: &Place, data: &[u8]) -> Result<bool, StoreError> {
        self.car
            .write(&place.cid, data)
            .map_err(StoreError::Output)?;
        let progress = &mut self.progress;
        progress.blocks += 1;
        progress.bytes = self.car.bytes();
        if place.part == Part::Header {
            if progress.headers == 0 {
                progress.head = place.height;
            }
            progress.headers += 1;
            progress.height = place.height;
        }
        if self.pace.is_due() {
            tell(self.report, progress)?;
        }
        Ok(true)
    }

    fn missing(&mut self, place: &Place) -> Result<(), StoreError> {
        if place.may_be_missing() {
            return Ok(());
        }
        let missing = MissingBlock::at(place, false);
        Err(StoreError::Incomplete(Box::new(missing)))
    }
}
