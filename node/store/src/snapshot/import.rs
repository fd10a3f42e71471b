//! Making a chain of a snapshot, in a store that has none.
//!
//! The head is set last, in one batch, when all blocks are in files and all headers back to the genesis block were found. An import
//! that is killed leaves a store without a head and with some blocks: it starts anew, and what was written is written again.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use cid::Cid;
use filigree_blocks::{BlockHeader, TipsetKey};
use filigree_car::{Block, CarReader};
use fvm_shared::clock::ChainEpoch;

use crate::db::{Db, Durability, columns};
use crate::error::StoreError;
use crate::index::{Head, put_height};
use crate::load::{ImportError, LoadProgress, Source, load, open};
use crate::report::{Counts, Report};
use crate::snapshot::metadata::{Metadata, VERSION};

/// Heights written at once.
const HEIGHTS: usize = 4_096;

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportProgress {
    /// Blocks are read.
    Loading(LoadProgress),
    /// The chain is followed back.
    Indexing {
        /// Height of the head.
        head: ChainEpoch,
        /// Height reached; at 0 it is done.
        height: ChainEpoch,
    },
}

impl ImportProgress {
    /// For whoever shows it. How much is read is counted in bytes of the file, whose size its reader knows.
    pub fn counts(&self, file_bytes: u64) -> Counts {
        match self {
            Self::Loading(loaded) => Counts {
                doing: "reading blocks",
                done: loaded.file_bytes,
                total: file_bytes,
            },
            Self::Indexing { head, height } => {
                Counts::down("following the chain back", *head, *height)
            }
        }
    }
}

/// A chain that was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its head, which is that of the store now.
    pub head: Head,
    /// Its genesis block: whether it is that of the network is for the caller to see.
    pub genesis: TipsetKey,
    /// Tipsets from the one to the other.
    pub tipsets: u64,
    /// The highest height of which the state or the messages were not in it; `None` if all were.
    pub floor: Option<ChainEpoch>,
    /// What was read.
    pub loaded: LoadProgress,
}

/// As [`import`], from a file.
///
/// # Errors
/// As [`import`].
pub fn import_file(
    db: &Db,
    path: &Path,
    finality_epochs: ChainEpoch,
    report: Report<'_, ImportProgress>,
) -> Result<Imported, ImportError> {
    import(db, open_file(path)?, finality_epochs, report)
}

/// Reads a snapshot, compressed or not, and makes its head that of the store. Of the index there are head and heights then; that of
/// messages is made by whoever reads them ([`Index::add_messages`](crate::Index::add_messages)). Receipts need not be in it. Whether the
/// state is complete is seen by [`check`](crate::check::check).
///
/// The states and messages of the network's last `finality_epochs` must be in it: forks as long as that are followed.
///
/// # Errors
/// When the store has a chain, the file is damaged, cut off, no snapshot of a chain back to its genesis block, or one without the states that
/// a node needs; when the disk fails or is full, or `report` says to stop. The store has no head then, and the import can be tried again.
pub fn import(
    db: &Db,
    source: impl Read,
    finality_epochs: ChainEpoch,
    report: Report<'_, ImportProgress>,
) -> Result<Imported, ImportError> {
    let _permit = db.maintenance().alone("an import")?;
    if let Some(head) = db.index().head()? {
        return Err(ImportError::NotEmpty {
            dir: db.dir().to_owned(),
            height: head.height,
        });
    }
    let mut car = CarReader::new(open(source)?)?;
    let (head, first) = read_head(&mut car)?;
    let loaded = load(db, &mut car, first, &mut |progress| {
        report(&ImportProgress::Loading(*progress))
    })?;
    let head = Head {
        height: height_of_root(db, &head)?,
        key: head,
    };
    let Indexed {
        genesis,
        tipsets,
        floor,
    } = index_heights(db, &head, report)?;
    let needed = head.height.saturating_sub(finality_epochs).max(0) + 1;
    if let Some(floor) = floor
        && floor >= needed
    {
        return Err(ImportError::States {
            head: head.height,
            floor,
            needed,
        });
    }
    let mut batch = db.batch();
    db.index().put_head(&mut batch, &head)?;
    db.put_floor(&mut batch, floor)?;
    batch.commit(Durability::Synced)?;
    Ok(Imported {
        head,
        genesis,
        tipsets,
        floor,
        loaded,
    })
}

/// Takes the blocks of a snapshot and makes no chain of them; gives the head that it is about. Hold [`Blocks::work`](crate::Blocks::work)
/// until something leads to them.
///
/// # Errors
/// When the file is damaged or cut off, the disk fails or is full, or `report` says to stop.
pub fn load_file(
    db: &Db,
    path: &Path,
    report: Report<'_, LoadProgress>,
) -> Result<TipsetKey, ImportError> {
    let mut car = CarReader::new(open(open_file(path)?)?)?;
    let (head, first) = read_head(&mut car)?;
    load(db, &mut car, first, report)?;
    Ok(head)
}

/// The head that a snapshot is about. Little of the file is read.
///
/// # Errors
/// When it is damaged there, or no snapshot.
pub fn head_of_file(path: &Path) -> Result<TipsetKey, ImportError> {
    let mut car = CarReader::new(open(open_file(path)?)?)?;
    Ok(read_head(&mut car)?.0)
}

fn open_file(path: &Path) -> Result<File, ImportError> {
    File::open(path).map_err(|source| ImportError::Open {
        path: path.to_owned(),
        source,
    })
}

