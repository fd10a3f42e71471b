//! `crypto`: signatures and hashes. Proofs are in `proofs`.

use filigree_gas::HashAlgorithm;
use fvm_shared::address::Payload;
use fvm_shared::crypto::signature::{
    BLS_PUB_LEN, BLS_SIG_LEN, SECP_PUB_LEN, SECP_SIG_LEN, SECP_SIG_MESSAGE_HASH_SIZE, SignatureType,
};
use fvm_shared::error::ErrorNumber::IllegalArgument;
use multihash_codetable::{Code, MultihashDigest};
use num_traits::FromPrimitive;

use super::Context;
use crate::stop::{Outcome, errno};

/// The ABI's verdict: 0 for valid, -1 for invalid.
pub(super) fn verdict(valid: bool) -> i32 {
    if valid { 0 } else { -1 }
}

/// Checks a signature by the key in an f1 or f3 address.
#[allow(clippy::too_many_arguments)] // The ABI's own list.
pub(super) fn verify_signature(
    context: &mut Context<'_>,
    typ: u32,
    sig: u32,
    sig_len: u32,
    address: u32,
    address_len: u32,
    text: u32,
    text_len: u32,
) -> Outcome<i32> {
    let typ = SignatureType::from_u32(typ).ok_or_else(|| {
        errno(
            IllegalArgument,
            format_args!("unknown signature type {typ}"),
        )
    })?;
    let sig = context.memory.slice(sig, sig_len)?;
    let address = context.memory.address(address, address_len)?;
    let text = context.memory.slice(text, text_len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_verify_signature(typ, text.len()))?;
    match address.payload() {
        Payload::BLS(_) | Payload::Secp256k1(_) => Ok(verdict(filigree_signature::verify(
            typ, sig, text, &address,
        ))),
        _ => Err(errno(
            IllegalArgument,
            format_args!("{address} holds no key"),
        )),
    }
}

/// Checks one BLS signature over many texts by many keys (FIP-0079).
pub(super) fn verify_bls_aggregate(
    context: &mut Context<'_>,
    signers: u32,
    sig: u32,
    keys: u32,
    texts: u32,
    text_lens: u32,
) -> Outcome<i32> {
    let memory = &context.memory;
    let keys_len = signers.checked_mul(BLS_PUB_LEN as u32).ok_or_else(|| {
        errno(
            IllegalArgument,
            format_args!("{signers} signers are too many"),
        )
    })?;
    let sig = memory.array::<BLS_SIG_LEN>(sig)?;
    let (keys, _) = memory.slice(keys, keys_len)?.as_chunks::<BLS_PUB_LEN>();
    // Cannot overflow: the keys, 48 bytes each, are in bounds.
    let (lens, _) = memory.slice(text_lens, signers * 4)?.as_chunks::<4>();
    let lens: Vec<u32> = lens.iter().map(|len| u32::from_le_bytes(*len)).collect();
    let total = lens.iter().fold(0u32, |sum, len| sum.wrapping_add(*len));
    let concatenated = memory.slice(texts, total)?;

    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_verify_aggregate_signature(keys.len(), concatenated.len()))?;
    let mut rest = concatenated;
    let texts = lens
        .iter()
        .map(|len| {
            let (text, tail) = rest
                .split_at_checked(*len as usize)
                .ok_or_else(|| errno(IllegalArgument, "a text is out of bounds"))?;
            rest = tail;
            Ok(text)
        })
        .collect::<Outcome<Vec<_>>>()?;
    if !rest.is_empty() {
        return Err(errno(IllegalArgument, "the texts' lengths do not add up"));
    }
    Ok(verdict(filigree_signature::verify_bls_aggregate(
        &sig, keys, &texts,
    )))
}

/// The public key behind a secp256k1 signature of a hash.
pub(super) fn recover_secp_public_key(
    context: &mut Context<'_>,
    hash: u32,
    sig: u32,
) -> Outcome<[u8; SECP_PUB_LEN]> {
    let hash = context.memory.array::<SECP_SIG_MESSAGE_HASH_SIZE>(hash)?;
    let sig = context.memory.array::<SECP_SIG_LEN>(sig)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_recover_secp_public_key())?;
    filigree_signature::recover_secp256k1(&hash, &sig)
        .ok_or_else(|| errno(IllegalArgument, "no public key gives this signature"))
}

/// Hashes data; writes as much of the digest as fits and gives that length.
pub(super) fn hash(
    context: &mut Context<'_>,
    code: u64,
    data: u32,
    data_len: u32,
    digest: u32,
    digest_len: u32,
) -> Outcome<u32> {
    context.memory.check(digest, digest_len)?;
    let data = context.memory.slice(data, data_len)?;
    let algorithm = HashAlgorithm::try_from(code).map_err(|_| {
        errno(
            IllegalArgument,
            format_args!("unknown hash function {code:#x}"),
        )
    })?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_hashing(algorithm, data.len()))?;
    let hashed = match algorithm {
        HashAlgorithm::Sha2_256 => Code::Sha2_256,
        HashAlgorithm::Blake2b256 => Code::Blake2b256,
        HashAlgorithm::Blake2b512 => Code::Blake2b512,
        HashAlgorithm::Keccak256 => Code::Keccak256,
        HashAlgorithm::Ripemd160 => Code::Ripemd160,
    }
    .digest(data);
    let out = context.memory.slice_mut(digest, digest_len)?;
    let len = out.len().min(hashed.digest().len());
    out[..len].copy_from_slice(&hashed.digest()[..len]);
    Ok(len as u32)
}
