//! The token's rules (FRC-0046): who has how many tokens, and who may spend how many for whom.
//!
//! Amounts are valid where they get here ([`check_amount`]). An operation that fails may leave a ledger half changed: the actor fails
//! with it, so what it leaves is never stored.

mod allowance;

pub use allowance::{Allowances, infinite_allowance};

use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;

/// The smallest amount, attotokens: a whole token.
pub const GRANULARITY: u64 = 1_000_000_000_000_000_000;

/// Bit width of the maps.
pub const BITS: u32 = 3;

/// Amounts above zero, by actor.
pub type Amounts = Map<ActorID, TokenAmount, BITS>;

type OpenAmounts<S> = OpenMap<S, ActorID, TokenAmount, BITS>;

/// Who has what.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The sum of all balances.
    pub supply: TokenAmount,
    /// Balances, by owner.
    pub balances: Amounts,
    /// What operators may spend, by owner, then by operator. Nobody has an empty map.
    pub allowances: Allowances,
    /// Bit width of the maps, [`BITS`].
    pub hamt_bit_width: u32,
}

/// Fails unless the amount is one of whole tokens, zero or more. Allowances need not be whole.
pub fn check_amount(amount: &TokenAmount) -> Result<()> {
    ensure!(!amount.is_negative(), illegal_argument, "a negative amount");
    ensure!(
        amount.is_multiple_of(GRANULARITY),
        illegal_argument,
        "no tokens are smaller than {GRANULARITY} atto"
    );
    Ok(())
}

/// Balances.
impl Ledger {
    /// Without any tokens.
    pub fn empty<S: Blocks + Clone>(store: S) -> Result<Self> {
        Ok(Self {
            supply: TokenAmount::default(),
            balances: OpenMap::empty(store.clone()).close()?,
            allowances: OpenMap::empty(store).close()?,
            hamt_bit_width: BITS,
        })
    }

    /// How many tokens an actor has.
    pub fn balance<S: Blocks>(&self, store: S, owner: ActorID) -> Result<TokenAmount> {
        let balances = self.balances.open_in(store)?;
        Ok(balances.get(&owner)?.unwrap_or_default())
    }

    /// Makes tokens; gives how many the owner has.
    pub fn mint<S: Blocks>(
        &mut self,
        store: S,
        to: ActorID,
        amount: &TokenAmount,
    ) -> Result<TokenAmount> {
        let mut balances = self.balances.open_in(store)?;
        let balance = add(&mut balances, to, amount)?;
        self.balances = balances.close()?;
        self.supply += amount;
        Ok(balance)
    }

    /// Destroys tokens; gives how many the owner has left.
    pub fn burn<S: Blocks>(
        &mut self,
        store: S,
        owner: ActorID,
        amount: &TokenAmount,
    ) -> Result<TokenAmount> {
        let mut balances = self.balances.open_in(store)?;
        let balance = add(&mut balances, owner, &-amount)?;
        self.balances = balances.close()?;
        self.supply -= amount;
        ensure!(
            !self.supply.is_negative(),
            illegal_state,
            "f0{owner} had more tokens than there were"
        );
        Ok(balance)
    }

    /// Moves tokens, be it to where they are; gives how many both have.
    pub fn transfer<S: Blocks>(
        &mut self,
        store: S,
        from: ActorID,
        to: ActorID,
        amount: &TokenAmount,
    ) -> Result<[TokenAmount; 2]> {
        let mut balances = self.balances.open_in(store)?;
        let from_balance = add(&mut balances, from, &-amount)?;
        let to_balance = add(&mut balances, to, amount)?;
        self.balances = balances.close()?;
        match from == to {
            true => Ok([to_balance.clone(), to_balance]),
            false => Ok([from_balance, to_balance]),
        }
    }
}

/// Changes a balance; gives the new one.
fn add<S: Blocks>(
    balances: &mut OpenAmounts<S>,
    owner: ActorID,
    change: &TokenAmount,
) -> Result<TokenAmount> {
    let before = balances.get(&owner)?.unwrap_or_default();
    let balance = &before + change;
    ensure!(
        !balance.is_negative(),
        insufficient_funds,
        "f0{owner} has {} atto only",
        before.atto_text()
    );
    put(balances, owner, &balance)?;
    Ok(balance)
}

/// Zero is not kept: a map has entries for those who have something.
fn put<S: Blocks>(map: &mut OpenAmounts<S>, key: ActorID, amount: &TokenAmount) -> Result<()> {
    match amount.is_zero() {
        true => map.remove(&key).map(drop),
        false => map.set(&key, amount),
    }
}

#[cfg(test)]
mod tests;
