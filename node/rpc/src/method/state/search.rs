//! Messages on chain: where they are, and waiting for them.

use std::sync::Arc;

use cid::Cid;
use filigree_blocks::{ChainMessage, Tipset, TipsetKey};
use filigree_chain::NullRounds;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use tokio::sync::Notify;

use super::actors::is_builtin;
use crate::error::{Reply, RpcError};
use crate::json::Nil;
use crate::json::call::{MessageMatch, MsgLookup};
use crate::methods;
use crate::schemas::decode_return;
use crate::services::Services;

/// Messages of an address that are looked through at once.
const PAGE: usize = 500;
/// Most messages of one answer.
const MAX_LISTED: usize = 100_000;

methods! { Filecoin:
    /// Where a message was executed, and its receipt; null if it was not, or not within the limit.
    [read] StateSearchMsg(
        /// Where to look back from.
        from: TipsetKey,
        message: Cid,
        /// How many epochs to look back; -1: to the beginning.
        limit: ChainEpoch,
        /// Whether another message of the same sender with the same number, that differs in gas only, will do.
        allow_replaced: bool,
    ) -> Option<MsgLookup> = search_message;

    /// The same; waits until the message is executed, and that is so many epochs ago.
    [read wait] StateWaitMsg(
        message: Cid,
        /// How many epochs the head must be above the tipset that shows the effects.
        confidence: u64,
        /// How many epochs to look back; -1: to the beginning.
        limit: ChainEpoch,
        /// Whether another message of the same sender with the same number, that differs in gas only, will do.
        allow_replaced: bool,
    ) -> MsgLookup = wait_message;

    /// Messages of an address, newest first.
    [read] StateListMessages(
        matching: MessageMatch,
        /// Where to look back from.
        tipset: TipsetKey,
        /// The epoch to look back to.
        to_epoch: ChainEpoch,
    ) -> Nil<Vec<Cid>> = list_messages;
}

/// A message on chain.
pub(super) struct Found {
    /// Its CID.
    pub cid: Cid,
    /// The tipset that has it.
    pub tipset: TipsetKey,
    /// Epoch of that.
    pub height: ChainEpoch,
    /// Its place among the tipset's messages.
    pub index: usize,
}

fn search_message(
    services: &Services,
    from: TipsetKey,
    message: Cid,
    limit: ChainEpoch,
    allow_replaced: bool,
) -> Reply<Option<MsgLookup>> {
    let from = services.tipset(&from)?;
    let Some(found) = find(services, &from, &message, limit, allow_replaced)? else {
        return Ok(None);
    };
    lookup(services, &from, &found)
}

async fn wait_message(
    services: Arc<Services>,
    message: Cid,
    confidence: u64,
    limit: ChainEpoch,
    allow_replaced: bool,
) -> Reply<MsgLookup> {
    let bell = Arc::new(Notify::new());
    // Changes are heard from before the first look on, so none is missed.
    let subscription = on_a_thread(&services, {
        let ring = Arc::clone(&bell);
        move |services| {
            if services.chain.index().find_message(&message)?.is_none() {
                known_message(services, &message)?;
            }
            let ring = Box::new(move || ring.notify_one());
            Ok(services.chain.subscribe_with(1, Some(ring)).1)
        }
    })
    .await?;
    let confidence = ChainEpoch::try_from(confidence).unwrap_or(ChainEpoch::MAX);
    loop {
        // What was heard is of no interest, only that something was.
        while subscription.try_next().is_some() {}
        let found = on_a_thread(&services, move |services| {
            let head = services.chain.head();
            let Some(found) = find(services, &head, &message, limit, allow_replaced)? else {
                return Ok(None);
            };
            let lookup = lookup(services, &head, &found)?;
            Ok(lookup.filter(|lookup| lookup.height.saturating_add(confidence) <= head.height()))
        });
        if let Some(found) = found.await? {
            return Ok(found);
        }
        bell.notified().await;
    }
}

async fn on_a_thread<T: Send + 'static>(
    services: &Arc<Services>,
    run: impl FnOnce(&Services) -> Reply<T> + Send + 'static,
) -> Reply<T> {
    let services = Arc::clone(services);
    tokio::task::spawn_blocking(move || run(&services)).await?
}

/// A message, whether on chain, in some block, or waiting.
fn known_message(services: &Services, cid: &Cid) -> Reply<Message> {
    let unknown = || {
        RpcError::general(format!(
            "message {cid} is neither on chain nor waiting here"
        ))
    };
    held_message(services, cid)?.ok_or_else(unknown)
}

/// A message, if this node has it: in the pool or in its store.
fn held_message(services: &Services, cid: &Cid) -> Reply<Option<Message>> {
    if let Some(waiting) = services.pool.get(cid) {
        return Ok(Some(waiting.signed.message.clone()));
    }
    let message = services.chain.message(cid)?;
    Ok(message.map(|message| match message {
        ChainMessage::Unsigned(message) => message,
        ChainMessage::Signed(signed) => signed.message,
    }))
}

