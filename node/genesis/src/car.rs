//! A genesis as a file: a CAR whose root is the first block, as Lotus has it, compressed by zstd or not.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use cid::Cid;
use filigree_blocks::BlockHeader;
use filigree_car::{CarError, CarReader, CarWriter};
use filigree_state::scan_links;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CBOR, DAG_CBOR, IPLD_RAW};
use fvm_shared::IDENTITY_HASH;

/// What a zstd frame begins with.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why a file is no genesis.
#[derive(Debug, thiserror::Error)]
pub enum CarFileError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no CAR, or damaged.
    #[error(transparent)]
    Car(#[from] CarError),
    /// It has not one root.
    #[error("a genesis has one root, this file has {0}")]
    Roots(usize),
    /// The store fails.
    #[error("the blockstore failed: {0:#}")]
    Store(anyhow::Error),
    /// Part of the genesis is not in the store.
    #[error("{0} is not in the store")]
    Missing(Cid),
    /// A block is malformed.
    #[error("the block {cid}: {why}")]
    Malformed {
        /// Which.
        cid: Cid,
        /// Why.
        why: String,
    },
}

/// Takes the blocks of a file over; gives the CID of the first block. Every block is held against its CID.
///
/// # Errors
/// If the file is no CAR with one root, or the store fails.
pub fn load(store: &impl Blockstore, path: &Path) -> Result<Cid, CarFileError> {
    let mut file = BufReader::new(File::open(path)?);
    let mut magic = [0; 4];
    let mut read = 0;
    while read < magic.len() {
        match file.read(&mut magic[read..])? {
            0 => break,
            n => read += n,
        }
    }
    let whole = io::Cursor::new(magic[..read].to_vec()).chain(file);
    match magic == ZSTD_MAGIC {
        true => load_car(store, zstd::Decoder::new(whole)?),
        false => load_car(store, whole),
    }
}

fn load_car(store: &impl Blockstore, input: impl Read) -> Result<Cid, CarFileError> {
    let mut car = CarReader::new(BufReader::new(input))?;
    let [root] = car.roots() else {
        return Err(CarFileError::Roots(car.roots().len()));
    };
    let root = *root;
    while let Some(block) = car.next_block()? {
        store
            .put_keyed(&block.cid, &block.data)
            .map_err(CarFileError::Store)?;
    }
    Ok(root)
}

/// Writes a genesis that is in a store: its first block and all it leads to, each block once. Gives how many blocks there are.
///
/// # Errors
/// If a block is missing, or the file cannot be written.
pub fn save(store: &impl Blockstore, genesis: &Cid, path: &Path) -> Result<u64, CarFileError> {
    let mut car = CarWriter::new(BufWriter::new(File::create(path)?), &[*genesis])?;
    let header = store.get(genesis).map_err(CarFileError::Store)?;
    let header = BlockHeader::from_bytes(&header.ok_or(CarFileError::Missing(*genesis))?);
    let header = header.map_err(|e| malformed(genesis, e))?;
    car.write(genesis, &header.to_bytes())?;
    // The block before the first is hashed otherwise, and leads nowhere.
    for before in header.parents.cids() {
        let block = store.get(before).map_err(CarFileError::Store)?;
        car.write(before, &block.ok_or(CarFileError::Missing(*before))?)?;
    }
    let mut blocks = 1 + header.parents.len() as u64;
    let mut seen = HashSet::new();
    let mut open = vec![header.parent_receipts, header.messages, header.parent_state];
    while let Some(cid) = open.pop() {
        if !seen.insert(cid) {
            continue;
        }
        let block = store.get(&cid).map_err(CarFileError::Store)?;
        let block = block.ok_or(CarFileError::Missing(cid))?;
        car.write(&cid, &block)?;
        blocks += 1;
        let links = match cid.codec() {
            DAG_CBOR => scan_links(DAG_CBOR, &block).1,
            _ => Ok(Vec::new()),
        };
        let links = links.map_err(|e| malformed(&cid, e))?;
        // The first link is written first. Commitments lead to no block.
        open.extend(links.into_iter().rev().filter(is_block));
    }
    car.finish()?.flush()?;
    Ok(blocks)
}

fn is_block(cid: &Cid) -> bool {
    matches!(cid.codec(), DAG_CBOR | CBOR | IPLD_RAW) && cid.hash().code() != IDENTITY_HASH
}

fn malformed(cid: &Cid, why: impl ToString) -> CarFileError {
    CarFileError::Malformed {
        cid: *cid,
        why: why.to_string(),
    }
}
