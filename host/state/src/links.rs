//! The links of a block, by a single pass over its DAG-CBOR without decoding it (FIP-0066).
//!
//! Which links count: those to CBOR, DAG-CBOR and raw blocks hashed with 32 bytes of blake2b. Piece and replica
//! commitments are passed over; inline (identity) CIDs are looked into; anything else is an error.

use cid::Cid;
use fvm_ipld_encoding::{CBOR, DAG_CBOR, IPLD_RAW};
use fvm_shared::IDENTITY_HASH;
use fvm_shared::commcid::{FIL_COMMITMENT_SEALED, FIL_COMMITMENT_UNSEALED};

const BLAKE2B_256: u64 = 0xb220;
const BLAKE2B_BYTES: u8 = 32;
const CID_TAG: u64 = 42;

/// How much was looked at, up to and including the element that failed: what is paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCount {
    /// CBOR headers.
    pub fields: u64,
    /// CIDs.
    pub cids: u64,
}

/// Why a block is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// Not well-formed DAG-CBOR.
    #[error("malformed DAG-CBOR: {0}")]
    Serialization(String),
    /// A link to a block that cannot exist.
    #[error("impossible link: {0}")]
    NotFound(String),
    /// A codec actors may not use.
    #[error("codec {0:#x} is not allowed")]
    IllegalCodec(u64),
}

/// The links of a block with `codec`, in order, and how much was looked at. Bounded by the length of `data`.
pub fn scan_links(codec: u64, data: &[u8]) -> (ScanCount, Result<Vec<Cid>, ScanError>) {
    let mut scan = Scan::new(Trailing::Refused);
    let result = scan.block(codec, data);
    (scan.count, result.map(|()| scan.links))
}

/// The links to follow when a block is flushed. Up to network version 20 blocks are not checked when they are made, so
/// bytes after the end of a block or of a CID must be let through here.
pub(crate) fn links_to_flush(codec: u64, data: &[u8]) -> Result<Vec<Cid>, ScanError> {
    let mut scan = Scan::new(Trailing::Ignored);
    scan.block(codec, data)?;
    Ok(scan.links)
}

/// What to do about bytes after the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trailing {
    Refused,
    Ignored,
}

struct Scan {
    count: ScanCount,
    links: Vec<Cid>,
    trailing: Trailing,
}

impl Scan {
    fn new(trailing: Trailing) -> Self {
        Self {
            count: ScanCount::default(),
            links: Vec::new(),
            trailing,
        }
    }

    fn block(&mut self, codec: u64, data: &[u8]) -> Result<(), ScanError> {
        match codec {
            DAG_CBOR => self.dag_cbor(data),
            CBOR | IPLD_RAW => Ok(()),
            other => Err(ScanError::IllegalCodec(other)),
        }
    }

    fn dag_cbor(&mut self, data: &[u8]) -> Result<(), ScanError> {
        let mut reader = Reader(data);
        let mut open: u64 = 1;
        while open > 0 {
            open -= 1;
            self.count.fields += 1;
            let (major, value) = reader.header()?;
            let children = match major {
                0 | 1 | 7 => Some(0),
                2 | 3 => {
                    reader.take(value)?;
                    Some(0)
                }
                4 => Some(value),
                5 => value.checked_mul(2),
                6 if value == CID_TAG => {
                    self.count.cids += 1;
                    let (cid, rest) = reader.cid()?;
                    self.check_rest(rest, "a CID")?;
                    self.visit(&cid)?;
                    Some(0)
                }
                // Major type 6, another tag; three bits hold no more than 7.
                _ => Some(1),
            };
            open = children
                .and_then(|children| open.checked_add(children))
                .ok_or_else(|| malformed("too many fields"))?;
        }
        self.check_rest(reader.0, "the end")
    }

    fn check_rest(&self, rest: &[u8], after: &str) -> Result<(), ScanError> {
        if rest.is_empty() || self.trailing == Trailing::Ignored {
            return Ok(());
        }
        Err(malformed(&format!("{} bytes after {after}", rest.len())))
    }

