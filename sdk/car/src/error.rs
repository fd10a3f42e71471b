//! Why bytes are not a CAR file, or a file cannot be read.

use std::io;

use cid::Cid;

/// Why bytes are not a CAR file. `offset` is where the part in question begins.
#[derive(Debug, thiserror::Error)]
pub enum CarError {
    /// The bytes do not come.
    #[error("the CAR cannot be read at byte {offset}")]
    Io {
        /// How far reading has come.
        offset: u64,
        /// Why not.
        source: io::Error,
    },
    /// The file ends where more must come.
    #[error("the CAR is cut off: byte {offset} announces {wanted} bytes, {left} are left")]
    Truncated {
        /// Where the announcement stands.
        offset: u64,
        /// How many bytes it announces.
        wanted: u64,
        /// How many follow.
        left: u64,
    },
    /// The beginning is not that of a CAR file.
    #[error("not a CAR file: {0}")]
    Header(String),
    /// Another version.
    #[error("a CAR of version {0}; version 1 is read, convert the file first")]
    Version(u64),
    /// A length is not a number.
    #[error("the CAR is damaged: byte {offset} does not begin a length")]
    Length {
        /// Where.
        offset: u64,
    },
    /// A block has no readable CID.
    #[error("the CAR is damaged: the block at byte {offset} has no CID: {reason}")]
    Cid {
        /// Where.
        offset: u64,
        /// What the CID's reader says.
        reason: String,
    },
    /// A block is longer than any.
    #[error("the block {cid} at byte {offset} would have {bytes} bytes, more than any block")]
    TooLong {
        /// Where.
        offset: u64,
        /// Which block.
        cid: Box<Cid>,
        /// Its length.
        bytes: u64,
    },
    /// A block's CID uses a hash function that is not known here.
    #[error(
        "the block {cid} at byte {offset} uses the hash function {code:#x}, which is not supported"
    )]
    Hash {
        /// Where.
        offset: u64,
        /// Which block.
        cid: Box<Cid>,
        /// The code of the function.
        code: u64,
    },
    /// A block is not what its CID says.
    #[error("the block {cid} at byte {offset} is damaged: its bytes have another digest")]
    Digest {
        /// Where.
        offset: u64,
        /// Which block.
        cid: Box<Cid>,
    },
}
