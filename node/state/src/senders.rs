//! The senders of a block's messages, looked up in one go, for rules that run in many threads.

use std::collections::HashMap;

use anyhow::Result;
use filigree_blocks::{SignedMessage, Tipset};
use filigree_consensus::{Sender, SenderKind, Senders};
use filigree_state::ActorState;
use fvm_shared::ActorID;
use fvm_shared::address::Address;

use crate::error::Error;
use crate::states::States;
use crate::view::View;

/// Tells signatures that were found good before, of messages sent from the address of a key: the pool of messages knows many.
pub type KnownGood<'a> = dyn Fn(&SignedMessage) -> bool + Sync + 'a;

/// Senders as one state has them.
#[derive(Default)]
pub struct KnownSenders<'k> {
    known: HashMap<Address, Option<Sender>>,
    known_good: Option<&'k KnownGood<'k>>,
}

impl<'k> KnownSenders<'k> {
    /// Looks up these addresses; each only once.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn read<'a>(
        view: &View,
        addresses: impl IntoIterator<Item = &'a Address>,
    ) -> Result<Self, Error> {
        let mut known = HashMap::new();
        for address in addresses {
            if !known.contains_key(address) {
                known.insert(*address, sender(view, address)?);
            }
        }
        Ok(Self {
            known,
            known_good: None,
        })
    }

    /// Signatures of which this is said are not checked again.
    pub fn trusting(mut self, known_good: &'k KnownGood<'k>) -> Self {
        self.known_good = Some(known_good);
        self
    }
}

impl Senders for KnownSenders<'_> {
    fn sender(&self, address: &Address) -> Result<Option<Sender>> {
        match self.known.get(address) {
            Some(sender) => Ok(sender.clone()),
            None => anyhow::bail!("the sender {address} was not looked up"),
        }
    }

    fn is_known_good(&self, signed: &SignedMessage) -> bool {
        self.known_good.is_some_and(|is_good| is_good(signed))
    }
}

/// A sender in a state.
///
/// # Errors
/// If the state cannot be read.
pub(crate) fn sender(view: &View, address: &Address) -> Result<Option<Sender>, Error> {
    let Some(id) = view.id(address)? else {
        return Ok(None);
    };
    match view.tree().get_actor(id)? {
        Some(actor) => Ok(Some(of_actor(view, id, actor)?)),
        None => Ok(None),
    }
}

fn of_actor(view: &View, id: ActorID, actor: ActorState) -> Result<Sender, Error> {
    let manifest = view.manifest()?;
    let kind = if manifest.is_account(&actor.code) {
        SenderKind::Account
    } else if manifest.is_ethaccount(&actor.code) {
        SenderKind::EthAccount
    } else if manifest.is_placeholder(&actor.code) {
        SenderKind::Placeholder
    } else {
        SenderKind::Other
    };
    let key_address = match kind {
        SenderKind::Account => view.key_address(&Address::new_id(id))?,
        _ => None,
    };
    Ok(Sender {
        id,
        kind,
        sequence: actor.sequence,
        delegated_address: actor.delegated_address,
        key_address,
    })
}

impl States {
    /// The senders of some messages, as the state has them that a tipset leads to.
    ///
    /// # Errors
    /// If this node cannot tell.
    pub fn senders<'a>(
        &self,
        parents: &Tipset,
        addresses: impl IntoIterator<Item = &'a Address>,
    ) -> Result<KnownSenders<'static>, Error> {
        KnownSenders::read(&self.view_after(parents)?, addresses)
    }
}
