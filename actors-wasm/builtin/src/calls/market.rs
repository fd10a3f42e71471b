//! Calls to the storage market, f05: what miners tell it about the deals in their sectors. What it is told when sectors' content changes
//! (SectorContentChanged) stands in [`miner`](super::miner), for miners tell others too.

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};

use super::verifreg::AllocationId;
use crate::batch::BatchReturn;
use crate::ids;

/// Method AddBalance.
pub const ADD_BALANCE: MethodNum = 2;
/// Method PublishStorageDeals.
pub const PUBLISH_STORAGE_DEALS: MethodNum = 4;
/// Method VerifyDealsForActivation.
pub const VERIFY_DEALS_FOR_ACTIVATION: MethodNum = 5;
/// Method BatchActivateDeals.
pub const BATCH_ACTIVATE_DEALS: MethodNum = 6;
/// Method OnMinerSectorsTerminate.
pub const ON_MINER_SECTORS_TERMINATE: MethodNum = 7;
/// Method CronTick.
pub const CRON_TICK: MethodNum = 9;

/// Names a deal; given out from 0 on.
pub type DealId = u64;

/// The deals of a sector.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorDeals {
    /// The sector.
    pub sector_number: SectorNumber,
    /// The proof it is sealed with, which tells its size.
    pub sector_type: RegisteredSealProof,
    /// When it expires.
    pub sector_expiry: ChainEpoch,
    /// The deals, in the order of their pieces.
    pub deal_ids: Vec<DealId>,
}

/// Parameters of VerifyDealsForActivation.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyDealsForActivationParams {
    /// Sectors about to be pre-committed.
    pub sectors: Vec<SectorDeals>,
}

/// What VerifyDealsForActivation returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyDealsForActivationReturn {
    /// The commitment to each sector's data (CommD); `None` for a sector without deals.
    pub unsealed_cids: Vec<Option<Cid>>,
}

/// Parameters of BatchActivateDeals.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchActivateDealsParams {
    /// Sectors whose deals begin. A deal that fails makes all of its sector fail, and no other sector.
    pub sectors: Vec<SectorDeals>,
    /// Whether the commitments to the sectors' data are wanted.
    pub compute_cid: bool,
}

/// A deal that was activated.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivatedDeal {
    /// The client.
    pub client: ActorID,
    /// The datacap to claim for it; [`NO_ALLOCATION`](super::verifreg::NO_ALLOCATION) if the deal is not verified.
    pub allocation_id: AllocationId,
    /// The piece.
    pub data: Cid,
    /// Its size.
    pub size: PaddedPieceSize,
}

/// A sector whose deals were activated.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorDealActivation {
    /// Its deals.
    pub activated: Vec<ActivatedDeal>,
    /// The commitment to its data; `None` if it has no deals or nobody asked.
    pub unsealed_cid: Option<Cid>,
}

/// What BatchActivateDeals returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchActivateDealsResult {
    /// What became of each sector.
    pub activation_results: BatchReturn,
    /// Those that succeeded.
    pub activations: Vec<SectorDealActivation>,
}

/// Parameters of OnMinerSectorsTerminate.
#[tuple]
#[derive(Clone, Debug, PartialEq)]
pub struct OnMinerSectorsTerminateParams {
    /// When the sectors ended.
    pub epoch: ChainEpoch,
    /// Which.
    pub sectors: BitField,
}

/// Asks whether deals could begin in sectors of the calling miner, and for the commitments to the sectors' data.
pub fn verify_deals_for_activation(
    params: &VerifyDealsForActivationParams,
) -> Result<Call<VerifyDealsForActivationReturn>> {
    Ok(call(VERIFY_DEALS_FOR_ACTIVATION, encode(params)?))
}

/// Begins the deals in sectors of the calling miner.
pub fn batch_activate_deals(
    params: &BatchActivateDealsParams,
) -> Result<Call<BatchActivateDealsResult>> {
    Ok(call(BATCH_ACTIVATE_DEALS, encode(params)?))
}

/// Ends the deals in sectors of the calling miner before their time.
pub fn on_miner_sectors_terminate(params: &OnMinerSectorsTerminateParams) -> Result<Call<()>> {
    Ok(call(ON_MINER_SECTORS_TERMINATE, encode(params)?))
}

fn call<R>(method: MethodNum, params: Option<IpldBlock>) -> Call<R> {
    Call::new(ids::address(ids::MARKET), method, params)
}
