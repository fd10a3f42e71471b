//! A hash map keyed by CID (or actor id), with a quick hash.
//!
//! The hash folds 64-bit products, keyed per process by the standard library's random state: actors choose the digests
//! of identity CIDs freely and can grind others, but cannot aim at a key they do not know. Nothing observable depends
//! on the order of such a map.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;

/// A map with the quick keyed hash.
pub(crate) type QuickMap<K, V> = HashMap<K, V, QuickKey>;

/// Makes hashers with this process's key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuickKey(u64);

impl Default for QuickKey {
    fn default() -> Self {
        static KEY: OnceLock<u64> = OnceLock::new();
        Self(*KEY.get_or_init(|| RandomState::new().hash_one(0x66_69_6c_69u64)))
    }
}

impl BuildHasher for QuickKey {
    type Hasher = QuickHasher;

    fn build_hasher(&self) -> QuickHasher {
        QuickHasher {
            state: self.0,
            key: self.0.rotate_left(32) | 1,
        }
    }
}

/// See the head of the file.
pub(crate) struct QuickHasher {
    state: u64,
    key: u64,
}

impl QuickHasher {
    #[inline]
    fn fold(&mut self, word: u64) {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let product = u128::from(self.state ^ word) * u128::from(ODD ^ self.key);
        // The rotation keeps a product of zero from swallowing what came before.
        self.state = (product as u64) ^ ((product >> 64) as u64) ^ self.state.rotate_left(23);
    }
}

impl Hasher for QuickHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.fold(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0u8; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.fold(u64::from_le_bytes(last));
        }
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.fold(word);
    }

    #[inline]
    fn write_usize(&mut self, word: usize) {
        self.fold(word as u64);
    }

    #[inline]
    fn write_isize(&mut self, word: isize) {
        self.fold(word as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        let product = u128::from(self.state) * u128::from(self.key ^ 0xa076_1d64_78bd_642f);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn spreads_close_keys() {
        let key = QuickKey::default();
        let low: HashSet<u64> = (0..4096u64).map(|n| key.hash_one(n) & 0xffff).collect();
        // 4096 random draws of 16 bits collide about 125 times.
        assert!(low.len() > 3800, "{}", low.len());
        let high: HashSet<u64> = (0..4096u64).map(|n| key.hash_one(n) >> 57).collect();
        assert_eq!(high.len(), 128);
    }

    #[test]
    fn every_byte_counts() {
        let key = QuickKey::default();
        let mut seen = HashSet::new();
        for len in 0..40 {
            for at in 0..len {
                let mut bytes = vec![0u8; len];
                bytes[at] = 1;
                assert!(seen.insert(key.hash_one(&bytes[..])), "{len} {at}");
            }
        }
    }
}
