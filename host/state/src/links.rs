//! The links of a block, by a single pass over its DAG-CBOR without decoding it (FIP-0066).
//!
//! Which links count: those to CBOR, DAG-CBOR and raw blocks hashed with 32 bytes of blake2b. Piece and replica
//! commitments are passed over; inline (identity) CIDs are looked into; anything else is an error.
//!
//! There are two sets of rules, because the reference has two. [`scan_links`], for blocks that actors make and open
//! from network version 21 on, refuses bytes after the end and counts that overflow. `links_to_flush` lets them pass:
//! before version 21 blocks were not checked when they were made.

use cid::Cid;
use filigree_ipld::cbor::{
    BLAKE2B_256, BLAKE2B_256_BYTES, TAG_CID, major, parse_cid, take, take_head,
};
use fvm_ipld_encoding::{CBOR, DAG_CBOR, IPLD_RAW};
use fvm_shared::IDENTITY_HASH;
use fvm_shared::commcid::{FIL_COMMITMENT_SEALED, FIL_COMMITMENT_UNSEALED};

/// How much was looked at, up to and including the element that failed: what is paid for. If that costs more than the
/// gas left, running out of gas comes before the error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCount {
    /// CBOR headers, those of inline blocks too, but not those of the byte strings of CIDs.
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
    scan(Rules::Strict, codec, data)
}

/// The links to follow when a block is flushed: see the head of the file.
pub(crate) fn links_to_flush(codec: u64, data: &[u8]) -> Result<Vec<Cid>, ScanError> {
    scan(Rules::Lenient, codec, data).1
}

fn scan(rules: Rules, codec: u64, data: &[u8]) -> (ScanCount, Result<Vec<Cid>, ScanError>) {
    let mut scan = Scan {
        rules,
        count: ScanCount::default(),
        links: Vec::new(),
    };
    let result = scan.block(codec, data);
    (scan.count, result.map(|()| scan.links))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    Strict,
    Lenient,
}

struct Scan {
    rules: Rules,
    count: ScanCount,
    links: Vec<Cid>,
}

impl Scan {
    fn block(&mut self, codec: u64, data: &[u8]) -> Result<(), ScanError> {
        match codec {
            DAG_CBOR => self.dag_cbor(data),
            CBOR | IPLD_RAW => Ok(()),
            other => Err(ScanError::IllegalCodec(other)),
        }
    }

    /// Each turn of the loop takes at least a byte, whatever the counts in the data promise.
    fn dag_cbor(&mut self, mut input: &[u8]) -> Result<(), ScanError> {
        let mut open: u64 = 1;
        while open > 0 {
            open -= 1;
            self.count.fields += 1;
            let (kind, value) = head(&mut input)?;
            match kind {
                major::BYTES | major::TEXT => {
                    bytes(&mut input, value)?;
                }
                major::ARRAY => open = self.add(open, value, 1)?,
                major::MAP => open = self.add(open, value, 2)?,
                major::TAG if value == TAG_CID => {
                    self.count.cids += 1;
                    self.link(&mut input)?;
                }
                major::TAG => open = self.add(open, 1, 1)?,
                _ => {}
            }
        }
        self.check_rest(input.len(), "the end")
    }

    /// Items still open. Lenient, the sum wraps around as it does in the reference's release build: a silly count that
    /// wraps to a fitting one was flushed by every node.
    fn add(&self, open: u64, items: u64, times: u64) -> Result<u64, ScanError> {
        match self.rules {
            Rules::Strict => items
                .checked_mul(times)
                .and_then(|items| open.checked_add(items))
                .ok_or_else(|| malformed("too many fields")),
            Rules::Lenient => Ok(open.wrapping_add(items.wrapping_mul(times))),
        }
    }

    /// The CID behind tag 42: a byte string that starts with a zero.
    fn link(&mut self, input: &mut &[u8]) -> Result<(), ScanError> {
        let (kind, len) = head(input)?;
        if kind != major::BYTES {
            return Err(malformed("a CID that is no byte string"));
        }
        let Some((0, cid)) = bytes(input, len)?.split_first() else {
            return Err(malformed("a CID without its leading zero"));
        };
        let (cid, rest) = parse_cid(cid).map_err(|e| malformed(&format!("a CID: {e}")))?;
        self.check_rest(rest, "a CID")?;
        self.visit(&cid)
    }

    /// Recursion is bounded by the 64 bytes of an inline CID's digest: a level takes at least 8 of them.
    fn visit(&mut self, cid: &Cid) -> Result<(), ScanError> {
        match classify(cid).map_err(ScanError::NotFound)? {
            Target::Commitment => Ok(()),
            Target::Inline => self.block(cid.codec(), cid.hash().digest()),
            Target::Block => {
                self.links.push(*cid);
                Ok(())
            }
        }
    }

    fn check_rest(&self, len: usize, after: &str) -> Result<(), ScanError> {
        if len == 0 || self.rules == Rules::Lenient {
            return Ok(());
        }
        Err(malformed(&format!("{len} bytes after {after}")))
    }
}

/// What a link leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A commitment to sector data, never a block.
    Commitment,
    /// The CID holds the block itself.
    Inline,
    /// A block of the store.
    Block,
}

/// Sorts a CID by its codec and hash; the error names the one that blocks cannot have.
pub(crate) fn classify(cid: &Cid) -> Result<Target, String> {
    match cid.codec() {
        // Whatever the hash.
        FIL_COMMITMENT_UNSEALED | FIL_COMMITMENT_SEALED => return Ok(Target::Commitment),
        CBOR | DAG_CBOR | IPLD_RAW => {}
        codec => return Err(format!("codec {codec:#x}")),
    }
    match (cid.hash().code(), cid.hash().size()) {
        (IDENTITY_HASH, _) => Ok(Target::Inline),
        (BLAKE2B_256, BLAKE2B_256_BYTES) => Ok(Target::Block),
        (code, size) => Err(format!("hash function {code:#x} with {size} bytes")),
    }
}

fn head(input: &mut &[u8]) -> Result<(u8, u64), ScanError> {
    take_head(input)
        .ok_or_else(|| malformed("a header that is cut short, reserved or of indefinite length"))
}

fn bytes<'a>(input: &mut &'a [u8], len: u64) -> Result<&'a [u8], ScanError> {
    take(input, len).ok_or_else(|| malformed("it ends too early"))
}

#[cold]
fn malformed(what: &str) -> ScanError {
    ScanError::Serialization(what.to_owned())
}

#[cfg(test)]
mod tests;
