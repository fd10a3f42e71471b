//! The messages of a tipset, each once, as they are applied.
//!
//! Blocks of one tipset are made without knowing of each other, and have messages in common. Going through the blocks in their
//! order, a message counts if it is its sender's next one: the first block that has it gives it (Lotus, `BlockMsgsForTipset`).

use std::collections::HashMap;

use anyhow::Result;
use filigree_blocks::{ChainMessage, Tipset};
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Protocol};

use crate::error::ChainError;
use crate::messages::BlockMessages;
use crate::states::States;

/// A block of a tipset, and those of its messages that are applied.
#[derive(Clone, PartialEq, Debug)]
pub struct Applied {
    /// The block's miner.
    pub miner: Address,
    /// How often it won.
    pub win_count: i64,
    /// What it adds to the blocks before it: mostly all that it has, which is shared then.
    pub messages: BlockMessages,
}

/// What is applied of the blocks of a tipset, whose messages these are, on the state it is applied to.
///
/// # Errors
/// When an id has to be looked up and cannot be.
pub fn select(
    tipset: &Tipset,
    messages: &[BlockMessages],
    states: &dyn States,
) -> Result<Vec<Applied>, ChainError> {
    let all = || messages.iter().flat_map(|block| block.iter());
    // One account may send as f0 and as its key's address: then senders are told apart by their ids. Looking ids up costs
    // something, and it is rare.
    let by_id = all().any(|message| message.sender().protocol() == Protocol::ID);
    let mut senders = Senders {
        tipset,
        states: by_id.then_some(states),
        ids: HashMap::new(),
        next: HashMap::new(),
    };
    let blocks = tipset.headers().zip(messages).map(|(header, messages)| {
        let next = messages.iter().map(|message| senders.is_next(message));
        let next: Vec<bool> = next.collect::<Result<_, _>>()?;
        let applied = match next.iter().all(|is_next| *is_next) {
            true => BlockMessages::clone(messages),
            false => {
                let all = messages.iter().zip(next);
                all.filter(|(_, is_next)| *is_next)
                    .map(|(message, _)| message.clone())
                    .collect()
            }
        };
        Ok(Applied {
            miner: header.miner,
            win_count: header.election_proof.as_ref().map_or(0, |p| p.win_count),
            messages: applied,
        })
    });
    blocks.collect()
}

/// Who has sent what so far.
struct Senders<'a> {
    tipset: &'a Tipset,
    /// Where ids are looked up, if senders are told apart by them.
    states: Option<&'a dyn States>,
    ids: HashMap<Address, ActorID>,
    next: HashMap<Address, u64>,
}

impl Senders<'_> {
    fn is_next(&mut self, message: &ChainMessage) -> Result<bool, ChainError> {
        let sender = self.name_of(message)?;
        let sequence = message.message().sequence;
        // The first of a sender is right: its block would not be good otherwise.
        let next = self.next.entry(sender).or_insert(sequence);
        if *next != sequence {
            return Ok(false);
        }
        *next = next.wrapping_add(1);
        Ok(true)
    }

    fn name_of(&mut self, message: &ChainMessage) -> Result<Address, ChainError> {
        let address = *message.sender();
        let Some(states) = self.states else {
            return Ok(address);
        };
        if let Ok(id) = address.id() {
            return Ok(Address::new_id(id));
        }
        if let Some(id) = self.ids.get(&address) {
            return Ok(Address::new_id(*id));
        }
        let state = self.tipset.parent_state();
        let id = states
            .resolve(&state, &address)
            .map_err(ChainError::State)?;
        let id = id.ok_or_else(|| ChainError::NoSender {
            cid: Box::new(message.cid()),
            state: Box::new(state),
        })?;
        self.ids.insert(address, id);
        Ok(Address::new_id(id))
    }
}
