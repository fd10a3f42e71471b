//! Keys of maps and their bytes, as the built-in actors have them.

use cid::Cid;
use fvm_shared::address::Address;

/// What a [`Map`](super::Map) can be keyed by.
pub trait MapKey: Sized {
    /// The key's bytes.
    fn to_key(&self) -> Vec<u8>;

    /// The key back from its bytes.
    fn from_key(bytes: &[u8]) -> Option<Self>;
}

impl MapKey for Address {
    fn to_key(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn from_key(bytes: &[u8]) -> Option<Self> {
        Address::from_bytes(bytes).ok()
    }
}

/// An unsigned varint, without surplus bytes.
impl MapKey for u64 {
    fn to_key(&self) -> Vec<u8> {
        let mut buffer = unsigned_varint::encode::u64_buffer();
        unsigned_varint::encode::u64(*self, &mut buffer).to_vec()
    }

    fn from_key(bytes: &[u8]) -> Option<Self> {
        match unsigned_varint::decode::u64(bytes) {
            Ok((key, [])) => Some(key),
            _ => None,
        }
    }
}

impl MapKey for Cid {
    fn to_key(&self) -> Vec<u8> {
        crate::store::cid_bytes(self)
    }

    fn from_key(bytes: &[u8]) -> Option<Self> {
        Cid::read_bytes(bytes).ok()
    }
}

impl MapKey for String {
    fn to_key(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_key(bytes: &[u8]) -> Option<Self> {
        String::from_utf8(bytes.to_vec()).ok()
    }
}

impl MapKey for Vec<u8> {
    fn to_key(&self) -> Vec<u8> {
        self.clone()
    }

    fn from_key(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_vec())
    }
}
