//! Calls to other actors, as data: typed clients make them, a context or a sandbox sends them.

use std::fmt;
use std::marker::PhantomData;

use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::MethodNum;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::{ErrorNumber, ExitCode};

use crate::error::Error;

/// A call that returns an `R`, not yet sent.
#[derive(Debug)]
pub struct Call<R> {
    /// The actor to call.
    pub to: Address,
    /// The method's number.
    pub method: MethodNum,
    /// The parameters.
    pub params: Option<IpldBlock>,
    /// The value that goes with it, attoFIL.
    pub value: TokenAmount,
    /// Gas the callee may use; all that is left, if `None`.
    pub gas_limit: Option<u64>,
    /// Whether the callee may change nothing.
    pub read_only: bool,
    returns: PhantomData<fn() -> R>,
}

impl<R> Call<R> {
    /// A call of any method. Clients made by `#[actor]` are safer: they know the types.
    pub fn new(to: Address, method: MethodNum, params: Option<IpldBlock>) -> Self {
        Self {
            to,
            method,
            params,
            value: TokenAmount::default(),
            gas_limit: None,
            read_only: false,
            returns: PhantomData,
        }
    }

    /// With money.
    pub fn value(mut self, value: TokenAmount) -> Self {
        self.value = value;
        self
    }

    /// With no more gas than this for the callee, and all it calls.
    pub fn gas_limit(mut self, gas: u64) -> Self {
        self.gas_limit = Some(gas);
        self
    }

    /// Without permission to change anything.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}

impl<R> Clone for Call<R> {
    fn clone(&self) -> Self {
        Self {
            to: self.to,
            method: self.method,
            params: self.params.clone(),
            value: self.value.clone(),
            gas_limit: self.gas_limit,
            read_only: self.read_only,
            returns: PhantomData,
        }
    }
}

/// The parameters of a constructor, for whoever creates the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Construction {
    /// The encoded parameters.
    pub params: Option<IpldBlock>,
}

/// Why a call gave no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The callee failed.
    Exit {
        /// Its exit code.
        code: ExitCode,
        /// What it returned all the same.
        data: Option<IpldBlock>,
    },
    /// The call was not made: no such actor, too little money, a call stack too deep.
    Refused(ErrorNumber),
    /// The callee returned something else.
    Return(String),
    /// The callee returned nothing.
    NoReturn,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit { code, .. } => write!(f, "the callee exited with code {code}"),
            Self::Refused(number) => write!(f, "the call was refused: {number}"),
            Self::Return(why) => write!(f, "the callee returned something else: {why}"),
            Self::NoReturn => f.write_str("the callee returned nothing"),
        }
    }
}

impl std::error::Error for CallError {}

impl From<CallError> for Error {
    /// An actor that does not handle a callee's failure fails with the same exit code; the system's codes become those that the
    /// built-in actors give.
    fn from(error: CallError) -> Self {
        match error {
            CallError::Exit { code, data } if !code.is_system_error() => Self {
                code,
                message: "a callee failed".into(),
                data,
            },
            CallError::Exit { code, data } => Self {
                code: match code {
                    ExitCode::SYS_MISSING_RETURN
                    | ExitCode::SYS_ILLEGAL_INSTRUCTION
                    | ExitCode::SYS_ILLEGAL_EXIT_CODE => ExitCode::USR_UNSPECIFIED,
                    _ => ExitCode::USR_ASSERTION_FAILED,
                },
                message: format!("a callee failed with the system's exit code {code}").into(),
                data,
            },
            CallError::Refused(number) => {
                let message = format!("a call was refused: {number}");
                match number {
                    ErrorNumber::NotFound => Self::unspecified(message),
                    ErrorNumber::InsufficientFunds => Self::insufficient_funds(message),
                    ErrorNumber::ReadOnly => Self::read_only(message),
                    // Too deep a call stack, or a bug.
                    _ => Self::assertion_failed(message),
                }
            }
            CallError::Return(why) => Self::serialization(why),
            CallError::NoReturn => Self::assertion_failed("a callee returned nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_become_exit_codes_of_the_built_in_actors() {
        let exit = |code| CallError::Exit { code, data: None };
        for (error, expected) in [
            (exit(ExitCode::new(40)), ExitCode::new(40)),
            (
                exit(ExitCode::SYS_MISSING_RETURN),
                ExitCode::USR_UNSPECIFIED,
            ),
            (
                exit(ExitCode::SYS_OUT_OF_GAS),
                ExitCode::USR_ASSERTION_FAILED,
            ),
            (
                CallError::Refused(ErrorNumber::NotFound),
                ExitCode::USR_UNSPECIFIED,
            ),
            (
                CallError::Refused(ErrorNumber::InsufficientFunds),
                ExitCode::USR_INSUFFICIENT_FUNDS,
            ),
            (
                CallError::Refused(ErrorNumber::ReadOnly),
                ExitCode::USR_READ_ONLY,
            ),
            (
                CallError::Refused(ErrorNumber::LimitExceeded),
                ExitCode::USR_ASSERTION_FAILED,
            ),
            (
                CallError::Return(String::new()),
                ExitCode::USR_SERIALIZATION,
            ),
            (CallError::NoReturn, ExitCode::USR_ASSERTION_FAILED),
        ] {
            assert_eq!(Error::from(error.clone()).code, expected, "{error}");
        }
    }
}
