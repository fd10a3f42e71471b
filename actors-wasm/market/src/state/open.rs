//! The market while a method works on it. Each collection is opened when it is first used and written once, at the end.

use filigree_sdk::collections::{Blocks, OpenArray, OpenMap};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::balance::OpenTable;
use super::{Market, PendingAllocations, PendingProposals};
use crate::DEAL_EXPIRED;
use crate::deal::{DealId, DealProposal, DealState, Parties};
use crate::event::{self, Happened};
use filigree_builtin::calls::verifreg::AllocationId;

/// What a client or a provider has locked, by what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// The client's collateral.
    ClientCollateral,
    /// What the client will pay.
    StorageFee,
    /// The provider's collateral.
    ProviderCollateral,
}

/// See the head of the file.
pub struct OpenMarket<S> {
    /// The state; of the collections below, the roots in it are those of the beginning.
    pub state: Market,
    /// What the world is to be told, in this order.
    pub happened: Vec<(Happened, DealId, Parties)>,
    store: S,
    proposals: Option<OpenArray<S, DealProposal, 5>>,
    states: Option<OpenArray<S, DealState, 6>>,
    pending: Option<OpenMap<S, Cid, ()>>,
    allocations: Option<OpenMap<S, DealId, AllocationId>>,
    escrow: Option<OpenTable<S>>,
    locked: Option<OpenTable<S>>,
}

/// Opens a collection unless it is open.
fn opened<T>(slot: &mut Option<T>, open: impl FnOnce() -> Result<T>) -> Result<&mut T> {
    match slot {
        Some(open) => Ok(open),
        none => Ok(none.insert(open()?)),
    }
}

/// The collections.
impl<S: Blocks + Clone> OpenMarket<S> {
    /// With nothing open yet.
    pub fn of(state: Market, store: S) -> Self {
        Self {
            state,
            happened: Vec::new(),
            store,
            proposals: None,
            states: None,
            pending: None,
            allocations: None,
            escrow: None,
            locked: None,
        }
    }

    /// Where the market is.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// Deals that were published.
    pub fn proposals(&mut self) -> Result<&mut OpenArray<S, DealProposal, 5>> {
        let (root, store) = (&self.state.proposals, &self.store);
        opened(&mut self.proposals, || root.open_in(store.clone()))
    }

    /// Deals that were activated.
    pub fn states(&mut self) -> Result<&mut OpenArray<S, DealState, 6>> {
        let (root, store) = (&self.state.states, &self.store);
        opened(&mut self.states, || root.open_in(store.clone()))
    }

    /// Proposals that may not be published again yet.
    pub fn pending(&mut self) -> Result<&mut OpenMap<S, Cid, ()>> {
        let (root, store): (&PendingProposals, _) = (&self.state.pending_proposals, &self.store);
        opened(&mut self.pending, || root.open_in(store.clone()))
    }

    /// Datacap for deals that are not activated yet.
    pub fn allocations(&mut self) -> Result<&mut OpenMap<S, DealId, AllocationId>> {
        let root: &PendingAllocations = &self.state.pending_deal_allocation_ids;
        opened(&mut self.allocations, || root.open_in(self.store.clone()))
    }

    /// What everyone has.
    pub fn escrow(&mut self) -> Result<&mut OpenTable<S>> {
        let (root, store) = (&self.state.escrow_table, &self.store);
        opened(&mut self.escrow, || OpenTable::open(root, store.clone()))
    }

    /// How much of it is locked.
    pub fn locked(&mut self) -> Result<&mut OpenTable<S>> {
        let (root, store) = (&self.state.locked_table, &self.store);
        opened(&mut self.locked, || OpenTable::open(root, store.clone()))
    }

    /// Writes what changed.
    pub fn close(self) -> Result<Market> {
        let mut state = self.state;
        if let Some(open) = self.proposals {
            state.proposals = open.close()?;
        }
        if let Some(open) = self.states {
            state.states = open.close()?;
        }
        if let Some(open) = self.pending {
            state.pending_proposals = open.close()?;
        }
        if let Some(open) = self.allocations {
            state.pending_deal_allocation_ids = open.close()?;
        }
        if let Some(open) = self.escrow {
            state.escrow_table = open.close()?;
        }
        if let Some(open) = self.locked {
            state.locked_table = open.close()?;
        }
        Ok(state)
    }
}

