//! Tickets: each block's is the VRF of its parents' smallest, so that the chain has randomness of its own (Filecoin spec,
//! "Tickets").

use filigree_blocks::{BeaconEntry, BlockHeader, Tipset};
use filigree_keys::vrf;
use fvm_ipld_encoding::to_vec;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

use crate::config::ChainConfig;
use crate::draw::{self, Purpose};
use crate::reason::{Field, Reason};

/// What the worker of `miner` signs for the ticket of a block at `epoch` on `parents`. `beacon` is the latest entry: the
/// block's last, or, if it has none, the last before it.
pub fn input(
    config: &ChainConfig,
    miner: &Address,
    epoch: ChainEpoch,
    beacon: &BeaconEntry,
    parents: &Tipset,
) -> [u8; 32] {
    let mut entropy = miner_entropy(miner);
    if config.chains_tickets(epoch) {
        entropy.extend_from_slice(&parents.min_ticket().vrf_proof);
    }
    let epoch = epoch.saturating_sub(config.ticket_lookback_epochs);
    draw::from_base(
        &beacon.signature,
        Purpose::TicketProduction,
        epoch,
        &entropy,
    )
}

/// That a block's ticket is the output of its miner's worker.
pub fn check(
    config: &ChainConfig,
    header: &BlockHeader,
    worker: &Address,
    beacon: &BeaconEntry,
    parents: &Tipset,
) -> Result<(), Reason> {
    let ticket = header.ticket.as_ref();
    let ticket = ticket.ok_or(Reason::Missing(Field::Ticket))?;
    let input = input(config, &header.miner, header.height, beacon, parents);
    if !vrf::holds(worker, &input, &ticket.vrf_proof) {
        return Err(Reason::Ticket { worker: *worker });
    }
    Ok(())
}

/// A miner's address in CBOR, by which its draws differ from those of others.
pub(crate) fn miner_entropy(miner: &Address) -> Vec<u8> {
    to_vec(miner).expect("an address always encodes")
}
