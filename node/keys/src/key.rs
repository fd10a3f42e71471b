//! A secret key and the address it speaks for.

use std::fmt;
use std::str::FromStr;

use blst::min_pk::SecretKey;
use filigree_blocks::{Signature, SignatureType, SignedMessage, message_cid};
use fvm_shared::address::Address;
use fvm_shared::message::Message;
use k256::ecdsa::SigningKey;
use zeroize::Zeroizing;

use crate::eth::{EthAddress, Form, Transaction, TransactionError};
use crate::hash::{blake2b_256, keccak_256};

/// Bytes of every secret key.
pub const SECRET_BYTES: usize = 32;

/// Domain of the network's BLS signatures: in G2, with keys in G1 (draft-irtf-cfrg-bls-signature, basic scheme).
pub(crate) const BLS_DOMAIN: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";

/// What a key signs with, and which kind of address it has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum KeyType {
    /// secp256k1 over blake2b-256; f1.
    Secp256k1,
    /// BLS12-381; f3. Miners' workers are such.
    Bls,
    /// secp256k1 over keccak-256, as Ethereum; f410 (FIP-0055).
    Delegated,
}

impl KeyType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Secp256k1, Self::Bls, Self::Delegated];

    /// The name that Lotus gives it, in files and in RPC.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secp256k1 => "secp256k1",
            Self::Bls => "bls",
            Self::Delegated => "delegated",
        }
    }

    /// The type of its signatures.
    pub fn signature_type(self) -> SignatureType {
        match self {
            Self::Secp256k1 => SignatureType::Secp256k1,
            Self::Bls => SignatureType::Bls,
            Self::Delegated => SignatureType::Delegated,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyType {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        Self::ALL
            .into_iter()
            .find(|key_type| key_type.name() == name)
            .ok_or_else(|| KeyError::UnknownType(name.to_owned()))
    }
}

/// Why there is no such key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The name of no type.
    #[error("no key has the type {0:?}: there are secp256k1, bls and delegated")]
    UnknownType(String),
    /// A secret is 32 bytes.
    #[error("a secret key has 32 bytes, this has {0}")]
    Length(usize),
    /// Zero, or not below the order of the group.
    #[error(
        "these bytes are no secret key of type {0}: the number is zero or too large for the curve"
    )]
    NoScalar(KeyType),
    /// The operating system has no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
    NoRandomness(getrandom::Error),
}

/// A secret key. Its memory is wiped when it is dropped.
pub struct Key {
    key_type: KeyType,
    address: Address,
    /// In a box, so that moving the key leaves no copies. As Lotus writes it: BLS is little-endian, the others big-endian.
    secret: Box<Zeroizing<[u8; SECRET_BYTES]>>,
}

impl Key {
    /// A new key, from the operating system's random numbers.
    ///
    /// # Errors
    /// When there are none.
    pub fn generate(key_type: KeyType) -> Result<Self, KeyError> {
        loop {
            let mut random = Box::new(Zeroizing::new([0; SECRET_BYTES]));
            getrandom::fill(&mut random[..]).map_err(KeyError::NoRandomness)?;
            if key_type == KeyType::Bls {
                let secret = SecretKey::key_gen(&random[..], &[]).expect("32 bytes are enough");
                random[..].copy_from_slice(&*Zeroizing::new(secret.to_bytes()));
                random.reverse();
            }
            // One in 2^128 random numbers is no key of secp256k1.
            if let Ok(key) = Self::from_secret(key_type, &random[..]) {
                return Ok(key);
            }
        }
    }

    /// The key of these 32 bytes, as [`secret`](Self::secret) gives them.
    ///
    /// # Errors
    /// When they are no secret of that type.
    pub fn from_secret(key_type: KeyType, secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() != SECRET_BYTES {
            return Err(KeyError::Length(secret.len()));
        }
        let mut own = Box::new(Zeroizing::new([0; SECRET_BYTES]));
        own.copy_from_slice(secret);
        let address = address_of(key_type, &own).ok_or(KeyError::NoScalar(key_type))?;
        Ok(Self {
            key_type,
            address,
            secret: own,
        })
    }

    /// Its type.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The address it speaks for: f1, f3 or f410.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The secret, as Lotus writes it. Whoever has it has the funds.
    pub fn secret(&self) -> &[u8; SECRET_BYTES] {
        &self.secret
    }

