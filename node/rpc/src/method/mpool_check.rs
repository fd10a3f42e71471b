//! What the pool would say to messages, rule by rule, before they are sent.
//!
//! The rules and their numbers are Lotus' (`chain/messagepool/check.go`); the base fee is that of the next block.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use filigree_blocks::message_cid;
use filigree_consensus::base_fee::MINIMUM;
use filigree_consensus::messages::syntax;
use filigree_gas::PriceList;
use filigree_mempool::{Account, Base};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;
use serde_json::{Value, json};

use crate::error::{Reply, RpcError};
use crate::json::Nil;
use crate::json::mempool::{MessageCheckStatus, MessagePrototype};
use crate::methods;
use crate::services::Services;

/// Most messages of one call.
const MAX_MESSAGES: usize = 1000;
/// Bytes that a signature may take beside a message.
const SIGNATURE_BYTES: usize = 128;
/// How far the base fee may fall, or rise, before a message is in a block.
const FALL: u64 = 10;

methods! { Filecoin:
    /// What speaks for and against messages that are to be sent.
    [read] MpoolCheckMessages(messages: Vec<MessagePrototype>) -> Vec<Vec<MessageCheckStatus>> = check_messages;

    /// What speaks for and against the messages of a sender that wait.
    [read] MpoolCheckPendingMessages(sender: Address) -> Nil<Vec<Vec<MessageCheckStatus>>> = check_pending;

    /// What speaks for and against the messages of some senders that wait, with these in place of those that have their numbers.
    [read] MpoolCheckReplaceMessages(messages: Vec<Message>) -> Vec<Vec<MessageCheckStatus>> = check_replace;
}

/// Rules, by Lotus' numbers.
mod rule {
    pub const SERIALIZE: i64 = 1;
    pub const SIZE: i64 = 2;
    pub const VALIDITY: i64 = 3;
    pub const MIN_GAS: i64 = 4;
    pub const MIN_BASE_FEE: i64 = 5;
    pub const BASE_FEE: i64 = 6;
    pub const BASE_FEE_LOWER_BOUND: i64 = 7;
    pub const BASE_FEE_UPPER_BOUND: i64 = 8;
    pub const GET_STATE_NONCE: i64 = 9;
    pub const NONCE: i64 = 10;
    pub const GET_STATE_BALANCE: i64 = 11;
    pub const BALANCE: i64 = 12;
}

fn check_messages(
    services: &Services,
    messages: Vec<MessagePrototype>,
) -> Reply<Vec<Vec<MessageCheckStatus>>> {
    let messages = messages
        .into_iter()
        .map(|prototype| (prototype.message, prototype.valid_nonce));
    Checker::new(services, false)?.all(messages.collect())
}

fn check_pending(services: &Services, sender: Address) -> Reply<Nil<Vec<Vec<MessageCheckStatus>>>> {
    let waiting = services.pool.pending_of(&sender);
    let messages = waiting
        .iter()
        .map(|waiting| (waiting.signed.message.clone(), true));
    let found = Checker::new(services, true)?.all(messages.collect())?;
    Ok(Nil(found))
}

fn check_replace(
    services: &Services,
    messages: Vec<Message>,
) -> Reply<Vec<Vec<MessageCheckStatus>>> {
    let mut senders: BTreeMap<Address, BTreeMap<u64, Message>> = BTreeMap::new();
    for message in messages {
        let of_sender = match senders.entry(message.from) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let waiting = services.pool.pending_of(&message.from);
                let waiting = waiting.iter().map(|waiting| &waiting.signed.message);
                new.insert(
                    waiting
                        .map(|message| (message.sequence, message.clone()))
                        .collect(),
                )
            }
        };
        of_sender.insert(message.sequence, message);
    }
    let all = senders.into_values().flat_map(BTreeMap::into_values);
    Checker::new(services, true)?.all(all.map(|message| (message, true)).collect())
}

/// A sender, and what its messages so far need.
struct Sender {
    next: u64,
    needed: TokenAmount,
    balance: TokenAmount,
}

struct Checker<'a> {
    services: &'a Services,
    base: std::sync::Arc<Base>,
    version: NetworkVersion,
    prices: &'static PriceList,
    /// Whether the messages are all that the senders have: those that wait do not count besides.
    are_all: bool,
    senders: BTreeMap<Address, Option<Sender>>,
}

impl<'a> Checker<'a> {
    fn new(services: &'a Services, are_all: bool) -> Reply<Self> {
        let base = services.pool.base();
        let version = services.config().version_at(base.epoch.saturating_add(1));
        let unknown = || RpcError::general(format!("no prices of version {version} are known"));
        Ok(Self {
            services,
            base,
            version,
            prices: PriceList::for_version(version).ok_or_else(unknown)?,
            are_all,
            senders: BTreeMap::new(),
        })
    }

    /// Checks messages one after the other; with each, whether its number counts.
    fn all(mut self, messages: Vec<(Message, bool)>) -> Reply<Vec<Vec<MessageCheckStatus>>> {
        if messages.len() > MAX_MESSAGES {
            return Err(RpcError::params(format!(
                "messages: at most {MAX_MESSAGES} are checked at once"
            )));
        }
        messages
            .into_iter()
            .map(|(message, is_numbered)| self.one(&message, is_numbered))
            .collect()
    }

