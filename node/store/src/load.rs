//! CAR files into the store and out of it, whatever they hold. Snapshots, which hold a chain, are in [`snapshot`](crate::snapshot).
//!
//! One thread reads and unpacks, others compare blocks with their CIDs and write them; between them are a bounded number of
//! batches. Blocks go past the log of writes and are in files when loading ends: should the process be killed before, some of
//! them are there and nothing leads to them.

use std::io::{BufRead, BufReader, Read, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use cid::Cid;
use filigree_car::{Block, CarError, CarReader, CarWriter, verify};
use rocksdb::{WriteBatch, WriteOptions};

use crate::blocks::{Blocks, is_inline};
use crate::db::{Db, columns};
use crate::error::StoreError;
use crate::report::Report;

/// A batch is handed on from so many bytes on.
const BATCH_BYTES: usize = 4 << 20;

/// Batches that wait for each thread that writes.
const WAITING: usize = 2;

/// Most threads that compare and write.
const MAX_WRITERS: usize = 8;

/// Zstandard's first bytes.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a file was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no CAR file, or a damaged one. Bytes are counted after unpacking.
    #[error(transparent)]
    Car(#[from] CarError),
    /// It cannot be opened.
    #[error("cannot read {}", path.display())]
    Open {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a chain already.
    #[error(
        "{} has a chain already, up to height {height}; import into a new directory",
        dir.display()
    )]
    NotEmpty {
        /// The directory of the store.
        dir: std::path::PathBuf,
        /// Height of the head.
        height: i64,
    },
    /// What the file says it is about is not the head of a chain.
    #[error("not a snapshot of a chain: its root {cid} {reason}")]
    Root {
        /// The root.
        cid: Box<Cid>,
        /// What is wrong with it.
        reason: String,
    },
    /// A node could not go on from it.
    #[error(
        "the snapshot is too small: it has no state or no messages of epoch {floor}, and a node needs those of epochs {needed} to {head}, a \
         finality back from the head; get one with more states, such as the last 2,000 that nodes exchange"
    )]
    States {
        /// Height of the head.
        head: i64,
        /// The highest epoch of which something is missing.
        floor: i64,
        /// The lowest epoch that is needed.
        needed: i64,
    },
    /// The chain in it does not go back to its genesis block.
    #[error(
        "the snapshot is incomplete: block {cid}, a parent of the one at height {height}, {reason}; get the file again"
    )]
    Header {
        /// The header.
        cid: Box<Cid>,
        /// Height of its child.
        height: i64,
        /// What is wrong with it.
        reason: String,
    },
}

/// How far loading has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadProgress {
    /// Bytes taken from the file as it is, perhaps compressed: what its size is to be compared with.
    pub file_bytes: u64,
    /// Bytes of the CAR file, unpacked.
    pub car_bytes: u64,
    /// Blocks read.
    pub blocks: u64,
}

/// Writes the blocks of a CAR file, which may be compressed, into the store, and gives its roots.
///
/// # Errors
/// When the file is damaged or cut off, the disk fails, or `report` says to stop. Blocks before that may be there.
pub fn load_car(
    db: &Db,
    source: impl Read,
    report: Report<'_, LoadProgress>,
) -> Result<(Vec<Cid>, LoadProgress), ImportError> {
    let _work = db.blocks().work();
    let mut car = CarReader::new(open(source)?)?;
    let roots = car.roots().to_vec();
    let done = load(db, &mut car, None, report)?;
    Ok((roots, done))
}

/// Writes blocks of the store as a CAR file.
///
/// # Errors
/// [`StoreError::Output`]; or when the disk fails. A block that is not here is an error of kind `NotFound`.
pub fn save_car<W: Write>(
    blocks: &Blocks,
    roots: &[Cid],
    cids: impl IntoIterator<Item = Cid>,
    out: W,
) -> Result<W, StoreError> {
    let mut car = CarWriter::new(out, roots).map_err(StoreError::Output)?;
    for cid in cids {
        let block = blocks.read(&cid)?.ok_or_else(|| {
            let reason = format!("block {cid} is not in the store");
            StoreError::Output(std::io::Error::new(std::io::ErrorKind::NotFound, reason))
        })?;
        car.write(&cid, &block).map_err(StoreError::Output)?;
    }
    car.finish().map_err(StoreError::Output)
}

/// A CAR file as it comes, with the bytes taken from the source counted.
pub(crate) type Source<'a> = BufReader<Unpacked<'a>>;

/// Unpacks what is compressed.
pub(crate) struct Unpacked<'a> {
    inner: Box<dyn Read + 'a>,
    count: std::rc::Rc<std::cell::Cell<u64>>,
}

impl Read for Unpacked<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.inner.read(out)
    }
}

