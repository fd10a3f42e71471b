//! State that is one block: the deadlines, a deadline, the miner's info, the vesting table.

use std::rc::Rc;

use filigree_sdk::cbor;
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a value. Fails with `USR_ILLEGAL_STATE` if it is not there or is something else.
pub(crate) fn load<S: Blocks, T: DeserializeOwned>(store: S, cid: &Cid) -> Result<T> {
    decode(&read(store, cid)?)
}

/// Reads a block. Fails with `USR_ILLEGAL_STATE` if it is not there.
pub(crate) fn read<S: Blocks>(store: S, cid: &Cid) -> Result<Rc<[u8]>> {
    let missing = || Error::illegal_state("a part of the state is missing");
    let block = store.read(cid).map_err(|_| missing())?;
    block.ok_or_else(missing)
}

/// The value in a block. Fails with `USR_ILLEGAL_STATE` if it is something else.
pub(crate) fn decode<T: DeserializeOwned>(block: &[u8]) -> Result<T> {
    cbor::decode(block).map_err(|_| Error::illegal_state("a part of the state is malformed"))
}

/// Writes a value.
pub(crate) fn save<S: Blocks, T: Serialize>(store: S, value: &T) -> Result<Cid> {
    let block = cbor::encode(value)?;
    store
        .write(&block, None)
        .map_err(|_| Error::illegal_state("a part of the state cannot be written"))
}
