//! A message that waits because it offers too little, replaced by the same with a higher fee.

use std::sync::{Mutex, PoisonError};

use filigree_blocks::SignedMessage;
use filigree_mempool::Source;
use filigree_mempool::limits::{REPLACE_PERCENT, replacement_premium};
use filigree_wallet::Wallet;

use crate::error::SendError;
use crate::estimate::FEE_CAP_EPOCHS;
use crate::sender::{Sender, Sent};
use crate::spec::{Spec, cap_fees};

/// Epochs within which the replacement should be in a block.
const SOON: u64 = 5;

impl Sender<'_> {
    /// Replaces a message of the pool by one with its number that can be mined at today's base fee; `note` is given that before anybody else
    /// is. Only one of the two can ever be mined. None if what it may cost is not enough for that: it waits on.
    ///
    /// # Errors
    /// When the sender cannot pay, the wallet has not its key, the pool does not take it, or `note` fails: then nothing is replaced.
    pub fn replace_noting(
        &self,
        wallet: &Wallet,
        sending: &Mutex<Sent>,
        waiting: &SignedMessage,
        spec: &Spec,
        note: impl FnOnce(&SignedMessage) -> anyhow::Result<()>,
    ) -> Result<Option<SignedMessage>, SendError> {
        let _sending = sending.lock().unwrap_or_else(PoisonError::into_inner);
        let head = self.chain.head();
        let mut message = waiting.message.clone();
        let least = replacement_premium(&message.gas_premium, REPLACE_PERCENT);
        message.gas_premium = self.premium(SOON, &head)?.max(least.clone());
        let cap = Self::fee_cap(&message.gas_premium, FEE_CAP_EPOCHS, &head);
        message.gas_fee_cap = cap.max(message.gas_fee_cap);
        cap_fees(&mut message, spec);
        let base_fee = self.chain.base_fee(&head)?;
        if message.gas_premium < least || message.gas_fee_cap <= base_fee {
            return Ok(None);
        }
        self.check_funds(&message)?;
        let (key, chain_id) = (message.from, self.chain.config().eth_chain_id);
        let signed = wallet.sign_message(&key, message, chain_id)?;
        note(&signed).map_err(SendError::NotNoted)?;
        self.pool.push(signed.clone(), Source::Here)?;
        Ok(Some(signed))
    }
}
