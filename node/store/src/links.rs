//! The links of a block: what a walk follows.
//!
//! Unlike the host's scan (`filigree_state::scan_links`), which decides what an actor may write, this takes blocks as they are: whatever
//! the hash function, whatever follows the value. It finds every link that a reader of the block could find.

use cid::Cid;
use filigree_ipld::cbor::{TAG_CID, major, parse_cid, take, take_head};
use fvm_ipld_encoding::{CBOR, DAG_CBOR, IPLD_RAW};
use fvm_shared::IDENTITY_HASH;

/// The bytes are no DAG-CBOR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not DAG-CBOR")]
pub struct Malformed;

/// Appends the links of a block to blocks of a store, in their order. Commitments to sector data are none; inline CIDs are
/// looked into. Bounded by the length of the block.
///
/// # Errors
/// When the block is malformed; links found before that are appended.
pub fn links(cid: &Cid, data: &[u8], found: &mut Vec<Cid>) -> Result<(), Malformed> {
    if cid.codec() != DAG_CBOR {
        return Ok(());
    }
    let mut input = data;
    let mut open: u64 = 1;
    while open > 0 {
        open -= 1;
        let (kind, value) = take_head(&mut input).ok_or(Malformed)?;
        match kind {
            major::BYTES | major::TEXT => {
                take(&mut input, value).ok_or(Malformed)?;
            }
            // An array announces no more items than it has bytes left, or its reader fails as well.
            major::ARRAY => open = open.checked_add(value).ok_or(Malformed)?,
            major::MAP => {
                let items = value.checked_mul(2).ok_or(Malformed)?;
                open = open.checked_add(items).ok_or(Malformed)?;
            }
            major::TAG if value == TAG_CID => link(&mut input, found)?,
            major::TAG => open = open.checked_add(1).ok_or(Malformed)?,
            _ => {}
        }
    }
    Ok(())
}

/// The CID behind tag 42: a byte string that starts with a zero.
fn link(input: &mut &[u8], found: &mut Vec<Cid>) -> Result<(), Malformed> {
    let Some((major::BYTES, len)) = take_head(input) else {
        return Err(Malformed);
    };
    let Some((0, bytes)) = take(input, len).and_then(<[u8]>::split_first) else {
        return Err(Malformed);
    };
    let (cid, _) = parse_cid(bytes).map_err(|_| Malformed)?;
    follow(&cid, found)
}

/// Appends a CID if it is that of a block; of an inline one, the links within. Recursion is bounded by the 64 bytes of its digest.
pub(crate) fn follow(cid: &Cid, found: &mut Vec<Cid>) -> Result<(), Malformed> {
    match cid.codec() {
        CBOR | DAG_CBOR | IPLD_RAW => {}
        // Commitments to sector data, and codecs that no block of the chain has.
        _ => return Ok(()),
    }
    if cid.hash().code() == IDENTITY_HASH {
        return links(cid, cid.hash().digest(), found);
    }
    found.push(*cid);
    Ok(())
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::to_vec;
    use fvm_shared::commcid::{FIL_COMMITMENT_SEALED, SHA2_256_TRUNC254_PADDED};
    use multihash_codetable::{Code, Multihash, MultihashDigest};

    use super::*;

    fn cid(codec: u64, name: &str) -> Cid {
        Cid::new_v1(codec, Code::Blake2b256.digest(name.as_bytes()))
    }

    #[track_caller]
    fn check(codec: u64, data: &[u8], expected: Result<&[Cid], Malformed>) {
        let mut found = Vec::new();
        let result = links(&cid(codec, "block"), data, &mut found);
        assert_eq!(result.map(|()| &found[..]), expected);
    }

    #[test]
    fn every_link_is_found_in_its_order() {
        let [a, b, c] = ["a", "b", "c"].map(|name| cid(DAG_CBOR, name));
        let sha = Cid::new_v1(DAG_CBOR, Code::Sha2_256.digest(b"genesis"));
        let block = to_vec(&(
            a,
            vec![(1, b)],
            Some((vec![9_u8], cid(IPLD_RAW, "code"))),
            sha,
        ))
        .unwrap();
        check(DAG_CBOR, &block, Ok(&[a, b, cid(IPLD_RAW, "code"), sha]));
        check(IPLD_RAW, &block, Ok(&[]));
        check(CBOR, &block, Ok(&[]));
        let longer = [&block[..], b"rest"].concat();
        check(DAG_CBOR, &longer, Ok(&[a, b, cid(IPLD_RAW, "code"), sha]));
        let inner = to_vec(&(c,)).unwrap();
        let inline = Cid::new_v1(DAG_CBOR, Multihash::wrap(IDENTITY_HASH, &inner).unwrap());
        check(DAG_CBOR, &to_vec(&(inline, a)).unwrap(), Ok(&[c, a]));
    }

    #[test]
    fn commitments_are_no_links() {
        let hash = Multihash::wrap(SHA2_256_TRUNC254_PADDED, &[7; 32]).unwrap();
        let sealed = Cid::new_v1(FIL_COMMITMENT_SEALED, hash);
        check(DAG_CBOR, &to_vec(&(sealed,)).unwrap(), Ok(&[]));
    }

    #[test]
    fn malformed_blocks_are_noticed() {
        let block = to_vec(&(cid(DAG_CBOR, "a"), 1)).unwrap();
        for len in 0..block.len() {
            check(DAG_CBOR, &block[..len], Err(Malformed));
        }
        check(
            DAG_CBOR,
            &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            Err(Malformed),
        );
        check(DAG_CBOR, &[0xbb, 0x80, 0, 0, 0, 0, 0, 0, 0], Err(Malformed));
        check(DAG_CBOR, &[0xd8, 0x2a, 0x01], Err(Malformed));
        check(DAG_CBOR, &[0xd8, 0x2a, 0x41, 0x01], Err(Malformed));
        check(DAG_CBOR, &[0xd8, 0x2a, 0x42, 0x00, 0x01], Err(Malformed));
    }
}
