//! The name of actor code on the network: the CID of its bytes.

use cid::Cid;
use multihash_codetable::{Code, MultihashDigest};

/// The codec of code blocks: raw bytes.
pub const RAW: u64 = 0x55;

/// The code CID of a module: CIDv1, raw, BLAKE2b-256.
pub fn code_cid(wasm: &[u8]) -> Cid {
    Cid::new_v1(RAW, Code::Blake2b256.digest(wasm))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_that_of_the_raw_bytes() {
        let cid = code_cid(b"\0asm\x01\0\0\0");
        assert_eq!(
            cid.to_string(),
            "bafk2bzaced3klw7qqdu4tv4difcwko6ojsgn5vromzgx3xg3lrjg6wdxabwxi"
        );
        assert_ne!(cid, code_cid(b""));
    }
}
