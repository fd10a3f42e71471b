//! The built-in actors of a network: names and code CIDs, numbered from 1 in order.

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CborStore;

use crate::{StateError, StateTree, SystemState};

/// Built-in actors by number, name and code.
#[derive(Clone, Debug)]
pub struct Manifest {
    data_cid: Cid,
    entries: Vec<(String, Cid)>,
    account: Cid,
    placeholder: Cid,
    ethaccount: Cid,
}

impl Manifest {
    /// The actors of a bundle, by the CID of the bundle's root: a pair of version (1) and CID of the list.
    pub fn load_bundle(store: &impl Blockstore, root: &Cid) -> Result<Self, StateError> {
        let (version, data_cid): (u32, Cid) = store
            .get_cbor(root)
            .map_err(StateError::Store)?
            .ok_or(StateError::Missing {
                what: "the bundle's manifest",
                cid: *root,
            })?;
        if version != 1 {
            return Err(StateError::ManifestVersion(version));
        }
        Self::load(store, data_cid)
    }

    /// The actors that the system actor of a state names.
    pub fn load_from_state(tree: &StateTree) -> Result<Self, StateError> {
        Self::load(&**tree.store(), SystemState::load(tree)?.builtin_actors)
    }

    fn load(store: &impl Blockstore, data_cid: Cid) -> Result<Self, StateError> {
        let entries: Vec<(String, Cid)> = store
            .get_cbor(&data_cid)
            .map_err(StateError::Store)?
            .ok_or(StateError::Missing {
                what: "the manifest's list of actors",
                cid: data_cid,
            })?;
        let find = |name: &'static str| {
            last_named(&entries, name)
                .copied()
                .ok_or(StateError::MissingCode(name))
        };
        // These three are not needed here, but a network without them cannot run.
        for name in ["system", "init", "eam"] {
            find(name)?;
        }
        Ok(Self {
            account: find("account")?,
            placeholder: find("placeholder")?,
            ethaccount: find("ethaccount")?,
            data_cid,
            entries,
        })
    }

    /// CID of the list of actors, as the system actor's state holds it.
    pub fn data_cid(&self) -> &Cid {
        &self.data_cid
    }

    /// Names and codes, in order.
    pub fn entries(&self) -> &[(String, Cid)] {
        &self.entries
    }

    /// All codes, in order.
    pub fn codes(&self) -> impl Iterator<Item = &Cid> {
        self.entries.iter().map(|(_, code)| code)
    }

    /// The code of an actor by its name, such as `storageminer`.
    pub fn code_named(&self, name: &str) -> Option<&Cid> {
        last_named(&self.entries, name)
    }

    /// The code of an actor by its number, from 1.
    pub fn code_of(&self, number: u32) -> Option<&Cid> {
        let index = number.checked_sub(1)?;
        self.entries.get(index as usize).map(|(_, code)| code)
    }

    /// The number of a code; 0 if it is not a built-in actor's. Of equal codes the last counts.
    pub fn id_of(&self, code: &Cid) -> u32 {
        self.entries
            .iter()
            .rposition(|(_, c)| c == code)
            .map_or(0, |index| index as u32 + 1)
    }

    /// The code of accounts.
    pub fn account_code(&self) -> &Cid {
        &self.account
    }

    /// The code of placeholders.
    pub fn placeholder_code(&self) -> &Cid {
        &self.placeholder
    }

    /// The code of Ethereum accounts.
    pub fn ethaccount_code(&self) -> &Cid {
        &self.ethaccount
    }

    /// Whether `code` is that of accounts.
    pub fn is_account(&self, code: &Cid) -> bool {
        *code == self.account
    }

    /// Whether `code` is that of placeholders.
    pub fn is_placeholder(&self, code: &Cid) -> bool {
        *code == self.placeholder
    }

    /// Whether `code` is that of Ethereum accounts.
    pub fn is_ethaccount(&self, code: &Cid) -> bool {
        *code == self.ethaccount
    }
}

