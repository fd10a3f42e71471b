//! Execution traces: what happened in a message, in order, and the same as the call tree that Lotus' `StateReplay`
//! shows. Recorded only when the context asks for it.

use cid::Cid;
use filigree_gas::GasCharge;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::state::ActorState;
use fvm_shared::{ActorID, MethodNum};

use crate::blocks::Block;
use crate::stop::Errno;

/// A block operation of an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpldOp {
    /// A block was opened.
    Get,
    /// A block was linked.
    Put,
}

/// One step of a message.
#[derive(Clone, Debug)]
pub enum TraceEvent {
    /// Gas was charged.
    Gas(GasCharge),
    /// A call begins, whether or not an actor will run.
    Call {
        /// The caller.
        from: ActorID,
        /// The callee as named by the caller.
        to: Address,
        /// The method.
        method: MethodNum,
        /// The parameters.
        params: Option<Block>,
        /// The value sent.
        value: TokenAmount,
        /// The gas the call may use, in gas units.
        gas_limit: u64,
        /// Whether the call may not change state.
        read_only: bool,
    },
    /// The call reached an actor.
    Invoke {
        /// The actor.
        id: ActorID,
        /// Its state before the call.
        state: ActorState,
    },
    /// What the actor said as it failed: the call ends next. Never on chain, so no other host need say the same.
    Failed {
        /// The exit code it ended with.
        code: ExitCode,
        /// Why, for people; often empty.
        message: String,
    },
    /// The call ended with an exit code.
    Return {
        /// The exit code.
        code: ExitCode,
        /// The returned block.
        value: Option<Block>,
    },
    /// The call was refused.
    Refused(Errno),
    /// The actor logged.
    Log(String),
    /// The actor stored an artifact (debugging networks only).
    Artifact {
        /// Its name.
        name: String,
        /// Its bytes.
        data: Vec<u8>,
    },
    /// The actor read or wrote a block.
    Ipld {
        /// What it did.
        op: IpldOp,
        /// The block.
        cid: Cid,
        /// Its length in bytes.
        size_bytes: usize,
    },
}

impl TraceEvent {
    /// Memory that it takes, in bytes, with the blocks that it keeps.
    pub fn size_bytes(&self) -> usize {
        let block = |block: &Option<Block>| block.as_ref().map_or(0, |block| block.data.len());
        let kept = match self {
            Self::Gas(charge) => charge.name.len(),
            Self::Call { params, .. } => block(params),
            Self::Return { value, .. } => block(value),
            Self::Failed { message, .. } => message.len(),
            Self::Log(line) => line.len(),
            Self::Artifact { name, data } => name.len() + data.len(),
            Self::Invoke { .. } | Self::Refused(_) | Self::Ipld { .. } => 0,
        };
        size_of::<Self>() + kept
    }
}

/// One call of a message with all that happened in it: the shape of Lotus' `ExecutionTrace`.
#[derive(Clone, Debug)]
pub struct CallTrace {
    /// The caller.
    pub from: ActorID,
    /// The callee as named by the caller.
    pub to: Address,
    /// The method.
    pub method: MethodNum,
    /// The parameters.
    pub params: Option<Block>,
    /// The value sent.
    pub value: TokenAmount,
    /// The gas the call may use, in gas units.
    pub gas_limit: u64,
    /// Whether the call may not change state.
    pub read_only: bool,
    /// The actor reached and its state before the call.
    pub invoked: Option<(ActorID, ActorState)>,
    /// The exit code; for a refused call the code Lotus shows: the errno negated is not a code, so
    /// `SYS_ASSERTION_FAILED`, or the code of its kind.
    pub code: ExitCode,
    /// The returned block.
    pub returned: Option<Block>,
    /// Why the call was refused, if it was.
    pub refused: Option<Errno>,
    /// What the actor said if it failed; empty if it said nothing.
    pub message: String,
    /// Gas charged in this call, not in calls below it.
    pub gas_charges: Vec<GasCharge>,
    /// Calls made by this one.
    pub calls: Vec<CallTrace>,
    /// Log lines.
    pub logs: Vec<String>,
    /// Block operations.
    pub ipld: Vec<(IpldOp, Cid, usize)>,
}

impl CallTrace {
    /// The call tree of a message's events, and the gas charged outside any call (message inclusion).
    pub fn from_events(events: &[TraceEvent]) -> (Vec<GasCharge>, Option<CallTrace>) {
        let mut outside = Vec::new();
        let mut open: Vec<CallTrace> = Vec::new();
        let mut root = None;
        for event in events {
            match (event, open.last_mut()) {
                (
                    TraceEvent::Call {
                        from,
                        to,
                        method,
                        params,
                        value,
                        gas_limit,
                        read_only,
                    },
                    _,
                ) => open.push(CallTrace {
                    from: *from,
                    to: *to,
                    method: *method,
                    params: params.clone(),
                    value: value.clone(),
                    gas_limit: *gas_limit,
                    read_only: *read_only,
                    invoked: None,
                    code: ExitCode::OK,
                    returned: None,
                    refused: None,
                    message: String::new(),
                    gas_charges: Vec::new(),
                    calls: Vec::new(),
                    logs: Vec::new(),
                    ipld: Vec::new(),
                }),
                (TraceEvent::Gas(charge), None) => outside.push(charge.clone()),
                (_, None) => {}
                (TraceEvent::Gas(charge), Some(call)) => call.gas_charges.push(charge.clone()),
                (TraceEvent::Invoke { id, state }, Some(call)) => {
                    call.invoked = Some((*id, state.clone()));
                }
                (TraceEvent::Log(line), Some(call)) => call.logs.push(line.clone()),
                (TraceEvent::Artifact { name, data }, Some(call)) => {
                    call.logs
                        .push(format!("artifact {name}, {} bytes", data.len()));
                }
                (
                    TraceEvent::Ipld {
                        op,
                        cid,
                        size_bytes,
                    },
                    Some(call),
                ) => call.ipld.push((*op, *cid, *size_bytes)),
                (TraceEvent::Failed { message, .. }, Some(call)) => {
                    call.message.clone_from(message);
                }
                (TraceEvent::Return { code, value }, Some(call)) => {
                    // An upgrade that failed within a call that went on is none of its failures.
                    if code.is_success() {
                        call.message.clear();
                    }
                    call.code = *code;
                    call.returned = value.clone();
                    close(&mut open, &mut root);
                }
                (TraceEvent::Refused(error), Some(call)) => {
                    call.code = crate::executor::exit_code_of_refusal(error);
                    call.refused = Some(error.clone());
                    close(&mut open, &mut root);
                }
            }
        }
        (outside, root)
    }
}

/// Ends the innermost open call and hangs it below its caller.
fn close(open: &mut Vec<CallTrace>, root: &mut Option<CallTrace>) {
    let Some(done) = open.pop() else { return };
    match open.last_mut() {
        Some(parent) => parent.calls.push(done),
        None => *root = Some(done),
    }
}
