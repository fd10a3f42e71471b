//! Sending messages, and those that wait for a block.

use cid::Cid;
use filigree_blocks::SignedMessage;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use serde_json::Value;

use crate::json_structs;

json_structs! {
    /// How a message is to be sent.
    struct MessageSendSpec {
        /// Most that it may cost, attoFIL; 0: what the node is set to.
        "MaxFee" => max_fee: TokenAmount,
        /// A name by which a message sent twice is known, a UUID; empty or all zeros: none.
        "MsgUuid" => uuid: String,
        /// Whether the whole of `MaxFee` becomes the cap.
        "MaximizeFeeCap" => maximize_fee_cap: bool,
    }

    /// A change of the pool.
    struct MpoolUpdate {
        /// 0: added; 1: removed.
        "Type" => kind: i64,
        /// The message.
        "Message" => message: SignedMessage,
    }

    /// What the pool is set to.
    struct MpoolConfig {
        /// Senders whose messages stay.
        "PriorityAddrs" nil => priority: Vec<Address>,
        /// How many messages make the pool drop some.
        "SizeLimitHigh" => size_limit_high: i64,
        /// How many remain.
        "SizeLimitLow" => size_limit_low: i64,
        /// How much more than the premium of a message one must pay to replace it: 1.25 is a quarter more.
        "ReplaceByFeeRatio" => replace_by_fee_ratio: f64,
        /// Least time between two prunings, nanoseconds.
        "PruneCooldown" => prune_cooldown_ns: i64,
        /// What an estimated gas limit is multiplied by.
        "GasLimitOverestimation" => gas_limit_overestimation: f64,
    }

    /// What one rule says to a message.
    struct MessageCheckStatus {
        /// The message.
        "Cid" => message: Cid,
        /// The rule: 1 encoding, 2 size, 3 syntax, 4 gas limit, 5 to 8 fee cap, 9 state of the sender, 10 number, 11 balance in state,
        /// 12 balance.
        "Code" => code: i64,
        /// Whether the message keeps it.
        "OK" => ok: bool,
        /// Why not; or a warning.
        "Err" => error: String,
        /// What it was measured by.
        "Hint" => hint: Value,
    }

    /// A message to be sent.
    struct MessagePrototype {
        /// The message.
        "Message" => message: Message,
        /// Whether its sequence number is set already.
        "ValidNonce" => valid_nonce: bool,
    }
}
