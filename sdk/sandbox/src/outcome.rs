//! What a call came to, and what a test may ask of it.

use std::fmt;
use std::rc::Rc;

use filigree_sdk::dispatch::decode;
use filigree_vm::{Applied, Backtrace, Cause, Failure};
use fvm_ipld_encoding::CBOR;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::address::Address;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use serde::de::DeserializeOwned;

use crate::directory::{Directory, method_name};
use crate::event::Event;
use crate::trace::Tree;

/// What a call that returns an `R` came to.
#[must_use = "a call may have failed: ask `ok()`, `expect_exit(..)` or `result()`"]
pub struct Outcome<R> {
    /// What was called, for messages.
    called: (Address, u64),
    applied: Applied,
    directory: Rc<Directory>,
    /// The value; an error if what was returned is no `R`.
    value: Result<R, String>,
}

/// A call that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The exit code of the receipt.
    pub exit_code: ExitCode,
    /// Why, for people: the messages of the actors it went through, outermost first.
    pub message: String,
    /// All that happened.
    pub tree: Box<Tree>,
}

impl<R: DeserializeOwned> Outcome<R> {
    pub(crate) fn new(message: &Message, applied: Applied, directory: Rc<Directory>) -> Self {
        let block = (!applied.receipt.return_data.is_empty()).then(|| IpldBlock {
            codec: applied.return_codec.unwrap_or(CBOR),
            data: applied.receipt.return_data.to_vec(),
        });
        Self {
            called: (message.to, message.method_num),
            value: decode(block.as_ref()).map_err(|e| e.message.into_owned()),
            applied,
            directory,
        }
    }
}

/// Asking for the result.
impl<R> Outcome<R> {
    /// What the call returned.
    ///
    /// # Panics
    /// If it failed: with the exit code, the messages and the trace.
    #[track_caller]
    pub fn ok(self) -> R {
        match self.result() {
            Ok(value) => value,
            Err(failed) => panic!("{failed}"),
        }
    }

    /// Expects the call to fail with this exit code, and with this text in the message of an actor it went through.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn expect_exit(self, code: ExitCode, text: &str) {
        let expected = match text {
            "" => format!("exit code {}", exit_text(code)),
            text => format!("exit code {} with {text:?}", exit_text(code)),
        };
        if self.exit_code().is_success() {
            panic!(
                "{} succeeded; {expected} was expected\n\n{}",
                self.what(),
                self.trace()
            );
        }
        if self.exit_code() != code || !self.message().contains(text) {
            panic!("{expected} was expected\n{}", self.failed());
        }
    }

    /// What the call returned, or how it failed.
    ///
    /// # Panics
    /// If it returned something that is no `R`: then the call was made for another method.
    #[track_caller]
    pub fn result(self) -> Result<R, Failed> {
        if !self.exit_code().is_success() {
            return Err(self.failed());
        }
        if let Err(why) = &self.value {
            let (what, name) = (self.what(), std::any::type_name::<R>());
            panic!(
                "{what} returned something that is no {name}: {why}\n\n{}",
                self.trace()
            );
        }
        Ok(self
            .value
            .unwrap_or_else(|_| unreachable!("it was just looked at")))
    }

    /// Whether it succeeded.
    pub fn is_ok(&self) -> bool {
        self.exit_code().is_success()
    }
}

/// Everything else about it.
impl<R> Outcome<R> {
    /// The exit code.
    pub fn exit_code(&self) -> ExitCode {
        self.applied.receipt.exit_code
    }

    /// Gas used, that of including the message among it.
    pub fn gas_used(&self) -> u64 {
        self.applied.receipt.gas_used
    }

    /// The receipt, as it would stand on chain.
    pub fn receipt(&self) -> &Receipt {
        &self.applied.receipt
    }

    /// All that the host tells: fees, tips, refunds, the recorded steps.
    pub fn applied(&self) -> &Applied {
        &self.applied
    }

    /// The events, in the order they were emitted. A failed call has none.
    pub fn events(&self) -> Vec<Event> {
        self.applied.events.iter().map(Event::of).collect()
    }

    /// Who called whom, with what, for how much gas. Prints as an indented tree.
    pub fn trace(&self) -> Tree {
        Tree::new(&self.applied, &self.directory)
    }

