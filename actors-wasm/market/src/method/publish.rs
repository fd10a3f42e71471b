//! Publishing deals: a miner brings proposals that clients have signed. What can be published is; the rest of the batch is left out.

mod candidates;
mod datacap;

use filigree_builtin::Type;
use filigree_builtin::calls::{account, miner, power, reward};
use filigree_sdk::prelude::*;
use filigree_sdk::{cbor, dispatch};

use self::candidates::Candidates;
use crate::deal::{ClientDealProposal, DealId};
use crate::event::{self, Happened};
use crate::rule::bounds::{self, Network};

/// The method by which clients are told of their deals.
const MARKET_NOTIFY_DEAL: MethodNum = method_number!("MarketNotifyDeal");

/// Parameters of PublishStorageDeals.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishStorageDealsParams {
    /// Deals of one provider.
    pub deals: Vec<ClientDealProposal>,
}

/// What PublishStorageDeals returns.
#[tuple]
#[derive(Clone, Debug, PartialEq)]
pub struct PublishStorageDealsReturn {
    /// The ids of the deals that were published.
    pub ids: Vec<DealId>,
    /// The places of those deals in the batch.
    pub valid_deals: BitField,
}

/// Parameters of MarketNotifyDeal, which clients that are not accounts may have.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketNotifyDealParams {
    /// The proposal as it stands in state, encoded.
    pub proposal: Bytes,
    /// The deal's id.
    pub deal_id: DealId,
}

/// Publishes deals.
pub(crate) fn publish(
    ctx: &mut Context,
    params: PublishStorageDealsParams,
) -> Result<PublishStorageDealsReturn> {
    let Some(first) = params.deals.first() else {
        return Err(Error::illegal_argument("no deals to publish"));
    };
    let provider_address = first.proposal.provider;
    let provider = provider(ctx, &provider_address)?;
    let network = network(ctx)?;
    let mut signed = Vec::with_capacity(params.deals.len());
    for (at, deal) in params.deals.iter().enumerate() {
        signed.push(is_acceptable(ctx, at, deal, &network)?);
    }

    // From here on nobody is called who could call the market, until the state is saved.
    let mut candidates = Candidates::new(ctx, provider, provider_address)?;
    for (at, (deal, signed)) in params.deals.into_iter().zip(signed).enumerate() {
        if signed && let Err(reason) = candidates.take(ctx, at, deal.proposal)? {
            dropped(ctx, at, reason)?;
        }
    }
    let published = candidates.publish(ctx)?;

    let mut ids = Vec::with_capacity(published.deals.len());
    for deal in published.deals {
        let call = notification(deal.parties.client, deal.encoded, deal.id)?;
        // A client may refuse: contracts must not have deals that they do not know of.
        ctx.send_raw(&call)
            .map_err(|_| Error::illegal_argument("a client refused its deal"))?;
        event::emit(ctx, Happened::Published, deal.id, deal.parties)?;
        ids.push(deal.id);
    }
    Ok(PublishStorageDealsReturn {
        ids,
        valid_deals: published.places,
    })
}

/// The miner at an address, if the caller may act for it.
fn provider(ctx: &mut Context, address: &Address) -> Result<ActorID> {
    let id = ctx.resolve_required(address)?;
    let code = ctx.code_of(id)?;
    let code = code.ok_or_else(|| Error::not_found(format!("there is no f0{id}")))?;
    ensure!(
        Type::of(ctx, &code)? == Some(Type::Miner),
        illegal_argument,
        "f0{id}, the provider, is no miner"
    );
    let caller = Address::new_id(ctx.caller());
    let is_controlling = ctx.send(miner::is_controlling_address(Address::new_id(id), &caller)?)?;
    ensure!(
        is_controlling,
        forbidden,
        "f0{} may not act for f0{id}",
        ctx.caller()
    );
    Ok(id)
}

/// The network as it is now.
fn network(ctx: &mut Context) -> Result<Network> {
    let reward = ctx.send(reward::this_epoch_reward())?;
    let power = ctx.send(power::current_total_power())?;
    Ok(Network {
        raw_power: power.raw_byte_power.0,
        baseline_power: reward.this_epoch_baseline_power.0,
        circulating_supply: ctx.circulating_supply()?,
    })
}

/// Whether the client stands by a deal, and the deal is within bounds. Asked in this order: asking is part of what others see.
fn is_acceptable(
    ctx: &mut Context,
    at: usize,
    deal: &ClientDealProposal,
    network: &Network,
) -> Result<bool> {
    let (signature, message) = (&deal.client_signature, cbor::encode(&deal.proposal)?);
    let call =
        account::authenticate_message(deal.proposal.client, signature.bytes.clone(), message)?;
    if !matches!(ctx.try_send(call), Ok(true)) {
        dropped(ctx, at, "the client did not sign it")?;
        return Ok(false);
    }
    match bounds::broken_rule(&deal.proposal, network, ctx.epoch()?) {
        None => Ok(true),
        Some(rule) => dropped(ctx, at, rule).map(|()| false),
    }
}

fn dropped(ctx: &Context, at: usize, reason: &str) -> Result<()> {
    ctx.log(|| format!("deal {at} is not published: {reason}"))
}

/// Tells a client of its deal.
fn notification(client: ActorID, encoded: Vec<u8>, deal_id: DealId) -> Result<Call<()>> {
    let params = MarketNotifyDealParams {
        proposal: Bytes(encoded),
        deal_id,
    };
    let params = dispatch::encode(&params)?;
    Ok(Call::new(
        Address::new_id(client),
        MARKET_NOTIFY_DEAL,
        params,
    ))
}
