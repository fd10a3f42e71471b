//! The state of a multisig wallet, and the rules by which it changes (Filecoin spec, "Multisig Wallet & Actor").

use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;

use crate::vesting;

/// Most signers a wallet may have. More can share a wallet of wallets.
pub const MAX_SIGNERS: usize = 256;

/// A transaction's number, from 0 on.
pub type TxnId = i64;

/// Transactions that wait for approvals.
pub type PendingTransactions = Map<TxnId, Transaction>;

pub(crate) type OpenPending<S> = OpenMap<S, TxnId, Transaction>;

/// A wallet's state.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multisig {
    /// Who may propose and approve, by id.
    pub signers: Vec<Address>,
    /// How many approvals a transaction needs, one at least.
    pub num_approvals_threshold: u64,
    /// The number of the next transaction.
    pub next_tx_id: TxnId,
    /// What is locked when the lock starts, attoFIL.
    pub initial_balance: TokenAmount,
    /// When the lock starts.
    pub start_epoch: ChainEpoch,
    /// How long the lock takes to open, in epochs; 0 if there is none.
    pub unlock_duration: ChainEpoch,
    /// What was proposed and is not sent yet.
    pub pending_txs: PendingTransactions,
}

/// A message to be sent when enough signers have approved it.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// To whom.
    pub to: Address,
    /// What goes with it, attoFIL.
    pub value: TokenAmount,
    /// Which method it calls.
    pub method: MethodNum,
    /// The method's parameters, CBOR; none if empty.
    pub params: RawBytes,
    /// Who approved, in order; first, as a rule, the proposer.
    pub approved: Vec<Address>,
}

/// Transactions.
impl Multisig {
    /// Fails unless an actor is a signer.
    pub fn require_signer(&self, id: ActorID) -> Result<()> {
        ensure!(self.is_signer(id), forbidden, "f0{id} is no signer");
        Ok(())
    }

    /// Whether an actor is a signer.
    pub fn is_signer(&self, id: ActorID) -> bool {
        self.signers.contains(&Address::new_id(id))
    }

    /// Whether a transaction has enough approvals.
    pub fn is_approved(&self, txn: &Transaction) -> bool {
        txn.approved.len() as u64 >= self.num_approvals_threshold
    }

    /// Gives a proposed transaction its number, and keeps it unless it is approved already.
    pub fn enter<S: Blocks>(&mut self, store: S, txn: &Transaction) -> Result<TxnId> {
        let id = self.next_tx_id;
        self.next_tx_id += 1;
        if !self.is_approved(txn) {
            let mut pending = self.pending_txs.open_in(store)?;
            pending.set(&id, txn)?;
            self.pending_txs = pending.close()?;
        }
        Ok(id)
    }

    /// Adds a signer's approval to a pending transaction, unless it has enough since the threshold was lowered. Removes it if it has enough now;
    /// tells whether it has.
    pub(crate) fn count_approval<S: Blocks>(
        &self,
        pending: &mut OpenPending<S>,
        id: TxnId,
        txn: &mut Transaction,
        signer: ActorID,
    ) -> Result<bool> {
        if !self.is_approved(txn) {
            let approver = Address::new_id(signer);
            ensure!(
                !txn.approved.contains(&approver),
                forbidden,
                "f0{signer} approved transaction {id} already"
            );
            txn.approved.push(approver);
        }
        let is_approved = self.is_approved(txn);
        match is_approved {
            true => pending.remove(&id).map(drop)?,
            false => pending.set(&id, txn)?,
        }
        Ok(is_approved)
    }

    /// Removes all approvals of a signer; transactions with no other approval go.
    fn purge_approvals<S: Blocks>(&mut self, store: S, signer: &Address) -> Result<()> {
        let mut pending = self.pending_txs.open_in(store)?;
        let mut concerned = Vec::new();
        pending.for_each(|id, txn| {
            if txn.approved.contains(signer) {
                concerned.push((id, txn));
            }
            Ok(())
        })?;
        for (id, mut txn) in concerned {
            txn.approved.retain(|approver| approver != signer);
            match txn.approved.is_empty() {
                true => pending.remove(&id).map(drop)?,
                false => pending.set(&id, &txn)?,
            }
        }
        self.pending_txs = pending.close()?;
        Ok(())
    }
}

