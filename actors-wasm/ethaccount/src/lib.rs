//! The Ethereum account actor: an external Ethereum key, on chain (FIP-0055). A placeholder at an f410f address becomes one when the key first
//! sends a message; the network does that, so the constructor is never called. It has no state.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00 |
//! | any FRC-42 | accepted, does nothing (FIP-0055) | anyone |

use filigree_builtin::{ids, internal_api};
use filigree_sdk::prelude::*;
use fvm_shared::address::Payload;

/// An Ethereum account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EthAccount;

#[actor(stateless, before = internal_api::check)]
impl EthAccount {
    /// Checks that it lives at an f410f address.
    #[constructor(by = system)]
    pub fn construct(ctx: &Context) -> Result<()> {
        check_address(ctx.delegated_address(ctx.receiver())?)
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

/// Fails unless the address is one of an Ethereum key.
fn check_address(address: Option<Address>) -> Result<()> {
    let namespace = match address.map(|address| *address.payload()) {
        Some(Payload::Delegated(delegated)) => Some(delegated.namespace()),
        _ => None,
    };
    ensure!(
        namespace == Some(ids::EAM),
        illegal_argument,
        "an Ethereum account has an f410f address"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ethereum_addresses() {
        let delegated = |namespace| Address::new_delegated(namespace, &[1; 20]).ok();
        assert_eq!(check_address(delegated(ids::EAM)), Ok(()));
        for other in [None, delegated(11), Some(Address::new_id(ids::EAM))] {
            assert_eq!(
                check_address(other).unwrap_err().code,
                ExitCode::USR_ILLEGAL_ARGUMENT
            );
        }
    }
}
