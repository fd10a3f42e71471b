//! The reference host behind one function: fvm 3.14 up to network version 20, fvm 4.8 from 21 on.

#[macro_use]
mod plain;
pub mod v3;
pub mod v4;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use anyhow::Result;
use cid::Cid;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

use crate::chain::{Stub, World};
use crate::outcome::Outcome;
use crate::setup::{Genesis, Setup};
use filigree_conformance::store::LayeredStore;

/// One message to run.
#[derive(Clone, Debug)]
pub struct Step {
    /// The message.
    pub message: Message,
    /// Whether it is applied as an implicit message (no nonce, no fees).
    pub implicit: bool,
    /// Its length on chain in bytes.
    pub length: usize,
}

impl Step {
    /// An explicit message with its true length.
    pub fn explicit(message: Message) -> Self {
        let length = fvm_ipld_encoding::to_vec(&message).map_or(0, |b| b.len());
        Self {
            message,
            implicit: false,
            length,
        }
    }

    /// An implicit message.
    pub fn implicit(message: Message) -> Self {
        Self {
            implicit: true,
            ..Self::explicit(message)
        }
    }
}

/// What a host did with a list of messages.
pub struct Run {
    /// One outcome per message.
    pub outcomes: Vec<Outcome>,
    /// Its store, with everything it flushed.
    pub store: LayeredStore,
}

/// What a machine needs, gathered from a [`Setup`] and its [`Genesis`].
pub(crate) struct Start<'a> {
    pub setup: &'a Setup,
    pub store: LayeredStore,
    pub root: Cid,
    pub world: Rc<dyn World>,
}

/// Why the reference gave no result.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// It panicked, as it does on a few hostile modules; there is nothing to compare with.
    #[error("the reference host panicked: {0}")]
    Panic(String),
    /// It makes no machine for such a setup.
    #[error("the reference host: {0:#}")]
    Refused(anyhow::Error),
}

/// Runs `steps` in the reference host.
pub fn run(setup: &Setup, genesis: &Genesis, steps: &[Step]) -> Result<Run, OracleError> {
    // Engines may be poisoned by a panic in another thread, before it could drop them: "cache poisoned", or what a nested
    // call makes of it, "call manager is poisoned". A panic of its own comes back each time.
    const ATTEMPTS: usize = 6;
    let poisoned = |result: &Result<Run, OracleError>| match result {
        Err(OracleError::Panic(text)) => text.contains("poisoned"),
        _ => false,
    };
    let mut attempts = (0..ATTEMPTS).map(|_| run_once(setup, genesis, steps));
    let first = attempts.find(|result| !poisoned(result));
    first.unwrap_or_else(|| run_once(setup, genesis, steps))
}

fn run_once(setup: &Setup, genesis: &Genesis, steps: &[Step]) -> Result<Run, OracleError> {
    let store = LayeredStore::new(vec![genesis.blocks.clone()]);
    let start = Start {
        setup,
        store: store.clone(),
        root: genesis.root,
        world: Rc::new(Stub),
    };
    let early = setup.version < NetworkVersion::V21;
    let run = AssertUnwindSafe(|| {
        if early {
            v3::run(start, steps)
        } else {
            v4::run(start, steps)
        }
    });
    match catch_unwind(run) {
        Ok(Ok(outcomes)) => Ok(Run { outcomes, store }),
        Ok(Err(e)) => Err(OracleError::Refused(e)),
        Err(panic) => {
            forget_engines();
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
            Err(OracleError::Panic(text.unwrap_or_default()))
        }
    }
}

/// Drops the engines shared by all runs, with the modules they have compiled.
pub fn forget_engines() {
    v3::forget_engines();
    v4::forget_engines();
}

/// Applies steps one after the other, up to and including the first whose state cannot be flushed.
pub(crate) fn until_unflushable(
    steps: &[Step],
    mut apply: impl FnMut(&Step) -> Result<Outcome>,
) -> Result<Vec<Outcome>> {
    let mut out = Vec::new();
    for step in steps {
        let outcome = apply(step)?;
        let stuck = outcome.root.is_err();
        out.push(outcome);
        if stuck {
            break;
        }
    }
    Ok(out)
}
