//! Whether an account signed something (FIP-0035, FIP-0044).

use filigree_sdk::crypto;
use filigree_sdk::prelude::*;
use fvm_shared::crypto::signature::Signature;

use crate::state::{Account, key_type};

impl Account {
    /// True, or an error: callers need not look at what is returned.
    pub(crate) fn authenticate(&self, signature: Vec<u8>, message: &[u8]) -> Result<bool> {
        let address = &self.address;
        let sig_type =
            key_type(address).ok_or_else(|| Error::illegal_state("the account has no key"))?;
        let signature = Signature {
            sig_type,
            bytes: signature,
        };
        // A malformed signature is refused by the host; for the caller it is invalid like any other.
        let valid = crypto::verify_signature(&signature, address, message).unwrap_or(false);
        ensure!(
            valid,
            illegal_argument,
            "the signature is not the account's"
        );
        Ok(true)
    }
}
