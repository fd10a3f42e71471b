//! The state of the datacap actor.

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;

use crate::ledger::Ledger;

/// The datacap actor's state.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datacap {
    /// Who makes tokens, by id: the verified registry.
    pub governor: Address,
    /// Who has what.
    pub token: Ledger,
}

impl Datacap {
    /// Without any tokens.
    pub fn governed_by<S: Blocks + Clone>(store: S, governor: Address) -> Result<Self> {
        Ok(Self {
            governor,
            token: Ledger::empty(store)?,
        })
    }

    /// Whether an actor is the governor.
    pub(crate) fn is_governor(&self, id: ActorID) -> bool {
        self.governor == Address::new_id(id)
    }

    /// Fails unless the governor called.
    pub(crate) fn require_governor(&self, ctx: &Context) -> Result<()> {
        let caller = ctx.caller();
        ensure!(
            self.is_governor(caller),
            forbidden,
            "f0{caller} is not the governor"
        );
        Ok(())
    }
}
