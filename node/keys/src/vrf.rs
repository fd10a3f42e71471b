//! The verifiable random function of elections and tickets: a BLS signature of a drawn randomness.
//!
//! A key and an input have exactly one signature, which nobody else can foresee and everybody can check. The input, 32 bytes,
//! is itself a blake2b-256 of the beacon's entry, what it is for, the epoch and the miner (Filecoin spec, "Randomness";
//! Lotus, `chain/gen` and `chain/rand`); drawing it is `consensus`' and `chain`'s.

use filigree_blocks::Signature;
use filigree_blocks::SignatureType::Bls;
use fvm_shared::address::Address;

use crate::key::{Key, KeyType};
use crate::verify::verify;

/// The output of the worker's key for a drawn randomness; none if it is no BLS key, as a worker's must be.
pub fn prove(worker: &Key, randomness: &[u8; 32]) -> Option<Vec<u8>> {
    (worker.key_type() == KeyType::Bls).then(|| worker.sign(randomness).bytes)
}

/// Whether `proof` is the output of the key in the worker's f3 address.
pub fn holds(worker: &Address, randomness: &[u8; 32], proof: &[u8]) -> bool {
    verify(&Signature::new(Bls, proof), worker, randomness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_of_one_worker_and_one_randomness() {
        let worker = Key::from_secret(KeyType::Bls, &[1; 32]).unwrap();
        let other = Key::from_secret(KeyType::Bls, &[2; 32]).unwrap();
        let proof = prove(&worker, &[3; 32]).unwrap();
        assert_eq!(prove(&worker, &[3; 32]).unwrap(), proof);
        assert!(holds(worker.address(), &[3; 32], &proof));
        assert!(!holds(worker.address(), &[4; 32], &proof));
        assert!(!holds(other.address(), &[3; 32], &proof));
        assert!(!holds(worker.address(), &[3; 32], &proof[..95]));
        let ecdsa = Key::from_secret(KeyType::Secp256k1, &[1; 32]).unwrap();
        assert_eq!(prove(&ecdsa, &[3; 32]), None);
    }
}
