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
            last_named(&entries, name).ok_or(StateError::MissingCode(name))
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
        self.entries
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, code)| code)
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

fn last_named(entries: &[(String, Cid)], name: &str) -> Option<Cid> {
    entries
        .iter()
        .rev()
        .find(|(n, _)| n == name)
        .map(|(_, code)| *code)
}
