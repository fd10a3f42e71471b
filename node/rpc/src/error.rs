//! What a method answers when it fails: a code, and words.

use std::error::Error;

use filigree_node_state::Error as StateError;
use fvm_shared::clock::ChainEpoch;
use serde_json::Value;

/// Codes of JSON-RPC, of the transport, and of Lotus (`api/api_errors.go`).
pub mod code {
    /// The text is not JSON.
    pub const PARSE: i32 = -32700;
    /// It is JSON, and no request.
    pub const INVALID_REQUEST: i32 = -32600;
    /// There is no such method, or not on this transport.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// Parameters are of another number or shape, or nested too deep.
    pub const INVALID_PARAMS: i32 = -32602;
    /// A bug of the node.
    pub const INTERNAL: i32 = -32603;
    /// The request is too long.
    pub const TOO_LONG: i32 = -32007;
    /// The answer would be too big.
    pub const TOO_BIG: i32 = -32008;
    /// Too much is being done at once, or it takes too long.
    pub const BUSY: i32 = -32009;
    /// A batch has too many requests.
    pub const TOO_BIG_BATCH: i32 = -32010;
    /// The answers to a batch would be too big.
    pub const TOO_BIG_BATCH_ANSWER: i32 = -32011;
    /// Any error that has no code of its own.
    pub const GENERAL: i32 = 1;
    /// A simulated call ran out of gas.
    pub const OUT_OF_GAS: i32 = 2;
    /// A simulated call failed; data has what it returned, in hexadecimal.
    pub const EXECUTION_REVERTED: i32 = 3;
    /// There is no such actor.
    pub const ACTOR_NOT_FOUND: i32 = 11;
    /// The epoch has no tipset.
    pub const NULL_ROUND: i32 = 12;
}

/// Why a method has no result.
#[derive(Clone, PartialEq, Debug)]
pub struct RpcError {
    /// One of [`code`].
    pub code: i32,
    /// In words: what is wrong, with what, and what to do.
    pub message: String,
    /// More, for programs.
    pub data: Option<Value>,
}

/// What a method gives back.
pub type Reply<T> = Result<T, RpcError>;

impl RpcError {
    /// An error with a code.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// An error without a code of its own.
    pub fn general(message: impl Into<String>) -> Self {
        Self::new(code::GENERAL, message)
    }

    /// Parameters are not what the method takes.
    pub fn params(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMS, message)
    }

    /// The node does too much at once.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::new(code::BUSY, message)
    }

    /// There is no such actor. Programs tell it by its code.
    pub fn actor_not_found() -> Self {
        Self::new(code::ACTOR_NOT_FOUND, "actor not found")
    }

    /// An epoch was named that has no tipset.
    pub fn null_round(epoch: ChainEpoch) -> Self {
        Self {
            data: Some(epoch.into()),
            ..Self::new(
                code::NULL_ROUND,
                format!("requested epoch was a null round ({epoch})"),
            )
        }
    }
}

/// `?` is all that a method needs: what programs tell apart gets its code, every other error of the crates below is a general one.
impl<E: Error + 'static> From<E> for RpcError {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut number = code_of(&error);
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            number = number.or_else(|| code_of(cause));
            source = cause.source();
        }
        Self::new(number.unwrap_or(code::GENERAL), message)
    }
}

/// The code of an error that has one.
fn code_of(error: &(dyn Error + 'static)) -> Option<i32> {
    match error.downcast_ref::<StateError>()? {
        StateError::NoActor(_) => Some(code::ACTOR_NOT_FOUND),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use fvm_shared::address::Address;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the miner cannot be read")]
    struct Outer(#[source] StateError);

    #[test]
    fn a_missing_actor_has_its_code_however_deep() {
        let missing = || StateError::NoActor(Address::new_id(9_999));
        let plain = RpcError::from(missing());
        assert_eq!(plain.code, code::ACTOR_NOT_FOUND);
        let deep = RpcError::from(Outer(missing()));
        assert_eq!(deep.code, code::ACTOR_NOT_FOUND);
        assert!(
            deep.message
                .starts_with("the miner cannot be read: there is no actor")
        );
        let other = RpcError::from(Outer(StateError::AtUpgrade(7)));
        assert_eq!(other.code, code::GENERAL);
    }
}
