//! Messages tried, and messages repeated.

use std::time::Instant;

use cid::Cid;
use filigree_blocks::{Tipset, TipsetKey, message_cid};
use filigree_gas::GasCharge;
use filigree_node_state::call::Trial;
use filigree_node_state::{Error as StateError, Step};
use filigree_vm::{Applied, Block, CallTrace, IpldOp as HostIpldOp};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use super::search::find;
use crate::error::{Reply, RpcError};
use crate::json::Bytes;
use crate::json::call::{
    ActorTrace, ComputeStateOutput, ExecutionTrace, GasTrace, InvocResult, IpldOp, MessageTrace,
    MsgGasCost, ReturnTrace, TraceIpld,
};
use crate::methods;
use crate::services::Services;

/// Most messages of one computation.
const MAX_MESSAGES: usize = 1000;
/// Most epochs between a tipset and the epoch at which messages are tried on it.
const MAX_AHEAD: ChainEpoch = 2880;

methods! { Filecoin:
    /// What a message would do among those of a tipset: after those of its own sender, free of gas fees. Nothing of it is kept.
    [read] StateCall(message: Message, tipset: TipsetKey) -> InvocResult = call;

    /// A message once more, as it was executed, with what happened in it.
    [read] StateReplay(
        /// The tipset that has the message; empty: wherever it is on chain.
        tipset: TipsetKey,
        message: Cid,
    ) -> InvocResult = replay;

    /// A tipset once more, and then messages on the state that it leads to. Nothing of it is kept.
    [read] StateCompute(
        /// The epoch of these messages: that of the tipset, or a later one.
        epoch: ChainEpoch,
        /// With their numbers and their gas set.
        messages: Option<Vec<Message>>,
        tipset: TipsetKey,
    ) -> ComputeStateOutput = compute;
}

fn call(services: &Services, message: Message, tipset: TipsetKey) -> Reply<InvocResult> {
    let is_head = tipset.is_empty();
    let mut tipset = services.tipset(&tipset)?;
    let start = Instant::now();
    let tried = loop {
        match services
            .states
            .try_message(&tipset, Trial::free(message.clone()))
        {
            // The head is just where the network is upgraded: before that it is as good.
            Err(StateError::AtUpgrade(_)) if is_head && tipset.height() > 0 => {
                tipset = services.chain.parents(&tipset)?;
            }
            Err(StateError::NoActor(_)) => return Err(RpcError::actor_not_found()),
            tried => break tried?,
        }
    };
    let cid = message_cid(&tried.message);
    Ok(result(cid, tried.message, &tried.applied, start, None))
}

fn replay(services: &Services, tipset: TipsetKey, message: Cid) -> Reply<InvocResult> {
    let (tipset, message) = match tipset.is_empty() {
        false => (services.tipset(&tipset)?, message),
        true => {
            let head = services.chain.head();
            let missing = || RpcError::general(format!("message {message} is not on chain"));
            let found = find(services, &head, &message, -1, true)?.ok_or_else(missing)?;
            (services.chain.tipset(&found.tipset)?, found.cid)
        }
    };
    let start = Instant::now();
    let step = services.states.replay_message(&tipset, &message)?;
    Ok(of_step(step, start))
}

fn compute(
    services: &Services,
    epoch: ChainEpoch,
    messages: Option<Vec<Message>>,
    tipset: TipsetKey,
) -> Reply<ComputeStateOutput> {
    let tipset = services.tipset(&tipset)?;
    let messages = messages.unwrap_or_default();
    if messages.len() > MAX_MESSAGES {
        return Err(RpcError::params(format!(
            "messages: at most {MAX_MESSAGES} are computed at once"
        )));
    }
    check_epoch(epoch, &tipset)?;
    let start = Instant::now();
    let replay = services.states.replay(&tipset, true)?;
    let steps = replay.steps.into_iter().map(|step| of_step(step, start));
    let mut trace: Vec<InvocResult> = steps.collect();
    let mut root = replay.result.state;
    if !messages.is_empty() || epoch > tipset.height() {
        let (new_root, tried) = services.states.compute(&tipset, epoch, &messages)?;
        root = new_root;
        trace.extend(tried.into_iter().map(|tried| {
            let cid = message_cid(&tried.message);
            result(cid, tried.message, &tried.applied, start, None)
        }));
    }
    Ok(ComputeStateOutput { root, trace })
}

fn check_epoch(epoch: ChainEpoch, tipset: &Tipset) -> Reply<()> {
    let height = tipset.height();
    if (height..=height.saturating_add(MAX_AHEAD)).contains(&epoch) {
        return Ok(());
    }
    Err(RpcError::params(format!(
        "epoch: from {height}, that of the tipset, to {MAX_AHEAD} later is expected"
    )))
}

