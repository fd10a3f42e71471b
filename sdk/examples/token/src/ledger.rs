//! The rules: who has how many tokens, and who may spend how many for whom.
//!
//! An operation that fails leaves the ledger as it was, as far as anyone sees: the actor fails with it, and its state is not stored.

use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;

/// How many of an owner's tokens each operator may spend.
pub type Allowances = Map<ActorID, TokenAmount>;

/// Who has what.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The smallest amount; balances are multiples of it.
    pub granularity: u64,
    /// The sum of all balances.
    pub supply: TokenAmount,
    /// Balances above zero, by owner.
    pub balances: Map<ActorID, TokenAmount>,
    /// Allowances above zero, by owner.
    pub allowances: Map<ActorID, Allowances>,
}

/// Balances.
impl Ledger {
    /// An empty ledger.
    pub fn new<S: Blocks + Clone>(store: S, granularity: u64) -> Result<Self> {
        Ok(Self {
            granularity,
            supply: TokenAmount::default(),
            balances: OpenMap::empty(store.clone()).close()?,
            allowances: OpenMap::empty(store).close()?,
        })
    }

    /// How many tokens an actor has.
    pub fn balance<S: Blocks>(&self, store: S, owner: ActorID) -> Result<TokenAmount> {
        let balances = self.balances.open_in(store)?;
        Ok(balances.get(&owner)?.unwrap_or_default())
    }

    /// Makes tokens.
    pub fn mint<S: Blocks>(&mut self, store: S, to: ActorID, amount: &TokenAmount) -> Result<()> {
        self.check_amount(amount)?;
        self.change_balance(store, to, amount)?;
        self.supply += amount;
        Ok(())
    }

    /// Destroys tokens; gives what their owner has left.
    pub fn burn<S: Blocks>(
        &mut self,
        store: S,
        owner: ActorID,
        amount: &TokenAmount,
    ) -> Result<TokenAmount> {
        self.check_amount(amount)?;
        let balance = self.change_balance(store, owner, &-amount)?;
        self.supply -= amount;
        Ok(balance)
    }

    /// Moves tokens, be it to where they are.
    pub fn transfer<S: Blocks + Clone>(
        &mut self,
        store: S,
        from: ActorID,
        to: ActorID,
        amount: &TokenAmount,
    ) -> Result<()> {
        self.check_amount(amount)?;
        self.change_balance(store.clone(), from, &-amount)?;
        self.change_balance(store, to, amount)?;
        Ok(())
    }

    fn check_amount(&self, amount: &TokenAmount) -> Result<()> {
        ensure!(!amount.is_negative(), illegal_argument, "a negative amount");
        ensure!(
            amount.is_multiple_of(self.granularity),
            illegal_argument,
            "not a multiple of {} atto",
            self.granularity
        );
        Ok(())
    }

    fn change_balance<S: Blocks>(
        &mut self,
        store: S,
        owner: ActorID,
        change: &TokenAmount,
    ) -> Result<TokenAmount> {
        let mut balances = self.balances.open_in(store)?;
        let before = balances.get(&owner)?.unwrap_or_default();
        let balance = &before + change;
        ensure!(
            !balance.is_negative(),
            insufficient_funds,
            "f0{owner} has {} atto only",
            before.atto_text()
        );
        put(&mut balances, owner, &balance)?;
        self.balances = balances.close()?;
        Ok(balance)
    }
}

/// Allowances.
impl Ledger {
    /// How many of an owner's tokens an operator may spend.
    pub fn allowance<S: Blocks + Clone>(
        &self,
        store: S,
        owner: ActorID,
        operator: ActorID,
    ) -> Result<TokenAmount> {
        let of_owner = self.of_owner(store, owner)?;
        Ok(of_owner.get(&operator)?.unwrap_or_default())
    }

    /// Adds to an allowance, or takes from it as far as it goes; gives the new one.
    pub fn change_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        change: &TokenAmount,
    ) -> Result<TokenAmount> {
        let before = self.allowance(store.clone(), owner, operator)?;
        let allowance = (before + change).max(TokenAmount::default());
        self.set_allowance(store, owner, operator, &allowance)?;
        Ok(allowance)
    }

    /// Takes an allowance away.
    pub fn revoke_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
    ) -> Result<()> {
        self.set_allowance(store, owner, operator, &TokenAmount::default())
    }

    /// Uses up some of an allowance, before any other rule is looked at; gives what is left of it. Without any allowance not even nothing can
    /// be spent.
    pub fn spend_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        amount: &TokenAmount,
    ) -> Result<TokenAmount> {
        self.check_amount(amount)?;
        let before = self.allowance(store.clone(), owner, operator)?;
        let allowed = before.is_positive() && before >= *amount;
        ensure!(
            allowed,
            forbidden,
            "f0{operator} may spend {} atto of f0{owner} only",
            before.atto_text()
        );
        let left = before - amount;
        self.set_allowance(store, owner, operator, &left)?;
        Ok(left)
    }

    fn of_owner<S: Blocks + Clone>(
        &self,
        store: S,
        owner: ActorID,
    ) -> Result<OpenMap<S, ActorID, TokenAmount>> {
        match self.allowances.open_in(store.clone())?.get(&owner)? {
            Some(of_owner) => of_owner.open_in(store),
            None => Ok(OpenMap::empty(store)),
        }
    }

    fn set_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        allowance: &TokenAmount,
    ) -> Result<()> {
        let mut of_owner = self.of_owner(store.clone(), owner)?;
        put(&mut of_owner, operator, allowance)?;
        let mut allowances = self.allowances.open_in(store)?;
        if of_owner.is_empty() {
            allowances.remove(&owner)?;
        } else {
            allowances.set(&owner, &of_owner.close()?)?;
        }
        self.allowances = allowances.close()?;
        Ok(())
    }
}

/// Zero is not kept: a map has entries for those who have something.
fn put<S: Blocks>(
    map: &mut OpenMap<S, ActorID, TokenAmount>,
    key: ActorID,
    amount: &TokenAmount,
) -> Result<()> {
    match amount.is_zero() {
        true => drop(map.remove(&key)?),
        false => map.set(&key, amount)?,
    };
    Ok(())
}

/// An invariant that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl Ledger {
    /// What is wrong with the ledger.
    pub fn check_invariants<S: Blocks + Clone>(&self, store: S) -> Result<Vec<Broken>> {
        let (mut broken, mut sum) = (Vec::new(), TokenAmount::default());
        self.balances
            .open_in(store.clone())?
            .for_each(|owner, balance| {
                sum += &balance;
                if !balance.is_positive() || self.check_amount(&balance).is_err() {
                    broken.push(Broken(format!("f0{owner} has {} atto", balance.atto())));
                }
                Ok(())
            })?;
        if sum != self.supply {
            broken.push(Broken(format!(
                "the supply is {}, the balances add up to {sum}",
                self.supply
            )));
        }
        self.allowances
            .open_in(store.clone())?
            .for_each(|owner, of_owner| {
                of_owner
                    .open_in(store.clone())?
                    .for_each(|operator, allowance| {
                        if !allowance.is_positive() {
                            broken.push(Broken(format!(
                                "f0{operator} may spend {allowance} of f0{owner}"
                            )));
                        }
                        Ok(())
                    })
            })?;
        Ok(broken)
    }
}

#[cfg(test)]
mod tests;
