//! The messages of a block: each may stand in a block, is its sender's next, and is signed by its sender.

pub mod aggregate;
pub mod root;
pub mod sender;
pub mod signatures;
pub mod syntax;

use std::collections::HashMap;

use anyhow::anyhow;
use filigree_blocks::{ChainMessage, FullBlock, SignedMessage};
use filigree_gas::PriceList;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;

use crate::config::ChainConfig;
use crate::limits::{self, GasSum};
use crate::reason::{CheckError, MessageFault, Reason};
use sender::{Sender, Senders};

/// That the messages of a block are those its header lists and may stand in it. `senders` is the state after the parents.
///
/// Rules are those from network version 18 on, the first that the host runs.
pub fn check(
    config: &ChainConfig,
    block: &FullBlock,
    senders: &dyn Senders,
) -> Result<(), CheckError> {
    if config.history.unchecked_messages == Some(block.header.cid()) {
        return Ok(());
    }
    limits::check_count(block)?;
    root::check(block)?;
    let rules = Rules::at(config, block.header.height)?;
    let mut expected = Expected::default();
    let mut gas = GasSum::default();
    let mut bls = Vec::with_capacity(block.bls.len());
    let mut signed: Vec<(usize, &SignedMessage, Sender)> = Vec::with_capacity(block.signed.len());
    for (at, message) in block.messages().enumerate() {
        let refuse = |fault| refused(at, &message, fault);
        if let Some(at_signed) = at.checked_sub(block.bls.len())
            && let Some(message) = block.signed.get(at_signed)
        {
            signatures::check_type(config, rules.version, message).map_err(refuse)?;
        }
        syntax::check(
            message.message(),
            rules.inclusion_cost(&message),
            rules.version,
        )
        .map_err(refuse)?;
        gas.add(message.message().gas_limit)?;
        let address = message.sender();
        let sender = senders.sender(address)?;
        let sender = sender.ok_or_else(|| refuse(MessageFault::NoSender(*address)))?;
        expected
            .check(message.message().sequence, &sender, address)
            .map_err(refuse)?;
        match at.checked_sub(block.bls.len()) {
            None => {
                let key = aggregate::key_of(address, &sender).map_err(refuse)?;
                bls.push((key, message.cid()));
            }
            Some(i) => signed.extend(block.signed.get(i).map(|message| (at, message, sender))),
        }
    }
    aggregate::check(&block.header, &bls)?;
    signatures::check(config, &signed, senders)
}

/// What depends on the block's epoch.
struct Rules {
    version: NetworkVersion,
    prices: &'static PriceList,
}

impl Rules {
    fn at(config: &ChainConfig, epoch: ChainEpoch) -> anyhow::Result<Self> {
        let version = config.version_at(epoch);
        let prices = PriceList::for_version(version).ok_or_else(|| {
            let version = u32::from(version);
            anyhow!("epoch {epoch} has network version {version}, for which there are no prices")
        })?;
        Ok(Self { version, prices })
    }

    fn inclusion_cost(&self, message: &ChainMessage) -> u64 {
        let charge = self.prices.on_chain_message(message.chain_length_bytes());
        charge.total().round_up()
    }
}

/// The sequence number that each sender's next message must have.
#[derive(Default)]
struct Expected(HashMap<ActorID, u64>);

impl Expected {
    fn check(
        &mut self,
        found: u64,
        sender: &Sender,
        address: &Address,
    ) -> Result<(), MessageFault> {
        if !self.0.contains_key(&sender.id) && !sender.may_send() {
            return Err(MessageFault::NotAnAccount(*address));
        }
        let next = self.0.entry(sender.id).or_insert(sender.sequence);
        let expected = *next;
        if found != expected {
            return Err(MessageFault::Sequence { expected, found });
        }
        *next = next.saturating_add(1);
        Ok(())
    }
}

fn refused(at: usize, message: &ChainMessage, fault: MessageFault) -> Reason {
    let cid = Box::new(message.cid());
    Reason::Message { at, cid, fault }
}
