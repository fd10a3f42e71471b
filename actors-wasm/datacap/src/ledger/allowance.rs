//! Allowances: how many of an owner's tokens an operator may spend.

use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;

use super::{Amounts, BITS, Ledger, OpenAmounts, put};

/// What operators may spend, by owner, then by operator.
pub type Allowances = Map<ActorID, Amounts, BITS>;

/// More than there will ever be: 10^21 tokens, over 800 EiB of data.
pub fn infinite_allowance() -> TokenAmount {
    TokenAmount::from_whole(1_000_000_000_000_000_000_000_i128)
}

/// One owner's allowances, to look at and change.
struct OfOwner<S> {
    all: OpenMap<S, ActorID, Amounts, BITS>,
    owner: ActorID,
    own: OpenAmounts<S>,
}

impl<S: Blocks + Clone> OfOwner<S> {
    fn open(allowances: &Allowances, store: S, owner: ActorID) -> Result<Self> {
        let all = allowances.open_in(store.clone())?;
        let own = match all.get(&owner)? {
            Some(own) => own.open_in(store)?,
            None => OpenMap::empty(store),
        };
        Ok(Self { all, owner, own })
    }

    fn get(&self, operator: ActorID) -> Result<TokenAmount> {
        Ok(self.own.get(&operator)?.unwrap_or_default())
    }

    fn close(mut self) -> Result<Allowances> {
        match self.own.is_empty() {
            true => self.all.remove(&self.owner).map(drop)?,
            false => self.all.set(&self.owner, &self.own.close()?)?,
        }
        self.all.close()
    }
}

impl Ledger {
    /// How many of an owner's tokens an operator may spend.
    pub fn allowance<S: Blocks + Clone>(
        &self,
        store: S,
        owner: ActorID,
        operator: ActorID,
    ) -> Result<TokenAmount> {
        OfOwner::open(&self.allowances, store, owner)?.get(operator)
    }

    /// Lets operators spend any number of an owner's tokens.
    pub fn approve<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operators: &[ActorID],
    ) -> Result<()> {
        let mut of_owner = OfOwner::open(&self.allowances, store, owner)?;
        let infinite = infinite_allowance();
        for operator in operators {
            of_owner.own.set(operator, &infinite)?;
        }
        self.allowances = of_owner.close()?;
        Ok(())
    }

    /// Adds to an allowance, or takes from it as far as it goes; gives the new one.
    pub fn change_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        change: &TokenAmount,
    ) -> Result<TokenAmount> {
        let mut of_owner = OfOwner::open(&self.allowances, store, owner)?;
        let allowance = (of_owner.get(operator)? + change).max(TokenAmount::default());
        put(&mut of_owner.own, operator, &allowance)?;
        self.allowances = of_owner.close()?;
        Ok(allowance)
    }

    /// Takes an allowance away; gives what it was.
    pub fn revoke_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
    ) -> Result<TokenAmount> {
        let mut of_owner = OfOwner::open(&self.allowances, store, owner)?;
        let before = of_owner.own.remove(&operator)?.unwrap_or_default();
        self.allowances = of_owner.close()?;
        Ok(before)
    }

    /// Uses up some of an allowance; gives what is left of it. Without any allowance not even nothing can be spent.
    pub fn spend_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        amount: &TokenAmount,
    ) -> Result<TokenAmount> {
        let mut of_owner = OfOwner::open(&self.allowances, store, owner)?;
        let before = of_owner.get(operator)?;
        ensure!(
            before.is_positive() && before >= *amount,
            insufficient_funds,
            "f0{operator} may spend {} atto of f0{owner} only",
            before.atto_text()
        );
        let left = before - amount;
        put(&mut of_owner.own, operator, &left)?;
        self.allowances = of_owner.close()?;
        Ok(left)
    }
}
