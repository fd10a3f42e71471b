//! CAR version 1: a header with root CIDs, then blocks, each with its CID in front.
//!
//! Reading is strict: every block's bytes must have the digest its CID names, nothing may follow the last block, and
//! each length is compared with what is there before anything is allocated. Spec: ipld.io/specs/transport/car/carv1.
//! The whole file is in memory; chain snapshots, which are larger, have a reader of their own.

use std::io::Cursor;
use std::ops::Range;

use cid::Cid;
use multihash_codetable::{Code, MultihashDigest};
use serde::{Deserialize, Serialize};

/// A header is a list of roots; more than this is none.
const MAX_HEADER_BYTES: u64 = 1 << 20;

/// The multihash code of a digest that is the data itself.
const IDENTITY: u64 = 0;

/// Why bytes are not a CAR file. `offset` is where the part in question begins.
#[derive(Debug, thiserror::Error)]
pub enum CarError {
    /// The file ends where more must come.
    #[error("the CAR is cut off: byte {offset} announces {wanted} bytes, {left} are left")]
    Truncated {
        /// Where the announcement stands.
        offset: usize,
        /// How many bytes it announces.
        wanted: u64,
        /// How many follow.
        left: usize,
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
        offset: usize,
    },
    /// A block has no readable CID.
    #[error("the CAR is damaged: the block at byte {offset} has no CID: {reason}")]
    Cid {
        /// Where.
        offset: usize,
        /// What the CID's reader says.
        reason: String,
    },
    /// A block's CID uses a hash function that is not known here.
    #[error(
        "the block {cid} at byte {offset} uses the hash function {code:#x}, which is not supported"
    )]
    Hash {
        /// Where.
        offset: usize,
        /// Which block.
        cid: Box<Cid>,
        /// The code of the function.
        code: u64,
    },
    /// A block is not what its CID says.
    #[error("the block {cid} at byte {offset} is damaged: its bytes have another digest")]
    Digest {
        /// Where.
        offset: usize,
        /// Which block.
        cid: Box<Cid>,
    },
}

#[derive(Serialize, Deserialize)]
struct Header {
    roots: Vec<Cid>,
    version: u64,
}

/// A CAR file taken apart.
#[derive(Clone, Debug)]
pub struct Car<'a> {
    /// The CIDs the file is about.
    pub roots: Vec<Cid>,
    /// The blocks in order, each with where its data begins.
    pub blocks: Vec<Block<'a>>,
}

/// A block of a CAR file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its CID, which its data has been compared with.
    pub cid: Cid,
    /// Its data.
    pub data: &'a [u8],
}

impl<'a> Car<'a> {
    /// Reads a CAR file.
    pub fn read(bytes: &'a [u8]) -> Result<Car<'a>, CarError> {
        let frame =
            frame(bytes, 0)?.ok_or_else(|| CarError::Header("the file is empty".to_owned()))?;
        if frame.len() as u64 > MAX_HEADER_BYTES {
            return Err(CarError::Header("its header is too long".to_owned()));
        }
        let header: Header =
            fvm_ipld_encoding::from_slice(bytes.get(frame.clone()).unwrap_or_default())
                .map_err(|e| header_error(bytes, &frame, &e))?;
        if header.version != 1 {
            return Err(CarError::Version(header.version));
        }
        if header.roots.is_empty() {
            return Err(CarError::Header("it names no root".to_owned()));
        }
        let mut blocks = Vec::new();
        let mut at = frame.end;
        while let Some(range) = self::frame(bytes, at)? {
            blocks.push(block(bytes, at, range.clone())?);
            at = range.end;
        }
        Ok(Car {
            roots: header.roots,
            blocks,
        })
    }

    /// The data of the block with that CID.
    pub fn get(&self, cid: &Cid) -> Option<&'a [u8]> {
        self.blocks.iter().find(|b| b.cid == *cid).map(|b| b.data)
    }
}

/// Writes a CAR file.
pub fn write<'a>(root: Cid, blocks: impl IntoIterator<Item = (Cid, &'a [u8])>) -> Vec<u8> {
    let header = Header {
        roots: vec![root],
        version: 1,
    };
    let header = fvm_ipld_encoding::to_vec(&header).expect("a list of CIDs and a number encode");
    let mut car = Vec::new();
    write_varint(header.len() as u64, &mut car);
    car.extend_from_slice(&header);
    for (cid, data) in blocks {
        let cid = cid.to_bytes();
        write_varint((cid.len() + data.len()) as u64, &mut car);
        car.extend_from_slice(&cid);
        car.extend_from_slice(data);
    }
    car
}

