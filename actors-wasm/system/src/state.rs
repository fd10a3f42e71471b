//! The state of the system actor.

use filigree_sdk::prelude::*;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CborStore;

/// Names of built-in actors and their code.
pub type BuiltinActors = Vec<(String, Cid)>;

/// The system actor's state.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// A link to the [`BuiltinActors`].
    pub builtin_actors: Cid,
}

impl System {
    /// The built-in actors.
    pub fn builtin_actors<S: Blockstore>(&self, store: &S) -> Result<BuiltinActors> {
        let list = store.get_cbor(&self.builtin_actors);
        let list =
            list.map_err(|e| Error::illegal_state(format!("the list of built-in actors: {e}")))?;
        list.ok_or_else(|| Error::illegal_state("the list of built-in actors is not in the store"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;

    #[test]
    fn the_list_is_behind_a_link() {
        let store = MemoryBlockstore::new();
        let code = Cid::default();
        let list: BuiltinActors = vec![("system".to_owned(), code)];
        let link = store
            .put_cbor(&list, multihash_codetable::Code::Blake2b256)
            .unwrap();
        assert_eq!(
            System {
                builtin_actors: link
            }
            .builtin_actors(&store),
            Ok(list)
        );
        let lost = System {
            builtin_actors: code,
        };
        assert_eq!(
            lost.builtin_actors(&store).unwrap_err().code,
            ExitCode::USR_ILLEGAL_STATE
        );
    }
}
