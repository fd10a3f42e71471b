//! Signatures and hashes, computed by the host.

use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::crypto::hash::SupportedHashes;
use fvm_shared::crypto::signature::Signature;

use crate::error::Result;
use crate::sys;

/// Whether `signature` over `text` is the key's behind `signer` (an f1 or f3 address).
pub fn verify_signature(signature: &Signature, signer: &Address, text: &[u8]) -> Result<bool> {
    let kind = signature.signature_type() as u32;
    Ok(sys::verify_signature(kind, signature.bytes(), &signer.to_bytes(), text)? == 0)
}

/// Whether a BLS aggregate of 96 bytes is valid for these public keys and texts.
pub fn verify_bls_aggregate(
    aggregate: &[u8; 96],
    keys: &[[u8; 48]],
    texts: &[&[u8]],
) -> Result<bool> {
    let lens: Vec<u8> = texts
        .iter()
        .flat_map(|text| (text.len() as u32).to_le_bytes())
        .collect();
    let count = keys.len().min(texts.len()) as u32;
    crate::ensure!(
        keys.len() == texts.len(),
        illegal_argument,
        "one text for each key"
    );
    Ok(sys::verify_bls_aggregate(count, aggregate, &keys.concat(), &texts.concat(), &lens)? == 0)
}

/// The public key that made a secp256k1 signature over a hash.
pub fn recover_secp_public_key(hash: &[u8; 32], signature: &[u8; 65]) -> Result<[u8; 65]> {
    Ok(sys::recover_secp_public_key(hash, signature)?)
}

/// BLAKE2b with 32 bytes.
pub fn blake2b(data: &[u8]) -> Result<[u8; 32]> {
    digest(SupportedHashes::Blake2b256, data)
}

/// SHA-2 with 32 bytes.
pub fn sha256(data: &[u8]) -> Result<[u8; 32]> {
    digest(SupportedHashes::Sha2_256, data)
}

/// Keccak with 32 bytes.
pub fn keccak256(data: &[u8]) -> Result<[u8; 32]> {
    digest(SupportedHashes::Keccak256, data)
}

fn digest<const N: usize>(hash: SupportedHashes, data: &[u8]) -> Result<[u8; N]> {
    let mut digest = [0; N];
    sys::hash(hash as u64, data, &mut digest)?;
    Ok(digest)
}

/// Randomness for one purpose from the randomness of an epoch (Filecoin spec, "Randomness", DrawRandomness).
pub(crate) fn draw(
    base: &[u8; 32],
    tag: i64,
    epoch: ChainEpoch,
    entropy: &[u8],
) -> Result<[u8; 32]> {
    let mut data = Vec::with_capacity(48 + entropy.len());
    data.extend_from_slice(&tag.to_be_bytes());
    data.extend_from_slice(base);
    data.extend_from_slice(&epoch.to_be_bytes());
    data.extend_from_slice(entropy);
    blake2b(&data)
}