/// Opens a source, compressed or not.
pub(crate) fn open<'a>(source: impl Read + 'a) -> Result<Source<'a>, CarError> {
    let failed = |source| CarError::Io { offset: 0, source };
    let count = std::rc::Rc::default();
    let counted = Counted {
        inner: source,
        count: std::rc::Rc::clone(&count),
    };
    let mut input = BufReader::with_capacity(1 << 20, counted);
    let inner: Box<dyn Read + 'a> = if input.fill_buf().map_err(failed)?.starts_with(&ZSTD_MAGIC) {
        Box::new(zstd::Decoder::with_buffer(input).map_err(failed)?)
    } else {
        Box::new(input)
    };
    Ok(BufReader::with_capacity(1 << 20, Unpacked { inner, count }))
}

struct Counted<R> {
    inner: R,
    count: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(out)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Writes `first`, then all blocks that still come. They are in files when this returns.
pub(crate) fn load(
    db: &Db,
    car: &mut CarReader<Source<'_>>,
    first: Option<Block>,
    report: Report<'_, LoadProgress>,
) -> Result<LoadProgress, ImportError> {
    let writers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let writers = writers.min(MAX_WRITERS);
    let (sender, receiver) = sync_channel(writers * WAITING);
    let receiver = Mutex::new(receiver);
    let failure = Failure::default();
    let done = std::thread::scope(|scope| {
        for _ in 0..writers {
            scope.spawn(|| write(db, &receiver, &failure));
        }
        let done = read(car, first, &sender, &failure, report);
        // The writers end when nobody can send any more.
        drop(sender);
        done
    });
    // A writer's error comes from an earlier place in the file than what the reader found since.
    if let Some(error) = failure.take() {
        return Err(error);
    }
    let done = done?;
    db.flush()?;
    Ok(done)
}

fn read(
    car: &mut CarReader<Source<'_>>,
    mut first: Option<Block>,
    sender: &SyncSender<Vec<Block>>,
    failure: &Failure,
    report: Report<'_, LoadProgress>,
) -> Result<LoadProgress, ImportError> {
    let mut progress = LoadProgress::default();
    let mut batch = Vec::new();
    let mut bytes = 0;
    loop {
        let block = match first.take() {
            Some(first) => Some(first),
            None => car.next_unverified()?,
        };
        if let Some(block) = &block {
            bytes += block.data.len();
            progress.blocks += 1;
        }
        let is_last = block.is_none();
        batch.extend(block);
        if bytes < BATCH_BYTES && !is_last {
            continue;
        }
        progress.car_bytes = car.offset();
        progress.file_bytes = car.get_ref().get_ref().count.get();
        // Nobody takes it when all writers have failed.
        if failure.is_there() || sender.send(std::mem::take(&mut batch)).is_err() {
            return Ok(progress);
        }
        bytes = 0;
        if let ControlFlow::Break(()) = report(&progress) {
            return Err(StoreError::Stopped.into());
        }
        if is_last {
            return Ok(progress);
        }
    }
}

/// Takes batches until there are none.
fn write(db: &Db, receiver: &Mutex<Receiver<Vec<Block>>>, failure: &Failure) {
    loop {
        let next = receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(batch) = next else { return };
        if failure.is_there() {
            continue;
        }
        if let Err(error) = write_batch(db, batch) {
            failure.put(error);
        }
    }
}

fn write_batch(db: &Db, blocks: Vec<Block>) -> Result<(), ImportError> {
    let column = db.column(columns::BLOCKS);
    let mut keyed = Vec::with_capacity(blocks.len());
    for block in &blocks {
        verify(block.offset, &block.cid, &block.data)?;
        if !is_inline(&block.cid) {
            keyed.push((block.cid.to_bytes(), &block.data));
        }
    }
    keyed.sort_unstable();
    let mut writes = WriteBatch::default();
    for (key, data) in keyed {
        writes.put_cf(column, key, data);
    }
    let cids: Vec<Cid> = blocks.iter().map(|block| block.cid).collect();
    // A collection may be under way.
    let _entered = db.barrier().enter(&cids);
    let mut options = WriteOptions::default();
    options.disable_wal(true);
    let written = db.rocks().write_opt(writes, &options);
    Ok(written.map_err(|e| db.error("write", &e))?)
}

/// The first thing that went wrong among the writers; if several did, the one nearest the beginning of the file.
#[derive(Default)]
struct Failure {
    is_there: AtomicBool,
    error: Mutex<Option<ImportError>>,
}

impl Failure {
    fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Relaxed)
    }

    fn put(&self, error: ImportError) {
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        if first
            .as_ref()
            .is_none_or(|first| offset(&error) < offset(first))
        {
            *first = Some(error);
        }
        self.is_there.store(true, Ordering::Relaxed);
    }

    fn take(self) -> Option<ImportError> {
        self.error
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where in the file an error of a writer is.
fn offset(error: &ImportError) -> u64 {
    match error {
        ImportError::Car(CarError::Digest { offset, .. } | CarError::Hash { offset, .. }) => {
            *offset
        }
        _ => u64::MAX,
    }
}
