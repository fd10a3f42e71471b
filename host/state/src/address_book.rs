//! The init actor's state: which id an address has, and which id comes next. The protocol reads it for every message
//! and writes it when value is sent to an address not yet known; all else about the init actor is Wasm.
//!
//! Layout as of actors v3 (network version 10): `[address_map, next_id, network_name]`, the map a HAMT from an
//! address's bytes to its id. f0 addresses are their own ids and not in the map; neither are the singletons. Where
//! users may install code (on no public network) a fourth field keeps that; here it is only carried along.

use std::fmt;

use cid::Cid;
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Payload};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::buffer::WriteBuffer;
use crate::error::{StateError, load, save};
use crate::hamt::{Hamt, HamtError};
use crate::singletons::FIRST_NON_SINGLETON_ID;

/// The init actor's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InitState {
    /// Root of the map from addresses to ids.
    pub address_map: Cid,
    /// The id the next new address gets.
    pub next_id: ActorID,
    /// The name of the network.
    pub network_name: String,
    /// What users installed; `None` where they cannot, or did not yet.
    pub installed_code: Option<Cid>,
}

impl Serialize for InitState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (map, id, name) = (&self.address_map, self.next_id, &self.network_name);
        match &self.installed_code {
            None => (map, id, name).serialize(serializer),
            Some(code) => (map, id, name, code).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for InitState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Fields)
    }
}

/// Reads the array.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = InitState;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an init actor's state, an array of 3 or 4")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<InitState, A::Error> {
        let missing = |at: usize| A::Error::invalid_length(at, &Self);
        Ok(InitState {
            address_map: fields.next_element()?.ok_or_else(|| missing(0))?,
            next_id: fields.next_element()?.ok_or_else(|| missing(1))?,
            network_name: fields.next_element()?.ok_or_else(|| missing(2))?,
            installed_code: fields.next_element()?,
        })
    }
}

impl InitState {
    /// The state of a new network: an empty map, ids from 100 on.
    pub fn new(store: &WriteBuffer, network_name: &str) -> Result<Self, StateError> {
        Ok(Self {
            address_map: Hamt::new().flush(store),
            next_id: FIRST_NON_SINGLETON_ID,
            network_name: network_name.to_owned(),
            installed_code: None,
        })
    }

    fn load(store: &WriteBuffer, cid: &Cid) -> Result<Self, StateError> {
        load(store, cid, "the init actor's state")
    }
}

/// An init actor's state with its map, kept while the state's CID stays the same.
#[derive(Debug)]
pub(crate) struct AddressBook {
    cid: Cid,
    state: InitState,
    map: Hamt,
}

impl AddressBook {
    /// The book at `cid`. Gives `earlier` back if it is the one, or its map if only that is the same.
    pub fn open(store: &WriteBuffer, cid: &Cid, earlier: Option<Self>) -> Result<Self, StateError> {
        match earlier {
            Some(book) if book.cid == *cid => Ok(book),
            earlier => {
                let state = InitState::load(store, cid)?;
                let map = match earlier {
                    Some(book) if book.state.address_map == state.address_map => book.map,
                    _ => Hamt::load(store, &state.address_map).map_err(broken)?,
                };
                Ok(Self {
                    cid: *cid,
                    state,
                    map,
                })
            }
        }
    }

    /// The id of an address, if it has one.
    pub fn resolve(
        &self,
        store: &WriteBuffer,
        address: &Address,
    ) -> Result<Option<ActorID>, StateError> {
        if let &Payload::ID(id) = address.payload() {
            return Ok(Some(id));
        }
        self.map.get(store, &address.to_bytes()).map_err(broken)
    }

    /// Gives an address the next id, also if it had one already; gives the id and the CID of the new state.
    pub fn register(
        &mut self,
        store: &WriteBuffer,
        address: &Address,
    ) -> Result<(ActorID, Cid), StateError> {
        let id = self.state.next_id;
        self.state.next_id = id.checked_add(1).ok_or(StateError::IdsExhausted)?;
        self.map
            .set(store, &address.to_bytes(), &id)
            .map_err(broken)?;
        self.state.address_map = self.map.flush(store);
        self.cid = save(store, &self.state, "the init actor's state")?;
        Ok((id, self.cid))
    }
}