/// Deals.
impl<S: Blocks + Clone> OpenMarket<S> {
    /// The proposal of a deal, which must be there: it was never published, or it was and is over.
    pub fn proposal(&mut self, id: DealId) -> Result<DealProposal> {
        match self.proposals()?.get(id)? {
            Some(proposal) => Ok(proposal),
            None if id < self.state.next_id => {
                Err(Error::new(DEAL_EXPIRED, format!("deal {id} is over")))
            }
            None => Err(Error::not_found(format!("there is no deal {id}"))),
        }
    }

    /// Removes an activated deal.
    pub fn remove_active(&mut self, id: DealId) -> Result<()> {
        let had_state = self.states()?.remove(id)?.is_some();
        let had_proposal = self.proposals()?.remove(id)?.is_some();
        ensure!(
            had_state && had_proposal,
            illegal_state,
            "deal {id} is not there"
        );
        Ok(())
    }
}

/// Money.
impl<S: Blocks + Clone> OpenMarket<S> {
    /// Whether an actor has so much that is not locked.
    pub fn covers(&mut self, actor: ActorID, amount: &TokenAmount) -> Result<bool> {
        let locked = self.locked()?.get(actor)?;
        Ok(locked + amount <= self.escrow()?.get(actor)?)
    }

    /// Takes from what an actor has, not from what is locked, as much as there is up to `wanted`; gives how much that is.
    pub fn withdraw(&mut self, actor: ActorID, wanted: &TokenAmount) -> Result<TokenAmount> {
        let locked = self.locked()?.get(actor)?;
        let free = self.escrow()?.get(actor)? - locked;
        let amount = free.max(TokenAmount::default()).min(wanted.clone());
        if amount.is_positive() {
            self.escrow()?.subtract(actor, &amount)?;
        }
        Ok(amount)
    }

    /// Locks what a deal demands of client and provider, who have it.
    pub fn lock(&mut self, deal: &DealProposal) -> Result<()> {
        let parties = deal.parties()?;
        let locked = self.locked()?;
        locked.add(parties.client, &deal.client_requirement())?;
        locked.add(parties.provider, &deal.provider_collateral)?;
        self.state.total_client_locked_collateral += &deal.client_collateral;
        self.state.total_client_storage_fee += deal.total_storage_fee();
        self.state.total_provider_locked_collateral += &deal.provider_collateral;
        Ok(())
    }

    /// Unlocks some of what an actor has locked.
    pub fn unlock(&mut self, actor: ActorID, amount: &TokenAmount, what: Locked) -> Result<()> {
        self.locked()?.subtract(actor, amount)?;
        let total = match what {
            Locked::ClientCollateral => &mut self.state.total_client_locked_collateral,
            Locked::StorageFee => &mut self.state.total_client_storage_fee,
            Locked::ProviderCollateral => &mut self.state.total_provider_locked_collateral,
        };
        *total -= amount;
        Ok(())
    }

    /// Moves some of what a client has locked to pay with to a provider.
    pub fn pay(&mut self, client: ActorID, provider: ActorID, amount: &TokenAmount) -> Result<()> {
        self.unlock(client, amount, Locked::StorageFee)?;
        self.escrow()?.subtract(client, amount)?;
        self.escrow()?.add(provider, amount)
    }

    /// Takes some of a provider's collateral away; it is to be burnt.
    pub fn slash(&mut self, provider: ActorID, amount: &TokenAmount) -> Result<()> {
        self.escrow()?.subtract(provider, amount)?;
        self.unlock(provider, amount, Locked::ProviderCollateral)
    }
}

/// Changes the market in one transaction, and tells what happened.
pub(crate) fn transaction<R>(
    ctx: &mut Context,
    change: impl FnOnce(&mut OpenMarket<ActorStore>, &Context) -> Result<R>,
) -> Result<R> {
    ctx.transaction(|state: &mut Market, ctx| {
        let mut open = OpenMarket::of(state.clone(), ActorStore);
        let result = change(&mut open, ctx)?;
        for (happened, id, parties) in std::mem::take(&mut open.happened) {
            event::emit(ctx, happened, id, parties)?;
        }
        *state = open.close()?;
        Ok(result)
    })
}
