//! Why a host operation did not give a value: the one outcome type of the VM.
//!
//! An errno goes back to the actor that asked; an exit unwinds one actor; running out of gas unwinds to the nearest
//! gas limit; a fatal error ends the message; and when this node cannot tell what the others can, there is no receipt.

use std::fmt::Display;

use filigree_gas::OutOfGas;
use fvm_shared::error::{ErrorNumber, ExitCode};

/// Block handle that stands for "no data" (FVM ABI).
pub const NO_DATA_BLOCK_ID: u32 = 0;

/// A failed syscall: the number the actor sees and a message for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({number})")]
pub struct Errno {
    /// The number returned to the actor.
    pub number: ErrorNumber,
    /// What was wrong; never on chain.
    pub message: String,
}

/// The outcome of a host operation that gave no value.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The request was refused; the actor is told and goes on.
    #[error(transparent)]
    Errno(#[from] Errno),
    /// The running actor ends with an exit code and, perhaps, a return block.
    #[error("actor exited with code {code}: {message}")]
    Exit {
        /// The exit code.
        code: ExitCode,
        /// The actor's message.
        message: String,
        /// Handle of the returned block in the actor's own registry, or [`NO_DATA_BLOCK_ID`].
        block_id: u32,
    },
    /// The gas limit in force is used up.
    #[error("out of gas")]
    OutOfGas,
    /// The message cannot go on, on any node: code that does not run, a rule of the protocol broken by its own actors.
    #[error("fatal: {0:#}")]
    Fatal(anyhow::Error),
    /// This node cannot go on: its store failed, code or a verifying key is missing. A receipt would fork it off.
    #[error("this node cannot tell: {0:#}")]
    Node(anyhow::Error),
}

/// Result of a host operation.
pub type Outcome<T> = Result<T, Stop>;

impl From<OutOfGas> for Stop {
    fn from(_: OutOfGas) -> Self {
        Stop::OutOfGas
    }
}

/// An errno, ready to be returned.
pub fn errno(number: ErrorNumber, message: impl Display) -> Stop {
    Stop::Errno(Errno {
        number,
        message: message.to_string(),
    })
}

/// Sorts foreign errors into the kinds of [`Stop`].
pub trait Classify<T> {
    /// The message cannot go on.
    fn or_fatal(self, what: &str) -> Outcome<T>;
    /// This node cannot go on.
    fn or_node(self, what: &str) -> Outcome<T>;
    /// The caller is to blame.
    fn or_errno(self, number: ErrorNumber) -> Outcome<T>;
}

impl<T, E: Display + Into<anyhow::Error>> Classify<T> for Result<T, E> {
    fn or_fatal(self, what: &str) -> Outcome<T> {
        self.map_err(|e| Stop::Fatal(e.into().context(what.to_owned())))
    }

    fn or_node(self, what: &str) -> Outcome<T> {
        self.map_err(|e| Stop::Node(e.into().context(what.to_owned())))
    }

    fn or_errno(self, number: ErrorNumber) -> Outcome<T> {
        self.map_err(|e| errno(number, e))
    }
}

/// Runs `f`; gives the text of its panic, if it panics. What `f` worked on must not be used after that.
pub fn without_panic<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "without a message".to_owned())
    })
}
