//! Deals that clients have signed, one after the other: what they need is put aside from what the deals before them left over.

use filigree_builtin::POLICY;
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::datacap::Datacap;
use crate::deal::{DealId, DealProposal, Parties, encoded_cid};
use crate::rule::schedule;
use crate::state::Market;
use crate::state::open::OpenMarket;
use crate::state::queue::OpenQueue;

/// Deals on their way into the state, which is written at the end.
pub(super) struct Candidates {
    provider: ActorID,
    /// As the caller wrote it.
    provider_address: Address,
    /// The root of the state before.
    root: Cid,
    market: OpenMarket<ActorStore>,
    datacap: Datacap,
    published: Published,
}

/// Deals that are published.
#[derive(Default)]
pub(super) struct Published {
    pub deals: Vec<PublishedDeal>,
    /// Their places in the batch.
    pub places: BitField,
}

/// A deal that is published.
pub(super) struct PublishedDeal {
    pub id: DealId,
    pub parties: Parties,
    /// When it begins.
    pub start_epoch: ChainEpoch,
    /// The proposal as it stands in state.
    pub encoded: Vec<u8>,
}

impl Candidates {
    pub fn new(ctx: &Context, provider: ActorID, provider_address: Address) -> Result<Self> {
        Ok(Self {
            provider,
            provider_address,
            root: ctx.root()?,
            market: OpenMarket::of(ctx.load::<Market>()?, ActorStore),
            datacap: Datacap::default(),
            published: Published::default(),
        })
    }

    /// Takes the deal at a place of the batch, or tells why not.
    pub fn take(
        &mut self,
        ctx: &mut Context,
        at: usize,
        mut deal: DealProposal,
    ) -> Result<std::result::Result<(), &'static str>> {
        let provider = Address::new_id(self.provider);
        if ![provider, self.provider_address].contains(&deal.provider) {
            return Ok(Err("its provider is not that of the first"));
        }
        let Some(client) = ctx.resolve(&deal.client)? else {
            return Ok(Err("there is no such client"));
        };
        let market = &mut self.market;
        if !market.covers(client, &deal.client_requirement())? {
            return Ok(Err("the client has too little money here"));
        }
        if !market.covers(self.provider, &deal.provider_collateral)? {
            return Ok(Err("the provider has too little money here"));
        }
        deal.provider = provider;
        deal.client = Address::new_id(client);
        let encoded = cbor::encode(&deal)?;
        let cid = encoded_cid(market.store(), &encoded)?;
        if !market.pending()?.insert(&cid, &())? {
            return Ok(Err("it is published already"));
        }
        let parties = deal.parties()?;
        let id = market.state.next_id;
        if deal.verified_deal && !self.datacap.take(ctx, id, &deal, parties)? {
            market.pending()?.remove(&cid)?;
            return Ok(Err("the client has too little datacap"));
        }
        market.lock(&deal)?;
        market.state.next_id += 1;
        market.proposals()?.set(id, &deal)?;
        self.published.places.set(at as u64);
        self.published.deals.push(PublishedDeal {
            id,
            parties,
            start_epoch: deal.start_epoch,
            encoded,
        });
        Ok(Ok(()))
    }

    /// Has the datacap allocated and writes the state.
    pub fn publish(mut self, ctx: &mut Context) -> Result<Published> {
        for (deal, allocation) in self.datacap.allocate(ctx)? {
            self.market.allocations()?.set(&deal, &allocation)?;
        }
        ensure!(
            !self.published.deals.is_empty(),
            illegal_argument,
            "no deal can be published"
        );
        let place = |deal: &PublishedDeal| {
            let interval = POLICY.deal_updates_interval;
            let epoch = schedule::next_update_epoch(deal.id, interval, deal.start_epoch);
            (epoch, deal.id)
        };
        let mut queue = OpenQueue::open(&self.market.state.deal_ops_by_epoch, ActorStore)?;
        queue.put(self.published.deals.iter().map(place).collect())?;
        self.market.state.deal_ops_by_epoch = queue.close()?;
        // Tokens have moved meanwhile, but those who move them do not come here.
        ensure!(
            ctx.root()? == self.root,
            illegal_state,
            "the market changed while datacap was allocated"
        );
        ctx.save(&self.market.close()?)?;
        Ok(self.published)
    }
}
