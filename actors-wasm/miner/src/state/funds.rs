//! Money of a miner: what is deposited, pledged, locked and owed, in attoFIL.

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;

use super::Miner;
use crate::policy::VestSpec;

/// Fails with `USR_ILLEGAL_STATE` if an amount is negative.
fn not_negative(amount: TokenAmount, what: &'static str) -> Result<TokenAmount> {
    ensure!(
        !amount.is_negative(),
        illegal_state,
        "{what} of {} attoFIL",
        amount.atto_text()
    );
    Ok(amount)
}

impl Miner {
    /// Changes the deposits.
    pub fn add_pre_commit_deposit(&mut self, amount: &TokenAmount) -> Result<()> {
        self.pre_commit_deposits =
            not_negative(&self.pre_commit_deposits + amount, "pre-commit deposits")?;
        Ok(())
    }

    /// Changes the pledge.
    pub fn add_initial_pledge(&mut self, amount: &TokenAmount) -> Result<()> {
        self.initial_pledge = not_negative(&self.initial_pledge + amount, "a pledge")?;
        Ok(())
    }

    /// Adds to the debt.
    pub fn apply_penalty(&mut self, penalty: &TokenAmount) -> Result<()> {
        self.fee_debt += not_negative(penalty.clone(), "a penalty")?;
        Ok(())
    }

    /// Locks an amount, which is freed as `spec` says, and frees what is due before this epoch; gives how much the latter is.
    pub fn add_locked_funds<S: Blocks + Copy>(
        &mut self,
        store: S,
        now: ChainEpoch,
        amount: &TokenAmount,
        spec: &VestSpec,
    ) -> Result<TokenAmount> {
        ensure!(
            !amount.is_negative(),
            illegal_state,
            "a negative amount cannot be locked"
        );
        let start = self.proving_period_start;
        let table = &mut self.vesting_funds;
        let unlocked = table.add_locked_funds(store, now, amount, start, spec)?;
        self.unlock(&unlocked)?;
        self.locked_funds += amount;
        Ok(unlocked)
    }

    /// Frees what is due before this epoch; gives how much.
    pub fn unlock_vested_funds<S: Blocks + Copy>(
        &mut self,
        store: S,
        now: ChainEpoch,
    ) -> Result<TokenAmount> {
        if self.locked_funds.is_zero() {
            return Ok(TokenAmount::default());
        }
        let unlocked = self.vesting_funds.unlock_vested_funds(store, now)?;
        self.unlock(&unlocked)?;
        Ok(unlocked)
    }

    /// Frees what is due before this epoch, and of the rest as much as `target` if there is. Gives how much of the rest, and how much in all.
    pub fn unlock_vested_and_unvested_funds<S: Blocks + Copy>(
        &mut self,
        store: S,
        now: ChainEpoch,
        target: &TokenAmount,
    ) -> Result<(TokenAmount, TokenAmount)> {
        if target.is_zero() || self.locked_funds.is_zero() {
            return Ok(Default::default());
        }
        let table = &mut self.vesting_funds;
        let (vested, unvested) = table.unlock_vested_and_unvested_funds(store, now, target)?;
        let total = vested + &unvested;
        self.unlock(&total)?;
        Ok((unvested, total))
    }

    fn unlock(&mut self, amount: &TokenAmount) -> Result<()> {
        self.locked_funds = not_negative(&self.locked_funds - amount, "locked funds")?;
        Ok(())
    }

    /// Pays as much of the debt as there is: by what is locked first, then by what is not. Gives how much is to be burnt, and how much was
    /// locked and is no longer.
    pub fn repay_partial_debt_in_priority_order<S: Blocks + Copy>(
        &mut self,
        store: S,
        now: ChainEpoch,
        balance: &TokenAmount,
    ) -> Result<(TokenAmount, TokenAmount)> {
        let debt = self.fee_debt.clone();
        let (from_locked, unlocked) = self.unlock_vested_and_unvested_funds(store, now, &debt)?;
        ensure!(
            from_locked <= debt,
            illegal_state,
            "more is unlocked than is owed"
        );
        let to_burn = self.get_unlocked_balance(balance)?.min(debt);
        self.fee_debt -= &to_burn;
        Ok((to_burn, unlocked))
    }

    /// Pays all of the debt by what is not locked. Gives how much is to be burnt. Fails with `USR_INSUFFICIENT_FUNDS` if it is not enough.
    pub fn repay_debts(&mut self, balance: &TokenAmount) -> Result<TokenAmount> {
        let unlocked = self.get_unlocked_balance(balance)?;
        ensure!(
            unlocked >= self.fee_debt,
            insufficient_funds,
            "{} attoFIL cannot pay a debt of {}",
            unlocked.atto_text(),
            self.fee_debt.atto_text()
        );
        Ok(std::mem::take(&mut self.fee_debt))
    }

    /// What is neither locked nor deposited nor pledged. Fails with `USR_ILLEGAL_STATE` if that is less than nothing.
    pub fn get_unlocked_balance(&self, balance: &TokenAmount) -> Result<TokenAmount> {
        let rest = balance - &self.locked_funds - &self.pre_commit_deposits - &self.initial_pledge;
        not_negative(rest, "an unlocked balance")
    }

    /// The same, less what is owed: it may be negative.
    pub fn get_available_balance(&self, balance: &TokenAmount) -> Result<TokenAmount> {
        Ok(self.get_unlocked_balance(balance)? - &self.fee_debt)
    }

    /// Fails with `USR_ILLEGAL_STATE` if an amount is negative or the balance does not cover what is locked, deposited and pledged.
    pub fn check_balance_invariants(&self, balance: &TokenAmount) -> Result<()> {
        let is_negative = self.pre_commit_deposits.is_negative()
            || self.locked_funds.is_negative()
            || self.initial_pledge.is_negative()
            || self.fee_debt.is_negative();
        ensure!(!is_negative, illegal_state, "an amount is negative");
        let least = &self.pre_commit_deposits + &self.locked_funds + &self.initial_pledge;
        ensure!(
            *balance >= least,
            illegal_state,
            "a balance of {} attoFIL is less than {}",
            balance.atto_text(),
            least.atto_text()
        );
        Ok(())
    }
}
