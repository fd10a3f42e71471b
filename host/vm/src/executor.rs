//! One message: preflight → run → settle.

use std::fmt;

use cid::Cid;
use filigree_gas::Gas;
use fvm_ipld_amt::Amt;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CBOR, IPLD_RAW, RawBytes};
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::{ErrorNumber, ExitCode};
use fvm_shared::event::StampedEvent;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use fvm_shared::{ActorID, METHOD_SEND};
use num_traits::Zero;

use crate::backtrace::{Backtrace, Cause};
use crate::blocks::Block;
use crate::call::{Call, Entrypoint, Returned};
use crate::machine::Machine;
use crate::preflight::{Cleared, Preflight};
use crate::profile::Profile;
use crate::stack::{CallStack, Core, Stack};
use crate::stop::{Errno, Outcome, Stop, errno, without_panic};
use crate::trace::TraceEvent;

/// Bit width of the events AMT (FIP-0049).
const EVENTS_AMT_BIT_WIDTH: u32 = 5;

/// Who pays for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message of the chain: checked, paid for by its sender.
    Explicit,
    /// A message of the protocol (cron, rewards): unchecked and free.
    Implicit,
    /// A question of a reader, on no chain: free, and no actor it reaches may change anything.
    View,
    /// An upgrade from outside, to try one: free; the receiver's code is replaced by this one and its `upgrade` runs with
    /// the message's parameters, as `actor::upgrade_actor` does it. Value and method say nothing.
    Upgrade(Cid),
}

/// What a message did.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The receipt, as it stands on chain.
    pub receipt: Receipt,
    /// Codec of the returned block, if any.
    pub return_codec: Option<u64>,
    /// What the block producer pays for including a bad message, attoFIL.
    pub penalty: TokenAmount,
    /// What the block producer gets, attoFIL.
    pub miner_tip: TokenAmount,
    /// Burnt for the gas used, attoFIL.
    pub base_fee_burn: TokenAmount,
    /// Burnt for asking for far too much gas, attoFIL.
    pub over_estimation_burn: TokenAmount,
    /// Given back to the sender, attoFIL.
    pub refund: TokenAmount,
    /// Gas given back.
    pub gas_refund: u64,
    /// Gas burnt beyond what was used.
    pub gas_burned: u64,
    /// Why it failed, for people.
    pub failure: Option<Failure>,
    /// Every step, if the context asked for traces.
    pub trace: Vec<TraceEvent>,
    /// Memory that the trace takes, in bytes; if that is more than the context allows, the trace ends where it was full.
    pub trace_bytes: usize,
    /// The events emitted.
    pub events: Vec<StampedEvent>,
    /// What the gas was used by, if the engines are for profiles and the message ran.
    pub profile: Option<Box<Profile>>,
}

impl Applied {
    /// A message that had no effect but its receipt and a penalty.
    pub(crate) fn without_effect(
        receipt: Receipt,
        penalty: TokenAmount,
        failure: Option<Failure>,
    ) -> Self {
        Self {
            receipt,
            return_codec: None,
            penalty,
            miner_tip: TokenAmount::zero(),
            base_fee_burn: TokenAmount::zero(),
            over_estimation_burn: TokenAmount::zero(),
            refund: TokenAmount::zero(),
            gas_refund: 0,
            gas_burned: 0,
            failure,
            trace: Vec::new(),
            trace_bytes: 0,
            events: Vec::new(),
            profile: None,
        }
    }
}

/// Why a message failed.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It was refused before it ran.
    Preflight(String),
    /// It ran into an error.
    Backtrace(Backtrace),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preflight(why) => write!(f, "refused: {why}"),
            Self::Backtrace(backtrace) => write!(f, "failed:\n{backtrace}"),
        }
    }
}

/// Why a message gave no receipt. The block that holds it cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// The message itself makes no sense.
    #[error("not a valid message: {0:#}")]
    InvalidMessage(anyhow::Error),
    /// This node cannot tell what the message does: its state or store is damaged, code or a verifying key is missing.
    #[error("{0:#}")]
    State(anyhow::Error),
    /// Gas was not paid out as it was taken in: a bug of the host.
    #[error("the gas outputs do not add up to the gas cost")]
    GasMath,
    /// This message tore the machine apart: a bug of the host.
    #[error("the host panicked: {0}")]
    Panicked(String),
    /// An earlier message was torn apart by a bug of the host; make a new machine.
    #[error("the machine is poisoned by an earlier panic")]
    Poisoned,
}

