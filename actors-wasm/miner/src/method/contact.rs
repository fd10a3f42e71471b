//! How to reach the miner.

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::require_controlling;
use crate::state::Miner;
use crate::types::MinerInfo;

impl Miner {
    /// Sets the libp2p peer id.
    pub(crate) fn set_peer_id(&mut self, ctx: &Context, peer_id: Bytes) -> Result<()> {
        check_peer_id(&peer_id)?;
        self.set_contact(ctx, |info| info.peer_id = peer_id)
    }

    /// Sets the multiaddresses.
    pub(crate) fn set_multiaddrs(&mut self, ctx: &Context, addresses: Vec<Bytes>) -> Result<()> {
        check_multiaddrs(&addresses)?;
        self.set_contact(ctx, |info| info.multi_address = addresses)
    }

    fn set_contact(&mut self, ctx: &Context, set: impl FnOnce(&mut MinerInfo)) -> Result<()> {
        let mut info = self.get_info(ActorStore)?;
        require_controlling(ctx, &info)?;
        set(&mut info);
        self.save_info(ActorStore, &info)
    }
}

/// Fails if a peer id is too long.
pub(crate) fn check_peer_id(id: &Bytes) -> Result<()> {
    ensure!(
        id.0.len() <= POLICY.max_peer_id_length,
        illegal_argument,
        "a peer id of {} bytes, at most {} are allowed",
        id.0.len(),
        POLICY.max_peer_id_length
    );
    Ok(())
}

/// Fails if a multiaddress is empty, or all of them are too long.
pub(crate) fn check_multiaddrs(addresses: &[Bytes]) -> Result<()> {
    ensure!(
        addresses.iter().all(|address| !address.0.is_empty()),
        illegal_argument,
        "an empty multiaddress"
    );
    let total: usize = addresses.iter().map(|address| address.0.len()).sum();
    ensure!(
        total <= POLICY.max_multiaddr_data,
        illegal_argument,
        "multiaddresses of {total} bytes, at most {} are allowed",
        POLICY.max_multiaddr_data
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_short() {
        let bytes = |len| Bytes(vec![1; len]);
        assert_eq!(check_peer_id(&bytes(0)), Ok(()));
        assert_eq!(check_peer_id(&bytes(128)), Ok(()));
        assert!(check_peer_id(&bytes(129)).is_err());
        assert_eq!(check_multiaddrs(&[]), Ok(()));
        assert_eq!(check_multiaddrs(&[bytes(1_000), bytes(24)]), Ok(()));
        assert!(check_multiaddrs(&[bytes(1_000), bytes(25)]).is_err());
        assert!(check_multiaddrs(&[bytes(1), bytes(0)]).is_err());
    }
}
