//! What the client of a node was told before each kill, and whether it is still so.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use cid::Cid;
use filigree_blocks::{SignedMessage, Tipset, TipsetKey};
use filigree_node_tests::Node;
use filigree_node_tests::talk::{fil, head};
use filigree_rpc::method::chain::ChainGetTipSetByHeight;
use filigree_rpc::method::mpool::MpoolPending;
use filigree_rpc::method::state::actors::StateGetActor;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

/// A sender and a number of it.
type Number = (String, u64);

/// See the head of the file.
pub struct Told {
    /// The last head that was told of.
    head: Tipset,
    /// The same before each kill.
    pub kills: Vec<Tipset>,
    /// All heads that were told of.
    heads: BTreeMap<ChainEpoch, TipsetKey>,
    /// Messages that were taken, by their numbers.
    pub messages: BTreeMap<u64, SignedMessage>,
    /// Messages of which nobody knows whether they were: it was killed instead of an answer.
    pub unanswered: usize,
    /// What each number of a sender was used for, here or in the pool, without what it may cost: for more it is offered again.
    numbers: BTreeMap<Number, Message>,
    /// Sectors that were pledged.
    pub sectors: Vec<u64>,
    /// In which states starts found sectors.
    pub states: BTreeSet<String>,
}

impl Told {
    /// Of a node that has begun.
    pub fn new(head: Tipset) -> Self {
        Self {
            heads: BTreeMap::from([(head.height(), head.key().clone())]),
            head,
            kills: Vec::new(),
            messages: BTreeMap::new(),
            unanswered: 0,
            numbers: BTreeMap::new(),
            sectors: Vec::new(),
            states: BTreeSet::new(),
        }
    }

    /// A head was told of. The one miner makes one block of an epoch, and no fork.
    pub fn saw(&mut self, head: Tipset) -> Result<()> {
        let key = head.key().clone();
        let before = self.heads.insert(head.height(), key.clone());
        ensure!(
            before.as_ref().is_none_or(|before| *before == key),
            "epoch {} had the block {before:?}, and has {key}",
            head.height()
        );
        self.head = head;
        Ok(())
    }

    /// A message was taken.
    pub fn took(&mut self, signed: SignedMessage) -> Result<()> {
        self.uses(&signed.message)?;
        let number = signed.message.sequence;
        let before = self.messages.insert(number, signed);
        ensure!(
            before.is_none(),
            "number {number} was given twice: {before:?}"
        );
        Ok(())
    }

    /// What waits, also of the miner's own messages.
    pub fn look_into_pool(&mut self, node: &Node) -> Result<()> {
        for waiting in node.call(MpoolPending { tipset: head() })?.0 {
            self.uses(&waiting.message)?;
        }
        Ok(())
    }

    /// A number is used for a message.
    fn uses(&mut self, message: &Message) -> Result<()> {
        let number = (message.from.to_string(), message.sequence);
        let plain = Message {
            gas_limit: 0,
            gas_fee_cap: TokenAmount::default(),
            gas_premium: TokenAmount::default(),
            ..message.clone()
        };
        let before = self.numbers.entry(number).or_insert_with(|| plain.clone());
        ensure!(*before == plain, "one number: {before:?} and {plain:?}");
        Ok(())
    }

    /// It is killed now.
    pub fn killed(&mut self) {
        self.kills.push(self.head.clone());
    }

    /// After a start: the last head that was told of is on the chain, and no number has another message.
    pub fn check(&mut self, node: &Node) -> Result<()> {
        let now = node.head()?;
        ensure!(
            now.height() >= self.head.height(),
            "the head was at {}, and is at {} after the kill",
            self.head.height(),
            now.height()
        );
        let there = node.call(ChainGetTipSetByHeight {
            epoch: self.head.height(),
            from: now.key().clone(),
        })?;
        ensure!(
            there == self.head,
            "epoch {} has another tipset after the kill",
            self.head.height()
        );
        self.saw(now)?;
        self.look_into_pool(node)
    }

    /// At the end: of all kills together, on the whole chain.
    pub fn check_all(&mut self, node: &Node, friend: Address) -> Result<()> {
        let chain = node.down_from(node.head()?)?;
        self.check_heads(&chain)?;
        // The messages of the head itself are not executed yet.
        let (head, executed) = chain.split_first().context("a chain")?;
        let (mut messages, mut next) = (BTreeMap::<Cid, Message>::new(), BTreeMap::new());
        for tipset in executed.iter().rev().filter(|tipset| tipset.height() > 0) {
            ensure!(tipset.blocks().len() == 1, "{tipset:?}");
            for (cid, message) in node.messages_of(tipset)? {
                self.uses(&message)?;
                let next = next.entry(message.from.to_string()).or_insert(0);
                ensure!(message.sequence == *next, "after {next}: {message:?}");
                *next += 1;
                let before = messages.insert(cid, message);
                ensure!(before.is_none(), "executed twice: {before:?}");
            }
        }
        for (number, signed) in &self.messages {
            let is_there = messages.contains_key(&signed.cid());
            ensure!(is_there, "message {number} is not on the chain");
        }
        // Nobody is paid for what nobody sent, and all are paid for what was.
        let paid = messages.values().filter(|message| message.to == friend);
        let paid = paid.count();
        let most = self.messages.len() + self.unanswered;
        ensure!(
            (self.messages.len()..=most).contains(&paid),
            "{paid} of {} to {most} messages",
            self.messages.len()
        );
        let has = node.call(StateGetActor {
            actor: friend,
            tipset: head.key().clone(),
        })?;
        ensure!(has.balance == fil(paid as u64), "{} of {paid}", has.balance);
        Ok(())
    }

    /// What was a head before a kill, or in between, is on the chain.
    fn check_heads(&self, chain: &[Tipset]) -> Result<()> {
        let by_epoch = chain.iter().map(|tipset| (tipset.height(), tipset.key()));
        let by_epoch: BTreeMap<_, _> = by_epoch.collect();
        for (kill, head) in self.kills.iter().enumerate() {
            ensure!(
                by_epoch.get(&head.height()) == Some(&head.key()),
                "the head before kill {kill}, {head:?}, is not on the chain"
            );
        }
        for (epoch, key) in &self.heads {
            ensure!(
                by_epoch.get(epoch) == Some(&key),
                "{key}, the head at epoch {epoch}, is not on the chain"
            );
        }
        Ok(())
    }
}