    /// Why it failed: the messages of the actors it went through, outermost first. Empty if it did not.
    pub fn message(&self) -> String {
        match &self.applied.failure {
            None => String::new(),
            Some(Failure::Preflight(why)) => format!("the message was refused: {why}"),
            Some(Failure::Backtrace(backtrace)) => self.story(backtrace),
        }
    }

    /// The host's backtrace with the names of the trace: a line for each call, outermost first, then the cause.
    fn story(&self, backtrace: &Backtrace) -> String {
        let trace = self.trace();
        let calls = trace.calls();
        let mut lines = Vec::new();
        for failed in backtrace.calls.iter().rev() {
            let named = calls
                .iter()
                .find(|call| call.id == Some(failed.actor) && call.number == failed.method);
            let name = named.map(|call| format!("{}.{}", call.actor, call.method));
            let name = name.unwrap_or_else(|| {
                format!("f0{}.{}", failed.actor, method_name(failed.method, None))
            });
            let message = if failed.message.is_empty() {
                "no message"
            } else {
                &failed.message
            };
            lines.push(format!(
                "{name}: exit code {}: {message}",
                exit_text(failed.code)
            ));
        }
        lines.extend(backtrace.cause.as_ref().map(|cause| match cause {
            Cause::Syscall {
                module,
                function,
                error,
            } => format!("{module}::{function}: {error}"),
            Cause::Fatal(why) => why.clone(),
        }));
        lines.join("\n  because of ")
    }

    fn failed(&self) -> Failed {
        Failed {
            exit_code: self.exit_code(),
            message: format!(
                "{} failed with exit code {}\n  {}",
                self.what(),
                exit_text(self.exit_code()),
                self.message()
            ),
            tree: Box::new(self.trace()),
        }
    }

    /// The call by its names.
    fn what(&self) -> String {
        if let Some(root) = &self.trace().root {
            return format!("{}.{}", root.actor, root.method);
        }
        let (to, number) = &self.called;
        format!("{to}.{}", method_name(*number, None))
    }
}

/// The message and the trace.
impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n{}", self.message.trim_end(), self.tree)
    }
}

impl std::error::Error for Failed {}

impl<R> fmt::Debug for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trace())
    }
}

/// An exit code with its name: `18 (USR_FORBIDDEN)`.
pub(crate) fn exit_text(code: ExitCode) -> String {
    let name = match code {
        ExitCode::OK => "OK",
        ExitCode::SYS_SENDER_INVALID => "SYS_SENDER_INVALID",
        ExitCode::SYS_SENDER_STATE_INVALID => "SYS_SENDER_STATE_INVALID",
        ExitCode::SYS_ILLEGAL_INSTRUCTION => "SYS_ILLEGAL_INSTRUCTION",
        ExitCode::SYS_INVALID_RECEIVER => "SYS_INVALID_RECEIVER",
        ExitCode::SYS_INSUFFICIENT_FUNDS => "SYS_INSUFFICIENT_FUNDS",
        ExitCode::SYS_OUT_OF_GAS => "SYS_OUT_OF_GAS",
        ExitCode::SYS_ILLEGAL_EXIT_CODE => "SYS_ILLEGAL_EXIT_CODE",
        ExitCode::SYS_ASSERTION_FAILED => "SYS_ASSERTION_FAILED",
        ExitCode::SYS_MISSING_RETURN => "SYS_MISSING_RETURN",
        ExitCode::USR_ILLEGAL_ARGUMENT => "USR_ILLEGAL_ARGUMENT",
        ExitCode::USR_NOT_FOUND => "USR_NOT_FOUND",
        ExitCode::USR_FORBIDDEN => "USR_FORBIDDEN",
        ExitCode::USR_INSUFFICIENT_FUNDS => "USR_INSUFFICIENT_FUNDS",
        ExitCode::USR_ILLEGAL_STATE => "USR_ILLEGAL_STATE",
        ExitCode::USR_SERIALIZATION => "USR_SERIALIZATION",
        ExitCode::USR_UNHANDLED_MESSAGE => "USR_UNHANDLED_MESSAGE",
        ExitCode::USR_UNSPECIFIED => "USR_UNSPECIFIED",
        ExitCode::USR_ASSERTION_FAILED => "USR_ASSERTION_FAILED",
        ExitCode::USR_READ_ONLY => "USR_READ_ONLY",
        ExitCode::USR_NOT_PAYABLE => "USR_NOT_PAYABLE",
        code => return code.value().to_string(),
    };
    format!("{} ({name})", code.value())
}