/// The head that the file is about, and the first block if that is one of the chain.
fn read_head(car: &mut CarReader<Source<'_>>) -> Result<(TipsetKey, Option<Block>), ImportError> {
    let roots = car.roots().to_vec();
    let first = car.next_unverified()?;
    let ([root], Some(block)) = (&roots[..], &first) else {
        return Ok((TipsetKey::new(roots), first));
    };
    if block.cid != *root {
        return Ok((TipsetKey::new(roots), first));
    }
    // One root: the genesis block, a tipset of one block, or what names the head.
    let Ok(metadata) = fvm_ipld_encoding::from_slice::<Metadata>(&block.data) else {
        return Ok((TipsetKey::new(roots), first));
    };
    filigree_car::verify(block.offset, &block.cid, &block.data)?;
    let refused = |reason: String| ImportError::Root {
        cid: Box::new(block.cid),
        reason,
    };
    if metadata.version != VERSION {
        let version = metadata.version;
        return Err(refused(format!(
            "has version {version}, {VERSION} is known"
        )));
    }
    if metadata.head_tipset_key.is_empty() {
        return Err(refused("names no head".to_owned()));
    }
    if let Some(data) = metadata.f3_data {
        let section = car.next_section()?;
        if section.is_none_or(|section| section.cid != data) {
            return Err(refused(format!("names data {data}, which does not follow")));
        }
        // It may be longer than any block; the next one is read after it.
    }
    Ok((TipsetKey::new(metadata.head_tipset_key), None))
}

fn height_of_root(db: &Db, head: &TipsetKey) -> Result<ChainEpoch, ImportError> {
    let mut height = None;
    for cid in head.cids() {
        let refused = |reason: &str| ImportError::Root {
            cid: Box::new(*cid),
            reason: reason.to_owned(),
        };
        let block = db.blocks().read(cid)?;
        let block = block.ok_or_else(|| refused("is not in the file"))?;
        let header = BlockHeader::from_bytes(&block);
        let header = header.map_err(|_| refused("is not a block header"))?;
        if header.height < 0 || height.is_some_and(|height| height != header.height) {
            return Err(refused("is not at the height of the others"));
        }
        height = Some(header.height);
    }
    Ok(height.expect("a CAR file has a root"))
}

/// What was found on the way back.
struct Indexed {
    genesis: TipsetKey,
    tipsets: u64,
    /// The highest height of which the state or the messages are not here.
    floor: Option<ChainEpoch>,
}

/// Follows the chain back to its genesis block and writes its heights.
fn index_heights(
    db: &Db,
    head: &Head,
    report: Report<'_, ImportProgress>,
) -> Result<Indexed, ImportError> {
    let mut batch = db.batch();
    // Of an import that was killed.
    for left in db.index().tipsets(0..=ChainEpoch::MAX) {
        batch.delete(columns::HEIGHTS, &(left?.height as u64).to_be_bytes());
    }
    let (mut tipsets, mut floor) = (0_u64, None);
    let (mut height, mut key) = (head.height, head.key.clone());
    loop {
        put_height(&mut batch, height, &key);
        tipsets += 1;
        if tipsets.is_multiple_of(HEIGHTS as u64) || height == 0 {
            std::mem::replace(&mut batch, db.batch()).commit(Durability::Buffered)?;
            let progress = ImportProgress::Indexing {
                head: head.height,
                height,
            };
            if let ControlFlow::Break(()) = report(&progress) {
                return Err(StoreError::Stopped.into());
            }
        }
        if height == 0 {
            return Ok(Indexed {
                genesis: key,
                tipsets,
                floor,
            });
        }
        let (below, header) = parents(db, height, &key)?;
        if floor.is_none() && !has_all(db, &header)? {
            floor = Some(height);
        }
        (height, key) = (below, header.parents);
    }
}

/// Whether the state and the messages of a block are here, by their roots: files have them whole or not at all. Most files have no
/// receipts, which can be computed from these.
fn has_all(db: &Db, header: &BlockHeader) -> Result<bool, StoreError> {
    let roots = [header.parent_state, header.messages];
    let found = roots.iter().map(|root| db.blocks().read(root));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    Ok(found.iter().all(Option::is_some))
}

/// Height of the parents of a tipset whose headers are here, and its first header.
fn parents(
    db: &Db,
    height: ChainEpoch,
    key: &TipsetKey,
) -> Result<(ChainEpoch, BlockHeader), ImportError> {
    let first = key.cids()[0];
    let refused = |cid: &Cid, reason: &str| ImportError::Header {
        cid: Box::new(*cid),
        height,
        reason: reason.to_owned(),
    };
    let read = |cid: &Cid| -> Result<BlockHeader, ImportError> {
        let block = db.blocks().read(cid)?;
        let block = block.ok_or_else(|| refused(cid, "is not in the file"))?;
        BlockHeader::from_bytes(&block).map_err(|_| refused(cid, "is not a block header"))
    };
    let header = read(&first)?;
    let mut below = None;
    for (cid, parent) in header.parents.cids().iter().map(|cid| (cid, read(cid))) {
        let parent = parent?.height;
        if !(0..height).contains(&parent) || below.is_some_and(|below| below != parent) {
            return Err(refused(cid, "is at a height where it cannot be"));
        }
        below = Some(parent);
    }
    match below {
        Some(below) => Ok((below, header)),
        None => Err(refused(&first, "has no parents")),
    }
}
