//! What must hold of the market's state, after cron or between messages. For nodes, tools and tests.

use std::collections::{BTreeMap, BTreeSet};

use filigree_builtin::{Broken, Invariants};
use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;
use fvm_shared::address::Protocol;
use fvm_shared::clock::EPOCH_UNDEFINED;

use crate::deal::{DealId, DealProposal, DealState};
use crate::rule::payment;
use crate::state::{BalanceTable, Market};

impl Market {
    /// What is wrong with the state at `now`, given the actor's balance.
    pub fn check_invariants<S: Blocks + Clone>(
        &self,
        store: S,
        now: ChainEpoch,
        balance: &TokenAmount,
    ) -> Vec<Broken> {
        let mut check = Check {
            market: self,
            store,
            now,
            found: Invariants::default(),
            deals: BTreeMap::new(),
        };
        check.all(balance);
        check.found.into_broken()
    }
}

/// A deal with all that is known of it.
struct Deal {
    proposal: DealProposal,
    state: Option<DealState>,
}

impl Deal {
    /// Whether its sector must be known: it is active, and not at its end.
    fn needs_sector(&self, now: ChainEpoch) -> bool {
        self.state
            .is_some_and(|state| state.slash_epoch == EPOCH_UNDEFINED)
            && self.proposal.end_epoch > now
    }

    /// What the client has locked to pay with.
    fn fee_left(&self) -> Result<TokenAmount> {
        let paid_until = self.state.map_or(EPOCH_UNDEFINED, |s| s.last_updated_epoch);
        payment::due(&self.proposal, paid_until, self.proposal.end_epoch)
    }
}

/// The state under inspection.
struct Check<'a, S> {
    market: &'a Market,
    store: S,
    now: ChainEpoch,
    found: Invariants,
    deals: BTreeMap<DealId, Deal>,
}

