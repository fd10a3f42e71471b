//! Messages that are stuck: the base fee has risen above what they offer. After some epochs each is replaced by the same with a higher fee,
//! as far as the operator lets it cost that. All messages of a miner come from its worker, in the order of their numbers: one that is stuck
//! keeps all after it waiting, so window proofs depend on this too.
//!
//! Records name the message that was first sent; what replaced it is in a table, which [`Shared::fate`] follows.

use filigree_blocks::Tipset;
use filigree_mempool::Pending;
use filigree_send::{Sender, Spec};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use crate::error::SealError;
use crate::message::{
    DECLARE_FAULTS, DECLARE_FAULTS_RECOVERED, PRE_COMMIT_SECTOR_BATCH_2, PROVE_COMMIT_SECTORS_3,
    SUBMIT_WINDOWED_POST,
};
use crate::shared::Shared;

/// How many epochs a message waits for the base fee to fall again. A window is open for sixty epochs, on development
/// networks for ten.
const PATIENCE: ChainEpoch = 3;

impl Shared {
    /// Replaces the messages of this pipeline that have been stuck for a while.
    pub fn lift_stuck(&self, head: &Tipset) -> Result<(), SealError> {
        let parts = &self.parts;
        let base_fee = parts.chain.base_fee(head)?;
        let stuck = self.stuck(head, &base_fee)?;
        let since = self.stuck_since(stuck.iter().map(|pending| pending.cid), head.height());
        for (pending, since) in stuck.iter().zip(since) {
            if since + PATIENCE <= head.height() {
                self.lift(pending, &base_fee)?;
            }
        }
        Ok(())
    }

    /// The messages of this pipeline that offer less than the base fee, in their order.
    fn stuck(
        &self,
        head: &Tipset,
        base_fee: &TokenAmount,
    ) -> Result<Vec<std::sync::Arc<Pending>>, SealError> {
        let parts = &self.parts;
        let view = parts.states.view_before(head)?;
        let worker = view.miner(&self.address())?.info()?.worker;
        let Some(key) = view.key_address(&worker)? else {
            return Ok(Vec::new());
        };
        let mut waiting = parts.pool.pending_of(&key);
        waiting.retain(|pending| {
            let message = &pending.signed.message;
            message.to == self.address()
                && self.max_fee(message.method_num).is_some()
                && message.gas_fee_cap < *base_fee
        });
        Ok(waiting)
    }

    /// What a message of this pipeline may cost; none for messages of others.
    fn max_fee(&self, method: u64) -> Option<&TokenAmount> {
        let settings = &self.parts.settings;
        match method {
            SUBMIT_WINDOWED_POST | DECLARE_FAULTS | DECLARE_FAULTS_RECOVERED => {
                Some(&settings.max_window_fee)
            }
            PRE_COMMIT_SECTOR_BATCH_2 | PROVE_COMMIT_SECTORS_3 => Some(&settings.max_seal_fee),
            _ => None,
        }
    }

    fn lift(&self, pending: &Pending, base_fee: &TokenAmount) -> Result<(), SealError> {
        let parts = &self.parts;
        let sender = Sender {
            chain: &parts.chain,
            states: &parts.states,
            pool: &parts.pool,
        };
        let max_fee = self.max_fee(pending.signed.message.method_num);
        let spec = Spec::up_to(max_fee.cloned().unwrap_or_default());
        let (miner, old, nonce) = (self.miner, pending.cid, pending.nonce());
        let mut noted = Ok(());
        let (wallet, sending) = (&parts.wallet, &parts.sending);
        let replaced = sender.replace_noting(wallet, sending, &pending.signed, &spec, |signed| {
            noted = self.records.note_replacement(&old, &signed.cid());
            match &noted {
                Ok(()) => Ok(()),
                Err(error) => Err(anyhow::anyhow!("{error}")),
            }
        });
        noted?;
        match replaced? {
            Some(new) => {
                let (new, cap) = (new.cid(), &new.message.gas_fee_cap);
                tracing::info!(miner, nonce, %old, %new, %base_fee, %cap, "a stuck message is replaced by one with a higher fee");
            }
            None => {
                tracing::warn!(miner, nonce, message = %old, %base_fee, "a message is stuck: more than it offers is not allowed for it");
            }
        }
        Ok(())
    }
}
