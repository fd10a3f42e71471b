//! Which network takes proofs of which set. Written once, for those who verify and those who prove.

use crate::file::Set;

/// Chain id of development networks (EIP-155; "local" in the network's list of chains).
pub const DEVNET_CHAIN_ID: u64 = 31_415_926;

/// A network that is no development network was to take what is for development.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "development parameters, whose proofs anyone can forge, are for development networks (chain id \
     {DEVNET_CHAIN_ID}), and this one has chain id {chain_id}; run: filigree params fetch"
)]
pub struct NotADevnet {
    /// Its chain id.
    pub chain_id: u64,
}

impl Set {
    /// Whether the network with a chain id may take proofs of this set: one that is not a devnet refuses the development
    /// set, a devnet may use either.
    ///
    /// # Errors
    ///
    /// If it may not.
    pub const fn allowed_on(self, chain_id: u64) -> Result<(), NotADevnet> {
        match (self, chain_id) {
            (Set::Production, _) | (Set::Development, DEVNET_CHAIN_ID) => Ok(()),
            (Set::Development, chain_id) => Err(NotADevnet { chain_id }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_devnet_takes_the_development_set() {
        assert_eq!(Set::Development.allowed_on(DEVNET_CHAIN_ID), Ok(()));
        assert_eq!(Set::Production.allowed_on(DEVNET_CHAIN_ID), Ok(()));
        // No chain id yet, mainnet, calibnet.
        for chain_id in [0, 314, 314_159] {
            let refused = NotADevnet { chain_id };
            assert_eq!(Set::Development.allowed_on(chain_id), Err(refused));
            assert_eq!(Set::Production.allowed_on(chain_id), Ok(()));
        }
    }
}
