//! Keys and values of the index, as bytes.

use cid::Cid;
use filigree_blocks::TipsetKey;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use multihash_codetable::{Code, MultihashDigest};

use super::Position;
use crate::error::StoreError;
use crate::key::hexadecimal;

/// The start of the digest of a tipset's key: enough to tell two tipsets of one height apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark([u8; 16]);

impl Mark {
    pub fn of(key: &TipsetKey) -> Self {
        let digest = Code::Blake2b256.digest(&key.to_bytes());
        let start = digest.digest().first_chunk();
        Self(*start.expect("the digest has 32 bytes"))
    }

    pub fn with_position(self, position: Position) -> Vec<u8> {
        let mut bytes = self.0.to_vec();
        bytes.extend(position.height.to_be_bytes());
        bytes.extend(position.index.to_be_bytes());
        bytes
    }

    pub fn read_with_position(bytes: &[u8]) -> Option<(Position, Self)> {
        let (mark, rest) = bytes.split_first_chunk()?;
        let (height, index) = rest.split_first_chunk()?;
        let position = Position {
            height: ChainEpoch::from_be_bytes(*height),
            index: u32::from_be_bytes(index.try_into().ok()?),
        };
        Some((position, Self(*mark)))
    }

    pub fn with_cid(self, cid: &Cid) -> Vec<u8> {
        [&self.0[..], &cid.to_bytes()].concat()
    }

    pub fn read_with_cid(bytes: &[u8]) -> Option<(Self, Cid)> {
        let (mark, cid) = bytes.split_first_chunk()?;
        Some((Self(*mark), Cid::try_from(cid).ok()?))
    }
}

pub(super) fn height_key(height: ChainEpoch) -> [u8; 8] {
    (height as u64).to_be_bytes()
}

pub(super) fn tipset_key(key: &[u8], value: &[u8]) -> Result<TipsetKey, StoreError> {
    TipsetKey::from_bytes(value).map_err(|e| damaged("the index of heights", key, &e.to_string()))
}

pub(super) fn address_prefix(address: &Address) -> Vec<u8> {
    let bytes = address.to_bytes();
    [&[bytes.len() as u8][..], &bytes].concat()
}

/// Newest first: the complements of height and index ascend as these descend.
pub(super) fn address_key(address: &Address, position: Position) -> Vec<u8> {
    let mut key = address_prefix(address);
    key.extend((!(position.height as u64)).to_be_bytes());
    key.extend((!position.index).to_be_bytes());
    key
}

pub(super) fn read_position(bytes: &[u8]) -> Option<Position> {
    let (height, index) = bytes.split_first_chunk()?;
    Some(Position {
        height: !u64::from_be_bytes(*height) as ChainEpoch,
        index: !u32::from_be_bytes(index.try_into().ok()?),
    })
}

pub(super) fn damaged(table: &'static str, key: &[u8], reason: &str) -> StoreError {
    StoreError::Record {
        table,
        key: hexadecimal(key),
        reason: reason.to_owned(),
    }
}
