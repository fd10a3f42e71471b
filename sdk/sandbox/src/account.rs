//! Accounts with keys, and the ways to name an actor.

use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::crypto::signature::{Signature, SignatureType};
use k256::ecdsa::SigningKey;
use multihash_codetable::{Code, MultihashDigest};

/// An account of a sandbox. Its key follows from its number alone, so that addresses are the same in every run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: ActorID,
    /// Its key address (f1).
    pub address: Address,
    /// Which account of all sandboxes: the seed of its key.
    number: u64,
}

impl Account {
    /// The key address of the account with a number.
    pub(crate) fn address_of(number: u64) -> Address {
        let public = key(number).verifying_key().to_encoded_point(false);
        Address::new_secp256k1(public.as_bytes()).expect("a public key of 65 bytes")
    }

    pub(crate) fn new(id: ActorID, number: u64) -> Self {
        Self {
            id,
            address: Self::address_of(number),
            number,
        }
    }

    /// Signs bytes as a wallet does: ECDSA over their blake2b-256 hash. For actors that check signatures themselves.
    pub fn sign(&self, bytes: &[u8]) -> Signature {
        let hash = Code::Blake2b256.digest(bytes);
        let (signature, recovery) = key(self.number)
            .sign_prehash_recoverable(hash.digest())
            .expect("a hash of 32 bytes");
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(recovery.to_byte());
        Signature {
            sig_type: SignatureType::Secp256k1,
            bytes,
        }
    }
}

fn key(number: u64) -> SigningKey {
    let seed = Code::Sha2_256.digest(format!("filigree sandbox account {number}").as_bytes());
    SigningKey::from_slice(seed.digest()).expect("a hash is a key, save for one in 2^127")
}

/// What names an actor: an account, an address, an id.
pub trait Who {
    /// As an address.
    fn address(&self) -> Address;
}

impl Who for Account {
    fn address(&self) -> Address {
        self.address
    }
}

impl Who for Address {
    fn address(&self) -> Address {
        *self
    }
}

impl Who for ActorID {
    fn address(&self) -> Address {
        Address::new_id(*self)
    }
}

impl<T: Who + ?Sized> Who for &T {
    fn address(&self) -> Address {
        (**self).address()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_deterministic_and_differ() {
        assert_eq!(Account::address_of(0), Account::address_of(0));
        assert_ne!(Account::address_of(0), Account::address_of(1));
        let account = Account::new(100, 3);
        assert_eq!(account.sign(b"text").bytes.len(), 65);
        assert_eq!(Who::address(&&7_u64), Address::new_id(7));
    }
}