/// Finds a message, or one that replaced it, on the chain of `from`, at most `limit` epochs back (negative: any number).
pub(super) fn find(
    services: &Services,
    from: &Tipset,
    cid: &Cid,
    limit: ChainEpoch,
    allow_replaced: bool,
) -> Reply<Option<Found>> {
    let lowest = if limit < 0 {
        0
    } else {
        from.height().saturating_sub(limit)
    };
    let Some(found) = anywhere(services, cid, lowest, allow_replaced)? else {
        return Ok(None);
    };
    if found.height < lowest || found.height > from.height() {
        return Ok(None);
    }
    // The index is of the chain of the head.
    let there = services
        .chain
        .tipset_at(from, found.height, NullRounds::Before)?;
    Ok((*there.key() == found.tipset).then_some(found))
}

fn anywhere(
    services: &Services,
    cid: &Cid,
    lowest: ChainEpoch,
    allow_replaced: bool,
) -> Reply<Option<Found>> {
    let index = services.chain.index();
    if let Some(place) = index.find_message(cid)? {
        return Ok(Some(Found {
            cid: *cid,
            tipset: place.tipset,
            height: place.height,
            index: place.index as usize,
        }));
    }
    let Some(message) = held_message(services, cid)? else {
        return Ok(None);
    };
    let mut after = None;
    loop {
        let page = index.messages_of(&message.from, after, PAGE)?;
        for candidate in page.messages {
            if candidate.position.height < lowest {
                return Ok(None);
            }
            let Some(other) = held_message(services, &candidate.cid)? else {
                continue;
            };
            if other.from != message.from || other.sequence != message.sequence {
                continue;
            }
            if !allow_replaced {
                let text = format!("message {cid} was replaced by {}", candidate.cid);
                return Err(RpcError::general(text));
            }
            if !is_same_call(&message, &other) {
                let text = format!(
                    "message {} has the number of {cid}, and does something else",
                    candidate.cid
                );
                return Err(RpcError::general(text));
            }
            let place = index.find_message(&candidate.cid)?;
            return Ok(place.map(|place| Found {
                cid: candidate.cid,
                tipset: place.tipset,
                height: place.height,
                index: place.index as usize,
            }));
        }
        after = page.next;
        if after.is_none() {
            return Ok(None);
        }
    }
}

/// Whether messages differ in nothing but gas.
fn is_same_call(a: &Message, b: &Message) -> bool {
    let gas = |message: &Message| Message {
        gas_limit: 0,
        gas_fee_cap: Default::default(),
        gas_premium: Default::default(),
        ..message.clone()
    };
    gas(a) == gas(b)
}

/// What came of a message; none while no tipset on its own says so.
fn lookup(services: &Services, from: &Tipset, found: &Found) -> Reply<Option<MsgLookup>> {
    if found.height >= from.height() {
        return Ok(None);
    }
    let child = services
        .chain
        .tipset_at(from, found.height + 1, NullRounds::After)?;
    let tipset = services.chain.tipset(&found.tipset)?;
    let receipts = services.states.receipts(&tipset)?;
    let missing = || RpcError::general(format!("the receipt of message {} is missing", found.cid));
    let receipt: Receipt = receipts.get(found.index).cloned().ok_or_else(missing)?;
    // By its place: the CID may be that of the message without its signature, under which no block has it.
    let applied = services.chain.messages_of(&tipset)?;
    let mut messages = applied.iter().flat_map(|block| block.messages.iter());
    let missing = || RpcError::general(format!("message {} is not where it was", found.cid));
    let message = messages.nth(found.index).ok_or_else(missing)?.message();
    Ok(Some(MsgLookup {
        message: found.cid,
        decoded: decoded(services, &child, message, &receipt)?,
        receipt,
        tipset: child.key().clone(),
        height: child.height(),
    }))
}

fn decoded(
    services: &Services,
    child: &Tipset,
    message: &Message,
    receipt: &Receipt,
) -> Reply<serde_json::Value> {
    let view = services.states.view_before(child)?;
    let Some(actor) = view.actor(&message.to)? else {
        return Ok(serde_json::Value::Null);
    };
    let schema = services.schemas.get(services.states.store(), &actor.code)?;
    let is_builtin = is_builtin(&view, &actor.code)?;
    Ok(decode_return(
        schema.as_deref(),
        is_builtin,
        message.method_num,
        receipt.return_data.bytes(),
    ))
}

fn list_messages(
    services: &Services,
    matching: MessageMatch,
    tipset: TipsetKey,
    to_epoch: ChainEpoch,
) -> Reply<Nil<Vec<Cid>>> {
    let (tipset, view) = services.view(&tipset)?;
    let (to, from) = (matching.to.0, matching.from.0);
    let none = || RpcError::params("matching: To or From is to be named");
    let listed = from.or(to).ok_or_else(none)?;
    let same = |wanted: Option<Address>, found: &Address| -> Reply<bool> {
        let Some(wanted) = wanted else {
            return Ok(true);
        };
        Ok(wanted == *found
            || (view.id(&wanted)?.is_some() && view.id(&wanted)? == view.id(found)?))
    };
    let index = services.chain.index();
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = index.messages_of(&listed, after, PAGE)?;
        for candidate in page.messages {
            let height = candidate.position.height;
            if height < to_epoch {
                return Ok(Nil(found));
            }
            // Collected, where only the newest messages are kept.
            let Some(message) = held_message(services, &candidate.cid)? else {
                continue;
            };
            if height <= tipset.height() && same(from, &message.from)? && same(to, &message.to)? {
                found.push(candidate.cid);
            }
        }
        after = page.next;
        if after.is_none() || found.len() >= MAX_LISTED {
            return Ok(Nil(found));
        }
    }
}
