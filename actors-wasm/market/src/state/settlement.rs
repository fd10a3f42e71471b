//! What happens to a deal in time: it times out, is paid for, is over, or ends early (Filecoin spec, "Storage Deal States"; FIP-0074).

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::clock::EPOCH_UNDEFINED;

use super::open::{Locked, OpenMarket};
use crate::deal::{DealId, DealProposal, DealState};
use crate::rule::payment;

/// How far a deal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not activated, and not late.
    NotStarted,
    /// Not activated in time: it is removed, and this amount is to be burnt.
    TimedOut(TokenAmount),
    /// Activated.
    Active(DealState),
}

/// What became of a deal that was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It goes on.
    Continues,
    /// It was kept to its end.
    Completed,
    /// It had ended early; this amount is to be burnt.
    Terminated(TokenAmount),
}

impl<S: Blocks + Clone> OpenMarket<S> {
    /// How far a deal is at `now`. If it was not activated in time, it is removed: the client gets all back, the provider's collateral is
    /// to be burnt.
    pub fn progress(
        &mut self,
        id: DealId,
        deal: &DealProposal,
        now: ChainEpoch,
    ) -> Result<Progress> {
        if let Some(state) = self.states()?.get(id)? {
            return Ok(Progress::Active(state));
        }
        if now < deal.start_epoch {
            return Ok(Progress::NotStarted);
        }
        let parties = deal.parties()?;
        let penalty = payment::activation_missed_penalty(deal);
        let rest = &deal.provider_collateral - penalty;
        self.unlock(
            parties.client,
            &deal.total_storage_fee(),
            Locked::StorageFee,
        )?;
        self.unlock(
            parties.client,
            &deal.client_collateral,
            Locked::ClientCollateral,
        )?;
        self.slash(parties.provider, penalty)?;
        // Nothing, but unlocking nothing leaves its mark in state.
        self.unlock(parties.provider, &rest, Locked::ProviderCollateral)?;

        let had_proposal = self.proposals()?.remove(id)?.is_some();
        ensure!(had_proposal, illegal_state, "deal {id} is not there");
        let was_pending = self.remove_pending(deal)?;
        ensure!(was_pending, illegal_state, "deal {id} is not pending");
        self.allocations()?.remove(&id)?;
        Ok(Progress::TimedOut(penalty.clone()))
    }

    /// Pays for an activated deal up to `now`, and ends it if it is time; the deal itself is not removed. Gives the payment too, attoFIL.
    pub fn settle(
        &mut self,
        deal: &DealProposal,
        state: &DealState,
        now: ChainEpoch,
    ) -> Result<(Settled, TokenAmount)> {
        if state.last_updated_epoch == EPOCH_UNDEFINED {
            self.remove_pending(deal)?;
        }
        ensure!(
            state.last_updated_epoch <= now,
            illegal_state,
            "a deal was updated at {}, which is yet to come",
            state.last_updated_epoch
        );
        if deal.start_epoch > now {
            return Ok((Settled::Continues, TokenAmount::default()));
        }
        if state.slash_epoch != EPOCH_UNDEFINED {
            ensure!(
                state.slash_epoch <= deal.end_epoch.min(now),
                illegal_state,
                "a deal that ends at {} was ended at {}",
                deal.end_epoch,
                state.slash_epoch
            );
            let burnt = self.terminate(deal, state)?;
            return Ok((Settled::Terminated(burnt), TokenAmount::default()));
        }
        let payment = payment::due(deal, state.last_updated_epoch, now)?;
        let parties = deal.parties()?;
        if payment.is_positive() {
            self.pay(parties.client, parties.provider, &payment)?;
        }
        if now < deal.end_epoch {
            return Ok((Settled::Continues, payment));
        }
        ensure!(
            state.sector_start_epoch != EPOCH_UNDEFINED,
            illegal_state,
            "a deal without a sector is over"
        );
        self.unlock(
            parties.provider,
            &deal.provider_collateral,
            Locked::ProviderCollateral,
        )?;
        self.unlock(
            parties.client,
            &deal.client_collateral,
            Locked::ClientCollateral,
        )?;
        Ok((Settled::Completed, payment))
    }

    /// Ends a deal at `state.slash_epoch`: the provider is paid up to then and loses its collateral, the client gets the rest back. Gives what
    /// is to be burnt, attoFIL.
    pub fn terminate(&mut self, deal: &DealProposal, state: &DealState) -> Result<TokenAmount> {
        let parties = deal.parties()?;
        let payment = payment::due(deal, state.last_updated_epoch, state.slash_epoch)?;
        if payment.is_positive() {
            self.pay(parties.client, parties.provider, &payment)?;
        }
        let rest = payment::remaining(deal, state.slash_epoch)?;
        self.unlock(parties.client, &rest, Locked::StorageFee)?;
        self.unlock(
            parties.client,
            &deal.client_collateral,
            Locked::ClientCollateral,
        )?;
        self.slash(parties.provider, &deal.provider_collateral)?;
        Ok(deal.provider_collateral.clone())
    }

    /// Lets a proposal be published again; tells whether it was not allowed.
    pub fn remove_pending(&mut self, deal: &DealProposal) -> Result<bool> {
        let cid = deal.cid(self.store())?;
        Ok(self.pending()?.remove(&cid)?.is_some())
    }
}

#[cfg(test)]
mod tests;
