//! The state of an account.

use filigree_builtin::{Broken, Invariants, ids};
use filigree_sdk::prelude::*;
use fvm_shared::address::Protocol;
use fvm_shared::crypto::signature::SignatureType;

/// An account's state.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The address of its key, f1 or f3.
    pub address: Address,
}

/// What the key behind an address signs with; `None` if it is no key's address.
pub(crate) fn key_type(address: &Address) -> Option<SignatureType> {
    match address.protocol() {
        Protocol::Secp256k1 => Some(SignatureType::Secp256k1),
        Protocol::BLS => Some(SignatureType::BLS),
        _ => None,
    }
}

impl Account {
    /// What is wrong with the state of the account with this id.
    pub fn check_invariants(&self, id: ActorID) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        // Accounts of the network itself (burnt funds) have no key.
        let has_key = id < ids::FIRST_NON_SINGLETON || key_type(&self.address).is_some();
        invariants.require(has_key, "account/key-address", || {
            format!("f0{id} is the account of {}", self.address)
        });
        invariants.into_broken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_keys() {
        let secp = Address::new_secp256k1(&[7; 65]).unwrap();
        let bls = Address::new_bls(&[7; 48]).unwrap();
        for address in [secp, bls] {
            assert_eq!(Account { address }.check_invariants(100), []);
        }
        assert_eq!(key_type(&secp), Some(SignatureType::Secp256k1));
        assert_eq!(key_type(&bls), Some(SignatureType::BLS));
        let own_id = Account {
            address: Address::new_id(99),
        };
        assert_eq!(own_id.check_invariants(99), []);
        assert_eq!(own_id.check_invariants(100)[0].name, "account/key-address");
        let delegated = Address::new_delegated(ids::EAM, &[7; 20]).unwrap();
        for address in [
            Address::new_id(99),
            Address::new_actor(b"robust"),
            delegated,
        ] {
            assert_eq!(
                Account::construct(address).unwrap_err().code,
                ExitCode::USR_ILLEGAL_ARGUMENT
            );
        }
    }

    #[test]
    fn an_account_without_a_key_authenticates_nothing() {
        let account = Account {
            address: Address::new_id(99),
        };
        let error = account.authenticate(vec![0; 65], b"hello").unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
    }
}
