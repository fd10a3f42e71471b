//! The way an error took up the call stack, for people. Never on chain.

use std::fmt;

use fvm_shared::address::Address;
use fvm_shared::error::ExitCode;
use fvm_shared::{ActorID, MethodNum};

use crate::stop::Errno;

/// What made the first actor of a backtrace fail.
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
    /// The host failed.
    Fatal(String),
}

/// One actor that exited with an error.
#[derive(Clone, Debug)]
pub struct BacktraceFrame {
    /// The actor.
    pub actor: ActorID,
    /// The method it ran.
    pub method: MethodNum,
    /// Its exit code.
    pub code: ExitCode,
    /// Its message.
    pub message: String,
}

/// Actors an error passed through, innermost first, and its cause.
#[derive(Clone, Debug, Default)]
pub struct Backtrace {
    /// The actors, innermost first.
    pub frames: Vec<BacktraceFrame>,
    /// The cause, if known.
    pub cause: Option<Cause>,
}

impl Backtrace {
    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty() && self.cause.is_none()
    }

    /// Starts anew: a fresh error hides what went before.
    pub(crate) fn begin(&mut self, cause: Cause) {
        self.frames.clear();
        self.cause = Some(cause);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl fmt::Display for Backtrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, frame) in self.frames.iter().rev().enumerate() {
            writeln!(
                f,
                "{depth:02}: {} (method {}) -- {} ({})",
                Address::new_id(frame.actor),
                frame.method,
                frame.message,
                frame.code
            )?;
        }
        match &self.cause {
            Some(Cause::Syscall {
                module,
                function,
                error,
            }) => writeln!(f, "--> caused by: {module}::{function} -- {error}"),
            Some(Cause::Fatal(message)) => writeln!(f, "--> caused by a fatal error: {message}"),
            None => Ok(()),
        }
    }
}
