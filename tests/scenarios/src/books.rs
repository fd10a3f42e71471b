//! What no state tells: what was put on the stage by hand, and in whose names something was said. The invariants between actors need it.

use std::collections::{BTreeMap, BTreeSet};

use fvm_shared::ActorID;
use fvm_shared::econ::TokenAmount;

/// What happened on a stage beside its messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// All the money there is, burnt funds included, attoFIL: that of the first state, and what was made by hand since.
    pub supply: TokenAmount,
    /// What the power actor counts as pledged by miners that are not on the stage, attoFIL.
    pub pledged_elsewhere: TokenAmount,
    /// What each miner had to lock at its creation (FIP-0077), attoFIL. The power actor is not told of it then, but of what vests of it.
    pub deposits: BTreeMap<ActorID, TokenAmount>,
    /// Miners in whose names messages came from outside: what others note of them is not what they are.
    pub impersonated: BTreeSet<ActorID>,
}
