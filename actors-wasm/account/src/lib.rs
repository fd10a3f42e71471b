//! The account actor: an external key, on chain. One is made for a key's address when something is first sent there; the network checks the
//! key's signature on messages from it, so the actor itself has little to do.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00 |
//! | 2 | PubkeyAddress | any built-in actor |
//! | FRC-42 | AuthenticateMessage | anyone |
//! | other FRC-42 | accepted, does nothing (FIP-0055) | anyone |

mod authenticate;
mod state;

pub use state::Account;

use filigree_builtin::internal_api;
use filigree_sdk::prelude::*;

#[actor(before = internal_api::check)]
impl Account {
    /// The account of a key.
    #[constructor(by = system)]
    pub fn construct(address: Address) -> Result<Self> {
        ensure!(
            state::key_type(&address).is_some(),
            illegal_argument,
            "an account has the address of a key"
        );
        Ok(Self { address })
    }

    /// The key's address.
    #[view(2)]
    pub fn pubkey_address(&self) -> Address {
        self.address
    }

    /// Whether the key signed a message; fails unless it did. The signature comes without its type (FIP-0035).
    #[view]
    pub fn authenticate_message(&self, signature: Bytes, message: Bytes) -> Result<bool> {
        self.authenticate(signature.0, &message.0)
    }

    /// Every other method.
    #[fallback]
    pub fn other(
        _ctx: &mut Context,
        method: MethodNum,
        _params: Option<IpldBlock>,
    ) -> Result<Option<IpldBlock>> {
        internal_api::accept_exported(method)
    }
}

#[cfg(test)]
mod tests;