impl From<Stop> for ExecuteError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Fatal(e) | Stop::Node(e) => Self::State(e),
            other => Self::State(other.into()),
        }
    }
}

impl Machine {
    /// Runs a message of `chain_length_bytes` (its size on chain, with its signature if it has one of its own).
    ///
    /// A failing message is not an error: its receipt says so. After an error the state may hold the sender's gas
    /// payment; drop the machine.
    pub fn execute(
        &mut self,
        message: &Message,
        kind: Kind,
        chain_length_bytes: usize,
    ) -> Result<Applied, ExecuteError> {
        message.check().map_err(ExecuteError::InvalidMessage)?;
        let core = self.core.as_mut().ok_or(ExecuteError::Poisoned)?;
        let cleared = match core.preflight(message, kind, chain_length_bytes)? {
            Preflight::Cleared(cleared) => cleared,
            Preflight::Refused(applied) => return Ok(*applied),
        };
        let core = self.core.take().ok_or(ExecuteError::Poisoned)?;
        // A panic drops the state with all the message did to it.
        let (core, run) =
            without_panic(|| run(core, message, kind, &cleared)).map_err(ExecuteError::Panicked)?;
        let core = self.core.insert(core);
        let applied = core.applied(message, run?)?;
        match kind {
            Kind::Explicit => core.settle(message, &cleared, applied),
            Kind::Implicit | Kind::View | Kind::Upgrade(_) => Ok(applied),
        }
    }

    /// Writes the state, and the blocks reachable from it, to the store. Gives the new state root.
    pub fn flush(&mut self) -> Result<Cid, ExecuteError> {
        let core = self.core.as_mut().ok_or(ExecuteError::Poisoned)?;
        let root = core
            .journal
            .tree
            .flush()
            .map_err(|e| ExecuteError::State(e.into()))?;
        core.store.flush(&root).map_err(ExecuteError::State)?;
        Ok(root)
    }

    /// Loads the code of every built-in actor, so that no message waits for a compilation.
    pub fn preload(&mut self) -> Result<(), ExecuteError> {
        let core = self.core.as_ref().ok_or(ExecuteError::Poisoned)?;
        for code in core.manifest.codes() {
            core.load_module(code)?;
        }
        Ok(())
    }
}

/// What is left when a message has run.
struct Run {
    result: Outcome<Returned>,
    gas_used: u64,
    backtrace: Backtrace,
    trace: Vec<TraceEvent>,
    trace_bytes: usize,
    events: Vec<StampedEvent>,
    events_root: Option<Cid>,
    profile: Option<Box<Profile>>,
}

fn run(
    core: Box<Core>,
    message: &Message,
    kind: Kind,
    cleared: &Cleared,
) -> (Box<Core>, Result<Run, Stop>) {
    let receiver = match core.journal.tree.lookup_id(&message.to) {
        Ok(id) => id,
        Err(e) => return (core, Err(Stop::Fatal(e.into()))),
    };
    // The premium is capped so that premium and base fee together stay below the fee cap.
    let premium = (&message.gas_fee_cap - &core.context.base_fee)
        .min(message.gas_premium.clone())
        .max(TokenAmount::zero());
    let mut stack = Stack::new(CallStack::new(
        core,
        message,
        cleared.sender,
        receiver,
        premium,
    ));
    // Preflight made sure that the inclusion cost is below the limit.
    if let Err(stop) = stack.charge(cleared.inclusion.clone()) {
        return (stack.take().core, Err(stop));
    }
    let (from, params) = (cleared.sender, params_of(message, kind));
    let result = match (kind, receiver) {
        (Kind::Upgrade(code), Some(id)) => stack.upgrade(from, id, code, params),
        (Kind::Upgrade(_), None) => Err(errno(
            ErrorNumber::NotFound,
            format_args!("no actor has the address {}", message.to),
        )),
        (Kind::View, _) if !message.value.is_zero() => Err(errno(
            ErrorNumber::ReadOnly,
            "a read-only call cannot send value",
        )),
        (Kind::Explicit | Kind::Implicit | Kind::View, _) => {
            let call = Call {
                from,
                to: message.to,
                entrypoint: Entrypoint::Invoke(message.method_num),
                params,
                value: message.value.clone(),
                read_only: kind == Kind::View,
            };
            stack.transact(|stack| stack.call(call, None))
        }
    };
    let mut stack = stack.take();
    let events = stack.core.journal.take_events();
    let events_root = match events_root(&events) {
        Ok(root) => root,
        Err(e) => return (stack.core, Err(Stop::Fatal(e))),
    };
    let run = Run {
        result,
        gas_used: stack.gas.used().round_up(),
        backtrace: std::mem::take(&mut stack.backtrace),
        trace: stack.take_trace(),
        trace_bytes: stack.trace_bytes(),
        profile: stack.take_profile(),
        events,
        events_root,
    };
    (stack.core, Ok(run))
}