/// Signers.
impl Multisig {
    /// Adds a signer; with `increase` one more approval is needed.
    pub fn admit(&mut self, id: ActorID, increase: bool) -> Result<()> {
        ensure!(
            self.signers.len() < MAX_SIGNERS,
            forbidden,
            "a wallet has {MAX_SIGNERS} signers at most"
        );
        ensure!(!self.is_signer(id), forbidden, "f0{id} is a signer already");
        self.signers.push(Address::new_id(id));
        self.num_approvals_threshold += u64::from(increase);
        Ok(())
    }

    /// Removes a signer; with `decrease` one approval less is needed.
    pub fn dismiss<S: Blocks>(&mut self, store: S, id: ActorID, decrease: bool) -> Result<()> {
        self.require_signer(id)?;
        let left = self.signers.len() - 1;
        ensure!(left > 0, forbidden, "f0{id} is the only signer");
        let threshold = self.num_approvals_threshold;
        if decrease {
            ensure!(
                threshold >= 2,
                illegal_argument,
                "no fewer approvals than {threshold} can be needed"
            );
            self.num_approvals_threshold -= 1;
        } else {
            ensure!(
                left as u64 >= threshold,
                illegal_argument,
                "{left} signers cannot give {threshold} approvals"
            );
        }
        let signer = Address::new_id(id);
        self.purge_approvals(store, &signer)?;
        self.signers.retain(|other| *other != signer);
        Ok(())
    }

    /// Puts signer `to`, who comes last, in the place of `from`.
    pub fn replace<S: Blocks>(&mut self, store: S, from: ActorID, to: ActorID) -> Result<()> {
        self.require_signer(from)?;
        ensure!(
            !self.is_signer(to),
            illegal_argument,
            "f0{to} is a signer already"
        );
        let from = Address::new_id(from);
        self.signers.retain(|signer| *signer != from);
        self.signers.push(Address::new_id(to));
        self.purge_approvals(store, &from)
    }

    /// Sets how many approvals are needed.
    pub fn set_threshold(&mut self, threshold: u64) -> Result<()> {
        let signers = self.signers.len();
        ensure!(
            threshold > 0 && threshold <= signers as u64,
            illegal_argument,
            "{signers} signers cannot give {threshold} approvals"
        );
        self.num_approvals_threshold = threshold;
        Ok(())
    }
}

/// Funds.
impl Multisig {
    /// Locks an amount. The lock opens within `unlock_duration` epochs from `start_epoch` on, past or future.
    pub fn lock(
        &mut self,
        start_epoch: ChainEpoch,
        unlock_duration: ChainEpoch,
        amount: TokenAmount,
    ) {
        self.start_epoch = start_epoch;
        self.unlock_duration = unlock_duration;
        self.initial_balance = amount;
    }

    /// Fails unless `amount` can be taken from a balance at an epoch: what is left must not be less than what is locked then. Nothing can be
    /// taken always.
    pub fn check_available(
        &self,
        balance: &TokenAmount,
        amount: &TokenAmount,
        epoch: ChainEpoch,
    ) -> Result<()> {
        ensure!(!amount.is_negative(), illegal_argument, "a negative amount");
        ensure!(
            balance >= amount,
            insufficient_funds,
            "the balance is {} atto only",
            balance.atto_text()
        );
        if amount.is_zero() {
            return Ok(());
        }
        // A lock that starts further back than epochs can be counted: release 18 takes that for a bug of its own.
        let elapsed = epoch
            .checked_sub(self.start_epoch)
            .ok_or_else(|| Error::assertion_failed("the lock started too long ago"))?;
        let locked = vesting::locked(&self.initial_balance, self.unlock_duration, elapsed);
        ensure!(
            balance - amount >= locked,
            insufficient_funds,
            "{} atto are locked",
            locked.atto_text()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests;
