//! The state of the init actor: addresses and the ids behind them.

use std::collections::BTreeMap;

use filigree_builtin::{Broken, Invariants, POLICY, ids};
use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;
use fvm_shared::address::Protocol;

/// Ids by address (f1, f2, f3 or f4).
pub type AddressMap = Map<Address, ActorID>;

/// Code that users installed: the link keeps it in the store.
pub type InstalledCode = Map<Cid, Cid>;

/// The init actor's state. See `layout` for how it is encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// The id behind each address.
    pub address_map: AddressMap,
    /// The id of the next actor.
    pub next_id: ActorID,
    /// The network's name.
    pub network_name: String,
    /// Code that users installed; `None` where they cannot.
    pub installed: Option<InstalledCode>,
}

/// The id an address has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// A new one.
    Now(ActorID),
    /// The one that the f4 address had.
    Before(ActorID),
}

impl Assigned {
    /// The id.
    pub fn id(self) -> ActorID {
        match self {
            Self::Now(id) | Self::Before(id) => id,
        }
    }
}

impl Init {
    /// Without any addresses.
    pub(crate) fn empty(network_name: String) -> Result<Self> {
        let installed = match POLICY.user_code {
            true => Some(Map::new()?),
            false => None,
        };
        Ok(Self {
            address_map: Map::new()?,
            next_id: ids::FIRST_NON_SINGLETON,
            network_name,
            installed,
        })
    }

    /// The id behind an address; `None` if it has none.
    pub fn resolve<S: Blocks>(&self, store: S, address: &Address) -> Result<Option<ActorID>> {
        match address.id() {
            Ok(id) => Ok(Some(id)),
            Err(_) => self.address_map.open_in(store)?.get(address),
        }
    }

    /// Gives an id to a new actor's f2 address and, if it has one, its f4 address, which may have an id already. An id is given once: it stays
    /// with the address even if the actor is deleted.
    pub fn assign_id<S: Blocks>(
        &mut self,
        store: S,
        robust: &Address,
        delegated: Option<&Address>,
    ) -> Result<Assigned> {
        let mut map = self.address_map.open_in(store)?;
        let before = match delegated {
            Some(delegated) => map.get(delegated)?,
            None => None,
        };
        let assigned = match before {
            Some(id) => Assigned::Before(id),
            None => {
                let id = self.next_id;
                self.next_id += 1;
                if let Some(delegated) = delegated {
                    map.set(delegated, &id)?;
                }
                Assigned::Now(id)
            }
        };
        let is_new = map.insert(robust, &assigned.id())?;
        ensure!(is_new, forbidden, "the new address has an id already");
        self.address_map = map.close()?;
        Ok(assigned)
    }

    /// What is wrong with the state.
    pub fn check_invariants<S: Blocks>(&self, store: S) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        invariants.require(!self.network_name.is_empty(), "init/network-name", || {
            "it is empty".to_owned()
        });
        invariants.require(
            self.next_id >= ids::FIRST_NON_SINGLETON,
            "init/next-id",
            || format!("{} belongs to the network's own actors", self.next_id),
        );
        let read = self.address_map.open_in(store).and_then(|map| {
            let mut seen = BTreeMap::new();
            map.for_each(|address, id| {
                self.check_entry(&mut invariants, &mut seen, address, id);
                Ok(())
            })
        });
        if let Err(error) = read {
            invariants.require(false, "init/address-map", || error.to_string());
        }
        invariants.into_broken()
    }

    /// An id has one address of its own and perhaps an f4 address beside it; `seen` holds both kinds.
    fn check_entry(
        &self,
        invariants: &mut Invariants,
        seen: &mut BTreeMap<(bool, ActorID), Address>,
        address: Address,
        id: ActorID,
    ) {
        let found = || format!("{address} is f0{id}");
        invariants.require(
            address.protocol() != Protocol::ID,
            "init/key-is-no-id",
            found,
        );
        let range = ids::FIRST_NON_SINGLETON..self.next_id;
        invariants.require(range.contains(&id), "init/id-was-given", found);
        let is_delegated = address.protocol() == Protocol::Delegated;
        if let Some(other) = seen.insert((is_delegated, id), address) {
            invariants.require(false, "init/one-address", || {
                format!("{address} and {other} are f0{id}")
            });
        }
    }
}

/// Code of users.
impl Init {
    /// Whether users installed this code.
    pub fn is_installed<S: Blocks>(&self, store: S, code: &Cid) -> Result<bool> {
        match &self.installed {
            Some(installed) => installed.open_in(store)?.contains(code),
            None => Ok(false),
        }
    }

    /// Notes that users installed this code; gives whether that is new.
    pub fn install<S: Blocks>(&mut self, store: S, code: Cid) -> Result<bool> {
        let mut installed = match &self.installed {
            Some(installed) => installed.open_in(store)?,
            None => OpenMap::empty(store),
        };
        let is_new = installed.insert(&code, &code)?;
        self.installed = Some(installed.close()?);
        Ok(is_new)
    }
}

#[cfg(test)]
mod tests;
