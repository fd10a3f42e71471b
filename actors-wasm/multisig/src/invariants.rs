//! What is wrong with the state of a multisig wallet.

use std::collections::BTreeSet;

use filigree_builtin::{Broken, Invariants};
use filigree_sdk::collections::Blocks;
use fvm_shared::address::Protocol;

use crate::state::{MAX_SIGNERS, Multisig, Transaction, TxnId};

impl Multisig {
    /// What is wrong with the state. A pending transaction may have enough approvals: the threshold can be lowered.
    pub fn check_invariants<S: Blocks>(&self, store: S) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        self.check_signers(&mut invariants);
        self.check_lock(&mut invariants);
        let read = self.pending_txs.open_in(store).and_then(|pending| {
            pending.for_each(|id, txn| {
                self.check_pending(&mut invariants, id, &txn);
                Ok(())
            })
        });
        if let Err(error) = read {
            invariants.require(false, "multisig/pending", || error.to_string());
        }
        invariants.into_broken()
    }

    fn check_signers(&self, invariants: &mut Invariants) {
        let (count, threshold) = (self.signers.len(), self.num_approvals_threshold);
        invariants.require(
            (1..=MAX_SIGNERS).contains(&count),
            "multisig/number-of-signers",
            || format!("there are {count}"),
        );
        invariants.require(
            (1..=count as u64).contains(&threshold),
            "multisig/threshold",
            || format!("{count} signers, of whom {threshold} must approve"),
        );
        let mut seen = BTreeSet::new();
        for signer in &self.signers {
            invariants.require(
                signer.protocol() == Protocol::ID,
                "multisig/signer-is-id",
                || format!("{signer} is none"),
            );
            invariants.require(
                seen.insert(signer.to_bytes()),
                "multisig/signer-once",
                || format!("{signer} is a signer twice"),
            );
        }
    }

    fn check_lock(&self, invariants: &mut Invariants) {
        let (start, duration) = (self.start_epoch, self.unlock_duration);
        invariants.require(duration >= 0, "multisig/lock-duration", || {
            format!("it is {duration} epochs")
        });
        let amount = &self.initial_balance;
        invariants.require(!amount.is_negative(), "multisig/lock-amount", || {
            format!("{} atto are locked", amount.atto())
        });
        invariants.require(
            duration != 0 || (start == 0 && amount.is_zero()),
            "multisig/no-lock",
            || {
                format!(
                    "without a lock, {} atto are locked from {start} on",
                    amount.atto()
                )
            },
        );
    }

    fn check_pending(&self, invariants: &mut Invariants, id: TxnId, txn: &Transaction) {
        let next = self.next_tx_id;
        invariants.require((0..next).contains(&id), "multisig/next-id", || {
            format!("transaction {id} waits, the next is {next}")
        });
        invariants.require(!txn.approved.is_empty(), "multisig/no-approval", || {
            format!("nobody approves transaction {id}")
        });
        let mut seen = BTreeSet::new();
        for approver in &txn.approved {
            invariants.require(
                self.signers.contains(approver),
                "multisig/approver-is-signer",
                || format!("{approver}, who approved transaction {id}, is none"),
            );
            invariants.require(
                seen.insert(approver.to_bytes()),
                "multisig/approved-once",
                || format!("{approver} approved transaction {id} twice"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigree_sdk::collections::OpenMap;
    use filigree_sdk::prelude::*;
    use fvm_ipld_blockstore::MemoryBlockstore;

    #[test]
    fn invariants_are_told_by_name() {
        let store = MemoryBlockstore::new();
        let [alice, bob] = [100, 101].map(Address::new_id);
        let txn = |approved: &[Address]| Transaction {
            to: alice,
            value: TokenAmount::default(),
            method: 0,
            params: RawBytes::default(),
            approved: approved.to_vec(),
        };
        let pending = |txns: &[(TxnId, Transaction)]| {
            let mut map = OpenMap::empty(&store);
            for (id, txn) in txns {
                map.set(id, txn).unwrap();
            }
            map.close().unwrap()
        };
        let good = Multisig {
            signers: vec![alice, bob],
            num_approvals_threshold: 2,
            next_tx_id: 8,
            initial_balance: TokenAmount::default(),
            start_epoch: 0,
            unlock_duration: 0,
            pending_txs: pending(&[(7, txn(&[bob]))]),
        };
        assert_eq!(good.check_invariants(&store), []);

        let robust = Address::new_actor(b"robust");
        let signers = Multisig {
            signers: vec![robust, bob, bob],
            num_approvals_threshold: 4,
            start_epoch: 1,
            ..good.clone()
        };
        let lock = Multisig {
            signers: Vec::new(),
            unlock_duration: -1,
            initial_balance: TokenAmount::from_atto(-1),
            pending_txs: pending(&[]),
            ..good.clone()
        };
        let approvals = Multisig {
            pending_txs: pending(&[(8, txn(&[robust])), (6, txn(&[])), (5, txn(&[bob, bob]))]),
            ..good.clone()
        };
        for (state, expected) in [
            (
                signers,
                &[
                    "multisig/no-lock",
                    "multisig/signer-is-id",
                    "multisig/signer-once",
                    "multisig/threshold",
                ][..],
            ),
            (
                lock,
                &[
                    "multisig/lock-amount",
                    "multisig/lock-duration",
                    "multisig/number-of-signers",
                    "multisig/threshold",
                ],
            ),
            (
                approvals,
                &[
                    "multisig/approved-once",
                    "multisig/approver-is-signer",
                    "multisig/next-id",
                    "multisig/no-approval",
                ],
            ),
        ] {
            let broken = state.check_invariants(&store);
            let mut names: Vec<&str> = broken.iter().map(|broken| broken.name).collect();
            names.sort_unstable();
            assert_eq!(names, expected);
        }
        let lost = good.check_invariants(MemoryBlockstore::new());
        assert_eq!(lost[0].name, "multisig/pending");
    }
}
