//! The rules: who has how many tokens, and who may spend how many for whom.
//!
//! An operation that fails leaves the ledger as it was, as far as anyone sees: the actor fails with it, and its state is not stored.

use filigree_sdk::collections::OpenMap;
use filigree_sdk::prelude::*;
use fvm_ipld_blockstore::Blockstore;

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
    pub fn new<S: Blockstore + Clone>(store: S, granularity: u64) -> Result<Self> {
        Ok(Self {
            granularity,
            supply: TokenAmount::default(),
            balances: OpenMap::empty(store.clone()).close()?,
            allowances: OpenMap::empty(store).close()?,
        })
    }

    /// How many tokens an actor has.
    pub fn balance<S: Blockstore>(&self, store: S, owner: ActorID) -> Result<TokenAmount> {
        Ok(self
            .balances
            .open_in(store)?
            .get(&owner)?
            .cloned()
            .unwrap_or_default())
    }

    /// Makes tokens.
    pub fn mint<S: Blockstore>(
        &mut self,
        store: S,
        to: ActorID,
        amount: &TokenAmount,
    ) -> Result<()> {
        self.check_amount(amount)?;
        self.change_balance(store, to, amount)?;
        self.supply += amount;
        Ok(())
    }

    /// Destroys tokens; gives what their owner has left.
    pub fn burn<S: Blockstore>(
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
    pub fn transfer<S: Blockstore>(
        &mut self,
        store: S,
        from: ActorID,
        to: ActorID,
        amount: &TokenAmount,
    ) -> Result<()> {
        self.check_amount(amount)?;
        let mut balances = self.balances.open_in(store)?;
        add(&mut balances, from, &-amount)?;
        add(&mut balances, to, amount)?;
        self.balances = balances.close()?;
        Ok(())
    }

    fn check_amount(&self, amount: &TokenAmount) -> Result<()> {
        ensure!(!amount.is_negative(), illegal_argument, "a negative amount");
        let rest = amount.atto() % self.granularity;
        ensure!(
            rest == Default::default(),
            illegal_argument,
            "not a multiple of {} atto",
            self.granularity
        );
        Ok(())
    }

    fn change_balance<S: Blockstore>(
        &mut self,
        store: S,
        owner: ActorID,
        change: &TokenAmount,
    ) -> Result<TokenAmount> {
        let mut balances = self.balances.open_in(store)?;
        let balance = add(&mut balances, owner, change)?;
        self.balances = balances.close()?;
        Ok(balance)
    }
}

/// Allowances.
impl Ledger {
    /// How many of an owner's tokens an operator may spend.
    pub fn allowance<S: Blockstore + Clone>(
        &self,
        store: S,
        owner: ActorID,
        operator: ActorID,
    ) -> Result<TokenAmount> {
        let (_, of_owner) = self.open_allowances(store, owner)?;
        Ok(of_owner.get(&operator)?.cloned().unwrap_or_default())
    }

    /// Adds to an allowance, or takes from it as far as it goes; gives the new one.
    pub fn change_allowance<S: Blockstore + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        change: &TokenAmount,
    ) -> Result<TokenAmount> {
        let open = self.open_allowances(store, owner)?;
        let before = open.1.get(&operator)?.cloned().unwrap_or_default();
        let allowance = (before + change).max(TokenAmount::default());
        self.set_allowance(open, owner, operator, &allowance)?;
        Ok(allowance)
    }

    /// Takes an allowance away.
    pub fn revoke_allowance<S: Blockstore + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
    ) -> Result<()> {
        let open = self.open_allowances(store, owner)?;
        self.set_allowance(open, owner, operator, &TokenAmount::default())
    }

    /// Uses up some of an allowance, before any other rule is looked at; gives what is left of it. Without any allowance not even nothing can
    /// be spent.
    pub fn spend_allowance<S: Blockstore + Clone>(
        &mut self,
        store: S,
        owner: ActorID,
        operator: ActorID,
        amount: &TokenAmount,
    ) -> Result<TokenAmount> {
        self.check_amount(amount)?;
        let open = self.open_allowances(store, owner)?;
        let before = open.1.get(&operator)?.cloned().unwrap_or_default();
        let allowed = before.is_positive() && before >= *amount;
        ensure!(
            allowed,
            forbidden,
            "f0{operator} may spend {before} tokens of f0{owner} only"
        );
        let left = before - amount;
        self.set_allowance(open, owner, operator, &left)?;
        Ok(left)
    }

    fn open_allowances<S: Blockstore + Clone>(
        &self,
        store: S,
        owner: ActorID,
    ) -> Result<OpenAllowances<S>> {
        let allowances = self.allowances.open_in(store.clone())?;
        let of_owner = match allowances.get(&owner)? {
            Some(of_owner) => of_owner.open_in(store)?,
            None => OpenMap::empty(store),
        };
        Ok((allowances, of_owner))
    }

    fn set_allowance<S: Blockstore>(
        &mut self,
        (mut allowances, mut of_owner): OpenAllowances<S>,
        owner: ActorID,
        operator: ActorID,
        allowance: &TokenAmount,
    ) -> Result<()> {
        put(&mut of_owner, operator, allowance)?;
        if of_owner.is_empty() {
            allowances.remove(&owner)?;
        } else {
            allowances.set(&owner, of_owner.close()?)?;
        }
        self.allowances = allowances.close()?;
        Ok(())
    }
}

/// All allowances, and those that one owner gave.
type OpenAllowances<S> = (
    OpenMap<S, ActorID, Allowances>,
    OpenMap<S, ActorID, TokenAmount>,
);

/// Adds to a balance, or takes from it; gives the new one, which is not below zero.
fn add<S: Blockstore>(
    balances: &mut OpenMap<S, ActorID, TokenAmount>,
    owner: ActorID,
    change: &TokenAmount,
) -> Result<TokenAmount> {
    let before = balances.get(&owner)?.cloned().unwrap_or_default();
    let balance = &before + change;
    ensure!(
        !balance.is_negative(),
        insufficient_funds,
        "f0{owner} has {before} tokens only"
    );
    put(balances, owner, &balance)?;
    Ok(balance)
}

/// Zero is not kept: a map has entries for those who have something.
fn put<S: Blockstore>(
    map: &mut OpenMap<S, ActorID, TokenAmount>,
    key: ActorID,
    amount: &TokenAmount,
) -> Result<()> {
    match amount.is_zero() {
        true => map.remove(&key)?,
        false => map.set(&key, amount.clone())?,
    };
    Ok(())
}

/// An invariant that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

impl Ledger {
    /// What is wrong with the ledger.
    pub fn check_invariants<S: Blockstore + Clone>(&self, store: S) -> Result<Vec<Broken>> {
        let (mut broken, mut sum) = (Vec::new(), TokenAmount::default());
        self.balances
            .open_in(store.clone())?
            .for_each(|owner, balance| {
                sum += balance;
                if !balance.is_positive() || self.check_amount(balance).is_err() {
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
