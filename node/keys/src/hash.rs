//! The two hashes that are signed.

use multihash_codetable::{Code, MultihashDigest};

/// Of what Filecoin signs with secp256k1.
pub(crate) fn blake2b_256(bytes: &[u8]) -> [u8; 32] {
    digest(Code::Blake2b256, bytes)
}

/// Of what Ethereum signs.
pub(crate) fn keccak_256(bytes: &[u8]) -> [u8; 32] {
    digest(Code::Keccak256, bytes)
}

fn digest(code: Code, bytes: &[u8]) -> [u8; 32] {
    let hash = code.digest(bytes);
    hash.digest().try_into().expect("both are of 32 bytes")
}