/// Parameters from outside are CBOR, not DAG-CBOR: their links reach nothing. A plain send's are only bytes.
fn params_of(message: &Message, kind: Kind) -> Option<Block> {
    if message.params.is_empty() {
        return None;
    }
    let codec = match (kind, message.method_num) {
        (Kind::Explicit | Kind::Implicit | Kind::View, METHOD_SEND) => IPLD_RAW,
        _ => CBOR,
    };
    Some(Block::leaf(codec, message.params.bytes()))
}

impl Core {
    /// The receipt of a message, before gas is settled.
    fn applied(&self, message: &Message, run: Run) -> Result<Applied, ExecuteError> {
        let mut backtrace = run.backtrace;
        let mut gas_used = run.gas_used;
        let mut profile = run.profile;
        let mut returned = Returned::ok();
        match run.result {
            Ok(end) => {
                if end.code.is_success() {
                    backtrace = Backtrace::default();
                }
                returned = end;
            }
            Err(Stop::OutOfGas) => returned.code = ExitCode::SYS_OUT_OF_GAS,
            Err(Stop::Errno(error)) => {
                returned.code = exit_code_of_refusal(&error);
                backtrace = Backtrace::of(Cause::Syscall {
                    module: "send",
                    function: "send",
                    error,
                });
            }
            Err(Stop::Node(e)) => return Err(ExecuteError::State(e)),
            // A fatal error takes all gas.
            Err(stop) => {
                returned.code = ExitCode::SYS_ASSERTION_FAILED;
                gas_used = message.gas_limit;
                if let Some(profile) = &mut profile {
                    profile.fill_up(Gas::new(gas_used));
                }
                backtrace.cause = Some(Cause::Fatal(format!(
                    "{stop} [from {}, to {}, sequence {}, method {}, epoch {}]",
                    message.from,
                    message.to,
                    message.sequence,
                    message.method_num,
                    self.context.epoch
                )));
            }
        }
        let failed = !returned.code.is_success() && backtrace.tells();
        let receipt = Receipt {
            exit_code: returned.code,
            return_data: match &returned.value {
                Some(block) => RawBytes::new(block.data.to_vec()),
                None => RawBytes::default(),
            },
            gas_used,
            events_root: run.events_root,
        };
        let mut applied = Applied::without_effect(
            receipt,
            TokenAmount::zero(),
            failed.then_some(Failure::Backtrace(backtrace)),
        );
        applied.return_codec = returned.value.map(|block| block.codec);
        applied.trace = run.trace;
        applied.trace_bytes = run.trace_bytes;
        applied.events = run.events;
        applied.profile = profile;
        Ok(applied)
    }

    pub(crate) fn sender_of(&self, message: &Message) -> Result<Option<ActorID>, ExecuteError> {
        self.journal
            .tree
            .lookup_id(&message.from)
            .map_err(|e| ExecuteError::State(e.into()))
    }
}

/// The exit code of a message that could not be dispatched.
pub(crate) fn exit_code_of_refusal(error: &Errno) -> ExitCode {
    match error.number {
        ErrorNumber::InsufficientFunds => ExitCode::SYS_INSUFFICIENT_FUNDS,
        ErrorNumber::NotFound => ExitCode::SYS_INVALID_RECEIVER,
        _ => ExitCode::SYS_ASSERTION_FAILED,
    }
}

fn events_root(events: &[StampedEvent]) -> anyhow::Result<Option<Cid>> {
    if events.is_empty() {
        return Ok(None);
    }
    let root = Amt::new_from_iter_with_bit_width(Discard, EVENTS_AMT_BIT_WIDTH, events.iter())?;
    Ok(Some(root))
}

/// Receipts carry the events' root; the events themselves are kept by the node's index.
struct Discard;

impl Blockstore for Discard {
    fn get(&self, _: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn put_keyed(&self, _: &Cid, _: &[u8]) -> anyhow::Result<()> {
        Ok(())
    }
}
