//! Deals, and verified storage.

use std::collections::BTreeMap;

use filigree_actor_market::Label;
use filigree_actor_market::deal::{DealProposal as ActorProposal, DealState};
use filigree_blocks::TipsetKey;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use crate::error::{Reply, RpcError};
use crate::json::market::{
    Allocation, DealProposal, MarketBalance, MarketDeal, MarketDealState, VerifiedClaim,
};
use crate::methods;
use crate::services::Services;

/// An epoch that has not come.
const NEVER: ChainEpoch = -1;

methods! { Filecoin:
    /// What somebody has in the market.
    [read] StateMarketBalance(address: Address, tipset: TipsetKey) -> MarketBalance = balance;

    /// What everybody has in the market, by id address.
    [read] StateMarketParticipants(tipset: TipsetKey) -> BTreeMap<String, MarketBalance> = participants;

    /// All deals, by their numbers.
    [read] StateMarketDeals(tipset: TipsetKey) -> BTreeMap<String, MarketDeal> = deals;

    /// A deal.
    [read] StateMarketStorageDeal(deal: u64, tipset: TipsetKey) -> MarketDeal = deal;

    /// What a verifier may still give away, bytes; null if it is none.
    [read] StateVerifierStatus(verifier: Address, tipset: TipsetKey) -> Option<BigInt> = verifier_status;

    /// The data cap of a client, bytes; null if it has none.
    [read] StateVerifiedClientStatus(client: Address, tipset: TipsetKey) -> Option<BigInt> = client_status;

    /// Who may name verifiers.
    [read] StateVerifiedRegistryRootKey(tipset: TipsetKey) -> Address = root_key;

    /// An allocation of a client; null if there is none of this number.
    [read] StateGetAllocation(client: Address, allocation: u64, tipset: TipsetKey) -> Option<Allocation> = allocation;

    /// All allocations of a client, by their numbers.
    [read] StateGetAllocations(client: Address, tipset: TipsetKey) -> BTreeMap<String, Allocation> = allocations;

    /// A claim of a provider; null if there is none of this number.
    [read] StateGetClaim(provider: Address, claim: u64, tipset: TipsetKey) -> Option<VerifiedClaim> = claim;

    /// All claims of a provider, by their numbers.
    [read] StateGetClaims(provider: Address, tipset: TipsetKey) -> BTreeMap<String, VerifiedClaim> = claims;
}

fn balance(services: &Services, address: Address, tipset: TipsetKey) -> Reply<MarketBalance> {
    let (_, view) = services.view(&tipset)?;
    let balance = view.market()?.balance(&address)?;
    Ok(MarketBalance {
        escrow: balance.escrow,
        locked: balance.locked,
    })
}

fn participants(services: &Services, tipset: TipsetKey) -> Reply<BTreeMap<String, MarketBalance>> {
    let (_, view) = services.view(&tipset)?;
    let market = view.market()?;
    let mut all = BTreeMap::new();
    let locked = market.state.locked_table.open_in(view.store())?;
    market
        .state
        .escrow_table
        .open_in(view.store())?
        .for_each(|address: Address, escrow| {
            let locked = locked.get(&address)?.unwrap_or_default();
            all.insert(address.to_string(), MarketBalance { escrow, locked });
            Ok(())
        })?;
    Ok(all)
}

fn deals(services: &Services, tipset: TipsetKey) -> Reply<BTreeMap<String, MarketDeal>> {
    let (_, view) = services.view(&tipset)?;
    let mut all = BTreeMap::new();
    view.market()?.for_each_deal(|id, proposal, state| {
        all.insert(id.to_string(), to_deal(proposal, state));
    })?;
    Ok(all)
}

fn deal(services: &Services, deal: u64, tipset: TipsetKey) -> Reply<MarketDeal> {
    let (_, view) = services.view(&tipset)?;
    let found = view.market()?.deal(deal)?;
    let missing = || {
        RpcError::general(format!(
            "deal {deal} not found: it was never proposed, or is over"
        ))
    };
    found
        .map(|(proposal, state)| to_deal(proposal, state))
        .ok_or_else(missing)
}

