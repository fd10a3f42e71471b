//! Who sends messages: estimates, numbers, signs, and puts into the pool.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use filigree_blocks::SignedMessage;
use filigree_chain::Chain;
use filigree_keys::EthAddress;
use filigree_mempool::{Pool, Source};
use filigree_node_state::States;
use filigree_wallet::Wallet;
use fvm_shared::address::Protocol;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::error::SendError;
use crate::spec::Spec;

/// Messages sent under a name that are remembered.
const REMEMBERED: usize = 1024;

/// Messages sent under names, so that one sent twice is sent once. Whoever numbers a message holds it, so that no two get the
/// same number.
#[derive(Debug, Default)]
pub struct Sent(VecDeque<(String, SignedMessage)>);

/// Estimates and sends.
#[derive(Clone, Copy)]
pub struct Sender<'a> {
    /// The chain.
    pub chain: &'a Chain,
    /// Its states.
    pub states: &'a States,
    /// The pool.
    pub pool: &'a Pool,
}

impl Sender<'_> {
    /// Gives a message its gas and its number, signs it and puts it into the pool.
    ///
    /// # Errors
    /// When it fails when tried, its sender cannot pay, the wallet has not its key, or the pool does not take it.
    pub fn send(
        &self,
        wallet: &Wallet,
        sending: &Mutex<Sent>,
        message: Message,
        spec: &Spec,
    ) -> Result<SignedMessage, SendError> {
        self.send_noting(wallet, sending, message, spec, |_| Ok(()))
    }

    /// As [`send`](Self::send); `note` is given the signed message before anybody else is. If the process ends between the two,
    /// the message is nowhere, and whoever noted it sees that.
    ///
    /// # Errors
    /// As [`send`](Self::send), and when `note` fails: then nothing is sent.
    pub fn send_noting(
        &self,
        wallet: &Wallet,
        sending: &Mutex<Sent>,
        message: Message,
        spec: &Spec,
        note: impl FnOnce(&SignedMessage) -> anyhow::Result<()>,
    ) -> Result<SignedMessage, SendError> {
        check_receiver(&message)?;
        if message.sequence != 0 {
            return Err(SendError::Numbered(message.sequence));
        }
        let head = self.chain.head();
        let key = self.states.view_before(&head)?.key_address(&message.from)?;
        let key = key.ok_or(SendError::NoAccount(message.from))?;
        if !wallet.has(&key) {
            return Err(SendError::NoKey(key));
        }
        let mut sent = sending.lock().unwrap_or_else(PoisonError::into_inner);
        let name = spec.known_as();
        if let Some(name) = &name
            && let Some((_, before)) = sent.0.iter().find(|(known, _)| known == name)
        {
            return Ok(before.clone());
        }
        let mut message = self.estimate(message, spec, &head)?;
        if message.from.protocol() == Protocol::ID {
            message.from = key;
        }
        self.check_funds(&message)?;
        let next = self.pool.next_nonce(&message.from);
        message.sequence = next.map_err(SendError::Unknown)?;
        let signed = wallet.sign_message(&key, message, self.chain.config().eth_chain_id)?;
        note(&signed).map_err(SendError::NotNoted)?;
        self.pool.push(signed.clone(), Source::Here)?;
        if let Some(name) = name {
            if sent.0.len() >= REMEMBERED {
                sent.0.pop_front();
            }
            sent.0.push_back((name, signed.clone()));
        }
        Ok(signed)
    }

    pub(crate) fn check_funds(&self, message: &Message) -> Result<(), SendError> {
        let base = self.pool.base();
        let account = base.accounts.account(&message.from);
        let account = account.map_err(SendError::Unknown)?;
        let balance = account.map_or_else(TokenAmount::default, |account| account.balance);
        let needed = &message.value + &message.gas_fee_cap * message.gas_limit;
        if balance < needed {
            return Err(SendError::Funds {
                from: Box::new(message.from),
                balance,
                needed,
            });
        }
        Ok(())
    }
}

/// Refuses a receiver from whom nobody could ever get anything: an f410 address that is no Ethereum address.
///
/// # Errors
/// [`SendError::Receiver`].
pub fn check_receiver(message: &Message) -> Result<(), SendError> {
    let to = &message.to;
    if to.protocol() == Protocol::Delegated && EthAddress::from_filecoin(to).is_none() {
        return Err(SendError::Receiver(*to));
    }
    Ok(())
}
