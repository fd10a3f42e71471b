//! The system actor, f00. Block rewards, cron and new accounts are called in its name; it sends nothing itself. Its state lists
//! the code of the built-in actors, for nodes to read: the manifest of the network (FIP-0031).
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00, at genesis |

mod invariants;
mod state;

pub use state::{BuiltinActors, System};

use filigree_builtin::internal_api;
use filigree_sdk::prelude::*;
use filigree_sdk::store;

#[actor(before = internal_api::check)]
impl System {
    /// With an empty list; nodes fill it in at genesis and when actors are upgraded.
    #[constructor(by = system)]
    pub fn construct() -> Result<Self> {
        let nothing: BuiltinActors = Vec::new();
        Ok(Self {
            builtin_actors: store::save(&nothing)?,
        })
    }
}

#[cfg(test)]
mod tests;
