//! What the pool of messages asks of state: senders as they are after a tipset.

use std::sync::Arc;

use anyhow::Result;
use filigree_blocks::Tipset;
use filigree_chain::{Chain, ChainError};
use filigree_consensus::Senders as _;
use filigree_mempool::{Account, Accounts, Base};
use filigree_node_state::{KnownSenders, States};
use fvm_shared::address::Address;

/// Senders in the state after the messages of a tipset. The state is computed when somebody asks for the first time, and known
/// to all who ask after that.
#[derive(Clone, Debug)]
pub struct AccountsAfter {
    states: States,
    tipset: Tipset,
}

impl AccountsAfter {
    /// After this tipset.
    pub fn new(states: States, tipset: Tipset) -> Self {
        Self { states, tipset }
    }
}

impl Accounts for AccountsAfter {
    fn account(&self, address: &Address) -> Result<Option<Account>> {
        let view = self.states.view_after(&self.tipset)?;
        let sender = KnownSenders::read(&view, [address])?.sender(address)?;
        let actor = view.actor(address)?;
        Ok(sender.zip(actor).map(|(sender, actor)| Account {
            sender,
            balance: actor.balance,
        }))
    }
}

/// What messages on top of a tipset build on: for [`Pool::open`](filigree_mempool::Pool::open), and for selecting messages.
///
/// # Errors
/// When the tipset's messages are missing.
pub fn base_on(chain: &Chain, states: &States, tipset: &Tipset) -> Result<Base, ChainError> {
    Ok(Base {
        epoch: tipset.height(),
        base_fee: chain.base_fee(tipset)?,
        accounts: Arc::new(AccountsAfter::new(states.clone(), tipset.clone())),
    })
}