    fn sender(&self, from: &Address) -> Reply<Option<Sender>> {
        let account = self.base.accounts.account(from);
        let account: Option<Account> = account.map_err(|e| RpcError::general(format!("{e:#}")))?;
        let Some(account) = account else {
            return Ok(None);
        };
        let mut sender = Sender {
            next: account.sender.sequence,
            needed: TokenAmount::default(),
            balance: account.balance,
        };
        if !self.are_all {
            for waiting in self.services.pool.pending_of(from) {
                sender.next = sender.next.max(waiting.nonce() + 1);
                sender.needed += needed(&waiting.signed.message);
            }
        }
        Ok(Some(sender))
    }

    fn one(&mut self, message: &Message, is_numbered: bool) -> Reply<Vec<MessageCheckStatus>> {
        let mut list = List {
            message,
            all: Vec::new(),
        };
        let from = message.from;
        if !self.senders.contains_key(&from) {
            let sender = self.sender(&from)?;
            self.senders.insert(from, sender);
        }
        let Some(Some(sender)) = self.senders.get_mut(&from) else {
            let why = format!("there is no actor {from}");
            list.add(rule::GET_STATE_NONCE, Some(why), Value::Null);
            return Ok(list.all);
        };
        list.add(rule::GET_STATE_NONCE, None, json!({ "nonce": sender.next }));
        let balance = json!({ "balance": atto(&sender.balance) });
        list.add(rule::GET_STATE_BALANCE, None, balance);
        list.add(rule::SERIALIZE, None, Value::Null);
        let bytes = fvm_ipld_encoding::to_vec(message)?.len();
        let most = usize::try_from(self.services.config().max_message_bytes).unwrap_or(usize::MAX);
        let too_big = bytes > most.saturating_sub(SIGNATURE_BYTES);
        list.add(
            rule::SIZE,
            too_big.then(|| "message too big".to_owned()),
            Value::Null,
        );
        let syntax = syntax::check(message, 0, self.version).err();
        let is_wrong = syntax.is_some();
        let why = syntax.map(|why| format!("syntactically invalid message: {why}"));
        list.add(rule::VALIDITY, why, Value::Null);
        if is_wrong {
            return Ok(list.all);
        }
        let price = self.prices.on_chain_message(bytes);
        list.add_if(
            rule::MIN_GAS,
            message.gas_limit < price.total().round_up(),
            "GasLimit less than epoch minimum gas",
            json!({ "minGas": {
                "Name": price.name,
                "Extra": null,
                "ComputeGas": price.compute.round_up(),
                "StorageGas": price.other.round_up(),
                "VirtualCompute": 0,
                "VirtualStorage": 0,
            } }),
        );
        list.fees(&self.base.base_fee);
        list.add_if(
            rule::NONCE,
            is_numbered && message.sequence != sender.next,
            &format!("message nonce doesn't match next nonce ({})", sender.next),
            json!({ "nextNonce": sender.next }),
        );
        if list.all.last().is_some_and(|last| last.ok) {
            sender.next += 1;
        }
        sender.needed += needed(message);
        list.add_if(
            rule::BALANCE,
            sender.balance < sender.needed,
            "insufficient balance",
            json!({ "requiredFunds": atto(&sender.needed) }),
        );
        Ok(list.all)
    }
}

/// What a message may cost its sender, with what it sends.
fn needed(message: &Message) -> TokenAmount {
    &message.gas_fee_cap * message.gas_limit + &message.value
}

fn atto(amount: &TokenAmount) -> String {
    amount.atto().to_string()
}

/// What was found of a message.
struct List<'a> {
    message: &'a Message,
    all: Vec<MessageCheckStatus>,
}

impl List<'_> {
    fn add(&mut self, code: i64, error: Option<String>, hint: Value) {
        self.all.push(MessageCheckStatus {
            message: message_cid(self.message),
            code,
            ok: error.is_none(),
            error: error.unwrap_or_default(),
            hint,
        });
    }

    fn add_if(&mut self, code: i64, is_broken: bool, error: &str, hint: Value) {
        self.add(code, is_broken.then(|| error.to_owned()), hint);
    }

    /// The fee cap beside the base fee, and beside what that may come to be.
    fn fees(&mut self, base_fee: &TokenAmount) {
        let cap = &self.message.gas_fee_cap;
        let minimum = TokenAmount::from_atto(MINIMUM);
        let is_below = *cap < minimum;
        self.add_if(
            rule::MIN_BASE_FEE,
            is_below,
            "GasFeeCap less than minimum base fee",
            Value::Null,
        );
        if is_below {
            return;
        }
        let now = atto(base_fee);
        self.add_if(
            rule::BASE_FEE,
            cap < base_fee,
            "GasFeeCap less than current base fee",
            json!({ "baseFee": now }),
        );
        let lower = base_fee.div_floor(FALL).max(minimum);
        self.add_if(
            rule::BASE_FEE_LOWER_BOUND,
            *cap < lower,
            "GasFeeCap less than base fee lower bound for inclusion in next 20 epochs",
            json!({ "baseFee": now, "baseFeeLowerBound": atto(&lower) }),
        );
        let upper = base_fee * FALL;
        self.add(
            rule::BASE_FEE_UPPER_BOUND,
            None,
            json!({ "baseFee": now, "baseFeeUpperBound": atto(&upper) }),
        );
        // A warning, which nothing is refused for.
        if *cap < upper
            && let Some(last) = self.all.last_mut()
        {
            last.error = "GasFeeCap less than base fee upper bound for inclusion in next 20 epochs"
                .to_owned();
        }
    }
}
