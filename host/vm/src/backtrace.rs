//! The way an error took through the actors, told to people. Never on chain.

use std::fmt;

use fvm_shared::address::Address;
use fvm_shared::error::ExitCode;
use fvm_shared::{ActorID, MethodNum};

use crate::stop::Errno;

/// What made the first actor fail.
#[derive(Clone, Debug)]
pub enum Cause {
    /// A syscall was refused and the actor gave up without calling another.
    Syscall {
        /// ABI module.
        module: &'static str,
        /// Function of the module.
        function: &'static str,
        /// Its error.
        error: Errno,
    },
    /// The message could not go on.
    Fatal(String),
}

/// A call that ended with an error.
#[derive(Clone, Debug)]
pub struct FailedCall {
    /// The actor.
    pub actor: ActorID,
    /// The method it ran.
    pub method: MethodNum,
    /// Its exit code.
    pub code: ExitCode,
    /// Its message.
    pub message: String,
}

/// The calls an error passed through and what it came from.
#[derive(Clone, Debug, Default)]
pub struct Backtrace {
    /// The calls, in the order they failed: the innermost first.
    pub calls: Vec<FailedCall>,
    /// The cause, if known.
    pub cause: Option<Cause>,
}

impl Backtrace {
    /// The story of a new error, which has nothing to do with what went before.
    pub(crate) fn of(cause: Cause) -> Self {
        Self {
            calls: Vec::new(),
            cause: Some(cause),
        }
    }

    /// Whether there is anything to tell.
    pub(crate) fn tells(&self) -> bool {
        !self.calls.is_empty() || self.cause.is_some()
    }
}

impl fmt::Display for Backtrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut link = "";
        for call in self.calls.iter().rev() {
            let FailedCall {
                actor,
                method,
                code,
                message,
            } = call;
            let actor = Address::new_id(*actor);
            writeln!(
                f,
                "{link}{actor}, method {method}: exit code {code}, {message}"
            )?;
            link = "  because of ";
        }
        match &self.cause {
            Some(Cause::Syscall {
                module,
                function,
                error,
            }) => writeln!(f, "{link}{module}::{function}: {error}"),
            Some(Cause::Fatal(message)) => writeln!(f, "{link}{message}"),
            None => Ok(()),
        }
    }
}