    /// Signs bytes: their blake2b-256 with secp256k1, their keccak-256 if delegated, themselves with BLS.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        let signature = match self.key_type {
            KeyType::Secp256k1 => sign_hash(&self.secret, &blake2b_256(bytes)).to_vec(),
            KeyType::Delegated => sign_hash(&self.secret, &keccak_256(bytes)).to_vec(),
            KeyType::Bls => {
                let secret = bls_secret(&self.secret).expect("checked when the key was made");
                secret.sign(bytes, BLS_DOMAIN, &[]).to_bytes().to_vec()
            }
        };
        Signature::new(self.key_type.signature_type(), signature)
    }

    /// Signs a message as the network wants it: the bytes of its CID, or, if delegated, the EIP-1559 transaction it is on the
    /// Ethereum chain `chain_id`.
    ///
    /// # Errors
    /// When a delegated key is to sign what is no Ethereum transaction.
    pub fn sign_message(
        &self,
        message: Message,
        chain_id: u64,
    ) -> Result<SignedMessage, TransactionError> {
        let signature = match self.key_type {
            KeyType::Delegated => {
                let form = Form::Eip1559 { chain_id };
                self.sign(&Transaction::from_message(&message, form)?.signing_bytes())
            }
            KeyType::Secp256k1 | KeyType::Bls => self.sign(&message_cid(&message).to_bytes()),
        };
        Ok(SignedMessage { message, signature })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("address", &self.address.to_string())
            .finish_non_exhaustive()
    }
}

fn address_of(key_type: KeyType, secret: &[u8; SECRET_BYTES]) -> Option<Address> {
    match key_type {
        KeyType::Bls => Address::new_bls(&bls_secret(secret)?.sk_to_pk().to_bytes()).ok(),
        KeyType::Secp256k1 => Address::new_secp256k1(&ecdsa_public(secret)?).ok(),
        KeyType::Delegated => Some(EthAddress::of_public_key(&ecdsa_public(secret)?).to_filecoin()),
    }
}

fn ecdsa_public(secret: &[u8; SECRET_BYTES]) -> Option<[u8; 65]> {
    let key = SigningKey::from_slice(secret).ok()?;
    let point = key.verifying_key().to_encoded_point(false);
    point.as_bytes().try_into().ok()
}

fn bls_secret(secret: &[u8; SECRET_BYTES]) -> Option<SecretKey> {
    let mut big_endian = Zeroizing::new(*secret);
    big_endian.reverse();
    SecretKey::from_bytes(&big_endian[..]).ok()
}

/// r, s (the lower of the two) and which of the keys that give them is ours; the nonce is RFC 6979's.
fn sign_hash(secret: &[u8; SECRET_BYTES], hash: &[u8; 32]) -> [u8; 65] {
    let key = SigningKey::from_slice(secret).expect("checked when the key was made");
    let (signature, recovery) = key
        .sign_prehash_recoverable(hash)
        .expect("r and s are zero for one in 2^256 nonces");
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = recovery.to_byte();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_differ_and_are_read_back() {
        for key_type in KeyType::ALL {
            let key = Key::generate(key_type).unwrap();
            assert_ne!(key.address(), Key::generate(key_type).unwrap().address());
            let again = Key::from_secret(key_type, key.secret()).unwrap();
            assert_eq!(key.address(), again.address());
            assert_eq!(key_type.name().parse::<KeyType>().unwrap(), key_type);
        }
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        for key_type in KeyType::ALL {
            for secret in [[0; 32], [0xff; 32]] {
                let refused = Key::from_secret(key_type, &secret);
                assert!(matches!(refused, Err(KeyError::NoScalar(_))), "{key_type}");
            }
            let refused = Key::from_secret(key_type, &[1; 31]);
            assert!(matches!(refused, Err(KeyError::Length(31))));
        }
        assert!("BLS".parse::<KeyType>().is_err());
    }

    #[test]
    fn a_key_does_not_print_its_secret() {
        let key = Key::from_secret(KeyType::Secp256k1, &[0x5a; 32]).unwrap();
        let printed = format!("{key:?}");
        assert!(printed.contains(&key.address().to_string()));
        assert!(!printed.to_lowercase().contains("5a5a") && !printed.contains("90, 90"));
    }
}
