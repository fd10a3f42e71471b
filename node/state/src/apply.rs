//! A tipset applied to the state its blocks name, step by step as on every other node:
//!
//! 1. For each epoch from that of the parents on: cron, if the epoch had no blocks (a null round); then the migration, if the
//!    network was upgraded after that epoch.
//! 2. The messages, block by block, in each those of BLS senders first; of these the ones that are their sender's next.
//! 3. After the messages of each block, its reward, with what its messages paid and what it owes for bad ones.
//! 4. Cron.

use std::collections::BTreeSet;

use cid::Cid;
use filigree_blocks::{ChainMessage, Tipset, message_cid};
use filigree_builtin::calls::reward::AwardBlockRewardParams;
use filigree_vm::{Applied, Kind};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;

use crate::error::Error;
use crate::history::BlockMessages;
use crate::prefetch;
use crate::protocol;
use crate::receipts::{write_events, write_receipts};
use crate::room::{Moment, Room, Running};
use crate::upgrade;

/// What applying a tipset leads to: the CIDs that blocks on it must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TipsetState {
    /// Root of the state.
    pub state: Cid,
    /// Root of the receipts.
    pub receipts: Cid,
}

/// Whose message it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Somebody's, in the block with this place in the tipset.
    Block(usize),
    /// The reward of that block.
    Reward(usize),
    /// The end of an epoch.
    Cron(ChainEpoch),
}

/// A message that was applied.
#[derive(Clone, Debug)]
pub struct Step {
    /// Whose it was.
    pub origin: Origin,
    /// CID under which the message is known.
    pub cid: Cid,
    /// The message.
    pub message: Message,
    /// What it did.
    pub applied: Applied,
}

/// Who is told of each message after it ran, and may end it all by an error; mostly nobody.
pub(crate) type Listener<'a> = Option<&'a mut dyn FnMut(Step) -> Result<(), Error>>;

/// Applies a tipset.
pub(crate) fn apply(
    room: &Room,
    tipset: &Tipset,
    tracing: bool,
    mut listener: Listener<'_>,
) -> Result<TipsetState, Error> {
    if tipset.height() == 0 {
        // Nobody is paid for the first block, and it has no messages.
        return Ok(TipsetState {
            state: tipset.parent_state(),
            receipts: tipset.parent_receipts(),
        });
    }
    let _work = room.store.work();
    check_miners(tipset)?;
    let messages = room.messages(tipset)?;
    let parents = room.history.tipset(tipset.parents());
    let parents = parents.map_err(Error::History)?;
    let root = catch_up(room, tipset, &parents, tracing, &mut listener)?;

    let mut applying = Applying {
        room,
        running: room.machine(&Moment::of(tipset, root, tracing))?,
        receipts: Vec::new(),
        listener,
    };
    prefetch::ahead(&room.store, &root, &messages, || {
        applying.blocks(tipset, &messages)
    })?;
    tick(
        &mut applying.running,
        tipset.height(),
        &mut applying.listener,
    )?;
    let receipts = write_receipts(&room.store, &applying.receipts)?;
    let state = applying.running.flush()?;
    Ok(TipsetState { state, receipts })
}

/// One miner has one block.
fn check_miners(tipset: &Tipset) -> Result<(), Error> {
    let mut miners = BTreeSet::new();
    for header in tipset.headers() {
        if !miners.insert(header.miner) {
            return Err(Error::TwoBlocks(header.miner));
        }
    }
    Ok(())
}

/// Cron of null rounds, and migrations, between a tipset's parents and itself; gives the state it begins with.
fn catch_up(
    room: &Room,
    tipset: &Tipset,
    parents: &Tipset,
    tracing: bool,
    listener: &mut Listener<'_>,
) -> Result<Cid, Error> {
    let mut root = tipset.parent_state();
    for epoch in parents.height()..tipset.height() {
        if epoch > parents.height() {
            let timestamp = room.rules.config.timestamp_of(epoch);
            let moment = Moment {
                epoch,
                timestamp: timestamp.unwrap_or_default(),
                ..Moment::of(tipset, root, tracing)
            };
            let mut running = room.machine(&moment)?;
            tick(&mut running, epoch, listener)?;
            root = running.flush()?;
        }
        root = upgrade::at_epoch(room, parents, root, epoch)?;
    }
    Ok(root)
}

fn tick(
    running: &mut Running,
    epoch: ChainEpoch,
    listener: &mut Listener<'_>,
) -> Result<(), Error> {
    let message = protocol::tick(epoch);
    let applied = running.execute_protocol(&format!("cron of epoch {epoch}"), &message)?;
    tell(listener, || Step {
        origin: Origin::Cron(epoch),
        cid: message_cid(&message),
        message,
        applied,
    })
}

fn tell(listener: &mut Listener<'_>, step: impl FnOnce() -> Step) -> Result<(), Error> {
    match listener {
        Some(listener) => listener(step()),
        None => Ok(()),
    }
}

/// A tipset whose messages run.
struct Applying<'room, 'told> {
    room: &'room Room,
    running: Running,
    receipts: Vec<Receipt>,
    listener: Listener<'told>,
}

impl Applying<'_, '_> {
    fn blocks(&mut self, tipset: &Tipset, messages: &[BlockMessages]) -> Result<(), Error> {
        for (at, (header, messages)) in tipset.headers().zip(messages).enumerate() {
            let wins = header.election_proof.as_ref();
            let wins = wins.map_or(0, |proof| proof.win_count);
            self.block(at, tipset.height(), header.miner, wins, messages)?;
        }
        Ok(())
    }

    fn block(
        &mut self,
        at: usize,
        epoch: ChainEpoch,
        miner: Address,
        win_count: i64,
        messages: &[ChainMessage],
    ) -> Result<(), Error> {
        let mut penalty = TokenAmount::default();
        let mut gas_reward = TokenAmount::default();
        for message in messages {
            let applied = self.message(at, message)?;
            penalty += applied.0;
            gas_reward += applied.1;
        }
        let params = AwardBlockRewardParams {
            miner,
            penalty,
            gas_reward,
            win_count,
        };
        let message = protocol::reward(epoch, &params);
        let what = format!("the reward of {miner} at epoch {epoch}");
        let applied = self.running.execute_protocol(&what, &message)?;
        tell(&mut self.listener, || Step {
            origin: Origin::Reward(at),
            cid: message_cid(&message),
            message,
            applied,
        })
    }

    /// Runs a message; gives what the block owes for it, and what it pays.
    fn message(
        &mut self,
        at: usize,
        message: &ChainMessage,
    ) -> Result<(TokenAmount, TokenAmount), Error> {
        let bytes = message.chain_length_bytes();
        let what = || format!("the message {}", message.cid());
        let applied = self
            .running
            .execute(what, message.message(), Kind::Explicit, bytes)?;
        write_events(&self.room.store, &applied)?;
        self.receipts.push(applied.receipt.clone());
        let paid = (applied.penalty.clone(), applied.miner_tip.clone());
        tell(&mut self.listener, || Step {
            origin: Origin::Block(at),
            cid: message.cid(),
            message: message.message().clone(),
            applied,
        })?;
        Ok(paid)
    }
}