fn to_deal(proposal: ActorProposal, state: Option<DealState>) -> MarketDeal {
    MarketDeal {
        proposal: DealProposal {
            piece: proposal.piece_cid,
            piece_size_bytes: proposal.piece_size.0,
            verified: proposal.verified_deal,
            client: proposal.client,
            provider: proposal.provider,
            label: match proposal.label {
                Label::Text(text) => text,
                // As Go's JSON does with text that is none.
                Label::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            },
            start_epoch: proposal.start_epoch,
            end_epoch: proposal.end_epoch,
            price_per_epoch: proposal.storage_price_per_epoch,
            provider_collateral: proposal.provider_collateral,
            client_collateral: proposal.client_collateral,
        },
        state: match state {
            Some(state) => MarketDealState {
                sector: state.sector_number,
                sector_start_epoch: state.sector_start_epoch,
                last_updated_epoch: state.last_updated_epoch,
                slash_epoch: state.slash_epoch,
            },
            None => MarketDealState {
                sector: 0,
                sector_start_epoch: NEVER,
                last_updated_epoch: NEVER,
                slash_epoch: NEVER,
            },
        },
    }
}

fn verifier_status(
    services: &Services,
    verifier: Address,
    tipset: TipsetKey,
) -> Reply<Option<BigInt>> {
    let (_, view) = services.view(&tipset)?;
    Ok(view.verifier_allowance(&verifier)?)
}

fn client_status(services: &Services, client: Address, tipset: TipsetKey) -> Reply<Option<BigInt>> {
    let (_, view) = services.view(&tipset)?;
    let datacap = view.datacap(&client)?;
    // The token counts bytes as FIL are counted: whole ones are bytes.
    let bytes = datacap.atto() / TokenAmount::from_whole(1).atto();
    Ok(datacap.is_positive().then_some(bytes))
}

fn root_key(services: &Services, tipset: TipsetKey) -> Reply<Address> {
    let (_, view) = services.view(&tipset)?;
    Ok(view.verified_registry()?.root_key)
}

fn allocations(
    services: &Services,
    client: Address,
    tipset: TipsetKey,
) -> Reply<BTreeMap<String, Allocation>> {
    let (_, view) = services.view(&tipset)?;
    let all = view.allocations(&client)?.into_iter();
    Ok(all
        .map(|(id, allocation)| (id.to_string(), to_allocation(allocation)))
        .collect())
}

fn allocation(
    services: &Services,
    client: Address,
    allocation: u64,
    tipset: TipsetKey,
) -> Reply<Option<Allocation>> {
    Ok(allocations(services, client, tipset)?.remove(&allocation.to_string()))
}

pub(super) fn to_allocation(allocation: filigree_actor_verifreg::Allocation) -> Allocation {
    Allocation {
        client: allocation.client,
        provider: allocation.provider,
        data: allocation.data,
        size_bytes: allocation.size.0,
        term_min: allocation.term_min,
        term_max: allocation.term_max,
        expiration: allocation.expiration,
    }
}

fn claims(
    services: &Services,
    provider: Address,
    tipset: TipsetKey,
) -> Reply<BTreeMap<String, VerifiedClaim>> {
    let (_, view) = services.view(&tipset)?;
    let all = view.claims(&provider)?.into_iter();
    Ok(all
        .map(|(id, claim)| (id.to_string(), to_claim(claim)))
        .collect())
}

fn claim(
    services: &Services,
    provider: Address,
    claim: u64,
    tipset: TipsetKey,
) -> Reply<Option<VerifiedClaim>> {
    Ok(claims(services, provider, tipset)?.remove(&claim.to_string()))
}

pub(super) fn to_claim(claim: filigree_actor_verifreg::Claim) -> VerifiedClaim {
    VerifiedClaim {
        provider: claim.provider,
        client: claim.client,
        data: claim.data,
        size_bytes: claim.size.0,
        term_min: claim.term_min,
        term_max: claim.term_max,
        term_start: claim.term_start,
        sector: claim.sector,
    }
}
