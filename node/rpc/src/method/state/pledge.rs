//! What is put down as security: by a new miner, for a sector, for a deal.

use filigree_actor_market::deal::DealProposal;
use filigree_actor_miner::monies;
use filigree_actor_miner::power::qa_power_for_weight;
use filigree_blocks::{Tipset, TipsetKey};
use filigree_node_state::view::View;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

use super::actors::require_id;
use crate::error::{Reply, RpcError};
use crate::json::market::DealCollateralBounds;
use crate::json::miner::SectorPreCommitInfo;
use crate::methods;
use crate::services::Services;

/// All FIL that there will ever be: what a collateral may be at most.
const TOTAL_FIL: u64 = 2_000_000_000;

methods! { Filecoin:
    /// What a new miner deposits (FIP-0077).
    [read] StateMinerCreationDeposit(tipset: TipsetKey) -> TokenAmount = creation_deposit;

    /// What is pledged for a sector with deals, and a tenth more.
    [read] StateMinerInitialPledgeCollateral(
        miner: Address,
        /// Its deals, its expiration and the type of its seal count.
        sector: SectorPreCommitInfo,
        tipset: TipsetKey,
    ) -> TokenAmount = pledge_with_deals;

    /// What a provider gives as security for a deal: at least, and a tenth more, and at most.
    [read] StateDealProviderCollateralBounds(
        /// Bytes of the piece, with padding.
        size: u64,
        /// Whether it is verified; it makes no difference.
        verified: bool,
        tipset: TipsetKey,
    ) -> DealCollateralBounds = deal_bounds;
}

/// A tenth more: what it is changes until the message is on chain.
pub(super) fn with_margin(amount: TokenAmount) -> TokenAmount {
    (amount * 110_u64).div_floor(100_u64)
}

/// What is pledged for power.
pub(super) fn pledge(
    services: &Services,
    tipset: &Tipset,
    view: &View,
    power: BigInt,
) -> Reply<TokenAmount> {
    let (reward, network) = (view.reward()?, view.power()?);
    let supply = services.states.circulation(view, tipset.height())?;
    Ok(monies::initial_pledge_for_power(
        power,
        &reward.this_epoch_baseline_power.0,
        &reward.this_epoch_reward_smoothed,
        &network.state.this_epoch_qa_power_smoothed,
        &supply.circulating,
        tipset.height() - network.state.ramp_start_epoch,
        network.state.ramp_duration_epochs,
    ))
}

fn creation_deposit(services: &Services, tipset: TipsetKey) -> Reply<TokenAmount> {
    let (tipset, view) = services.view(&tipset)?;
    if services.config().version_at(tipset.height()) < NetworkVersion::V27 {
        return Ok(TokenAmount::default());
    }
    let power = services.states.rules().policy.create_miner_deposit_power();
    pledge(services, &tipset, &view, power.into())
}

fn pledge_with_deals(
    services: &Services,
    miner: Address,
    sector: SectorPreCommitInfo,
    tipset: TipsetKey,
) -> Reply<TokenAmount> {
    let (tipset, view) = services.view(&tipset)?;
    let size = sector.seal_proof.sector_size().map_err(RpcError::params)?;
    let duration = sector.expiration.saturating_sub(tipset.height());
    if duration <= 0 {
        return Err(RpcError::params("sector: it has expired already"));
    }
    let miner = require_id(&view, &miner)?;
    let market = view.market()?;
    let mut weight = 0;
    for &id in &sector.deals {
        let deal = market.deal(id)?;
        let (deal, _) = deal.ok_or_else(|| RpcError::general(format!("there is no deal {id}")))?;
        if let Some(why) = unfit(&deal, miner, tipset.height(), sector.expiration) {
            return Err(RpcError::general(format!("deal {id} {why}")));
        }
        if deal.verified_deal {
            let epochs = i128::from(deal.end_epoch - deal.start_epoch);
            weight += i128::from(deal.piece_size.0) * epochs;
        }
    }
    let power = qa_power_for_weight(size, duration, weight);
    pledge(services, &tipset, &view, power.into()).map(with_margin)
}

/// Why a deal cannot be in a sector of this miner.
fn unfit(
    deal: &DealProposal,
    miner: u64,
    now: ChainEpoch,
    expiration: ChainEpoch,
) -> Option<&'static str> {
    if deal.provider != Address::new_id(miner) {
        return Some("is another provider's");
    }
    if deal.start_epoch < now {
        return Some("should have started before now");
    }
    (deal.end_epoch > expiration).then_some("ends after the sector")
}

/// The share of the supply that the piece has of all power (go-state-types, `DealProviderCollateralBounds`).
fn deal_bounds(
    services: &Services,
    size: u64,
    _verified: bool,
    tipset: TipsetKey,
) -> Reply<DealCollateralBounds> {
    let (tipset, view) = services.view(&tipset)?;
    let supply = services.states.circulation(&view, tipset.height())?;
    let policy = services.states.rules().policy;
    let size = BigInt::from(size);
    let power = view.power()?.total_raw().clone();
    let power = power.max(view.reward()?.this_epoch_baseline_power.0.clone());
    let power = power.max(size.clone());
    let share = supply.circulating.atto() * size * policy.prov_collateral_percent_supply_num;
    let of = power * policy.prov_collateral_percent_supply_denom;
    if of == BigInt::default() {
        return Err(RpcError::params("size: a piece has some bytes"));
    }
    Ok(DealCollateralBounds {
        min: with_margin(TokenAmount::from_atto(share / of)),
        max: TokenAmount::from_whole(TOTAL_FIL),
    })
}
