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
    pub fn new<S: Blocks>(store: S, granularity: u64) -> Result<Self> {
        let balances: Map<_, _> = OpenMap::empty(store).close()?;
        Ok(Self {
            granularity,
            supply: TokenAmount::default(),
            // All empty maps are the same block.
            allowances: Map::from_root(*balances.root()),
            balances,
        })
    }

    /// How many tokens an actor has.
    pub fn balance<S: Blocks>(&self, store: S, owner: ActorID) -> Result<TokenAmount> {
        let balances = self.balances.open_in(store)?;
        Ok(balances.get(&owner)?.unwrap_or_default())
    }

    /// How many tokens some actors have.
    pub fn balances<S: Blocks, const N: usize>(
        &self,
        store: S,
        owners: [ActorID; N],
    ) -> Result<[TokenAmount; N]> {
        let open = self.balances.open_in(store)?;
        let mut balances = [const { None }; N];
        for (balance, owner) in balances.iter_mut().zip(owners) {
            *balance = open.get(&owner)?;
        }
        Ok(balances.map(Option::unwrap_or_default))
    }

    /// Makes tokens.
    pub fn mint<S: Blocks>(&mut self, store: S, to: ActorID, amount: &TokenAmount) -> Result<()> {
        self.check_amount(amount)?;
        self.change_balances(store, [(to, amount)])?;
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
        let [balance] = self.change_balances(store, [(owner, &-amount)])?;
        self.supply -= amount;
        Ok(balance)
    }

    /// Moves tokens, be it to where they are.
    pub fn transfer<S: Blocks>(
        &mut self,
        store: S,
        from: ActorID,
        to: ActorID,
        amount: &TokenAmount,
    ) -> Result<()> {
        self.check_amount(amount)?;
        self.change_balances(store, [(from, &-amount), (to, amount)])?;
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

    /// Adds to balances, one after the other; gives the new ones.
    fn change_balances<S: Blocks, const N: usize>(
        &mut self,
        store: S,
        changes: [(ActorID, &TokenAmount); N],
    ) -> Result<[TokenAmount; N]> {
        let mut open = self.balances.open_in(store)?;
        let mut balances = [const { None }; N];
        for (slot, (owner, change)) in balances.iter_mut().zip(changes) {
            let before = open.get(&owner)?.unwrap_or_default();
            let balance = &before + change;
            ensure!(
                !balance.is_negative(),
                insufficient_funds,
                "f0{owner} has {} atto only",
                before.atto_text()
            );
            put(&mut open, owner, &balance)?;
            *slot = Some(balance);
        }
        self.balances = open.close()?;
        Ok(balances.map(Option::unwrap_or_default))
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
        let of_owner = self.allowances.open_in(store.clone())?.get(&owner)?;
        let allowance = match of_owner {
            Some(of_owner) => of_owner.open_in(store)?.get(&operator)?,
            None => None,
        };
        Ok(allowance.unwrap_or_default())
    }

    /// Adds to an allowance, or takes from it as far as it goes; gives the new one.
    pub fn change_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        change: &TokenAmount,
    ) -> Result<TokenAmount> {
        self.edit_allowance(store, owner, operator, |before| {
            Ok((before + change).max(TokenAmount::default()))
        })
    }

    /// Takes an allowance away.
    pub fn revoke_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
    ) -> Result<()> {
        let none = |_| Ok(TokenAmount::default());
        self.edit_allowance(store, owner, operator, none).map(drop)
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
        self.edit_allowance(store, owner, operator, |before| {
            ensure!(
                before.is_positive() && before >= *amount,
                forbidden,
                "f0{operator} may spend {} atto of f0{owner} only",
                before.atto_text()
            );
            Ok(before - amount)
        })
    }

    fn edit_allowance<S: Blocks + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        change: impl FnOnce(TokenAmount) -> Result<TokenAmount>,
    ) -> Result<TokenAmount> {
        let mut allowances = self.allowances.open_in(store.clone())?;
        let mut of_owner = match allowances.get(&owner)? {
            Some(of_owner) => of_owner.open_in(store)?,
            None => OpenMap::empty(store),
        };
        let allowance = change(of_owner.get(&operator)?.unwrap_or_default())?;
        put(&mut of_owner, operator, &allowance)?;
        if of_owner.is_empty() {
            allowances.remove(&owner)?;
        } else {
            allowances.set(&owner, &of_owner.close()?)?;
        }
        self.allowances = allowances.close()?;
        Ok(allowance)
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
