//! Whether a signature holds: BLS over 12-381 and secp256k1 with recovery, by the libraries `bls-signatures` (blst)
//! and `k256`.
//!
//! The host asks for its actors and the node for messages and blocks, and both must judge alike. `fvm_shared` has the
//! same functions, but only together with the proof library, which the host must not link. Keys and signing are in
//! `node/keys`: the host has no secrets.

use bls_signatures::{PublicKey, Serialize, Signature as BlsSignature, verify_messages};
use fvm_shared::address::{Address, Payload};
use fvm_shared::crypto::signature::{
    BLS_PUB_LEN, BLS_SIG_LEN, SECP_PUB_LEN, SECP_SIG_LEN, SECP_SIG_MESSAGE_HASH_SIZE, SignatureType,
};
use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, VerifyingKey};
use multihash_codetable::{Code, MultihashDigest};

/// Whether `sig` signs `text` with the key of `address` (f1 for secp256k1, f3 for BLS).
pub fn verify(typ: SignatureType, sig: &[u8], text: &[u8], address: &Address) -> bool {
    match (typ, address.payload()) {
        (SignatureType::BLS, Payload::BLS(key)) => verify_bls(sig, &[*key], &[text]),
        (SignatureType::Secp256k1, Payload::Secp256k1(_)) => verify_secp256k1(sig, text, address),
        _ => false,
    }
}

/// Whether one aggregate signs each text with the key at the same place. True for none at all (FIP-0079).
pub fn verify_bls_aggregate(
    sig: &[u8; BLS_SIG_LEN],
    keys: &[[u8; BLS_PUB_LEN]],
    texts: &[&[u8]],
) -> bool {
    keys.is_empty() || verify_bls(sig, keys, texts)
}

fn verify_bls(sig: &[u8], keys: &[[u8; BLS_PUB_LEN]], texts: &[&[u8]]) -> bool {
    let Ok(sig) = BlsSignature::from_bytes(sig) else {
        return false;
    };
    let keys: Result<Vec<_>, _> = keys.iter().map(|key| PublicKey::from_bytes(key)).collect();
    keys.is_ok_and(|keys| verify_messages(&sig, texts, &keys))
}

fn verify_secp256k1(sig: &[u8], text: &[u8], address: &Address) -> bool {
    let Ok(sig) = <&[u8; SECP_SIG_LEN]>::try_from(sig) else {
        return false;
    };
    let digest = Code::Blake2b256.digest(text);
    let hash = digest.digest().try_into().expect("blake2b-256 is 32 bytes");
    recover_secp256k1(hash, sig)
        .and_then(|key| Address::new_secp256k1(&key).ok())
        .is_some_and(|signer| signer == *address)
}

/// The uncompressed public key behind a signature (r, s, recovery id) of a hash. A high s is taken for its low twin, as
/// Ethereum's older signatures need.
pub fn recover_secp256k1(
    hash: &[u8; SECP_SIG_MESSAGE_HASH_SIZE],
    sig: &[u8; SECP_SIG_LEN],
) -> Option<[u8; SECP_PUB_LEN]> {
    let (rs, recovery) = sig.split_at(SECP_SIG_LEN - 1);
    let mut recovery = recovery[0];
    let mut sig = EcdsaSignature::from_slice(rs).ok()?;
    if let Some(low) = sig.normalize_s() {
        sig = low;
        recovery ^= 1;
    }
    let recovery = RecoveryId::try_from(recovery).ok()?;
    let key = VerifyingKey::recover_from_prehash(hash, &sig, recovery).ok()?;
    key.to_encoded_point(false).as_bytes().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bls_signatures::PrivateKey;
    use k256::ecdsa::SigningKey;

    #[test]
    fn bls_signatures_hold_for_their_text_and_key_alone() {
        let key = PrivateKey::new([7; 32]);
        let sig = key.sign(b"text").as_bytes();
        let address = Address::new_bls(&key.public_key().as_bytes()).unwrap();
        assert!(verify(SignatureType::BLS, &sig, b"text", &address));
        assert!(!verify(SignatureType::BLS, &sig, b"test", &address));
        assert!(!verify(SignatureType::Secp256k1, &sig, b"text", &address));
        assert!(!verify(SignatureType::BLS, &sig[1..], b"text", &address));
        let other = Address::new_bls(&PrivateKey::new([8; 32]).public_key().as_bytes()).unwrap();
        assert!(!verify(SignatureType::BLS, &sig, b"text", &other));
    }

    #[test]
    fn aggregates_need_every_key_and_text() {
        let keys = [PrivateKey::new([1; 32]), PrivateKey::new([2; 32])];
        let texts: [&[u8]; 2] = [b"one", b"two"];
        let sigs: Vec<_> = keys.iter().zip(texts).map(|(k, t)| k.sign(t)).collect();
        let aggregate = bls_signatures::aggregate(&sigs).unwrap().as_bytes();
        let aggregate = aggregate.try_into().unwrap();
        let public = keys.map(|k| k.public_key().as_bytes().try_into().unwrap());
        assert!(verify_bls_aggregate(&aggregate, &public, &texts));
        assert!(!verify_bls_aggregate(
            &aggregate,
            &public,
            &[texts[1], texts[0]]
        ));
        assert!(!verify_bls_aggregate(&[0; BLS_SIG_LEN], &public, &texts));
        assert!(verify_bls_aggregate(&[0; BLS_SIG_LEN], &[], &[]));
    }

    #[test]
    fn secp256k1_keys_are_recovered_from_low_and_high_s() {
        let key = SigningKey::from_slice(&[3; 32]).unwrap();
        let hash = [5; 32];
        let (sig, recovery) = key.sign_prehash_recoverable(&hash).unwrap();
        let mut low = [0; SECP_SIG_LEN];
        low[..64].copy_from_slice(&sig.to_bytes());
        low[64] = recovery.to_byte();
        let public = key.verifying_key().to_encoded_point(false);
        assert_eq!(recover_secp256k1(&hash, &low).unwrap(), public.as_bytes());

        let (r, s) = sig.split_scalars();
        let high = EcdsaSignature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
        let mut malleated = low;
        malleated[..64].copy_from_slice(&high.to_bytes());
        malleated[64] ^= 1;
        assert_eq!(
            recover_secp256k1(&hash, &malleated).unwrap(),
            public.as_bytes()
        );

        low[64] = 9;
        assert_eq!(recover_secp256k1(&hash, &low), None);
        assert_eq!(recover_secp256k1(&hash, &[0xff; SECP_SIG_LEN]), None);
    }
}
