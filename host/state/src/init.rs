//! State of the init actor, f01: the id behind every other kind of address.
//!
//! The protocol reads it natively when it resolves an address, and writes it when a send creates an actor.

use std::rc::Rc;

use cid::Cid;
use fvm_ipld_encoding::CborStore;
use fvm_ipld_encoding::tuple::{Deserialize_tuple, Serialize_tuple};
use fvm_ipld_hamt::Hamt;
use fvm_shared::address::Address;
use fvm_shared::{ActorID, HAMT_BIT_WIDTH};
use multihash_codetable::Code;

use crate::{StateError, WriteBuffer};

/// First id after those of the singletons.
const FIRST_NON_SINGLETON_ID: ActorID = 100;

/// The init actor's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize_tuple, Deserialize_tuple)]
pub struct InitState {
    /// HAMT from address bytes to id.
    pub address_map: Cid,
    /// The next id to give out.
    pub next_id: ActorID,
    /// The network's name.
    pub network_name: String,
}

impl InitState {
    /// A state without addresses.
    pub fn new(store: &Rc<WriteBuffer>, network_name: &str) -> Result<Self, StateError> {
        let mut map: Hamt<_, ActorID> = Hamt::new_with_bit_width(Rc::clone(store), HAMT_BIT_WIDTH);
        Ok(Self {
            address_map: map.flush().map_err(address_map)?,
            next_id: FIRST_NON_SINGLETON_ID,
            network_name: network_name.to_owned(),
        })
    }
}

/// The init actor's state, decoded, as long as its CID stays the same.
pub(crate) struct AddressBook {
    /// CID of the state this was read from.
    pub cid: Cid,
    state: InitState,
    map: Hamt<Rc<WriteBuffer>, ActorID>,
}

impl AddressBook {
    pub fn load(store: &Rc<WriteBuffer>, cid: Cid) -> Result<Self, StateError> {
        let state: InitState = store
            .get_cbor(&cid)
            .map_err(StateError::Store)?
            .ok_or(StateError::Missing {
                what: "the init actor's state",
                cid,
            })?;
        let map =
            Hamt::load_with_bit_width(&state.address_map, Rc::clone(store), HAMT_BIT_WIDTH)
                .map_err(address_map)?;
        Ok(Self { cid, state, map })
    }

    pub fn id_of(&self, address: &Address) -> Result<Option<ActorID>, StateError> {
        Ok(self.map.get(&address.to_bytes()).map_err(address_map)?.copied())
    }

    /// Gives an address the next id and writes the new state.
    pub fn assign(&mut self, address: &Address) -> Result<ActorID, StateError> {
        let id = self.state.next_id;
        self.map
            .set(address.to_bytes().into(), id)
            .map_err(address_map)?;
        self.state.next_id = id + 1;
        self.state.address_map = self.map.flush().map_err(address_map)?;
        self.cid = self
            .map
            .store()
            .put_cbor(&self.state, Code::Blake2b256)
            .map_err(StateError::Store)?;
        Ok(id)
    }
}

fn address_map(source: fvm_ipld_hamt::Error) -> StateError {
    StateError::Hamt {
        what: "the init actor's address map",
        source,
    }
}
