//! What one message did, in plain values that every host can be brought to, and a readable difference between two.
//!
//! Backtraces and messages for people are left out: they are not on chain and need not be equal.

use std::fmt::Write as _;

use cid::Cid;
use filigree_conformance::store::LayeredStore;
use fvm_ipld_encoding::CborStore;
use fvm_ipld_hamt::Hamt;
use fvm_shared::address::Address;
use fvm_shared::state::{ActorState, StateRoot};

use crate::setup::HAMT_BIT_WIDTH;

/// An event: emitter, then entries of (flags, key, codec, value).
pub type Event = (u64, Vec<(u64, String, u64, Vec<u8>)>);

/// Everything on chain, or paid, that came of one message. Amounts in attoFIL, as decimal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Exit code of the receipt.
    pub exit_code: u32,
    /// Return data of the receipt.
    pub return_data: Vec<u8>,
    /// Codec of the return data; the reference 3.x does not tell, and then it is not compared.
    pub return_codec: Option<Option<u64>>,
    /// Gas used, of the receipt.
    pub gas_used: u64,
    /// Events root of the receipt.
    pub events_root: Option<Cid>,
    /// The events themselves.
    pub events: Vec<Event>,
    /// Penalty of the miner.
    pub penalty: String,
    /// Tip of the miner.
    pub miner_tip: String,
    /// Burnt for gas used.
    pub base_fee_burn: String,
    /// Burnt for overestimating.
    pub over_estimation_burn: String,
    /// Paid back to the sender.
    pub refund: String,
    /// Gas paid back.
    pub gas_refund: u64,
    /// Gas burnt.
    pub gas_burned: u64,
    /// Whether the host gave a reason for failure.
    pub explained: bool,
    /// The execution trace, a line for each event, see [`trace`](crate::trace); empty without tracing.
    pub trace: Vec<String>,
}

/// Why a host refused a message altogether. Texts are for people and not compared; this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The message itself makes no sense.
    InvalidMessage,
    /// The state is damaged, or the amounts are beyond what the state can hold.
    State,
    /// The gas outputs do not add up.
    GasMath,
    /// The host itself broke: never right.
    Broken,
}

/// A refusal with its text.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Which kind.
    pub kind: Refusal,
    /// For people.
    pub text: String,
}

impl Refused {
    /// The refusal that the reference gives in this text; `invalid` are the texts it has for a message that makes no sense.
    pub fn of_reference(text: String, invalid: &[&str]) -> Self {
        let kind = if invalid.iter().any(|part| text.contains(part)) {
            Refusal::InvalidMessage
        } else if text.contains("Gas handling math is wrong") {
            Refusal::GasMath
        } else {
            Refusal::State
        };
        Self { kind, text }
    }
}

/// What one message did to one host: applied, or refused by the host altogether.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The application, or why there was none.
    pub applied: Result<Applied, Refused>,
    /// State root after the message, flushed; or why it could not be flushed (not compared), and then no message follows.
    pub root: Result<Cid, String>,
    /// Why the message failed, for people.
    pub failure: String,
}

impl Outcome {
    /// Exit code, or `None` if the host refused the message.
    pub fn exit_code(&self) -> Option<u32> {
        self.applied.as_ref().ok().map(|a| a.exit_code)
    }

    /// Return data; empty if the host refused the message.
    pub fn return_data(&self) -> &[u8] {
        self.applied.as_ref().map_or(&[], |a| &a.return_data)
    }

    /// Gas used; 0 if the host refused the message.
    pub fn gas_used(&self) -> u64 {
        self.applied.as_ref().map_or(0, |a| a.gas_used)
    }
}

/// Lists what differs, one line each; empty when the outcomes are equal.
pub fn difference(reference: &Outcome, ours: &Outcome) -> String {
    let mut out = String::new();
    match (&reference.applied, &ours.applied) {
        (Ok(a), Ok(b)) => applied_difference(a, b, &mut out),
        (Err(a), Err(b)) => {
            if a.kind != b.kind || b.kind == Refusal::Broken {
                let _ = writeln!(out, "refused: {:?} / {:?}", a.kind, b.kind);
            }
        }
        (Ok(a), Err(e)) => {
            let _ = writeln!(out, "reference exit {}, ours refused: {e:?}", a.exit_code);
        }
        (Err(e), Ok(b)) => {
            let _ = writeln!(out, "reference refused: {e:?}; ours exit {}", b.exit_code);
        }
    }
    if reference.root.as_ref().ok() != ours.root.as_ref().ok() {
        let _ = writeln!(out, "state root: {:?} / {:?}", reference.root, ours.root);
    }
    if !out.is_empty() {
        let _ = writeln!(out, "reference says: {}", reference.failure.trim());
        let _ = writeln!(out, "ours says: {}", ours.failure.trim());
    }
    out
}

