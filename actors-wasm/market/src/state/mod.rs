//! The state of the market: its layout here; [`balance`] (who has how much), [`open`] (the collections of deals, while they are used),
//! [`settlement`] (what happens to a deal in time), [`queue`] (when cron looks), [`sectors`] (which deals a sector has).

pub(crate) mod balance;
pub(crate) mod open;
pub(crate) mod queue;
pub(crate) mod sectors;
pub(crate) mod settlement;

use filigree_builtin::calls::verifreg::AllocationId;
use filigree_sdk::collections::{Blocks, OpenArray, OpenMap};
use filigree_sdk::prelude::*;
use fvm_shared::clock::EPOCH_UNDEFINED;
use fvm_shared::sector::SectorNumber;

use crate::deal::{DealId, DealProposal, DealState};

/// Proposals by deal.
pub type Proposals = Array<DealProposal, 5>;

/// States by deal.
pub type DealStates = Array<DealState, 6>;

/// A set of CIDs of proposals.
pub type PendingProposals = Map<Cid, ()>;

/// Amounts by address, which is an id; attoFIL.
pub type BalanceTable = Map<Address, TokenAmount, 6>;

/// Sets of deals by epoch.
pub type DealOps = Map<ChainEpoch, DealSet>;

/// A set of deals.
pub type DealSet = Map<DealId, ()>;

/// Datacap by deal.
pub type PendingAllocations = Map<DealId, AllocationId>;

/// Deals of a provider by sector, sorted.
pub type SectorDealIds = Map<SectorNumber, Vec<DealId>>;

/// Deals in sectors by provider.
pub type ProviderSectors = Map<ActorID, SectorDealIds>;

/// The market's state.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// Deals that were published and not cleaned up since.
    pub proposals: Proposals,
    /// Those of them that were activated.
    pub states: DealStates,
    /// The CIDs of proposals that may not be published again yet.
    pub pending_proposals: PendingProposals,
    /// What everyone has here, locked or not.
    pub escrow_table: BalanceTable,
    /// How much of it is locked.
    pub locked_table: BalanceTable,
    /// The id of the next deal.
    pub next_id: DealId,
    /// The deals that cron looks at, by epoch.
    pub deal_ops_by_epoch: DealOps,
    /// The last epoch whose deals cron has looked at; −1 before the first.
    pub last_cron: ChainEpoch,
    /// What clients have locked as collateral, attoFIL.
    pub total_client_locked_collateral: TokenAmount,
    /// What providers have locked as collateral, attoFIL.
    pub total_provider_locked_collateral: TokenAmount,
    /// What clients have locked to pay with, attoFIL.
    pub total_client_storage_fee: TokenAmount,
    /// Datacap allocated to deals that are not activated yet.
    pub pending_deal_allocation_ids: PendingAllocations,
    /// The deals in each provider's sectors.
    pub provider_sectors: ProviderSectors,
}

impl Market {
    /// Without any deals.
    pub fn empty<S: Blocks + Clone>(store: S) -> Result<Self> {
        // Empty maps are all alike.
        let empty = *OpenMap::<S, u64, u64>::empty(store.clone()).close()?.root();
        Ok(Self {
            proposals: OpenArray::empty(store.clone()).close()?,
            states: OpenArray::empty(store).close()?,
            pending_proposals: Map::from_root(empty),
            escrow_table: Map::from_root(empty),
            locked_table: Map::from_root(empty),
            next_id: 0,
            deal_ops_by_epoch: Map::from_root(empty),
            last_cron: EPOCH_UNDEFINED,
            total_client_locked_collateral: TokenAmount::default(),
            total_provider_locked_collateral: TokenAmount::default(),
            total_client_storage_fee: TokenAmount::default(),
            pending_deal_allocation_ids: Map::from_root(empty),
            provider_sectors: Map::from_root(empty),
        })
    }
}
