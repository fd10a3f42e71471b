//! Blocks, tipsets and messages, without computing states.

use std::pin::Pin;
use std::sync::Arc;

use cid::Cid;
use filigree_blocks::{BlockHeader, ChainMessage, Tipset, TipsetKey};
use filigree_chain::{Event as ChainEvent, Notice, NullRounds, Subscription};
use fvm_ipld_amt::{Amt, Amtv0};
use fvm_ipld_blockstore::Blockstore as _;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::event::StampedEvent;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use tokio::sync::Notify;

use crate::error::{Reply, RpcError};
use crate::json::call::{ApiMessage, BlockMessages};
use crate::json::chain::Event;
use crate::json::node::HeadChange;
use crate::json::{Bytes, Nil, to_text};
use crate::method::filigree::told;
use crate::methods;
use crate::services::Services;
use crate::table::Source;

/// Most tipsets of a way from one to another.
const MAX_PATH: usize = 10_000;
/// Changes of the head that wait for a slow caller before its channel is closed.
const WAITING_CHANGES: usize = 64;

methods! { Filecoin:
    /// A channel of steps of the head, in lists. The first list has one step, `current`; then come `revert` and `apply`. It is
    /// closed where steps were lost because the caller is slow.
    [read channel] ChainNotify() -> Vec<HeadChange> = notify;

    /// The head: the last tipset of the heaviest chain that this node knows.
    [read] ChainHead() -> Tipset = head;

    /// The first tipset.
    [read] ChainGetGenesis() -> Tipset = genesis;

    /// The last tipset that no fork reverts.
    [read] ChainGetFinalizedTipSet() -> Tipset = finalized;

    /// A tipset by its key.
    [read] ChainGetTipSet(tipset: TipsetKey) -> Tipset = tipset;

    /// The tipset of an epoch; of an epoch without blocks, the last before it.
    [read] ChainGetTipSetByHeight(
        epoch: ChainEpoch,
        /// Where to look back from.
        from: TipsetKey,
    ) -> Tipset = tipset_by_height;

    /// The tipset of an epoch; of an epoch without blocks, the first after it.
    [read] ChainGetTipSetAfterHeight(
        epoch: ChainEpoch,
        /// Where to look back from.
        from: TipsetKey,
    ) -> Tipset = tipset_after_height;

    /// The steps from one tipset to another: what is reverted, what is applied.
    [read] ChainGetPath(from: TipsetKey, to: TipsetKey) -> Nil<Vec<HeadChange>> = path;

    /// Weight of the chain up to and with a tipset.
    [read] ChainTipSetWeight(tipset: TipsetKey) -> BigInt = weight;

    /// A block's header.
    [read] ChainGetBlock(block: Cid) -> BlockHeader = block;

    /// The messages that stand in a block, whether or not they were executed as its own.
    [read] ChainGetBlockMessages(block: Cid) -> BlockMessages = block_messages;

    /// The messages executed on the way to a block: those of its parents, each once.
    [read] ChainGetParentMessages(block: Cid) -> Nil<Vec<ApiMessage>> = parent_messages;

    /// The receipts of those messages, in the same order.
    [read] ChainGetParentReceipts(block: Cid) -> Nil<Vec<Receipt>> = parent_receipts;

    /// The messages of a tipset, each once, in the order in which they are executed.
    [read] ChainGetMessagesInTipset(tipset: TipsetKey) -> Nil<Vec<ApiMessage>> = messages_in_tipset;

    /// A message, without its signature.
    [read] ChainGetMessage(message: Cid) -> Message = message;

    /// The events under the root that a receipt names.
    [read] ChainGetEvents(root: Cid) -> Nil<Vec<Event>> = events;

    /// The bytes of a block of the store.
    [read] ChainReadObj(cid: Cid) -> Bytes = read_object;

    /// Whether a block is in the store.
    [read] ChainHasObj(cid: Cid) -> bool = has_object;

    /// Makes a tipset the head, whatever it weighs. For repairs.
    [admin] ChainSetHead(tipset: TipsetKey) -> () = set_head;
}

fn head(services: &Services) -> Reply<Tipset> {
    Ok(services.chain.head())
}

fn genesis(services: &Services) -> Reply<Tipset> {
    Ok(services.chain.genesis().clone())
}

fn finalized(services: &Services) -> Reply<Tipset> {
    Ok(services.chain.finalized()?)
}

fn tipset(services: &Services, tipset: TipsetKey) -> Reply<Tipset> {
    services.tipset(&tipset)
}

fn tipset_by_height(services: &Services, epoch: ChainEpoch, from: TipsetKey) -> Reply<Tipset> {
    let from = services.tipset(&from)?;
    Ok(services.chain.tipset_at(&from, epoch, NullRounds::Before)?)
}

fn tipset_after_height(services: &Services, epoch: ChainEpoch, from: TipsetKey) -> Reply<Tipset> {
    let from = services.tipset(&from)?;
    Ok(services.chain.tipset_at(&from, epoch, NullRounds::After)?)
}

fn path(services: &Services, from: TipsetKey, to: TipsetKey) -> Reply<Nil<Vec<HeadChange>>> {
    let (from, to) = (services.tipset(&from)?, services.tipset(&to)?);
    let path = services.chain.path(&from, &to, MAX_PATH)?;
    let revert = path.revert.into_iter().map(|tipset| step("revert", tipset));
    let apply = path.apply.into_iter().map(|tipset| step("apply", tipset));
    Ok(Nil(revert.chain(apply).collect()))
}

fn weight(services: &Services, tipset: TipsetKey) -> Reply<BigInt> {
    Ok(services.chain.weight(&services.tipset(&tipset)?)?)
}

