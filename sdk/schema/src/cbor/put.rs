//! Writing DAG-CBOR: every item in the one form that is canonical.

use cid::Cid;

use super::CID_TAG;

fn put_head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    let bytes = argument.to_be_bytes();
    match argument {
        0..24 => out.push(major | argument as u8),
        24..0x100 => out.extend([major | 24, argument as u8]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend((argument as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend((argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(bytes);
        }
    }
}

/// Writes an integer that CBOR has: from -2^64 to 2^64 - 1. Others saturate; callers check ranges.
pub(crate) fn put_int(out: &mut Vec<u8>, number: i128) {
    match number {
        0.. => put_head(out, 0, u64::try_from(number).unwrap_or(u64::MAX)),
        _ => put_head(out, 1, u64::try_from(-1 - number).unwrap_or(u64::MAX)),
    }
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_head(out, 2, bytes.len() as u64);
    out.extend(bytes);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_head(out, 3, text.len() as u64);
    out.extend(text.as_bytes());
}

pub(crate) fn put_array(out: &mut Vec<u8>, length: usize) {
    put_head(out, 4, length as u64);
}

/// Writes a map from encoded keys to encoded values. Sorted as DAG-CBOR sorts: shorter keys first, then by bytes.
pub(crate) fn put_map(out: &mut Vec<u8>, mut entries: Vec<(Vec<u8>, Vec<u8>)>) {
    entries.sort_unstable();
    put_head(out, 5, entries.len() as u64);
    for (key, value) in entries {
        out.extend(key);
        out.extend(value);
    }
}

pub(crate) fn put_cid(out: &mut Vec<u8>, cid: &Cid) {
    put_head(out, 6, CID_TAG);
    let mut bytes = vec![0];
    bytes.extend(cid.to_bytes());
    put_bytes(out, &bytes);
}

pub(crate) fn put_bool(out: &mut Vec<u8>, value: bool) {
    out.push(if value { 0xf5 } else { 0xf4 });
}

pub(crate) fn put_null(out: &mut Vec<u8>) {
    out.push(0xf6);
}

pub(crate) fn put_float(out: &mut Vec<u8>, value: f64) {
    out.push(0xfb);
    out.extend(value.to_bits().to_be_bytes());
}
