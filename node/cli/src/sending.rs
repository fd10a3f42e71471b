//! Sending a message and waiting for what comes of it: the options, the way, what is printed. Every verb that changes state on
//! chain goes this way.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cid::Cid;
use clap::Args;
use filigree_blocks::{SignedMessage, TipsetKey};
use filigree_rpc::json::call::MsgLookup;
use filigree_rpc::json::mempool::MessageSendSpec;
use filigree_rpc::method::gas::GasEstimateMessageGas;
use filigree_rpc::method::mpool::{MpoolPush, MpoolPushMessage};
use filigree_rpc::method::state::call::StateReplay;
use filigree_rpc::method::state::search::StateSearchMsg;
use filigree_rpc::method::wallet::{WalletDefaultAddress, WalletSignMessage};
use filigree_schema::parse_amount;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode as ActorExit;
use fvm_shared::message::Message;
use serde_json::{Value, json};

use crate::node::Node;
use crate::progress::Line;
use crate::{print, show};

/// Between two looks whether a message was executed.
const LOOK: Duration = Duration::from_millis(200);
/// Epochs before its sending in which a message is looked for: the head may be reorganised meanwhile.
const LOOKBACK: ChainEpoch = 20;

/// Options of sending.
#[derive(Clone, Debug, Args)]
pub struct Sending {
    /// Who sends: an address or a name of the wallet [default: the wallet's default].
    #[arg(long, value_name = "ADDRESS", help_heading = "Sending")]
    pub from: Option<String>,

    /// Most that its gas may cost [default: 0.07 FIL].
    #[arg(long, value_name = "AMOUNT", value_parser = amount, help_heading = "Sending")]
    max_fee: Option<TokenAmount>,

    /// Its gas limit [default: estimated].
    #[arg(long, value_name = "GAS", help_heading = "Sending")]
    gas_limit: Option<u64>,

    /// Most that it pays for a unit of gas [default: estimated].
    #[arg(long, value_name = "AMOUNT", value_parser = amount, help_heading = "Sending")]
    gas_fee_cap: Option<TokenAmount>,

    /// What a miner gets for a unit of gas [default: estimated].
    #[arg(long, value_name = "AMOUNT", value_parser = amount, help_heading = "Sending")]
    gas_premium: Option<TokenAmount>,

    /// Its sequence number [default: the sender's next].
    #[arg(long, value_name = "N", help_heading = "Sending")]
    nonce: Option<u64>,

    #[command(flatten)]
    waiting: Waiting,
}

/// Options of waiting.
#[derive(Clone, Debug, Args)]
pub struct Waiting {
    /// Do not wait until it is executed.
    #[arg(long, help_heading = "Sending")]
    no_wait: bool,

    /// Epochs that must follow before it counts as executed.
    #[arg(
        long,
        value_name = "EPOCHS",
        default_value_t = 0,
        help_heading = "Sending"
    )]
    confidence: u32,

    /// Seconds to wait at most [default: no bound].
    #[arg(long, value_name = "SECONDS", help_heading = "Sending")]
    timeout: Option<u64>,
}

/// What a message is about.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The receiver.
    pub to: Address,
    /// What goes with it.
    pub value: TokenAmount,
    /// The method.
    pub method: u64,
    /// Its parameters.
    pub params: RawBytes,
}

/// What came of a message.
pub struct Outcome {
    /// The message.
    pub signed: SignedMessage,
    /// Where it was executed; none if nobody waited.
    pub lookup: Option<MsgLookup>,
    /// Why it failed, in words.
    pub failure: Option<String>,
}

impl Sending {
    /// Sends a message, and waits for it unless told not to.
    pub fn send(&self, node: &Node, wish: Wish) -> Result<Outcome> {
        let from = self.sender(node)?;
        let message = Message {
            version: 0,
            from,
            to: wish.to,
            sequence: self.nonce.unwrap_or(0),
            value: wish.value,
            method_num: wish.method,
            params: wish.params,
            gas_limit: self.gas_limit.unwrap_or(0),
            gas_fee_cap: self.gas_fee_cap.clone().unwrap_or_default(),
            gas_premium: self.gas_premium.clone().unwrap_or_default(),
        };
        let spec = self.max_fee.clone().map(|max_fee| MessageSendSpec {
            max_fee,
            uuid: String::new(),
            maximize_fee_cap: false,
        });
        let sent_at = node.head()?.height();
        let signed = match self.nonce {
            None => node.call(MpoolPushMessage { message, spec })?,
            Some(_) => push_numbered(node, message, spec)?,
        };
        let cid = signed.cid();
        if self.waiting.no_wait {
            return Ok(Outcome {
                signed,
                lookup: None,
                failure: None,
            });
        }
        let lookup = self.waiting.wait(node, cid, sent_at)?;
        let failure = failure(node, &lookup);
        Ok(Outcome {
            signed,
            lookup: Some(lookup),
            failure,
        })
    }

    /// The sender: the address that was named, or the wallet's default.
    pub fn sender(&self, node: &Node) -> Result<Address> {
        match &self.from {
            Some(from) => node.address(from),
            None => {
                let default = node.call(WalletDefaultAddress {});
                default.context("no sender was named with --from")
            }
        }
    }

    /// Whether the verb ends as soon as the message is sent.
    pub fn is_no_wait(&self) -> bool {
        self.waiting.no_wait
    }
}

