//! What the chain asks of state, which it does not read itself. `node/state` answers.

use anyhow::Result;
use cid::Cid;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;

/// A reader of state trees.
pub trait States: Send + Sync {
    /// The network's quality-adjusted power in a state, in bytes: what chains are weighed by.
    ///
    /// # Errors
    /// When the state is missing or damaged.
    fn total_power(&self, state: &Cid) -> Result<BigInt>;

    /// The id of the actor at an address in a state; none if there is none.
    ///
    /// # Errors
    /// When the state is missing or damaged.
    fn resolve(&self, state: &Cid, address: &Address) -> Result<Option<ActorID>>;
}
