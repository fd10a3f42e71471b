//! State of the system actor, f00: which built-in actors the network runs.

use cid::Cid;
use fvm_ipld_encoding::CborStore;
use fvm_ipld_encoding::tuple::{Deserialize_tuple, Serialize_tuple};

use crate::singletons::SYSTEM_ACTOR_ID;
use crate::{StateError, StateTree};

/// The system actor's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize_tuple, Deserialize_tuple)]
pub struct SystemState {
    /// CID of the manifest's list of actors.
    pub builtin_actors: Cid,
}

impl SystemState {
    /// Reads it from a state tree.
    pub fn load(tree: &StateTree) -> Result<Self, StateError> {
        let actor = tree
            .get_actor(SYSTEM_ACTOR_ID)?
            .ok_or(StateError::MissingActor("system", SYSTEM_ACTOR_ID))?;
        tree.store()
            .get_cbor(&actor.state)
            .map_err(StateError::Store)?
            .ok_or(StateError::Missing {
                what: "the system actor's state",
                cid: actor.state,
            })
    }
}
