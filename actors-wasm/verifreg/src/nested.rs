//! Maps of maps: what belongs to an actor by its id, then each of it by its own. An actor that has nothing has no entry.

use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A map of maps, as it stands in state.
pub type Nested<V> = Map<ActorID, Map<u64, V>>;

/// A map of maps, open. An owner's map is read once and written at the end, if it has changed.
pub struct OpenNested<S, V> {
    store: S,
    outer: OpenMap<S, ActorID, Map<u64, V>>,
    /// In the order of their owners.
    inner: Vec<Inner<S, V>>,
}

struct Inner<S, V> {
    owner: ActorID,
    map: OpenMap<S, u64, V>,
    is_changed: bool,
}

impl<S: Blocks + Copy, V: Serialize + DeserializeOwned> OpenNested<S, V> {
    /// Opens a map of maps.
    pub fn open(nested: &Nested<V>, store: S) -> Result<Self> {
        Ok(Self {
            store,
            outer: nested.open_in(store)?,
            inner: Vec::new(),
        })
    }

    fn of(&mut self, owner: ActorID) -> Result<&mut Inner<S, V>> {
        let at = match self.inner.binary_search_by_key(&owner, |inner| inner.owner) {
            Ok(at) => at,
            Err(at) => {
                let map = match self.outer.get(&owner)? {
                    Some(map) => map.open_in(self.store)?,
                    None => OpenMap::empty(self.store),
                };
                let inner = Inner {
                    owner,
                    map,
                    is_changed: false,
                };
                self.inner.insert(at, inner);
                at
            }
        };
        Ok(&mut self.inner[at])
    }

    /// One of an owner's values.
    pub fn get(&mut self, owner: ActorID, id: u64) -> Result<Option<V>> {
        self.of(owner)?.map.get(&id)
    }

    /// Sets one of an owner's values.
    pub fn set(&mut self, owner: ActorID, id: u64, value: &V) -> Result<()> {
        let inner = self.of(owner)?;
        inner.is_changed = true;
        inner.map.set(&id, value)
    }

    /// Sets a value that the owner does not have yet; tells whether it had none.
    pub fn insert(&mut self, owner: ActorID, id: u64, value: &V) -> Result<bool> {
        let inner = self.of(owner)?;
        inner.is_changed = true;
        inner.map.insert(&id, value)
    }

    /// Takes a value from its owner, if it has it.
    pub fn remove(&mut self, owner: ActorID, id: u64) -> Result<Option<V>> {
        let inner = self.of(owner)?;
        inner.is_changed = true;
        inner.map.remove(&id)
    }

    /// Visits an owner's values, in the order of their keys' hashes.
    pub fn for_each_of(
        &mut self,
        owner: ActorID,
        visit: impl FnMut(u64, V) -> Result<()>,
    ) -> Result<()> {
        self.of(owner)?.map.for_each(visit)
    }

    /// Writes what changed.
    pub fn close(mut self) -> Result<Nested<V>> {
        for inner in self.inner {
            if !inner.is_changed {
                continue;
            }
            if inner.map.is_empty() {
                self.outer.remove(&inner.owner)?;
            } else {
                self.outer.set(&inner.owner, &inner.map.close()?)?;
            }
        }
        self.outer.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;

    #[test]
    fn owners_of_nothing_have_no_entry() {
        let store = MemoryBlockstore::new();
        let nothing: Nested<u64> = OpenMap::empty(&store).close().unwrap();
        let mut open = OpenNested::open(&nothing, &store).unwrap();
        assert_eq!(open.get(7, 1), Ok(None));
        assert_eq!(open.remove(8, 1), Ok(None));
        open.set(7, 1, &10).unwrap();
        assert_eq!(open.insert(7, 1, &11), Ok(false));
        assert_eq!(open.insert(5, 2, &12), Ok(true));
        let some = open.close().unwrap();

        let mut open = OpenNested::open(&some, &store).unwrap();
        assert_eq!(
            (open.get(7, 1), open.get(5, 2)),
            (Ok(Some(10)), Ok(Some(12)))
        );
        assert_eq!(open.get(5, 1), Ok(None));
        let outer = some.open_in(&store).unwrap();
        assert!(!outer.contains(&8).unwrap());
        assert_eq!(open.remove(7, 1), Ok(Some(10)));
        assert_eq!(open.remove(5, 2), Ok(Some(12)));
        assert_eq!(open.close(), Ok(nothing));
    }

    #[test]
    fn an_owners_values_are_visited() {
        let store = MemoryBlockstore::new();
        let mut open = OpenNested::open(&OpenMap::empty(&store).close().unwrap(), &store).unwrap();
        for id in 0..50 {
            open.set(id % 3, id, &(id * 2)).unwrap();
        }
        let mut seen = Vec::new();
        open.for_each_of(2, |id, value| {
            seen.push((id, value));
            Ok(())
        })
        .unwrap();
        seen.sort_unstable();
        let expected: Vec<(u64, u64)> = (0..50)
            .filter(|id| id % 3 == 2)
            .map(|id| (id, id * 2))
            .collect();
        assert_eq!(seen, expected);
    }
}