/// The bytes behind the length at `at`; `None` at the end of the file.
fn frame(bytes: &[u8], at: usize) -> Result<Option<Range<usize>>, CarError> {
    let rest = bytes.get(at..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(None);
    }
    let (wanted, size) = read_varint(rest).ok_or(CarError::Length { offset: at })?;
    let left = rest.len() - size;
    match usize::try_from(wanted) {
        Ok(wanted) if wanted <= left => Ok(Some(at + size..at + size + wanted)),
        _ => Err(CarError::Truncated {
            offset: at,
            wanted,
            left,
        }),
    }
}

fn block(bytes: &[u8], offset: usize, range: Range<usize>) -> Result<Block<'_>, CarError> {
    let content = bytes.get(range).unwrap_or_default();
    let mut cursor = Cursor::new(content);
    let cid = Cid::read_bytes(&mut cursor).map_err(|e| CarError::Cid {
        offset,
        reason: e.to_string(),
    })?;
    let start = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
    let data = content.get(start..).unwrap_or_default();
    let hash = cid.hash();
    let is_right = match Code::try_from(hash.code()) {
        Ok(code) => code.digest(data) == *hash,
        Err(_) if hash.code() == IDENTITY => hash.digest() == data,
        Err(_) => {
            return Err(CarError::Hash {
                offset,
                cid: Box::new(cid),
                code: hash.code(),
            });
        }
    };
    if !is_right {
        return Err(CarError::Digest {
            offset,
            cid: Box::new(cid),
        });
    }
    Ok(Block { cid, data })
}

fn header_error(bytes: &[u8], frame: &Range<usize>, error: &impl std::fmt::Display) -> CarError {
    // A CAR of version 2 begins with a map that has a version and nothing else.
    const PRAGMA: &[u8] = b"\xa1\x67version\x02";
    if bytes.get(frame.clone()) == Some(PRAGMA) {
        return CarError::Version(2);
    }
    CarError::Header(format!("its header is not readable: {error}"))
}

/// An unsigned LEB128 number of at most 9 bytes, and its size; longer and padded ones are refused.
fn read_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let is_padded = *byte == 0 && index > 0;
            return (!is_padded).then_some((value, index + 1));
        }
    }
    None
}

fn write_varint(mut value: u64, to: &mut Vec<u8>) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            to.push(low);
            return;
        }
        to.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::code_cid;

    fn sample() -> Vec<u8> {
        let blocks: Vec<Vec<u8>> = vec![b"first".to_vec(), vec![7; 300], Vec::new()];
        let blocks: Vec<(Cid, &[u8])> =
            blocks.iter().map(|b| (code_cid(b), b.as_slice())).collect();
        write(blocks[0].0, blocks.clone())
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = sample();
        let car = Car::read(&bytes).unwrap();
        assert_eq!(car.roots, [code_cid(b"first")]);
        assert_eq!(car.blocks.len(), 3);
        assert_eq!(car.get(&code_cid(&[7; 300])), Some(&[7; 300][..]));
        assert_eq!(car.get(&code_cid(b"other")), None);
    }

    #[test]
    fn damage_is_named() {
        let bytes = sample();
        let check = |bytes: &[u8], part: &str| {
            let error = Car::read(bytes).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        check(b"", "empty");
        check(b"\0asm\x01\0\0\0", "not a CAR");
        check(
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            "does not begin a length",
        );
        check(
            b"\xff\xff\xff\xff\x0f",
            "announces 4294967295 bytes, 0 are left",
        );
        check(b"\x80\x00", "does not begin a length");
        check(b"\x0a\xa1\x67version\x02rest", "version 2");
        check(&bytes[..bytes.len() - 1], "cut off");
        let mut flipped = bytes.clone();
        let at = bytes.iter().position(|b| *b == b'f').unwrap();
        flipped[at] = b'F';
        check(&flipped, "another digest");
        check(&[&bytes[..], b"\x01\x00"].concat(), "no CID");
        check(&[&bytes[..], b"\x00"].concat(), "no CID");
    }

    #[test]
    fn every_cut_is_noticed_or_between_blocks() {
        let bytes = sample();
        let whole = Car::read(&bytes).unwrap();
        for length in 0..bytes.len() {
            if let Ok(car) = Car::read(&bytes[..length]) {
                assert!(car.blocks.len() < whole.blocks.len());
                assert_eq!(car.blocks[..], whole.blocks[..car.blocks.len()]);
            }
        }
    }

    proptest! {
        #[test]
        fn random_and_damaged_bytes_do_no_harm(bytes: Vec<u8>, at: usize, byte: u8) {
            let _ = Car::read(&bytes);
            let mut car = sample();
            let at = at % car.len();
            car[at] = byte;
            let _ = Car::read(&car);
        }
    }
}