fn block(services: &Services, block: Cid) -> Reply<BlockHeader> {
    Ok(services.chain.block(&block)?)
}

fn block_messages(services: &Services, block: Cid) -> Reply<BlockMessages> {
    let full = services.chain.full_block(&services.chain.block(&block)?)?;
    let cids = full.messages().map(|message| message.cid()).collect();
    Ok(BlockMessages {
        bls: full.bls,
        signed: full.signed,
        cids,
    })
}

fn parent_messages(services: &Services, block: Cid) -> Reply<Nil<Vec<ApiMessage>>> {
    let header = services.chain.block(&block)?;
    if header.height == 0 {
        return Ok(Nil(Vec::new()));
    }
    messages_of(services, &services.chain.tipset(&header.parents)?)
}

fn parent_receipts(services: &Services, block: Cid) -> Reply<Nil<Vec<Receipt>>> {
    let header = services.chain.block(&block)?;
    if header.height == 0 {
        return Ok(Nil(Vec::new()));
    }
    let store = services.states.store();
    if !store.has(&header.parent_receipts).map_err(told)? {
        // Snapshots have none: they are computed.
        let parents = services.chain.tipset(&header.parents)?;
        services.states.tipset_state(&parents)?;
    }
    let array = Amtv0::<Receipt, _>::load(&header.parent_receipts, store)?;
    let mut receipts = Vec::new();
    array.for_each(|_, receipt| {
        receipts.push(receipt.clone());
        Ok(())
    })?;
    Ok(Nil(receipts))
}

fn messages_in_tipset(services: &Services, tipset: TipsetKey) -> Reply<Nil<Vec<ApiMessage>>> {
    messages_of(services, &services.tipset(&tipset)?)
}

fn messages_of(services: &Services, tipset: &Tipset) -> Reply<Nil<Vec<ApiMessage>>> {
    let messages = services.states.messages(tipset)?.into_iter();
    let messages = messages.map(|message| ApiMessage {
        cid: message.cid(),
        message: without_signature(message),
    });
    Ok(Nil(messages.collect()))
}

fn without_signature(message: ChainMessage) -> Message {
    match message {
        ChainMessage::Unsigned(message) => message,
        ChainMessage::Signed(signed) => signed.message,
    }
}

fn message(services: &Services, message: Cid) -> Reply<Message> {
    if let Some(found) = services.chain.message(&message)? {
        return Ok(without_signature(found));
    }
    let waiting = services.pool.get(&message);
    let missing = || {
        RpcError::general(format!(
            "there is no message {message} in the store or in the pool"
        ))
    };
    waiting
        .map(|waiting| waiting.signed.message.clone())
        .ok_or_else(missing)
}

fn events(services: &Services, root: Cid) -> Reply<Nil<Vec<Event>>> {
    let array = Amt::<StampedEvent, _>::load(&root, services.states.store())?;
    let mut events = Vec::new();
    array.for_each(|_, event| {
        events.push(Event::from(event.clone()));
        Ok(())
    })?;
    Ok(Nil(events))
}

fn read_object(services: &Services, cid: Cid) -> Reply<Bytes> {
    let found = services
        .states
        .store()
        .get(&cid)
        .map_err(|e| RpcError::general(format!("{e:#}")))?;
    let missing = || RpcError::general(format!("{cid} is not in the store"));
    found.map(Bytes).ok_or_else(missing)
}

fn has_object(services: &Services, cid: Cid) -> Reply<bool> {
    let found = services.states.store().has(&cid);
    found.map_err(|e| RpcError::general(format!("{e:#}")))
}

fn set_head(services: &Services, tipset: TipsetKey) -> Reply<()> {
    if tipset.is_empty() {
        return Err(RpcError::params(
            "a tipset is to be named: no key means the head of now",
        ));
    }
    services.chain.set_head(&services.tipset(&tipset)?)?;
    follow_head(services)
}

/// The pool numbers messages and judges them by the head, and has to hear of one that did not come with a block.
pub(super) fn follow_head(services: &Services) -> Reply<()> {
    let told = services.operator.follow_head();
    told.map_err(|e| {
        RpcError::general(format!("the head is set; the pool cannot follow it: {e:#}"))
    })
}

fn step(kind: &str, tipset: Tipset) -> HeadChange {
    HeadChange {
        kind: kind.to_owned(),
        tipset,
    }
}

/// Steps of the head, as they come.
struct HeadChanges {
    first: Option<Tipset>,
    subscription: Subscription,
    bell: Arc<Notify>,
}

fn notify(services: &Services) -> Reply<HeadChanges> {
    let bell = Arc::new(Notify::new());
    let ring = Arc::clone(&bell);
    let ring = Box::new(move || ring.notify_one());
    let (first, subscription) = services.chain.subscribe_with(WAITING_CHANGES, Some(ring));
    Ok(HeadChanges {
        first: Some(first),
        subscription,
        bell,
    })
}

impl HeadChanges {
    async fn steps(&mut self) -> Option<Vec<HeadChange>> {
        if let Some(first) = self.first.take() {
            return Some(vec![step("current", first)]);
        }
        loop {
            match self.subscription.try_next() {
                Some(Notice::Change(steps)) => {
                    let steps = steps.iter().map(|change| match change {
                        ChainEvent::Revert(tipset) => step("revert", tipset.clone()),
                        ChainEvent::Apply(tipset) => step("apply", tipset.clone()),
                    });
                    return Some(steps.collect());
                }
                Some(Notice::Lagged(_) | Notice::Closed) => return None,
                None => self.bell.notified().await,
            }
        }
    }
}

impl Source for HeadChanges {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<String>> + Send + '_>> {
        Box::pin(async { self.steps().await.map(|steps| to_text(&steps)) })
    }
}
