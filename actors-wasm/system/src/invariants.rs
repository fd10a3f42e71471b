//! What is wrong with the state of the system actor.

use std::collections::BTreeSet;

use filigree_builtin::{Broken, Invariants};
use fvm_ipld_blockstore::Blockstore;

use crate::state::System;

impl System {
    /// What is wrong with the state. Two names may have the same code, and the list is empty until the network fills it in.
    pub fn check_invariants<S: Blockstore>(&self, store: &S) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        let actors = match self.builtin_actors(store) {
            Ok(actors) => actors,
            Err(error) => {
                invariants.require(false, "system/list", || error.to_string());
                return invariants.into_broken();
            }
        };
        let mut names = BTreeSet::new();
        for (i, (name, code)) in actors.iter().enumerate() {
            invariants.require(!name.is_empty(), "system/name", || {
                format!("entry {i}, with code {code}, has none")
            });
            invariants.require(names.insert(name), "system/one-entry", || {
                format!("entry {i} is another {name}")
            });
        }
        invariants.into_broken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::BuiltinActors;
    use filigree_sdk::prelude::Cid;
    use fvm_ipld_blockstore::MemoryBlockstore;
    use fvm_ipld_encoding::CborStore;
    use multihash_codetable::Code;

    fn names_of_broken(names: &[&str]) -> Vec<&'static str> {
        let store = MemoryBlockstore::new();
        let code = Cid::default();
        let list: BuiltinActors = names.iter().map(|name| ((*name).into(), code)).collect();
        let builtin_actors = store.put_cbor(&list, Code::Blake2b256).unwrap();
        let broken = System { builtin_actors }.check_invariants(&store);
        broken.iter().map(|broken| broken.name).collect()
    }

    #[test]
    fn invariants_are_told_by_name() {
        assert!(names_of_broken(&[]).is_empty());
        assert!(names_of_broken(&["system", "init"]).is_empty());
        assert_eq!(names_of_broken(&["system", ""]), ["system/name"]);
        let twice = names_of_broken(&["init", "system", "init"]);
        assert_eq!(twice, ["system/one-entry"]);
        let both = names_of_broken(&["", ""]);
        assert_eq!(both, ["system/name", "system/name", "system/one-entry"]);
    }

    #[test]
    fn a_list_that_is_none_is_told() {
        let store = MemoryBlockstore::new();
        let text = store.put_cbor(&"init", Code::Blake2b256).unwrap();
        for builtin_actors in [Cid::default(), text] {
            let broken = System { builtin_actors }.check_invariants(&store);
            assert_eq!(broken.len(), 1);
            assert_eq!(broken[0].name, "system/list");
        }
    }
}