fn broken(source: HamtError) -> StateError {
    StateError::Hamt {
        what: "the init actor's address map",
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use fvm_ipld_blockstore::MemoryBlockstore;
    use fvm_ipld_hamt::BytesKey;

    use super::*;

    fn address(n: u8) -> Address {
        Address::new_secp256k1(&[n; 65]).unwrap()
    }

    #[test]
    fn registers_as_the_oracle_would() {
        let store = Rc::new(WriteBuffer::new(Box::new(MemoryBlockstore::new())));
        let state = InitState::new(&store, "test").unwrap();
        let first = save(&store, &state, "").unwrap();
        let mut book = AddressBook::open(&store, &first, None).unwrap();
        let mut oracle =
            fvm_ipld_hamt::Hamt::<_, ActorID>::new_with_bit_width(Rc::clone(&store), 5);
        for n in 0..20u8 {
            assert_eq!(book.resolve(&store, &address(n)).unwrap(), None);
            let (id, cid) = book.register(&store, &address(n)).unwrap();
            assert_eq!(id, 100 + u64::from(n));
            oracle.set(BytesKey(address(n).to_bytes()), id).unwrap();
            let reread = InitState::load(&store, &cid).unwrap();
            assert_eq!(reread.address_map, oracle.flush().unwrap());
            assert_eq!(reread.next_id, id + 1);
            assert_eq!(reread.network_name, "test");
            assert_eq!(book.resolve(&store, &address(n)).unwrap(), Some(id));
        }
        // An address known already still gets a new id: the caller looks first.
        let (id, cid) = book.register(&store, &address(3)).unwrap();
        assert_eq!(
            (id, book.resolve(&store, &address(3)).unwrap()),
            (120, Some(120))
        );

        let book = AddressBook::open(&store, &cid, Some(book)).unwrap();
        assert_eq!(book.resolve(&store, &address(19)).unwrap(), Some(119));
        let book = AddressBook::open(&store, &first, Some(book)).unwrap();
        assert_eq!(book.resolve(&store, &address(19)).unwrap(), None);
        assert_eq!(book.resolve(&store, &Address::new_id(7)).unwrap(), Some(7));
    }

    #[test]
    fn installed_code_is_carried_along() {
        let store = Rc::new(WriteBuffer::new(Box::new(MemoryBlockstore::new())));
        let mut state = InitState::new(&store, "test").unwrap();
        for (installed, array) in [(None, 0x83), (Some(Cid::default()), 0x84)] {
            state.installed_code = installed;
            let cid = save(&store, &state, "").unwrap();
            assert_eq!(store.read(&cid).unwrap().unwrap()[0], array);
            let mut book = AddressBook::open(&store, &cid, None).unwrap();
            let (_, cid) = book.register(&store, &address(1)).unwrap();
            let reread = InitState::load(&store, &cid).unwrap();
            assert_eq!((reread.installed_code, reread.next_id), (installed, 101));
        }
        let five = save(
            &store,
            &(Cid::default(), 100u64, "", Cid::default(), 1u64),
            "",
        )
        .unwrap();
        assert!(InitState::load(&store, &five).is_err());
    }

    #[test]
    fn ids_run_out_with_an_error() {
        let store = WriteBuffer::new(Box::new(MemoryBlockstore::new()));
        let mut state = InitState::new(&store, "test").unwrap();
        state.next_id = u64::MAX;
        let cid = save(&store, &state, "").unwrap();
        let mut book = AddressBook::open(&store, &cid, None).unwrap();
        assert!(matches!(
            book.register(&store, &address(1)),
            Err(StateError::IdsExhausted)
        ));
    }

    #[test]
    fn a_missing_or_malformed_state_is_named() {
        let store = WriteBuffer::new(Box::new(MemoryBlockstore::new()));
        let wrong = save(&store, &(1u64, 2u64), "").unwrap();
        assert!(matches!(
            AddressBook::open(&store, &wrong, None),
            Err(StateError::Malformed { cid, .. }) if cid == wrong
        ));
        let state = InitState {
            address_map: wrong,
            next_id: 0,
            network_name: String::new(),
            installed_code: None,
        };
        let cid = save(&store, &state, "").unwrap();
        assert!(matches!(
            AddressBook::open(&store, &cid, None),
            Err(StateError::Hamt { .. })
        ));
        let other = WriteBuffer::new(Box::new(MemoryBlockstore::new()));
        assert!(matches!(
            AddressBook::open(&other, &cid, None),
            Err(StateError::Missing { cid: missing, .. }) if missing == cid
        ));
    }
}