    /// Recursion is bounded by the 64 bytes of an inline CID's digest.
    fn visit(&mut self, cid: &Cid) -> Result<(), ScanError> {
        let hash = cid.hash();
        match cid.codec() {
            FIL_COMMITMENT_UNSEALED | FIL_COMMITMENT_SEALED => Ok(()),
            CBOR | DAG_CBOR | IPLD_RAW => match (hash.code(), hash.size()) {
                (IDENTITY_HASH, _) => self.block(cid.codec(), hash.digest()),
                (BLAKE2B_256, BLAKE2B_BYTES) => {
                    self.links.push(*cid);
                    Ok(())
                }
                (code, size) => Err(ScanError::NotFound(format!(
                    "hash function {code:#x} with {size} bytes"
                ))),
            },
            codec => Err(ScanError::NotFound(format!("codec {codec:#x}"))),
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: u64) -> Result<&'a [u8], ScanError> {
        let (head, tail) = usize::try_from(len)
            .ok()
            .and_then(|len| self.0.split_at_checked(len))
            .ok_or_else(|| malformed("it ends too early"))?;
        self.0 = tail;
        Ok(head)
    }

    fn uint<const N: usize>(&mut self) -> Result<u64, ScanError> {
        Ok(self
            .take(N as u64)?
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Major type and value of a CBOR header. Indefinite lengths do not exist in DAG-CBOR.
    fn header(&mut self) -> Result<(u8, u64), ScanError> {
        let first = self.uint::<1>()? as u8;
        let value = match first & 0x1f {
            low @ 0..=23 => u64::from(low),
            24 => self.uint::<1>()?,
            25 => self.uint::<2>()?,
            26 => self.uint::<4>()?,
            27 => self.uint::<8>()?,
            _ => return Err(malformed("a reserved header")),
        };
        Ok((first >> 5, value))
    }

    /// The CID behind tag 42, a byte string that starts with a zero, and what follows it in that string.
    fn cid(&mut self) -> Result<(Cid, &'a [u8]), ScanError> {
        let (major, len) = self.header()?;
        if major != 2 {
            return Err(malformed("a CID that is no byte string"));
        }
        let bytes = self.take(len)?;
        let Some((0, mut bytes)) = bytes.split_first() else {
            return Err(malformed("a CID without its leading zero"));
        };
        let cid = Cid::read_bytes(&mut bytes).map_err(|e| malformed(&format!("a CID: {e}")))?;
        Ok((cid, bytes))
    }
}

fn malformed(what: &str) -> ScanError {
    ScanError::Serialization(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cid::multihash::Multihash;
    use fvm_shared::EMPTY_ARR_CID;

    fn check(value: &impl serde::Serialize, links: &[Cid], fields: u64, cids: u64) {
        let data = fvm_ipld_encoding::to_vec(value).unwrap();
        let (count, found) = scan_links(DAG_CBOR, &data);
        assert_eq!(found.unwrap(), links);
        assert_eq!(count, ScanCount { fields, cids });
    }

    #[test]
    fn links_are_found_and_counted() {
        let inline = fvm_ipld_encoding::to_vec(&(1u64, EMPTY_ARR_CID)).unwrap();
        let inline = Cid::new_v1(DAG_CBOR, Multihash::wrap(IDENTITY_HASH, &inline).unwrap());
        let piece = Cid::new_v1(FIL_COMMITMENT_UNSEALED, *EMPTY_ARR_CID.hash());
        check(&(0u64, "text", [1u8, 2]), &[], 6, 0);
        check(&(0u64, EMPTY_ARR_CID), &[EMPTY_ARR_CID], 3, 1);
        check(&(0u64, inline), &[EMPTY_ARR_CID], 6, 2);
        check(&(piece,), &[], 2, 1);
    }

    #[test]
    fn other_codecs_hide_links_or_are_refused() {
        let data = fvm_ipld_encoding::to_vec(&EMPTY_ARR_CID).unwrap();
        for codec in [CBOR, IPLD_RAW] {
            assert_eq!(scan_links(codec, &data), (ScanCount::default(), Ok(vec![])));
        }
        assert_eq!(scan_links(0x70, &data).1, Err(ScanError::IllegalCodec(0x70)));
    }

    #[test]
    fn hostile_cbor_is_an_error() {
        let huge_map = [0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let huge_array = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let long_string = [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0];
        let cases: [&[u8]; 9] = [
            &[],
            &[0x1f],
            &[0x18],
            &[0x80, 0x80],
            &[0xd8, 42, 0x80],
            &[0xd8, 42, 0x41, 1],
            &huge_map,
            &huge_array,
            &long_string,
        ];
        for data in cases {
            let (_, result) = scan_links(DAG_CBOR, data);
            assert!(matches!(result, Err(ScanError::Serialization(_))), "{data:?}");
        }
        let sha = Cid::new_v1(DAG_CBOR, Multihash::wrap(0x12, &[0; 32]).unwrap());
        let data = fvm_ipld_encoding::to_vec(&sha).unwrap();
        assert!(matches!(scan_links(DAG_CBOR, &data).1, Err(ScanError::NotFound(_))));
    }
}
