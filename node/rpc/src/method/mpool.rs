//! Messages that wait for a block.

use std::pin::Pin;
use std::sync::mpsc::TryRecvError;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use cid::Cid;
use filigree_blocks::{SignedMessage, TipsetKey};
use filigree_mempool::limits::REPLACE_PERCENT;
use filigree_mempool::{Event, Events, Limits, Source as Origin};
use filigree_send::check_receiver;
use fvm_shared::address::Address;
use fvm_shared::message::Message;

use super::gas::{failed, sender, spec_of};
use crate::error::{Reply, RpcError};
use crate::json::mempool::{MessageSendSpec, MpoolConfig, MpoolUpdate};
use crate::json::{Nil, to_text};
use crate::methods;
use crate::services::Services;
use crate::table::Source;

/// Changes of the pool that wait for a slow caller before its channel is closed.
const WAITING_CHANGES: usize = 4096;
/// How often the pool is asked for changes.
const LOOK: Duration = Duration::from_millis(100);

methods! { Filecoin:
    /// All messages that wait, by sender and number. They wait for blocks on the head, whatever tipset is named.
    [read] MpoolPending(tipset: TipsetKey) -> Nil<Vec<SignedMessage>> = pending;

    /// The messages that a miner would take into a block on the head.
    [read] MpoolSelect(
        /// The head; one of the tipsets below it stands for it, for the head may have moved since it was asked for.
        tipset: TipsetKey,
        /// The part of all tickets that are worse than the miner's, 0 to 1.
        ticket_quality: f64,
    ) -> Nil<Vec<SignedMessage>> = select;

    /// Puts a signed message into the pool.
    [write] MpoolPush(message: SignedMessage) -> Cid = push;

    /// The same, for messages from somebody who is not trusted: fewer may wait.
    [write] MpoolPushUntrusted(message: SignedMessage) -> Cid = push_untrusted;

    /// Gives a message its number and what of its gas is not set, signs it and puts it into the pool.
    [sign] MpoolPushMessage(
        /// Its number must be 0.
        message: Message,
        spec: Option<MessageSendSpec>,
    ) -> SignedMessage = push_message;

    /// Puts signed messages into the pool, one after the other, up to the first that is refused.
    [write] MpoolBatchPush(messages: Vec<SignedMessage>) -> Nil<Vec<Cid>> = batch_push;

    /// The same, for messages from somebody who is not trusted.
    [write] MpoolBatchPushUntrusted(messages: Vec<SignedMessage>) -> Nil<Vec<Cid>> = batch_push_untrusted;

    /// As `MpoolPushMessage`, one message after the other.
    [sign] MpoolBatchPushMessage(
        messages: Vec<Message>,
        spec: Option<MessageSendSpec>,
    ) -> Nil<Vec<SignedMessage>> = batch_push_message;

    /// The number that the next message of a sender should have.
    [read] MpoolGetNonce(sender: Address) -> u64 = nonce;

    /// A channel of changes of the pool. It is closed where changes were lost because the caller is slow.
    [read channel] MpoolSub() -> MpoolUpdate = subscribe;

    /// Drops all messages.
    [write] MpoolClear(
        /// Also those that were sent from here.
        local: bool,
    ) -> () = clear;

    /// What the pool is set to.
    [read] MpoolGetConfig() -> MpoolConfig = config;

    /// Sets the pool: its sizes and the senders that come first. The rest is fixed.
    [admin] MpoolSetConfig(config: MpoolConfig) -> () = set_config;
}

fn pending(services: &Services, tipset: TipsetKey) -> Reply<Nil<Vec<SignedMessage>>> {
    services.tipset(&tipset)?;
    let pending = services.pool.pending();
    Ok(Nil(pending
        .iter()
        .map(|pending| pending.signed.clone())
        .collect()))
}

fn select(
    services: &Services,
    tipset: TipsetKey,
    ticket_quality: f64,
) -> Reply<Nil<Vec<SignedMessage>>> {
    if !(0.0..=1.0).contains(&ticket_quality) {
        return Err(RpcError::params(
            "ticket_quality: a number from 0 to 1 is expected",
        ));
    }
    if !services.chain.is_on_chain(&services.tipset(&tipset)?)? {
        return Err(RpcError::general(
            "messages are selected for blocks on the head, and this tipset is of another chain",
        ));
    }
    let selected = services.pool.select(&services.pool.base(), ticket_quality);
    let selected = selected.map_err(|e| RpcError::general(format!("{e:#}")))?;
    Ok(Nil(selected
        .iter()
        .map(|pending| pending.signed.clone())
        .collect()))
}

