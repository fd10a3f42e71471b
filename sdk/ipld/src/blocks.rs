//! Where nodes are, and what can be wrong with them.

use std::fmt;
use std::ops::{Deref, Range};
use std::rc::Rc;

use cid::Cid;
use fvm_ipld_blockstore::{Block, Blockstore};
use fvm_ipld_encoding::DAG_CBOR;
use multihash_codetable::{Code, MultihashDigest};

/// A store of blocks, as maps and arrays need it. Every blockstore is one.
pub trait Blocks {
    /// What can fail.
    type Error;

    /// The block behind a CID, if it is there.
    fn read(&self, cid: &Cid) -> Result<Option<Rc<[u8]>>, Self::Error>;

    /// Stores a DAG-CBOR block under its BLAKE2b-256 CID. `links`, where given, are all the links in it.
    fn write(&self, block: &[u8], links: Option<Vec<Cid>>) -> Result<Cid, Self::Error>;

    /// SHA-256 of a map's key.
    fn sha256(&self, key: &[u8]) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(Code::Sha2_256.digest(key).digest());
        hash
    }
}

impl<S: Blockstore> Blocks for S {
    type Error = anyhow::Error;

    fn read(&self, cid: &Cid) -> anyhow::Result<Option<Rc<[u8]>>> {
        Ok(self.get(cid)?.map(Rc::from))
    }

    fn write(&self, block: &[u8], _: Option<Vec<Cid>>) -> anyhow::Result<Cid> {
        self.put(Code::Blake2b256, &Block::new(DAG_CBOR, block))
    }
}

/// Why a map or an array cannot be read or written. `E` is the store's error.
#[derive(Debug)]
pub enum Broken<E> {
    /// A node is not in the store.
    Missing(Cid),
    /// A node breaks a rule of the format.
    Malformed(Cid, &'static str),
    /// A map is deeper than hashes are long: two keys with one hash, or a tree made to look like it.
    TooDeep,
    /// A node of a map, below the root, lost its last entry: it held so few that it should not have existed.
    EmptyNode,
    /// An array's index beyond [`MAX_INDEX`](crate::amt::MAX_INDEX).
    OutOfRange(u64),
    /// The store failed.
    Store(E),
}

impl<E: fmt::Display> fmt::Display for Broken<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(cid) => write!(f, "node {cid} is not in the blockstore"),
            Self::Malformed(cid, rule) => write!(f, "node {cid} is malformed: {rule}"),
            Self::TooDeep => f.write_str("the map is too deep"),
            Self::EmptyNode => f.write_str("a node below the root is empty"),
            Self::OutOfRange(index) => write!(f, "index {index} is too large for an array"),
            Self::Store(error) => write!(f, "the blockstore failed: {error:#}"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for Broken<E> {}

/// Reads a node's block.
pub(crate) fn read_node<B: Blocks>(store: &B, cid: &Cid) -> Result<Rc<[u8]>, Broken<B::Error>> {
    let block = store.read(cid).map_err(Broken::Store)?;
    let block = block.ok_or(Broken::Missing(*cid))?;
    match u32::try_from(block.len()) {
        Ok(_) => Ok(block),
        Err(_) => Err(Broken::Malformed(*cid, "a node of more than 4 GiB")),
    }
}

/// Bytes within a block, or of their own.
#[derive(Clone)]
pub struct Slice {
    block: Rc<[u8]>,
    range: Range<u32>,
}

impl Slice {
    /// Bytes of their own. At most 4 GiB.
    pub fn own(bytes: &[u8]) -> Self {
        Self {
            range: 0..bytes.len() as u32,
            block: bytes.into(),
        }
    }

    /// The `len` bytes of a block that end where `rest`, its end, starts.
    pub(crate) fn before(block: &Rc<[u8]>, rest: &[u8], len: usize) -> Self {
        let end = block.len() - rest.len();
        Self {
            block: Rc::clone(block),
            range: (end - len) as u32..end as u32,
        }
    }
}

impl Deref for Slice {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.block[self.range.start as usize..self.range.end as usize]
    }
}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x?}", &**self)
    }
}
