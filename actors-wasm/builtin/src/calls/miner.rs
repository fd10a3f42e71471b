//! What other actors call of a miner, and what a miner tells the actors that care for a sector's data.

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::{RegisteredPoStProof, SectorNumber};

use crate::smooth::FilterEstimate;

/// ControlAddresses.
pub const CONTROL_ADDRESSES: MethodNum = 2;
/// OnDeferredCronEvent.
pub const ON_DEFERRED_CRON_EVENT: MethodNum = 12;
/// ApplyRewards.
pub const APPLY_REWARDS: MethodNum = 14;
/// IsControllingAddress.
pub const IS_CONTROLLING_ADDRESS: MethodNum = method_number!("IsControllingAddress");
/// SectorContentChanged, which miners call of others.
pub const SECTOR_CONTENT_CHANGED: MethodNum = method_number!("SectorContentChanged");

/// Parameters of the constructor; the power actor has the init actor send them.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinerConstructorParams {
    /// Who owns it.
    pub owner: Address,
    /// Whose key signs its blocks and messages.
    pub worker: Address,
    /// Who else may act for it.
    pub control_addresses: Vec<Address>,
    /// The proof it proves with, which tells the size of its sectors.
    pub window_post_proof_type: RegisteredPoStProof,
    /// Its libp2p peer id.
    pub peer_id: Bytes,
    /// Where to reach it.
    pub multi_addresses: Vec<Bytes>,
}

/// Parameters of OnDeferredCronEvent.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeferredCronEventParams {
    /// What the miner enrolled.
    pub event_payload: Bytes,
    /// Reward of an epoch, smoothed, attoFIL.
    pub reward_smoothed: FilterEstimate,
    /// Quality-adjusted power of the network, smoothed, bytes.
    pub quality_adj_power_smoothed: FilterEstimate,
}

/// Parameters of ApplyRewards.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyRewardParams {
    /// What the miner earned, attoFIL; it comes with the call.
    pub reward: TokenAmount,
    /// What it owes, attoFIL.
    pub penalty: TokenAmount,
}

/// What ControlAddresses returns: ids.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetControlAddressesReturn {
    /// Who owns it.
    pub owner: Address,
    /// Whose key signs.
    pub worker: Address,
    /// Who else may act for it.
    pub control_addresses: Vec<Address>,
}

/// Parameters of SectorContentChanged.
#[tuple(transparent)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorContentChangedParams {
    /// Sectors whose content changed, each once.
    pub sectors: Vec<SectorChanges>,
}

/// What changed in a sector.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorChanges {
    /// The sector.
    pub sector: SectorNumber,
    /// Until when at least the data stays.
    pub minimum_commitment_epoch: ChainEpoch,
    /// Pieces that are there now; not always all.
    pub added: Vec<PieceChange>,
}

/// A piece of data in a sector.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceChange {
    /// Its commitment (CommP).
    pub data: Cid,
    /// Its size, bytes.
    pub size: PaddedPieceSize,
    /// What the receiver knows it by: the market, by a deal's id.
    pub payload: RawBytes,
}

/// What SectorContentChanged returns: for each sector, in the same order.
#[tuple(transparent)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorContentChangedReturn {
    /// Of each sector.
    pub sectors: Vec<SectorReturn>,
}

/// What the receiver says of a sector: for each piece, in the same order.
#[tuple(transparent)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorReturn {
    /// Of each piece.
    pub added: Vec<PieceReturn>,
}

/// What the receiver says of a piece.
#[tuple(transparent)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceReturn {
    /// Whether it takes note of it; the miner may go on without.
    pub accepted: bool,
}

/// Owner, worker and control addresses of a miner.
pub fn control_addresses(miner: Address) -> Call<GetControlAddressesReturn> {
    Call::new(miner, CONTROL_ADDRESSES, None)
}

/// Whether an address is a miner's owner, worker or control address.
pub fn is_controlling_address(miner: Address, address: &Address) -> Result<Call<bool>> {
    Ok(Call::new(miner, IS_CONTROLLING_ADDRESS, encode(address)?))
}

/// Runs what a miner enrolled for this epoch.
pub fn on_deferred_cron_event(
    miner: Address,
    params: &DeferredCronEventParams,
) -> Result<Call<()>> {
    Ok(Call::new(miner, ON_DEFERRED_CRON_EVENT, encode(params)?))
}

/// Pays a miner its reward.
pub fn apply_rewards(miner: Address, params: &ApplyRewardParams) -> Result<Call<()>> {
    let call = Call::new(miner, APPLY_REWARDS, encode(params)?);
    Ok(call.value(params.reward.clone()))
}

/// Tells an actor that sectors' content changed.
pub fn sector_content_changed(
    to: Address,
    params: &SectorContentChangedParams,
) -> Result<Call<SectorContentChangedReturn>> {
    Ok(Call::new(to, SECTOR_CONTENT_CHANGED, encode(params)?))
}