fn applied_difference(a: &Applied, b: &Applied, out: &mut String) {
    let mut line = |name: &str, left: String, right: String| {
        if left != right {
            let _ = writeln!(out, "{name}: {left} / {right}");
        }
    };
    line(
        "exit code",
        a.exit_code.to_string(),
        b.exit_code.to_string(),
    );
    line("gas used", a.gas_used.to_string(), b.gas_used.to_string());
    if a.return_codec.is_some() && b.return_codec.is_some() {
        line(
            "return codec",
            format!("{:?}", a.return_codec),
            format!("{:?}", b.return_codec),
        );
    }
    line(
        "events root",
        format!("{:?}", a.events_root),
        format!("{:?}", b.events_root),
    );
    line(
        "events",
        format!("{:?}", a.events),
        format!("{:?}", b.events),
    );
    line("penalty", a.penalty.clone(), b.penalty.clone());
    line("miner tip", a.miner_tip.clone(), b.miner_tip.clone());
    line(
        "base fee burn",
        a.base_fee_burn.clone(),
        b.base_fee_burn.clone(),
    );
    line(
        "over-estimation burn",
        a.over_estimation_burn.clone(),
        b.over_estimation_burn.clone(),
    );
    line("refund", a.refund.clone(), b.refund.clone());
    line(
        "gas refund",
        a.gas_refund.to_string(),
        b.gas_refund.to_string(),
    );
    line(
        "gas burned",
        a.gas_burned.to_string(),
        b.gas_burned.to_string(),
    );
    line(
        "explained",
        a.explained.to_string(),
        b.explained.to_string(),
    );
    trace_difference(&a.trace, &b.trace, out);
    if a.return_data != b.return_data {
        let at = a
            .return_data
            .iter()
            .zip(&b.return_data)
            .position(|(x, y)| x != y)
            .unwrap_or(a.return_data.len().min(b.return_data.len()));
        let around = |data: &[u8]| {
            let from = at.saturating_sub(16).min(data.len());
            let to = (at + 48).min(data.len());
            format!("{} bytes, …{}…", data.len(), hex(&data[from..to]))
        };
        let _ = writeln!(
            out,
            "return data, first differing byte {at}:\n  {}\n  {}",
            around(&a.return_data),
            around(&b.return_data)
        );
    }
}

/// The first event that differs, with the few before it.
fn trace_difference(a: &[String], b: &[String], out: &mut String) {
    if a == b {
        return;
    }
    let at = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let _ = writeln!(out, "trace, first differing event {at}, after:");
    for line in &a[at.saturating_sub(4)..at] {
        let _ = writeln!(out, "    {line}");
    }
    let event = |trace: &[String]| trace.get(at).cloned().unwrap_or("nothing".to_owned());
    let _ = writeln!(out, "  {}\n  {}", event(a), event(b));
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Lists the actors that differ between two flushed states.
pub fn state_difference(
    left: (&LayeredStore, Cid),
    right: (&LayeredStore, Cid),
) -> anyhow::Result<String> {
    let (a, b) = (actors(left)?, actors(right)?);
    let mut out = String::new();
    for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
        if a.get(key) != b.get(key) {
            let _ = writeln!(out, "actor {key}:\n  {:?}\n  {:?}", a.get(key), b.get(key));
        }
    }
    Ok(out)
}

fn actors(
    (store, root): (&LayeredStore, Cid),
) -> anyhow::Result<std::collections::BTreeMap<String, ActorState>> {
    let root: StateRoot = store
        .get_cbor(&root)?
        .ok_or_else(|| anyhow::anyhow!("state root not stored"))?;
    let tree = Hamt::<_, ActorState>::load_with_bit_width(&root.actors, store, HAMT_BIT_WIDTH)?;
    let mut out = std::collections::BTreeMap::new();
    tree.for_each(|key, actor| {
        let name = Address::from_bytes(&key.0).map_or_else(|_| hex(&key.0), |a| a.to_string());
        out.insert(name, actor.clone());
        Ok(())
    })?;
    Ok(out)
}
