//! What came of messages: where they are on chain, what a simulated one would do, and the trace of calls.

use cid::Cid;
use filigree_blocks::{SignedMessage, TipsetKey};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use fvm_shared::state::ActorState;
use serde_json::{Value, json};

use super::{Bytes, Json, Mismatch, Schemas};
use crate::json_structs;

json_structs! {
    /// Where a message was executed, and what came of it.
    struct MsgLookup {
        /// The message: another than asked for, if that one was replaced by one with other gas values.
        "Message" => message: Cid,
        /// Its receipt.
        "Receipt" => receipt: Receipt,
        /// What it returned, decoded, if the actor's schema is known.
        "ReturnDec" => decoded: Value,
        /// The tipset in whose state the effects are first seen: a child of the one that has the message.
        "TipSet" => tipset: TipsetKey,
        /// Epoch of that tipset.
        "Height" => height: ChainEpoch,
    }

    /// What a message cost.
    struct MsgGasCost {
        /// The message.
        "Message" => message: Option<Cid>,
        /// Gas used.
        "GasUsed" => gas_used: TokenAmount,
        /// Burnt: base fee for the gas used.
        "BaseFeeBurn" => base_fee_burn: TokenAmount,
        /// Burnt: for a gas limit set too high.
        "OverEstimationBurn" => over_estimation_burn: TokenAmount,
        /// What its miner pays, for a message that should not have been in a block.
        "MinerPenalty" => miner_penalty: TokenAmount,
        /// What its miner gets.
        "MinerTip" => miner_tip: TokenAmount,
        /// What the sender got back.
        "Refund" => refund: TokenAmount,
        /// What the sender paid.
        "TotalCost" => total_cost: TokenAmount,
    }

    /// A message executed once more, or for trial.
    struct InvocResult {
        /// The message as it is known on chain.
        "MsgCid" => cid: Cid,
        /// The message.
        "Msg" => message: Message,
        /// Its receipt.
        "MsgRct" => receipt: Receipt,
        /// What it cost.
        "GasCost" => gas_cost: MsgGasCost,
        /// What happened in it.
        "ExecutionTrace" => trace: ExecutionTrace,
        /// Why it failed, for people; empty if it did not.
        "Error" => error: String,
        /// How long it took this node, nanoseconds.
        "Duration" => duration_ns: i64,
    }

    /// A call with what happened in it.
    struct ExecutionTrace {
        /// What was called.
        "Msg" => message: MessageTrace,
        /// How it ended.
        "MsgRct" => receipt: ReturnTrace,
        /// The actor that it reached.
        "InvokedActor" omit => invoked: Option<ActorTrace>,
        /// Gas charged in it, without the calls below.
        "GasCharges" nil => gas_charges: Vec<GasTrace>,
        /// Calls that it made.
        "Subcalls" nil => calls: Vec<ExecutionTrace>,
        /// What it logged.
        "Logs" omit => logs: Vec<String>,
        /// Blocks that it read and wrote.
        "IpldOps" omit => blocks: Vec<TraceIpld>,
    }

    /// A call as its caller made it.
    struct MessageTrace {
        /// The caller.
        "From" => from: Address,
        /// The callee as the caller named it.
        "To" => to: Address,
        /// attoFIL sent.
        "Value" => value: TokenAmount,
        /// The method.
        "Method" => method: u64,
        /// Its parameters.
        "Params" => params: Bytes,
        /// How they are encoded; 0 if there are none.
        "ParamsCodec" => params_codec: u64,
        /// Gas that the call could use.
        "GasLimit" => gas_limit: u64,
        /// Whether it could change state.
        "ReadOnly" => read_only: bool,
    }

    /// How a call ended.
    struct ReturnTrace {
        /// 0, or why it failed.
        "ExitCode" => exit_code: ExitCode,
        /// What it returned.
        "Return" => value: Bytes,
        /// How that is encoded; 0 if there is nothing.
        "ReturnCodec" => codec: u64,
    }

    /// An actor before a call.
    struct ActorTrace {
        /// Its id.
        "Id" => id: u64,
        /// Its state.
        "State" => state: ActorState,
    }

    /// A charge of gas.
    struct GasTrace {
        /// What for.
        "Name" => name: String,
        /// All of it.
        "tg" => total: i64,
        /// For computation.
        "cg" => compute: i64,
        /// For storage.
        "sg" => storage: i64,
        /// How long it took, nanoseconds; 0: it is not measured.
        "tt" => time_ns: i64,
    }

    /// A block that an actor read or wrote.
    struct TraceIpld {
        /// Which of the two.
        "Op" => op: IpldOp,
        /// The block.
        "Cid" => cid: Cid,
        /// Its length in bytes.
        "Size" => size_bytes: u64,
    }

    /// The state after messages that were tried on a tipset.
    struct ComputeStateOutput {
        /// Its root.
        "Root" => root: Cid,
        /// Every message, those of the tipset first.
        "Trace" => trace: Vec<InvocResult>,
    }

    /// The messages of a block.
    struct BlockMessages {
        /// Those of BLS senders.
        "BlsMessages" => bls: Vec<Message>,
        /// All others.
        "SecpkMessages" => signed: Vec<SignedMessage>,
        /// CIDs of all, in the same order.
        "Cids" => cids: Vec<Cid>,
    }

    /// A message and the CID by which it is known.
    struct ApiMessage {
        /// The CID: of the signed message, if it has a signature of its own on chain.
        "Cid" => cid: Cid,
        /// The message.
        "Message" => message: Message,
    }

    /// An actor's state.
    struct ActorStateView {
        /// attoFIL that it has.
        "Balance" => balance: TokenAmount,
        /// Its code.
        "Code" => code: Cid,
        /// Its state, decoded.
        "State" => state: Value,
    }

    /// Which messages to list: those from one address, to one, or both.
    struct MessageMatch {
        /// The receiver.
        "To" => to: super::chain::MaybeAddress,
        /// The sender.
        "From" => from: super::chain::MaybeAddress,
    }
}

/// Whether a block was read or written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IpldOp {
    /// Read.
    Get,
    /// Written.
    Put,
}

impl Json for IpldOp {
    fn write(&self, out: &mut String) {
        out.push_str(match self {
            Self::Get => "\"Get\"",
            Self::Put => "\"Put\"",
        });
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value.as_str() {
            Some("Get") => Ok(Self::Get),
            Some("Put") => Ok(Self::Put),
            _ => Err(Mismatch::expected("\"Get\" or \"Put\"", &value)),
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "enum": ["Get", "Put"] })
    }
}