fn push(services: &Services, message: SignedMessage) -> Reply<Cid> {
    push_from(services, message, Origin::Here)
}

fn push_untrusted(services: &Services, message: SignedMessage) -> Reply<Cid> {
    push_from(services, message, Origin::Untrusted)
}

fn push_from(services: &Services, message: SignedMessage, from: Origin) -> Reply<Cid> {
    check_receiver(&message.message).map_err(failed)?;
    Ok(services.pool.push(message, from)?.cid)
}

fn push_message(
    services: &Services,
    message: Message,
    spec: Option<MessageSendSpec>,
) -> Reply<SignedMessage> {
    let spec = spec_of(spec.as_ref());
    let sent = sender(services).send(&services.wallet, &services.sending, message, &spec);
    sent.map_err(failed)
}

fn batch_push(services: &Services, messages: Vec<SignedMessage>) -> Reply<Nil<Vec<Cid>>> {
    let cids = messages.into_iter().map(|message| push(services, message));
    cids.collect::<Reply<_>>().map(Nil)
}

fn batch_push_untrusted(services: &Services, messages: Vec<SignedMessage>) -> Reply<Nil<Vec<Cid>>> {
    let cids = messages
        .into_iter()
        .map(|message| push_untrusted(services, message));
    cids.collect::<Reply<_>>().map(Nil)
}

fn batch_push_message(
    services: &Services,
    messages: Vec<Message>,
    spec: Option<MessageSendSpec>,
) -> Reply<Nil<Vec<SignedMessage>>> {
    // A name is of one message.
    let spec = spec.map(|spec| MessageSendSpec {
        uuid: String::new(),
        ..spec
    });
    let signed = messages
        .into_iter()
        .map(|message| push_message(services, message, spec.clone()));
    signed.collect::<Reply<_>>().map(Nil)
}

fn nonce(services: &Services, sender: Address) -> Reply<u64> {
    let next = services.pool.next_nonce(&sender);
    next.map_err(|e| RpcError::general(format!("{e:#}")))
}

fn clear(services: &Services, local: bool) -> Reply<()> {
    Ok(services.pool.clear(local)?)
}

fn config(services: &Services) -> Reply<MpoolConfig> {
    let limits = services.pool.limits();
    Ok(MpoolConfig {
        priority: limits.priority,
        size_limit_high: limits.high as i64,
        size_limit_low: limits.low as i64,
        replace_by_fee_ratio: REPLACE_PERCENT as f64 / 100.0,
        prune_cooldown_ns: 0,
        gas_limit_overestimation: 1.25,
    })
}

fn set_config(services: &Services, config: MpoolConfig) -> Reply<()> {
    let size = |size: i64| usize::try_from(size).ok();
    let sizes = size(config.size_limit_low).zip(size(config.size_limit_high));
    let (low, high) = sizes
        .filter(|(low, high)| 0 < *low && low <= high)
        .ok_or_else(|| {
            RpcError::params("SizeLimitLow is to be more than 0, and not more than SizeLimitHigh")
        })?;
    services.pool.set_limits(Limits {
        high,
        low,
        priority: config.priority,
    });
    Ok(())
}

/// Changes of the pool, as they come. The lock is never waited for: it lets the receiver be shared with the future.
struct Updates(Mutex<Events>);

fn subscribe(services: &Services) -> Reply<Updates> {
    let events = services.pool.subscribe(WAITING_CHANGES);
    Ok(Updates(Mutex::new(events)))
}

impl Source for Updates {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<String>> + Send + '_>> {
        Box::pin(async {
            loop {
                let events = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
                let (kind, pending) = match events.try_recv() {
                    Ok(Event::Added(pending)) => (0, pending),
                    Ok(Event::Removed(pending, _)) => (1, pending),
                    Err(TryRecvError::Empty) => {
                        tokio::time::sleep(LOOK).await;
                        continue;
                    }
                    Err(TryRecvError::Disconnected) => return None,
                };
                let message = pending.signed.clone();
                return Some(to_text(&MpoolUpdate { kind, message }));
            }
        })
    }
}
