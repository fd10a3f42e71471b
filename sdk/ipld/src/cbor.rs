//! The few bits of CBOR (RFC 8949) needed below serde: item heads, skipping an item, and CIDs under tag 42.
//!
//! Nothing here recurses or allocates; every step consumes input, so work is bounded by its length. Heads need not be
//! of minimal length: those who read blocks of actors must accept what the reference accepts.

use cid::multihash::Multihash;
use cid::{Cid, Version};

/// The multihash code of BLAKE2b-256.
pub const BLAKE2B_256: u64 = 0xb220;
/// Its length.
pub const BLAKE2B_256_BYTES: u8 = 32;

/// The tag of a CID.
pub const TAG_CID: u64 = 42;

/// Major types of items.
pub mod major {
    #![allow(missing_docs)]
    pub const UNSIGNED: u8 = 0;
    pub const BYTES: u8 = 2;
    pub const TEXT: u8 = 3;
    pub const ARRAY: u8 = 4;
    pub const MAP: u8 = 5;
    pub const TAG: u8 = 6;
}

/// Takes an item's head off the input: major type (0 to 7) and argument. None if it is cut short, of indefinite length
/// or of a reserved form.
#[inline]
pub fn take_head(input: &mut &[u8]) -> Option<(u8, u64)> {
    let (&first, rest) = input.split_first()?;
    *input = rest;
    let argument = match first & 0x1f {
        direct @ 0..=23 => u64::from(direct),
        24 => u64::from(take_array::<1>(input)?[0]),
        25 => u64::from(u16::from_be_bytes(take_array(input)?)),
        26 => u64::from(u32::from_be_bytes(take_array(input)?)),
        27 => u64::from_be_bytes(take_array(input)?),
        _ => return None,
    };
    Some((first >> 5, argument))
}

#[inline]
fn take_array<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (array, rest) = input.split_first_chunk::<N>()?;
    *input = rest;
    Some(*array)
}

/// Takes `len` bytes off the input, if there are so many.
#[inline]
pub fn take<'a>(input: &mut &'a [u8], len: u64) -> Option<&'a [u8]> {
    let (bytes, rest) = input.split_at_checked(usize::try_from(len).ok()?)?;
    *input = rest;
    Some(bytes)
}

/// Takes a whole item off the input, with all that is in it. None if it is malformed or cut short.
pub fn skip_item(input: &mut &[u8]) -> Option<()> {
    let mut remaining: u64 = 1;
    while remaining > 0 {
        remaining -= 1;
        let (kind, argument) = take_head(input)?;
        match kind {
            major::BYTES | major::TEXT => {
                take(input, argument)?;
            }
            major::ARRAY => remaining = remaining.checked_add(argument)?,
            major::MAP => remaining = remaining.checked_add(argument.checked_mul(2)?)?,
            major::TAG => remaining = remaining.checked_add(1)?,
            _ => {}
        }
    }
    Some(())
}

/// Appends an item's head, in its shortest form.
pub fn put_head(out: &mut Vec<u8>, kind: u8, argument: u64) {
    let kind = kind << 5;
    if argument < 24 {
        out.push(kind | argument as u8);
    } else if let Ok(short) = u8::try_from(argument) {
        out.extend([kind | 24, short]);
    } else if let Ok(short) = u16::try_from(argument) {
        out.push(kind | 25);
        out.extend(short.to_be_bytes());
    } else if let Ok(short) = u32::try_from(argument) {
        out.push(kind | 26);
        out.extend(short.to_be_bytes());
    } else {
        out.push(kind | 27);
        out.extend(argument.to_be_bytes());
    }
}

/// Appends a CID under tag 42.
pub fn put_cid(out: &mut Vec<u8>, cid: &Cid) {
    let bytes = cid_bytes(cid);
    put_head(out, major::TAG, TAG_CID);
    put_head(out, major::BYTES, bytes.len() as u64 + 1);
    out.push(0);
    out.extend_from_slice(&bytes);
}

