//! Deals on a stage: proposed and signed by clients, published and activated by miners.

use filigree_actor_market::deal::{ClientDealProposal, DealId, DealProposal};
use filigree_actor_market::{
    GetBalanceReturn, Label, Market, MarketClient, PublishStorageDealsParams,
    PublishStorageDealsReturn,
};
use filigree_actor_miner::params::{DataActivationNotification, PieceActivationManifest};
use filigree_builtin::calls::market::{
    BatchActivateDealsParams, BatchActivateDealsResult, SectorDeals,
};
use filigree_builtin::ids;
use filigree_sandbox::{Account, Outcome, Who};
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;

use crate::onboard::{DAY, Provider, fil, piece_cid};
use crate::stage::Stage;

/// How long deals last here, epochs.
pub(crate) const DURATION: ChainEpoch = 200 * DAY;

/// How long after their proposal they begin, epochs.
pub(crate) const AHEAD: ChainEpoch = 1_000;

/// The storage market.
pub(crate) fn market() -> MarketClient {
    MarketClient::at(ids::address(ids::MARKET))
}

/// The market's state.
pub(crate) fn market_state(stage: &Stage) -> Market {
    stage.state(ids::MARKET)
}

/// Adds FIL to a balance in the market.
#[track_caller]
pub(crate) fn add_balance(stage: &mut Stage, payer: Account, holder: impl Who, amount: u64) {
    let add = market().add_balance(holder.address()).value(fil(amount));
    stage.call(payer, add).ok();
}

/// A new client with so many FIL in the market.
#[track_caller]
pub(crate) fn customer(stage: &mut Stage, amount: u64) -> Account {
    let client = stage.account(amount + 1_000);
    add_balance(stage, client, client, amount);
    client
}

/// A new miner with 100 FIL in the market.
#[track_caller]
pub(crate) fn storer(stage: &mut Stage) -> Provider {
    let provider = Provider::new(stage);
    let miner = provider.client.address;
    add_balance(stage, provider.owner, miner, 100);
    provider
}

/// What an actor has in the market.
#[track_caller]
pub(crate) fn balance_of(stage: &Stage, who: ActorID) -> GetBalanceReturn {
    let state = market_state(stage);
    let amount = |table: filigree_actor_market::BalanceTable| {
        let open = table.open_in(stage.store());
        let amount = open.and_then(|table| table.get(&Address::new_id(who)));
        amount
            .expect("the balances can be read")
            .unwrap_or_default()
    };
    GetBalanceReturn {
        balance: amount(state.escrow_table),
        locked: amount(state.locked_table),
    }
}

/// What a client proposes to a miner: another for each number. It costs 0.0576 FIL, and each has collateral.
pub(crate) fn proposal(
    stage: &Stage,
    client: Account,
    provider: &Provider,
    number: u64,
) -> DealProposal {
    let start_epoch = stage.epoch() + AHEAD;
    DealProposal {
        piece_cid: piece_cid(number),
        piece_size: PaddedPieceSize(1 << 30),
        verified_deal: false,
        client: client.address,
        provider: provider.client.address,
        label: Label::Text(format!("deal {number}")),
        start_epoch,
        end_epoch: start_epoch + DURATION,
        storage_price_per_epoch: TokenAmount::from_nano(100),
        provider_collateral: fil(2),
        client_collateral: fil(1),
    }
}

/// A proposal signed by an account.
pub(crate) fn signed(proposal: DealProposal, by: Account) -> ClientDealProposal {
    let bytes = RawBytes::serialize(&proposal).expect("a proposal encodes");
    ClientDealProposal {
        client_signature: by.sign(&bytes),
        proposal,
    }
}

/// Has the miner's worker publish deals.
pub(crate) fn publish(
    stage: &mut Stage,
    provider: &Provider,
    deals: Vec<ClientDealProposal>,
) -> Outcome<PublishStorageDealsReturn> {
    let params = PublishStorageDealsParams { deals };
    stage.call(provider.worker, market().publish_storage_deals(params))
}

/// Publishes deals with these numbers of one client.
#[track_caller]
pub(crate) fn published(
    stage: &mut Stage,
    client: Account,
    provider: &Provider,
    numbers: impl IntoIterator<Item = u64>,
) -> Vec<DealId> {
    let deals = numbers.into_iter().map(|number| {
        let proposal = proposal(stage, client, provider, number);
        signed(proposal, client)
    });
    let deals = deals.collect();
    publish(stage, provider, deals).ok().ids
}

/// The piece of a deal, of which the market is told.
pub(crate) fn deal_piece(number: u64, size: u64, deal: DealId) -> PieceActivationManifest {
    PieceActivationManifest {
        cid: piece_cid(number),
        size: PaddedPieceSize(size),
        verified_allocation_key: None,
        notify: vec![DataActivationNotification {
            address: ids::address(ids::MARKET),
            payload: RawBytes::serialize(deal).expect("a number encodes"),
        }],
    }
}

/// The deals of a sector that lasts as long as they may.
pub(crate) fn sector_deals(
    stage: &Stage,
    provider: &Provider,
    sector: u64,
    deals: &[DealId],
) -> SectorDeals {
    SectorDeals {
        sector_number: sector,
        sector_type: provider.seal,
        sector_expiry: stage.epoch() + AHEAD + DURATION,
        deal_ids: deals.to_vec(),
    }
}

/// Activates deals in the miner's name, sector by sector.
pub(crate) fn activate(
    stage: &mut Stage,
    provider: &Provider,
    sectors: Vec<SectorDeals>,
) -> Outcome<BatchActivateDealsResult> {
    let params = BatchActivateDealsParams {
        sectors,
        compute_cid: true,
    };
    stage.implicit(provider.id, market().batch_activate_deals(params))
}

/// Publishes deals with numbers from 1 on, and activates them, all in one sector of that number.
#[track_caller]
pub(crate) fn active(
    stage: &mut Stage,
    client: Account,
    provider: &Provider,
    sector: u64,
    count: u64,
) -> Vec<DealId> {
    let first = sector * 1_000;
    let ids = published(stage, client, provider, first..first + count);
    let sectors = vec![sector_deals(stage, provider, sector, &ids)];
    let done = activate(stage, provider, sectors).ok();
    assert!(done.activation_results.all_ok());
    ids
}
