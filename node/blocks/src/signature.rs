//! Signatures as they stand in blocks and messages: a byte for the type, then the signature's own bytes.
//!
//! `fvm_shared` has such a type for what actors may verify; chains know delegated signatures (FIP-0055) besides.

use fvm_ipld_encoding::strict_bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Most bytes of a signature, its type included, that the network takes.
pub const MAX_SIGNATURE_BYTES: usize = 200;

/// Who can check a signature, and how.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(u8)]
pub enum SignatureType {
    /// Over secp256k1, 65 bytes, of f1 addresses.
    Secp256k1 = 1,
    /// Over BLS12-381, 96 bytes, of f3 addresses.
    Bls = 2,
    /// As the address manager of an f4 address defines it; Ethereum's, 65 bytes, is the only one (FIP-0055).
    Delegated = 3,
}

impl SignatureType {
    /// The type of a number on chain.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Secp256k1),
            2 => Some(Self::Bls),
            3 => Some(Self::Delegated),
            _ => None,
        }
    }
}

/// A signature and its type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signature {
    /// How it is checked.
    pub sig_type: SignatureType,
    /// The signature, without the byte of its type. Its length is a claim until it is verified.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// A signature of that type.
    pub fn new(sig_type: SignatureType, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            sig_type,
            bytes: bytes.into(),
        }
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.bytes.len() + 1);
        bytes.push(self.sig_type as u8);
        bytes.extend_from_slice(&self.bytes);
        strict_bytes::Serialize::serialize(&bytes, serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = strict_bytes::Deserialize::deserialize(deserializer)?;
        if bytes.len() > MAX_SIGNATURE_BYTES {
            let length = bytes.len();
            return Err(de::Error::custom(format!("a signature of {length} bytes")));
        }
        let (number, bytes) = bytes
            .split_first()
            .ok_or_else(|| de::Error::custom("a signature of no bytes"))?;
        let sig_type = SignatureType::from_number(*number)
            .ok_or_else(|| de::Error::custom(format!("no signature has the type {number}")))?;
        Ok(Self::new(sig_type, bytes))
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::{from_slice, to_vec};

    use super::*;

    #[test]
    fn a_signature_is_its_type_and_its_bytes() {
        for (sig_type, number) in [
            (SignatureType::Secp256k1, 1),
            (SignatureType::Bls, 2),
            (SignatureType::Delegated, 3),
        ] {
            let signature = Signature::new(sig_type, [7, 8]);
            let bytes = to_vec(&signature).unwrap();
            assert_eq!(bytes, [0x43, number, 7, 8]);
            assert_eq!(from_slice::<Signature>(&bytes).unwrap(), signature);
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let long = to_vec(&Signature::new(SignatureType::Bls, [0; 200])).unwrap();
        let cases: [&[u8]; 5] = [&[0x40], &[0x41, 0], &[0x41, 4], &[0x80], &long];
        for bytes in cases {
            assert!(from_slice::<Signature>(bytes).is_err(), "{bytes:x?}");
        }
    }
}
