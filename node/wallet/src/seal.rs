//! The encryption: a password becomes a key by argon2id (RFC 9106), which seals secrets with XChaCha20-Poly1305.
//!
//! What is sealed carries all that opens it but the password, and a checksum, so that damage is not taken for a wrong
//! password.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use filigree_keys::KeyError;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::WalletError;
use crate::password::Password;

/// What deriving a key costs, whoever guesses passwords too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// Memory, KiB.
    pub memory_kib: u32,
    /// How often all of it is gone over.
    pub passes: u32,
    /// Into how many parts it falls that could be filled at once.
    pub lanes: u32,
}

impl Default for Cost {
    /// The second of RFC 9106's recommendations: 64 MiB, some tenths of a second.
    fn default() -> Self {
        Self {
            memory_kib: 64 << 10,
            passes: 3,
            lanes: 4,
        }
    }
}

/// Bounds of what a file may ask for: 1 GiB, and so many passes.
const MOST: Cost = Cost {
    memory_kib: 1 << 20,
    passes: 64,
    lanes: 64,
};

/// How a password becomes a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derivation {
    /// Always "argon2id".
    algorithm: String,
    #[serde(rename = "cost")]
    cost: Cost,
    /// Makes equal passwords give different keys.
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
}

const ARGON2ID: &str = "argon2id";
const XCHACHA20: &str = "xchacha20-poly1305";

impl Derivation {
    /// A new one, with a salt of its own.
    pub(crate) fn new(cost: Cost) -> Result<Self, KeyError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(KeyError::NoRandomness)?;
        Ok(Self {
            algorithm: ARGON2ID.to_owned(),
            cost,
            salt,
        })
    }

    /// The key of a password.
    pub(crate) fn derive(&self, password: &Password) -> Result<SealKey, SealError> {
        let Cost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        let known = self.algorithm == ARGON2ID;
        if !known || memory_kib > MOST.memory_kib || passes > MOST.passes || lanes > MOST.lanes {
            return Err(SealError::Damaged(
                "its key derivation is none that is used",
            ));
        }
        let parameters = Params::new(memory_kib, passes, lanes, Some(32))
            .map_err(|_| SealError::Damaged("its key derivation has a cost that cannot be"))?;
        let mut key = SealKey(Box::new(Zeroizing::new([0; 32])));
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(password.as_bytes(), &self.salt, &mut key.0[..])
            .map_err(|_| SealError::NoMemory(memory_kib))?;
        Ok(key)
    }
}

/// Opens and seals secrets. Its memory is wiped when it is dropped.
pub(crate) struct SealKey(Box<Zeroizing<[u8; 32]>>);

/// Why something does not open.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SealError {
    WrongPassword,
    Damaged(&'static str),
    NoMemory(u32),
}

/// A sealed secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    derivation: Derivation,
    /// Always "xchacha20-poly1305".
    cipher: String,
    #[serde(with = "hex::serde")]
    nonce: [u8; 24],
    #[serde(with = "hex::serde")]
    sealed: Vec<u8>,
    /// Of all the above, and of what it is sealed for.
    #[serde(with = "hex::serde")]
    checksum: [u8; 16],
}

impl Sealed {
    /// Seals a secret with a key of that derivation. It opens for the same `context` alone.
    pub(crate) fn new(
        derivation: &Derivation,
        key: &SealKey,
        context: &str,
        secret: &[u8],
    ) -> Result<Self, KeyError> {
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce).map_err(KeyError::NoRandomness)?;
        let payload = Payload {
            msg: secret,
            aad: context.as_bytes(),
        };
        let sealed = key
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("32 bytes are not too long");
        let mut own = Self {
            derivation: derivation.clone(),
            cipher: XCHACHA20.to_owned(),
            nonce,
            sealed,
            checksum: [0; 16],
        };
        own.checksum = own.checksum(context);
        Ok(own)
    }

    /// How the key was derived.
    pub(crate) fn derivation(&self) -> &Derivation {
        &self.derivation
    }

    /// Whether it is what was written, for that context.
    pub(crate) fn check(&self, context: &str) -> Result<(), SealError> {
        if self.checksum(context) != self.checksum {
            return Err(SealError::Damaged("its checksum is another"));
        }
        if self.cipher != XCHACHA20 {
            return Err(SealError::Damaged("its cipher is none that is used"));
        }
        Ok(())
    }

    /// The secret.
    pub(crate) fn open(
        &self,
        key: &SealKey,
        context: &str,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.check(context)?;
        let payload = Payload {
            msg: &self.sealed,
            aad: context.as_bytes(),
        };
        key.cipher()
            .decrypt(&XNonce::from(self.nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| SealError::WrongPassword)
    }

    fn checksum(&self, context: &str) -> [u8; 16] {
        let Derivation {
            algorithm,
            cost,
            salt,
        } = &self.derivation;
        let mut hash = blake2b_simd::Params::new().hash_length(16).to_state();
        for part in [
            context.as_bytes(),
            algorithm.as_bytes(),
            &cost.memory_kib.to_le_bytes(),
            &cost.passes.to_le_bytes(),
            &cost.lanes.to_le_bytes(),
            salt,
            self.cipher.as_bytes(),
            &self.nonce,
            &self.sealed,
        ] {
            hash.update(&(part.len() as u64).to_le_bytes()).update(part);
        }
        let hash = hash.finalize();
        hash.as_bytes().try_into().expect("16 bytes were asked for")
    }
}

impl SealKey {
    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new_from_slice(&self.0[..]).expect("32 bytes")
    }
}

impl SealError {
    /// The error of the file that does not open.
    pub(crate) fn of(self, path: &std::path::Path, advice: &'static str) -> WalletError {
        let path = path.to_owned();
        match self {
            Self::WrongPassword => WalletError::WrongPassword { path },
            Self::NoMemory(kib) => WalletError::NoMemory(kib),
            Self::Damaged(why) => WalletError::Damaged {
                path,
                why: why.to_owned(),
                advice,
            },
        }
    }
}
