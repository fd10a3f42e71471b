//! The hash of a map's keys: SHA-256, on wasm32 computed by the host, which is cheaper than in Wasm.

use std::hash::Hasher;

use fvm_ipld_hamt::{Hash, HashAlgorithm};

/// See the head of the file.
#[derive(Debug)]
pub enum Sha256 {}

/// Gathers what a key hashes.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

impl HashAlgorithm for Sha256 {
    fn hash<X: Hash + ?Sized>(key: &X) -> [u8; 32] {
        if cfg!(target_arch = "wasm32") {
            let mut bytes = Bytes::default();
            key.hash(&mut bytes);
            crate::crypto::sha256(&bytes.0).expect("the host hashes with SHA-256")
        } else {
            // Natively maps are also read where there is no host.
            fvm_ipld_hamt::Sha256::hash(key)
        }
    }
}
