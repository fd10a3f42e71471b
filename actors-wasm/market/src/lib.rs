//! The storage market actor, f05: keeps the deals between clients and storage providers, their collateral and their payments (Filecoin spec,
//! "Storage Market Actor"; FIP-0045, FIP-0074, FIP-0076, FIP-0083).
//!
//! Clients and providers put money here. Publishing a deal locks the fee and both collaterals. The deal is activated when the provider proves
//! that the piece is in a sector, and paid for when someone has it settled. A deal that is not activated in time, or whose sector ends before
//! it, costs the provider its collateral.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00, at genesis |
//! | 2, FRC-42 | AddBalance | anyone |
//! | 3, FRC-42 | WithdrawBalance | whose it is; of a miner's, its owner or worker |
//! | 4, FRC-42 | PublishStorageDeals | who controls the provider |
//! | 5 | VerifyDealsForActivation | miners |
//! | 6 | BatchActivateDeals | miners |
//! | 7 | OnMinerSectorsTerminate | miners |
//! | 9 | CronTick | f03 |
//! | FRC-42 | SectorContentChanged | miners |
//! | FRC-42 | SettleDealPayments | anyone |
//! | FRC-42 | GetBalance, GetDealDataCommitment, GetDealClient, GetDealProvider, GetDealLabel, GetDealTerm, GetDealTotalPrice, GetDealClientCollateral, GetDealProviderCollateral, GetDealVerified, GetDealActivation, GetDealSector | anyone |
//!
//! In reading order: [`deal`] (what a deal is), [`rule`] (what holds for deals, without state), [`state`] (balances and deals), `method` (the
//! methods), [`invariants`].

pub mod deal;
mod event;
pub mod invariants;
mod label;
mod method;
pub mod rule;
mod state;
#[cfg(test)]
mod testing;

pub use label::Label;
pub use method::balance::GetBalanceReturn;
pub use method::look::{GetDealActivationReturn, GetDealDataCommitmentReturn, GetDealTermReturn};
pub use method::publish::{
    MarketNotifyDealParams, PublishStorageDealsParams, PublishStorageDealsReturn,
};
pub use method::settle::{DealSettlementSummary, SettleDealPaymentsReturn};
pub use state::{
    BalanceTable, DealOps, DealSet, DealStates, Market, PendingAllocations, PendingProposals,
    Proposals, ProviderSectors, SectorDealIds,
};

use filigree_builtin::calls::market::{
    BatchActivateDealsParams, BatchActivateDealsResult, OnMinerSectorsTerminateParams,
    VerifyDealsForActivationParams, VerifyDealsForActivationReturn,
};
use filigree_builtin::calls::miner::{SectorContentChangedParams, SectorContentChangedReturn};
use filigree_builtin::internal_api;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::sector::SectorNumber;

use deal::DealId;
use method::{activate, balance, cron, look, publish, settle, terminate, verify};

/// A deal that is over and cleaned up, or about to be.
pub const DEAL_EXPIRED: ExitCode = ExitCode::new(32);

/// A deal that has not begun yet.
pub const DEAL_NOT_ACTIVATED: ExitCode = ExitCode::new(33);

/// Money and deals.
#[actor(before = internal_api::check)]
impl Market {
    /// Without any deals.
    #[constructor(by = system)]
    pub fn construct() -> Result<Self> {
        Self::empty(ActorStore)
    }

    /// Adds the value of the call to a balance.
    #[method(2, "AddBalance")]
    pub fn add_balance(ctx: &mut Context, provider_or_client: Address) -> Result<()> {
        balance::add(ctx, &provider_or_client)
    }

    /// Sends so much of a balance, or as much as is not locked, to whom it belongs; gives how much that was.
    #[method(3, "WithdrawBalance")]
    pub fn withdraw_balance(
        ctx: &mut Context,
        provider_or_client: Address,
        amount: TokenAmount,
    ) -> Result<TokenAmount> {
        balance::withdraw(ctx, &provider_or_client, &amount)
    }

    /// Publishes those deals of a batch that can be published.
    #[method(4, "PublishStorageDeals")]
    pub fn publish_storage_deals(
        ctx: &mut Context,
        params: PublishStorageDealsParams,
    ) -> Result<PublishStorageDealsReturn> {
        publish::publish(ctx, params)
    }

