//! Deals, and the money kept for them.

use filigree_actor_market::deal::{DealProposal, DealState};
use filigree_actor_market::{BalanceTable, Market};
use filigree_builtin::ids as singleton;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use super::View;
use crate::error::Error;

/// The market's state, with its deals.
#[derive(Debug)]
pub struct MarketView<'a> {
    view: &'a View,
    /// The state.
    pub state: Market,
}

/// What somebody has at the market, attoFIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketBalance {
    /// All of it.
    pub escrow: TokenAmount,
    /// How much of it is locked.
    pub locked: TokenAmount,
}

impl View {
    /// The market.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn market(&self) -> Result<MarketView<'_>, Error> {
        Ok(MarketView {
            view: self,
            state: self.singleton("the market's state", singleton::MARKET)?,
        })
    }
}

impl MarketView<'_> {
    /// What an actor has here.
    ///
    /// # Errors
    /// If there is no such actor, or the state cannot be read.
    pub fn balance(&self, address: &Address) -> Result<MarketBalance, Error> {
        let id = self.view.id(address)?.ok_or(Error::NoActor(*address))?;
        let (id, store) = (Address::new_id(id), self.view.store());
        let wrong = || Error::actor("the market's balances");
        let of = |table: &BalanceTable| -> Result<TokenAmount, Error> {
            let table = table.open_in(store).map_err(wrong())?;
            Ok(table.get(&id).map_err(wrong())?.unwrap_or_default())
        };
        Ok(MarketBalance {
            escrow: of(&self.state.escrow_table)?,
            locked: of(&self.state.locked_table)?,
        })
    }

    /// A deal: what was proposed, and, if it was activated, how it stands. `None` if there is none with this id.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn deal(&self, id: u64) -> Result<Option<(DealProposal, Option<DealState>)>, Error> {
        let wrong = || Error::actor("the market's deals");
        let store = self.view.store();
        let proposals = self.state.proposals.open_in(store).map_err(wrong())?;
        let Some(proposal) = proposals.get(id).map_err(wrong())? else {
            return Ok(None);
        };
        let states = self.state.states.open_in(store).map_err(wrong())?;
        Ok(Some((proposal, states.get(id).map_err(wrong())?)))
    }

    /// Visits every deal by its id, in order.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn for_each_deal(
        &self,
        mut visit: impl FnMut(u64, DealProposal, Option<DealState>),
    ) -> Result<(), Error> {
        let wrong = || Error::actor("the market's deals");
        let store = self.view.store();
        let states = self.state.states.open_in(store).map_err(wrong())?;
        let proposals = self.state.proposals.open_in(store).map_err(wrong())?;
        proposals
            .for_each(|id, proposal| {
                visit(id, proposal, states.get(id)?);
                Ok(())
            })
            .map_err(wrong())
    }
}
