//! Blocks: the content-addressed store an actor's state lives in.

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::DAG_CBOR;
use fvm_shared::MAX_CID_LEN;
use fvm_shared::error::ErrorNumber;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cbor;
use crate::error::{Error, Result};
use crate::sys::{self, SysResult};

/// Multihash code and digest length of every block an actor writes.
const BLAKE2B_256: (u64, u32) = (0xb220, 32);

/// The store of the actor that runs. Only what its state, its parameters and what it was given link to can be read.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActorStore;

impl Blockstore for ActorStore {
    fn get(&self, cid: &Cid) -> std::result::Result<Option<Vec<u8>>, StoreError> {
        match open(cid) {
            Ok(block) => Ok(Some(block)),
            Err(ErrorNumber::NotFound) => Ok(None),
            Err(number) => Err(StoreError::msg(number)),
        }
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> std::result::Result<(), StoreError> {
        match put(cid.codec(), block) {
            Ok(written) if written == *cid => Ok(()),
            Ok(_) => Err(StoreError::msg(
                "an actor writes blocks under their blake2b-256 CID only",
            )),
            Err(number) => Err(StoreError::msg(number)),
        }
    }

    fn put<D: AsRef<[u8]>>(
        &self,
        _: multihash_codetable::Code,
        block: &fvm_ipld_blockstore::Block<D>,
    ) -> std::result::Result<Cid, StoreError> {
        // The host hashes.
        put(block.codec, block.data.as_ref()).map_err(StoreError::msg)
    }
}

/// The error type of the trait.
type StoreError = anyhow::Error;

/// The bytes of a CID.
pub(crate) fn cid_of(buffer: &[u8]) -> Result<Cid> {
    Cid::read_bytes(buffer).map_err(|_| Error::assertion_failed("the host gave no CID"))
}

/// Reads the block behind a CID.
pub fn open(cid: &Cid) -> SysResult<Vec<u8>> {
    let opened = sys::block_open(&cid.to_bytes())?;
    read(opened.id, opened.size)
}

/// Reads a block by its handle.
pub(crate) fn read(id: u32, size: u32) -> SysResult<Vec<u8>> {
    let mut bytes = vec![0; size as usize];
    match sys::block_read(id, 0, &mut bytes)? {
        0 => Ok(bytes),
        _ => Err(ErrorNumber::AssertionFailed),
    }
}

/// Writes a block.
pub fn put(codec: u64, bytes: &[u8]) -> SysResult<Cid> {
    let id = sys::block_create(codec, bytes)?;
    let mut cid = [0; MAX_CID_LEN];
    let (code, len) = BLAKE2B_256;
    sys::block_link(id, code, len, &mut cid)?;
    Cid::read_bytes(&cid[..]).map_err(|_| ErrorNumber::AssertionFailed)
}

/// Reads a DAG-CBOR value.
pub fn load<T: DeserializeOwned>(cid: &Cid) -> Result<T> {
    cbor::decode(&open(cid)?)
}

/// Writes a DAG-CBOR value.
pub fn save<T: Serialize>(value: &T) -> Result<Cid> {
    Ok(put(DAG_CBOR, &cbor::encode(value)?)?)
}