/// The bytes of a CID, by less code than its own method.
pub fn cid_bytes(cid: &Cid) -> Vec<u8> {
    let digest = cid.hash().digest();
    let mut bytes = Vec::with_capacity(8 + digest.len());
    if cid.version() == Version::V1 {
        put_varint(&mut bytes, 1);
        put_varint(&mut bytes, cid.codec());
    }
    put_varint(&mut bytes, cid.hash().code());
    put_varint(&mut bytes, digest.len() as u64);
    bytes.extend_from_slice(digest);
    bytes
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a CID off the input, after its tag. Bytes after the CID, within its byte string, are ignored, as serde's reading of CIDs
/// does.
pub fn take_tagged_cid(input: &mut &[u8]) -> Option<Cid> {
    let (major::BYTES, len) = take_head(input)? else {
        return None;
    };
    let (0, bytes) = take(input, len)?.split_first()? else {
        return None;
    };
    Some(parse_cid(bytes).ok()?.0)
}

/// Reads a CID from its bytes; gives it with the number of bytes that follow it.
#[inline]
pub fn parse_cid(bytes: &[u8]) -> Result<(Cid, usize), cid::Error> {
    // Version 1, a codec of one byte, blake2b-256: nearly all there are.
    if let [1, codec @ 0..0x80, 0xa0, 0xe4, 0x02, 0x20, digest @ ..] = bytes
        && digest.len() == usize::from(BLAKE2B_256_BYTES)
        && let Ok(hash) = Multihash::wrap(BLAKE2B_256, digest)
    {
        return Ok((Cid::new_v1(u64::from(*codec), hash), 0));
    }
    // Varints are read in their shortest form only, so the CID is as long as it would be written.
    let cid = Cid::read_bytes(bytes)?;
    Ok((cid, bytes.len() - cid_bytes(&cid).len()))
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::DAG_CBOR;
    use multihash_codetable::{Code, MultihashDigest};

    use super::*;

    #[test]
    fn heads_round_trip() {
        for argument in [
            0,
            23,
            24,
            255,
            256,
            65535,
            65536,
            u64::from(u32::MAX),
            1 << 32,
            u64::MAX,
        ] {
            let mut out = Vec::new();
            put_head(&mut out, major::MAP, argument);
            let mut input = &out[..];
            assert_eq!(take_head(&mut input), Some((major::MAP, argument)));
            assert!(input.is_empty());
            for cut in 0..out.len() {
                assert_eq!(take_head(&mut &out[..cut]), None, "{argument} cut at {cut}");
            }
        }
        for reserved in [0x1c, 0x1d, 0x1e, 0x1f, 0x5f, 0x9f, 0xff] {
            assert_eq!(take_head(&mut &[reserved][..]), None, "{reserved:#x}");
        }
    }

    #[test]
    fn skips_one_item() {
        for (item, good) in [
            (&[0x82, 0x41, 0xff, 0xa1, 0x01, 0x61, b'x'][..], true),
            (&[0xd8, 0x2a, 0x41, 0x00], true),
            (&[0xf5], true),
            (&[0x82, 0x01], false),
            (&[0x42, 0x01], false),
            (
                &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                false,
            ),
            (&[0xbb, 0x80, 0, 0, 0, 0, 0, 0, 0], false),
            (&[0xd8, 0x2a], false),
            (&[], false),
        ] {
            let mut input = item;
            assert_eq!(skip_item(&mut input).is_some(), good, "{item:x?}");
            if good {
                let mut longer = item.to_vec();
                longer.push(7);
                let mut input = &longer[..];
                skip_item(&mut input).unwrap();
                assert_eq!(input, [7]);
            }
        }
    }

    #[test]
    fn quick_and_slow_cids_agree() {
        let quick = Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(b"x"));
        let slow = Cid::new_v1(0xf101, Code::Sha2_256.digest(b"x"));
        let old = Cid::new_v0(Code::Sha2_256.digest(b"x")).unwrap();
        for cid in [quick, slow, old] {
            let mut bytes = cid.to_bytes();
            assert_eq!(cid_bytes(&cid), bytes);
            assert_eq!(parse_cid(&bytes).unwrap(), (cid, 0));
            bytes.push(9);
            assert_eq!(parse_cid(&bytes).unwrap(), (cid, 1));
            assert!(parse_cid(&bytes[..bytes.len() - 2]).is_err());
        }
        // A codec with the continuation bit set is a longer varint.
        let mut bytes = quick.to_bytes();
        bytes[1] |= 0x80;
        assert_eq!(
            parse_cid(&bytes).is_ok(),
            Cid::read_bytes(&bytes[..]).is_ok()
        );
    }
}
