//! What can be wrong with a template, and what can go wrong when it is made true.

use std::path::PathBuf;

use cid::Cid;
use filigree_sdk::error::Error as ActorError;
use filigree_state::StateError;
use filigree_vm::{ExecuteError, MachineError};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;

use crate::syntax::SyntaxError;

/// Why a template is none.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML, has a key that is not known, or lacks one. The text shows the line.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// It contradicts itself.
    #[error("{0}")]
    Contradiction(String),
}

/// Why there is no genesis.
#[derive(Debug, thiserror::Error)]
pub enum GenesisError {
    /// The template cannot be made true.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template is for other actors.
    #[error("the template is for the bundle {expected}; given is {given}")]
    Bundle {
        /// The bundle the template names.
        expected: Box<Cid>,
        /// The bundle there is.
        given: Box<Cid>,
    },
    /// No network can begin with that state.
    #[error("{0}")]
    Fork(String),
    /// The accounts have more than there is.
    #[error("the accounts have {allocated} FIL; {available} FIL are left for them")]
    Overallocated {
        /// What they have together.
        allocated: TokenAmount,
        /// What they may have.
        available: TokenAmount,
    },
    /// A constructor or a method that makes up the state failed.
    #[error("{what} failed with exit code {code}: {why}")]
    Failed {
        /// What was tried.
        what: String,
        /// How the actor ended.
        code: ExitCode,
        /// What it said.
        why: String,
    },
    /// The state of an actor is not what it should be.
    #[error("{what}: {error}")]
    Actor {
        /// Whose.
        what: &'static str,
        /// Why.
        error: ActorError,
    },
    /// An actor is not where the protocol has it.
    #[error("there is no actor {0}")]
    Missing(Address),
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The blocks below fail.
    #[error("the blockstore failed: {0:#}")]
    Store(anyhow::Error),
    /// The host cannot start.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The host cannot run a message.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
}

impl GenesisError {
    /// For errors of an actor's state type.
    pub(crate) fn actor(what: &'static str) -> impl FnOnce(ActorError) -> Self {
        move |error| Self::Actor { what, error }
    }
}
