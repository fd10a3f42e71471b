//! What others ask about who acts for the miner, and how to reach it.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::is_controlling;
use crate::params::{
    GetControlAddressesReturn, GetMultiaddrsReturn, GetOwnerReturn, GetPeerIdReturn,
};
use crate::state::Miner;

impl Miner {
    /// Owner, worker and control addresses.
    pub(crate) fn controllers(&self) -> Result<GetControlAddressesReturn> {
        let info = self.get_info(ActorStore)?;
        Ok(GetControlAddressesReturn {
            owner: info.owner,
            worker: info.worker,
            control_addresses: info.control_addresses,
        })
    }

    /// The owner, and the one proposed.
    pub(crate) fn owners(&self) -> Result<GetOwnerReturn> {
        let info = self.get_info(ActorStore)?;
        Ok(GetOwnerReturn {
            owner: info.owner,
            proposed: info.pending_owner_address,
        })
    }

    /// Whether an address is the owner's, the worker's or a control address; one without an actor is not.
    pub(crate) fn is_controlled_by(&self, ctx: &Context, address: &Address) -> Result<bool> {
        let Some(id) = ctx.resolve(address)? else {
            return Ok(false);
        };
        let info = self.get_info(ActorStore)?;
        Ok(is_controlling(&info, &Address::new_id(id)))
    }

    /// The libp2p peer id.
    pub(crate) fn peer_id(&self) -> Result<GetPeerIdReturn> {
        let peer_id = self.get_info(ActorStore)?.peer_id;
        Ok(GetPeerIdReturn { peer_id })
    }

    /// The multiaddresses.
    pub(crate) fn multiaddrs(&self) -> Result<GetMultiaddrsReturn> {
        let multi_addrs = self.get_info(ActorStore)?.multi_address;
        Ok(GetMultiaddrsReturn { multi_addrs })
    }
}
