//! BLS with the groups exchanged: signatures of 48 bytes in G1, keys of 96 bytes in G2.
//!
//! The beacon's newer network (drand's quicknet, scheme `bls-unchained-g1-rfc9380`) signs so. The older one signs as Filecoin
//! does, and [`verify`](crate::verify()) checks it with the key as an f3 address. Signing is for the beacon of a local network.

use blst::BLST_ERROR;
use blst::min_sig::{PublicKey, SecretKey, Signature};
use zeroize::Zeroizing;

use crate::key::KeyError;

/// Bytes of a public key.
pub const PUBLIC_BYTES: usize = 96;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 48;

const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";

/// Whether `signature` is of these bytes by the public key. False for what is neither key nor signature.
pub fn verify(public: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    if public.len() != PUBLIC_BYTES || signature.len() != SIGNATURE_BYTES {
        return false;
    }
    let (Ok(public), Ok(signature)) = (
        PublicKey::from_bytes(public),
        Signature::from_bytes(signature),
    ) else {
        return false;
    };
    signature.verify(true, bytes, DOMAIN, &[], &public, true) == BLST_ERROR::BLST_SUCCESS
}

/// A secret key of this scheme. Its memory is wiped when it is dropped.
pub struct ShortKey(Box<Zeroizing<[u8; 32]>>);

impl ShortKey {
    /// The key of a seed of 32 bytes: equal seeds give equal keys.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let secret = SecretKey::key_gen(seed, &[]).expect("32 bytes are enough");
        Self(Box::new(Zeroizing::new(secret.to_bytes())))
    }

    /// A new key.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut seed[..]).map_err(KeyError::NoRandomness)?;
        Ok(Self::from_seed(&seed))
    }

    /// Its public key.
    pub fn public(&self) -> [u8; PUBLIC_BYTES] {
        self.secret().sk_to_pk().to_bytes()
    }

    /// The signature of these bytes.
    pub fn sign(&self, bytes: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.secret().sign(bytes, DOMAIN, &[]).to_bytes()
    }

    fn secret(&self) -> SecretKey {
        SecretKey::from_bytes(&self.0[..]).expect("made as a key")
    }
}