/// The node numbers messages that it pushes itself; one with a number of its own is signed and pushed in two steps.
fn push_numbered(
    node: &Node,
    message: Message,
    spec: Option<MessageSendSpec>,
) -> Result<SignedMessage> {
    let tipset = TipsetKey::new([]);
    let message = node.call(GasEstimateMessageGas {
        message,
        spec,
        tipset,
    })?;
    let address = message.from;
    let signed = node.call(WalletSignMessage { address, message })?;
    node.call(MpoolPush {
        message: signed.clone(),
    })?;
    Ok(signed)
}

impl Waiting {
    /// Waits until a message is executed; `since` is an epoch at which it was not yet.
    pub fn wait(&self, node: &Node, cid: Cid, since: ChainEpoch) -> Result<MsgLookup> {
        let line = Line::default();
        let start = Instant::now();
        let confidence = ChainEpoch::from(self.confidence);
        loop {
            let head = node.head()?;
            let limit = head.height().saturating_sub(since) + LOOKBACK;
            let found = node.call(StateSearchMsg {
                from: head.key().clone(),
                message: cid,
                limit,
                allow_replaced: true,
            })?;
            match found {
                Some(lookup) if lookup.height.saturating_add(confidence) <= head.height() => {
                    line.clear();
                    return Ok(lookup);
                }
                found => {
                    let what = match found {
                        Some(lookup) => format!(
                            "executed at {}, waiting for {confidence} epochs",
                            lookup.height
                        ),
                        None => format!("waiting for message {cid}"),
                    };
                    let place = format_args!("(epoch {})", head.height());
                    line.show_at(&what, place, 0, 0);
                }
            }
            let waited = start.elapsed();
            if self
                .timeout
                .is_some_and(|seconds| waited >= Duration::from_secs(seconds))
            {
                line.clear();
                bail!(
                    "message {cid} was not executed within {} s; it still waits: filigree msg wait {cid}",
                    waited.as_secs()
                );
            }
            sleep(LOOK);
        }
    }
}

/// Why an executed message failed, in words; none if it did not.
pub fn failure(node: &Node, lookup: &MsgLookup) -> Option<String> {
    if lookup.receipt.exit_code == ActorExit::OK {
        return None;
    }
    let replay = node.call(StateReplay {
        tipset: TipsetKey::new([]),
        message: lookup.message,
    });
    // Words are a help, not the answer.
    Some(match replay {
        Ok(replay) if !replay.error.is_empty() => print::plain(&replay.error),
        _ => "no reason is known".to_owned(),
    })
}

impl Outcome {
    /// Whether it was executed and failed.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// 1 if it failed.
    pub fn code(&self) -> ExitCode {
        match self.has_failed() {
            true => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        }
    }

    /// As JSON.
    pub fn json(&self) -> Value {
        let message = &self.signed.message;
        let mut json = json!({
            "cid": self.signed.cid().to_string(),
            "from": message.from.to_string(),
            "to": message.to.to_string(),
            "value": message.value.atto().to_string(),
            "method": message.method_num,
            "nonce": message.sequence,
            "gas_limit": message.gas_limit,
        });
        if let (Some(lookup), Some(object)) = (&self.lookup, json.as_object_mut()) {
            object.extend(executed_json(lookup, self.failure.as_deref()));
        }
        json
    }

    /// For people.
    pub fn text(&self) -> String {
        let message = &self.signed.message;
        let mut facts = vec![
            ("message", self.signed.cid().to_string()),
            ("from", message.from.to_string()),
            ("to", message.to.to_string()),
            ("value", show::fil(&message.value)),
            ("nonce", message.sequence.to_string()),
        ];
        match &self.lookup {
            Some(lookup) => facts.extend(executed_facts(lookup, self.failure.as_deref())),
            None => facts.push(("next", format!("filigree msg wait {}", self.signed.cid()))),
        }
        print::facts(facts)
    }
}

/// What is said of an executed message, as JSON.
pub fn executed_json(lookup: &MsgLookup, failure: Option<&str>) -> serde_json::Map<String, Value> {
    let receipt = &lookup.receipt;
    let mut json = serde_json::Map::new();
    json.insert("height".to_owned(), lookup.height.into());
    json.insert("exit_code".to_owned(), receipt.exit_code.value().into());
    json.insert("gas_used".to_owned(), receipt.gas_used.into());
    let bytes = format!("0x{}", hex::encode(receipt.return_data.bytes()));
    json.insert("return_bytes".to_owned(), bytes.into());
    json.insert("return".to_owned(), lookup.decoded.clone());
    if let Some(failure) = failure {
        json.insert("error".to_owned(), failure.into());
    }
    json
}

/// What is said of an executed message, for people.
pub fn executed_facts(lookup: &MsgLookup, failure: Option<&str>) -> Vec<(&'static str, String)> {
    let receipt = &lookup.receipt;
    let mut facts = vec![
        ("height", lookup.height.to_string()),
        ("exit", show::exit(receipt.exit_code)),
        ("gas used", print::digits(receipt.gas_used)),
    ];
    let bytes = receipt.return_data.bytes();
    if !lookup.decoded.is_null() {
        facts.push(("returned", print::plain(&lookup.decoded.to_string())));
    } else if !bytes.is_empty() {
        facts.push(("returned", format!("0x{}", hex::encode(bytes))));
    }
    if let Some(failure) = failure {
        facts.push(("because", failure.to_owned()));
    }
    facts
}

/// An amount as people write it.
pub fn amount(text: &str) -> Result<TokenAmount> {
    let amount = parse_amount(text)?;
    if amount.is_negative() {
        bail!("an amount is not negative");
    }
    Ok(amount)
}