    /// Tells the commitments to the data of sectors, if deals could begin in them.
    #[view(5)]
    pub fn verify_deals_for_activation(
        ctx: &Context,
        params: VerifyDealsForActivationParams,
    ) -> Result<VerifyDealsForActivationReturn> {
        verify::verify(ctx, &params)
    }

    /// Begins the deals of sectors that are proven.
    #[method(6)]
    pub fn batch_activate_deals(
        ctx: &mut Context,
        params: BatchActivateDealsParams,
    ) -> Result<BatchActivateDealsResult> {
        activate::batch(ctx, &params)
    }

    /// Ends the deals of sectors that ended.
    #[method(7)]
    pub fn on_miner_sectors_terminate(
        ctx: &mut Context,
        params: OnMinerSectorsTerminateParams,
    ) -> Result<()> {
        terminate::terminate(ctx, &params)
    }

    /// Removes deals that were not activated in time.
    #[method(9)]
    pub fn cron_tick(ctx: &mut Context) -> Result<()> {
        cron::tick(ctx)
    }

    /// Begins the deals of pieces that were added to sectors.
    #[method]
    pub fn sector_content_changed(
        ctx: &mut Context,
        params: SectorContentChangedParams,
    ) -> Result<SectorContentChangedReturn> {
        activate::content_changed(ctx, &params)
    }

    /// Pays for deals up to now.
    #[method]
    pub fn settle_deal_payments(
        ctx: &mut Context,
        deal_ids: BitField,
    ) -> Result<SettleDealPaymentsReturn> {
        settle::settle(ctx, &deal_ids)
    }

    /// What an actor has here.
    #[view]
    pub fn get_balance(&self, ctx: &Context, account: Address) -> Result<GetBalanceReturn> {
        balance::get(self, ctx, &account)
    }

    /// The piece of a deal.
    #[view]
    pub fn get_deal_data_commitment(&self, id: DealId) -> Result<GetDealDataCommitmentReturn> {
        let deal = look::proposal(self, id)?;
        Ok(GetDealDataCommitmentReturn {
            data: deal.piece_cid,
            size: deal.piece_size,
        })
    }

    /// Who pays for a deal.
    #[view]
    pub fn get_deal_client(&self, id: DealId) -> Result<ActorID> {
        Ok(look::proposal(self, id)?.parties()?.client)
    }

    /// Who stores the piece of a deal.
    #[view]
    pub fn get_deal_provider(&self, id: DealId) -> Result<ActorID> {
        Ok(look::proposal(self, id)?.parties()?.provider)
    }

    /// What the client calls a deal.
    #[view]
    pub fn get_deal_label(&self, id: DealId) -> Result<Label> {
        Ok(look::proposal(self, id)?.label)
    }

    /// When a deal begins and how long it lasts.
    #[view]
    pub fn get_deal_term(&self, id: DealId) -> Result<GetDealTermReturn> {
        let deal = look::proposal(self, id)?;
        Ok(GetDealTermReturn {
            start: deal.start_epoch,
            duration: deal.duration(),
        })
    }

    /// What a deal costs in all, attoFIL.
    #[view]
    pub fn get_deal_total_price(&self, id: DealId) -> Result<TokenAmount> {
        Ok(look::proposal(self, id)?.total_storage_fee())
    }

    /// The client's collateral, attoFIL.
    #[view]
    pub fn get_deal_client_collateral(&self, id: DealId) -> Result<TokenAmount> {
        Ok(look::proposal(self, id)?.client_collateral)
    }

    /// The provider's collateral, attoFIL.
    #[view]
    pub fn get_deal_provider_collateral(&self, id: DealId) -> Result<TokenAmount> {
        Ok(look::proposal(self, id)?.provider_collateral)
    }

    /// Whether a deal was published as verified. Allocations and claims are for the verified registry to tell.
    #[view]
    pub fn get_deal_verified(&self, id: DealId) -> Result<bool> {
        Ok(look::proposal(self, id)?.verified_deal)
    }

    /// When a deal was activated, and that it did not end early.
    #[view]
    pub fn get_deal_activation(&self, id: DealId) -> Result<GetDealActivationReturn> {
        look::activation(self, id)
    }

    /// The sector of an activated deal.
    #[view]
    pub fn get_deal_sector(&self, id: DealId) -> Result<SectorNumber> {
        look::sector(self, id)
    }
}

#[cfg(test)]
mod tests;