/// Of equal names the last counts.
fn last_named<'a>(entries: &'a [(String, Cid)], name: &str) -> Option<&'a Cid> {
    entries
        .iter()
        .rfind(|(n, _)| n == name)
        .map(|(_, code)| code)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use fvm_ipld_blockstore::MemoryBlockstore;
    use fvm_ipld_encoding::IPLD_RAW;
    use fvm_shared::state::ActorState;
    use multihash_codetable::{Code, MultihashDigest};

    use super::*;
    use crate::WriteBuffer;

    const NAMES: [&str; 7] = [
        "system",
        "init",
        "cron",
        "account",
        "placeholder",
        "eam",
        "ethaccount",
    ];

    fn code(name: &str) -> Cid {
        Cid::new_v1(IPLD_RAW, Code::Blake2b256.digest(name.as_bytes()))
    }

    fn put(store: &WriteBuffer, value: &impl serde::Serialize) -> Cid {
        store.put_cbor(value, Code::Blake2b256).unwrap()
    }

    fn load(names: &[(&str, &str)]) -> Result<Manifest, StateError> {
        let store = WriteBuffer::new(Box::new(MemoryBlockstore::new()));
        let list: Vec<_> = names.iter().map(|(name, of)| (*name, code(of))).collect();
        let data = put(&store, &list);
        let manifest = Manifest::load_bundle(&store, &put(&store, &(1u32, data)))?;
        assert_eq!(manifest.data_cid(), &data);
        Ok(manifest)
    }

    #[test]
    fn numbers_start_at_one() {
        let manifest = load(&NAMES.map(|name| (name, name))).unwrap();
        assert_eq!((manifest.code_of(0), manifest.code_of(8)), (None, None));
        assert_eq!(manifest.id_of(&code("other")), 0);
        for (name, number) in NAMES.iter().zip(1..) {
            assert_eq!(manifest.code_of(number), Some(&code(name)));
            assert_eq!(manifest.id_of(&code(name)), number);
            assert_eq!(manifest.code_named(name), Some(&code(name)));
        }
        assert!(manifest.is_account(&code("account")) && !manifest.is_account(&code("eam")));
        assert!(manifest.is_placeholder(&code("placeholder")));
        assert!(manifest.is_ethaccount(&code("ethaccount")));
        assert_eq!(manifest.codes().count(), 7);
    }

    #[test]
    fn the_last_of_a_name_and_of_a_code_counts() {
        let mut names = NAMES.map(|name| (name, name)).to_vec();
        names.extend([("account", "newer"), ("alias", "cron")]);
        let manifest = load(&names).unwrap();
        assert_eq!(manifest.account_code(), &code("newer"));
        assert_eq!(manifest.code_named("account"), Some(&code("newer")));
        assert_eq!(manifest.id_of(&code("cron")), 9);
        assert_eq!(manifest.code_of(3), Some(&code("cron")));
    }

    #[test]
    fn the_actors_of_the_protocol_are_required() {
        for missing in NAMES {
            let left: Vec<_> = NAMES.into_iter().filter(|name| *name != missing).collect();
            let left: Vec<_> = left.into_iter().map(|name| (name, name)).collect();
            match load(&left) {
                Ok(_) => assert_eq!(missing, "cron"),
                Err(e) => assert!(matches!(e, StateError::MissingCode(name) if name == missing)),
            }
        }
    }

    #[test]
    fn it_is_found_through_the_system_actor() {
        let store = Rc::new(WriteBuffer::new(Box::new(MemoryBlockstore::new())));
        let data = put(&store, &NAMES.map(|name| (name, code(name))));
        let newer = put(&store, &(2u32, data));
        let refused = Manifest::load_bundle(&store, &newer);
        assert!(matches!(refused, Err(StateError::ManifestVersion(2))));

        let mut tree = StateTree::new(Rc::clone(&store)).unwrap();
        let missing = Manifest::load_from_state(&tree);
        assert!(matches!(
            missing,
            Err(StateError::MissingActor("system", 0))
        ));
        let mut actor = ActorState::new_empty(code("system"), None);
        actor.state = put(
            &store,
            &SystemState {
                builtin_actors: data,
            },
        );
        tree.set_actor(0, actor);
        let manifest = Manifest::load_from_state(&tree).unwrap();
        assert_eq!(manifest.id_of(&code("init")), 2);
    }
}
