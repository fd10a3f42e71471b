//! The head of a CAR file.

use std::fmt::Display;

use cid::Cid;
use serde::{Deserialize, Serialize};

use crate::error::CarError;

/// A header is a list of roots; more than this is none.
pub(crate) const MAX_HEADER_BYTES: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
struct Header {
    roots: Vec<Cid>,
    version: u64,
}

pub(crate) fn encode(roots: &[Cid]) -> Vec<u8> {
    let header = Header {
        roots: roots.to_vec(),
        version: 1,
    };
    fvm_ipld_encoding::to_vec(&header).expect("a list of CIDs and a number encode")
}

/// The roots.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Cid>, CarError> {
    let header: Header = fvm_ipld_encoding::from_slice(bytes).map_err(|e| unreadable(bytes, &e))?;
    if header.version != 1 {
        return Err(CarError::Version(header.version));
    }
    if header.roots.is_empty() {
        return Err(CarError::Header("it names no root".to_owned()));
    }
    Ok(header.roots)
}

fn unreadable(bytes: &[u8], error: &impl Display) -> CarError {
    // A CAR of version 2 begins with a map that has a version and nothing else.
    const PRAGMA: &[u8] = b"\xa1\x67version\x02";
    if bytes == PRAGMA {
        return CarError::Version(2);
    }
    CarError::Header(format!("its header is not readable: {error}"))
}