fn of_step(step: Step, start: Instant) -> InvocResult {
    let cost = cost(step.cid, &step.message, &step.applied);
    result(step.cid, step.message, &step.applied, start, Some(cost))
}

fn result(
    cid: Cid,
    message: Message,
    applied: &Applied,
    start: Instant,
    gas_cost: Option<MsgGasCost>,
) -> InvocResult {
    let trace = trace(&message, applied);
    let failure = applied.failure.as_ref();
    InvocResult {
        cid,
        receipt: applied.receipt.clone(),
        gas_cost: gas_cost.unwrap_or_else(no_cost),
        trace,
        error: failure.map_or_else(String::new, ToString::to_string),
        duration_ns: i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX),
        message,
    }
}

fn cost(cid: Cid, message: &Message, applied: &Applied) -> MsgGasCost {
    let required = &message.gas_fee_cap * message.gas_limit;
    MsgGasCost {
        message: Some(cid),
        gas_used: TokenAmount::from_atto(applied.receipt.gas_used),
        base_fee_burn: applied.base_fee_burn.clone(),
        over_estimation_burn: applied.over_estimation_burn.clone(),
        miner_penalty: applied.penalty.clone(),
        miner_tip: applied.miner_tip.clone(),
        refund: applied.refund.clone(),
        total_cost: required - &applied.refund,
    }
}

/// Of a message that was tried for free.
fn no_cost() -> MsgGasCost {
    let zero = TokenAmount::default;
    MsgGasCost {
        message: None,
        gas_used: zero(),
        base_fee_burn: zero(),
        over_estimation_burn: zero(),
        miner_penalty: zero(),
        miner_tip: zero(),
        refund: zero(),
        total_cost: zero(),
    }
}

/// The tree of a message's calls. Gas for the message itself is charged to the first of them.
fn trace(message: &Message, applied: &Applied) -> ExecutionTrace {
    let (outside, call) = CallTrace::from_events(&applied.trace);
    let mut trace = match call {
        Some(call) => of_call(call),
        // It was refused before anything was called.
        None => ExecutionTrace {
            message: MessageTrace {
                from: message.from,
                to: message.to,
                value: message.value.clone(),
                method: message.method_num,
                params: Bytes(message.params.to_vec()),
                params_codec: 0,
                gas_limit: message.gas_limit,
                read_only: false,
            },
            receipt: ReturnTrace {
                exit_code: applied.receipt.exit_code,
                value: Bytes::default(),
                codec: 0,
            },
            invoked: None,
            gas_charges: Vec::new(),
            calls: Vec::new(),
            logs: Vec::new(),
            blocks: Vec::new(),
        },
    };
    trace.gas_charges.splice(0..0, outside.iter().map(gas));
    trace
}

fn of_call(call: CallTrace) -> ExecutionTrace {
    let (params_codec, params) = block(call.params);
    let (codec, value) = block(call.returned);
    ExecutionTrace {
        message: MessageTrace {
            from: Address::new_id(call.from),
            to: call.to,
            value: call.value,
            method: call.method,
            params,
            params_codec,
            gas_limit: call.gas_limit,
            read_only: call.read_only,
        },
        receipt: ReturnTrace {
            exit_code: call.code,
            value,
            codec,
        },
        invoked: call.invoked.map(|(id, state)| ActorTrace { id, state }),
        gas_charges: call.gas_charges.iter().map(gas).collect(),
        calls: call.calls.into_iter().map(of_call).collect(),
        logs: call.logs,
        blocks: call.ipld.into_iter().map(ipld).collect(),
    }
}

fn block(block: Option<Block>) -> (u64, Bytes) {
    block.map_or_else(Default::default, |block| {
        (block.codec, Bytes(block.data.to_vec()))
    })
}

fn ipld((op, cid, size_bytes): (HostIpldOp, Cid, usize)) -> TraceIpld {
    let op = match op {
        HostIpldOp::Get => IpldOp::Get,
        HostIpldOp::Put => IpldOp::Put,
    };
    TraceIpld {
        op,
        cid,
        size_bytes: size_bytes as u64,
    }
}

fn gas(charge: &GasCharge) -> GasTrace {
    let number = |gas: u64| i64::try_from(gas).unwrap_or(i64::MAX);
    GasTrace {
        name: charge.name.to_string(),
        total: number(charge.total().round_up()),
        compute: number(charge.compute.round_up()),
        storage: number(charge.other.round_up()),
        time_ns: 0,
    }
}