impl<S: Blocks + Clone> Check<'_, S> {
    fn all(&mut self, balance: &TokenAmount) {
        for (check, what) in [
            (Self::proposals as fn(&mut Self) -> Result<()>, "proposals"),
            (Self::states, "states"),
            (Self::allocations, "pending_deal_allocation_ids"),
            (Self::pending, "pending_proposals"),
            (Self::sectors, "provider_sectors"),
            (Self::queue, "deal_ops_by_epoch"),
        ] {
            let result = check(self);
            self.readable(result, what);
        }
        let result = self.money(balance);
        self.readable(result, "escrow_table and locked_table");
    }

    fn readable(&mut self, result: Result<()>, what: &str) {
        if let Err(error) = result {
            self.broken("market/readable", format!("{what}: {error}"));
        }
    }

    fn broken(&mut self, name: &'static str, found: String) {
        self.found.require(false, name, || found);
    }

    fn proposals(&mut self) -> Result<()> {
        let proposals = self.market.proposals.open_in(self.store.clone())?;
        proposals.for_each(|id, proposal| {
            let parties = [proposal.client, proposal.provider];
            if parties.iter().any(|party| party.protocol() != Protocol::ID) {
                self.broken("market/parties-are-ids", format!("deal {id}"));
            }
            if id >= self.market.next_id {
                self.broken(
                    "market/next-id",
                    format!("deal {id} has an id of the future"),
                );
            }
            let state = None;
            self.deals.insert(id, Deal { proposal, state });
            Ok(())
        })
    }

    fn states(&mut self) -> Result<()> {
        let states = self.market.states.open_in(self.store.clone())?;
        states.for_each(|id, state| {
            match self.deals.get_mut(&id) {
                Some(deal) => deal.state = Some(state),
                None => self.broken("market/state-has-proposal", format!("deal {id}")),
            }
            let start = state.sector_start_epoch;
            if start < 0 {
                self.broken("market/sector-start", format!("deal {id}: {start}"));
            }
            for epoch in [state.last_updated_epoch, state.slash_epoch] {
                if epoch != EPOCH_UNDEFINED && !(start..=self.now).contains(&epoch) {
                    let found = format!("deal {id}: {epoch} is not from {start} on to now");
                    self.broken("market/state-epochs", found);
                }
            }
            Ok(())
        })
    }

    fn allocations(&mut self) -> Result<()> {
        let allocations = &self.market.pending_deal_allocation_ids;
        let allocations = allocations.open_in(self.store.clone())?;
        allocations.for_each(|id, allocation| {
            let is_pending = self.deals.get(&id).is_some_and(|deal| deal.state.is_none());
            if !is_pending {
                let found = format!("allocation {allocation} of deal {id}");
                self.broken("market/allocation-of-pending-deal", found);
            }
            Ok(())
        })
    }

    /// The other way round, a deal that never was paid for may have left the set: cron takes it out first.
    fn pending(&mut self) -> Result<()> {
        let mut cids = BTreeSet::new();
        for deal in self.deals.values() {
            cids.insert(deal.proposal.cid(&self.store)?);
        }
        let pending = self.market.pending_proposals.open_in(self.store.clone())?;
        pending.for_each(|cid, ()| {
            if !cids.contains(&cid) {
                self.broken("market/pending-has-proposal", cid.to_string());
            }
            Ok(())
        })?;
        for (id, deal) in std::mem::take(&mut self.deals) {
            if deal.state.is_none() && !pending.contains(&deal.proposal.cid(&self.store)?)? {
                self.broken("market/inactive-is-pending", format!("deal {id}"));
            }
            self.deals.insert(id, deal);
        }
        Ok(())
    }

    fn sectors(&mut self) -> Result<()> {
        let mut missing: BTreeSet<DealId> = BTreeSet::new();
        let needs = self
            .deals
            .iter()
            .filter(|(_, deal)| deal.needs_sector(self.now));
        missing.extend(needs.map(|(id, _)| *id));
        let providers = self.market.provider_sectors.open_in(self.store.clone())?;
        providers.for_each(|provider, sectors| {
            let sectors = sectors.open_in(self.store.clone())?;
            sectors.for_each(|sector, deals| {
                for id in deals {
                    missing.remove(&id);
                    let matches = self.deals.get(&id).is_some_and(|deal| {
                        deal.proposal.provider == Address::new_id(provider)
                            && deal.state.is_some_and(|state| {
                                state.sector_number == sector
                                    && state.slash_epoch == EPOCH_UNDEFINED
                            })
                    });
                    if !matches {
                        let found = format!("deal {id} in sector {sector} of f0{provider}");
                        self.broken("market/sector-has-active-deal", found);
                    }
                }
                Ok(())
            })
        })?;
        for id in missing {
            self.broken("market/active-deal-in-sector", format!("deal {id}"));
        }
        Ok(())
    }

    /// Cron looks at each deal at least once after its start.
    fn queue(&mut self) -> Result<()> {
        let last_cron = self.market.last_cron;
        let starts = |(_, deal): &(&DealId, &Deal)| deal.proposal.start_epoch > last_cron;
        let mut missing: BTreeSet<DealId> = BTreeSet::new();
        missing.extend(self.deals.iter().filter(starts).map(|(id, _)| *id));
        let ops = self.market.deal_ops_by_epoch.open_in(self.store.clone())?;
        ops.for_each(|epoch, deals| {
            if epoch <= last_cron {
                self.broken("market/deal-op-in-time", format!("epoch {epoch}"));
            }
            let deals = deals.open_in(self.store.clone())?;
            deals.for_each(|id, ()| {
                missing.remove(&id);
                Ok(())
            })
        })?;
        for id in missing {
            self.broken("market/deal-op", format!("none for deal {id}"));
        }
        Ok(())
    }

    fn money(&mut self, balance: &TokenAmount) -> Result<()> {
        let (mut client, mut provider, mut fees) = Default::default();
        let mut by_actor = BTreeMap::new();
        for (id, deal) in std::mem::take(&mut self.deals) {
            let (fee, proposal) = (deal.fee_left()?, &deal.proposal);
            let of_client = &fee + &proposal.client_collateral;
            *by_actor.entry(proposal.client).or_default() += of_client;
            *by_actor.entry(proposal.provider).or_default() += &proposal.provider_collateral;
            client += &proposal.client_collateral;
            provider += &proposal.provider_collateral;
            fees += fee;
            self.deals.insert(id, deal);
        }
        self.total(
            "client-collateral",
            &self.market.total_client_locked_collateral,
            &client,
        );
        self.total(
            "provider-collateral",
            &self.market.total_provider_locked_collateral,
            &provider,
        );
        self.total("storage-fees", &self.market.total_client_storage_fee, &fees);

        let mut escrow = self.table(&self.market.escrow_table)?;
        let mut sum = TokenAmount::default();
        for amount in escrow.values() {
            sum += amount;
        }
        if sum > *balance {
            let found = format!("{sum} FIL of others, a balance of {balance} FIL");
            self.broken("market/escrow-is-there", found);
        }
        for (actor, locked) in self.table(&self.market.locked_table)? {
            let has = escrow.remove(&actor).unwrap_or_default();
            if locked > has {
                let found = format!("{actor} has {has} FIL and has locked {locked}");
                self.broken("market/locked-is-in-escrow", found);
            }
            self.total(
                &actor.to_string(),
                &locked,
                &by_actor.remove(&actor).unwrap_or_default(),
            );
        }
        for (actor, expected) in by_actor {
            self.total(&actor.to_string(), &TokenAmount::default(), &expected);
        }
        Ok(())
    }

    fn total(&mut self, what: &str, locked: &TokenAmount, expected: &TokenAmount) {
        if locked != expected {
            let found = format!("{what}: {locked} FIL, not {expected}");
            self.broken("market/locked-for-deals", found);
        }
    }

    fn table(&mut self, table: &BalanceTable) -> Result<BTreeMap<Address, TokenAmount>> {
        let mut amounts = BTreeMap::new();
        let table: OpenMap<S, Address, TokenAmount, 6> = table.open_in(self.store.clone())?;
        table.for_each(|actor, amount| {
            if amount.is_negative() {
                self.broken("market/not-negative", format!("{actor}: {amount} FIL"));
            }
            amounts.insert(actor, amount);
            Ok(())
        })?;
        Ok(amounts)
    }
}

#[cfg(test)]
mod tests;
