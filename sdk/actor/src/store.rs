//! Blocks: the content-addressed store an actor's state lives in.

use std::rc::Rc;

use cid::Cid;
use filigree_ipld::Blocks;
pub(crate) use filigree_ipld::cbor::cid_bytes;
use filigree_ipld::cbor::parse_cid;
use fvm_ipld_encoding::DAG_CBOR;
use fvm_shared::MAX_CID_LEN;
use fvm_shared::error::ErrorNumber;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::sys::{self, SysResult};
use crate::{cbor, crypto};

/// Multihash code and digest length of every block an actor writes.
const BLAKE2B_256: (u64, u32) = (0xb220, 32);

/// The store of the actor that runs. Only what its state, its parameters and what it was given link to can be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActorStore;

impl Blocks for ActorStore {
    type Error = ErrorNumber;

    fn read(&self, cid: &Cid) -> SysResult<Option<Rc<[u8]>>> {
        match sys::block_open(&cid_bytes(cid)) {
            Ok(opened) => {
                let mut block: Rc<[u8]> = std::iter::repeat_n(0, opened.size as usize).collect();
                // Nobody else has it yet.
                let bytes = Rc::get_mut(&mut block).ok_or(ErrorNumber::AssertionFailed)?;
                fill(opened.id, bytes)?;
                Ok(Some(block))
            }
            Err(ErrorNumber::NotFound) => Ok(None),
            Err(number) => Err(number),
        }
    }

    fn write(&self, block: &[u8], _: Option<Vec<Cid>>) -> SysResult<Cid> {
        put(DAG_CBOR, block)
    }

    /// By the host, which is cheaper than in Wasm.
    fn sha256(&self, key: &[u8]) -> [u8; 32] {
        // Without `expect`, which would print the error: printing is code.
        crypto::sha256(key).unwrap_or_else(|_| panic!("the host hashes with SHA-256"))
    }
}

/// The CID at the start of a buffer that the host filled.
pub(crate) fn cid_of(buffer: &[u8]) -> Result<Cid> {
    match parse_cid(buffer) {
        Ok((cid, _)) => Ok(cid),
        Err(_) => Err(Error::assertion_failed("the host gave no CID")),
    }
}

/// Reads the block behind a CID.
pub fn open(cid: &Cid) -> SysResult<Vec<u8>> {
    let opened = sys::block_open(&cid_bytes(cid))?;
    read(opened.id, opened.size)
}

/// Reads a block by its handle.
pub(crate) fn read(id: u32, size: u32) -> SysResult<Vec<u8>> {
    let mut bytes = vec![0; size as usize];
    fill(id, &mut bytes)?;
    Ok(bytes)
}

/// Fills `bytes` with the block of a handle, which must be as long.
fn fill(id: u32, bytes: &mut [u8]) -> SysResult<()> {
    match sys::block_read(id, 0, bytes)? {
        0 => Ok(()),
        _ => Err(ErrorNumber::AssertionFailed),
    }
}

/// Writes a block.
pub fn put(codec: u64, bytes: &[u8]) -> SysResult<Cid> {
    let id = sys::block_create(codec, bytes)?;
    let mut cid = [0; MAX_CID_LEN];
    let (code, len) = BLAKE2B_256;
    sys::block_link(id, code, len, &mut cid)?;
    parse_cid(&cid)
        .map(|(cid, _)| cid)
        .map_err(|_| ErrorNumber::AssertionFailed)
}

/// Reads a DAG-CBOR value.
pub fn load<T: DeserializeOwned>(cid: &Cid) -> Result<T> {
    cbor::decode(&open(cid)?)
}

/// Writes a DAG-CBOR value.
pub fn save<T: Serialize>(value: &T) -> Result<Cid> {
    Ok(put(DAG_CBOR, &cbor::encode(value)?)?)
}
