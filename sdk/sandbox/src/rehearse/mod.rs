//! Rehearsing an upgrade: the new code's `upgrade` runs on every actor of the old code, each in a state of its own, and
//! what comes of it is checked. Nothing of it stays, neither in the sandbox nor in the file it was read from.
//!
//! ```no_run
//! # use filigree_sandbox::Sandbox;
//! # let wasm: Vec<u8> = Vec::new();
//! let mut sandbox = Sandbox::fork("snapshot.car").unwrap();
//! let new = sandbox.install(&wasm);
//! let rehearsal = sandbox.rehearse("Counter", &new).params(5u64).invariant("IsSound");
//! rehearsal.run().unwrap().expect_all_to_pass();
//! ```
//!
//! An actor passes if the upgrade returns, and then:
//! - it has the new code, and its balance, sequence number and addresses are as before;
//! - its new state is what the new code's schema says, with all behind maps, arrays and links;
//! - the views that the author names as invariants succeed, and do not return false.
//!
//! In reading order: this file (what is asked for), `cast` (which actors), `stage` (one actor), `run` (all of them, in
//! threads), `changes` (what differs between two states), [`Report`].

mod cast;
mod changes;
mod report;
mod run;
mod stage;

use cid::Cid;
use filigree_schema::{Method, MethodKind, Schema};
use filigree_state::SYSTEM_ACTOR_ID;
use fvm_ipld_encoding::CBOR;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::address::Address;
use serde::Serialize;
use serde_json::Value;

pub use changes::Change;
pub use report::{Rehearsed, Report, Spread};

use crate::account::Who;
use crate::code::Code;
use crate::sandbox::Sandbox;

/// Actors whose states are kept unless said otherwise.
const SHOWN: usize = 10;

/// Whose upgrade is rehearsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Old {
    /// That of all actors that run this code.
    Code(Cid),
    /// That of all actors of this name, by the network's manifest or by the schema of their code.
    Name(String),
    /// That of one actor.
    Actor(Address),
}

impl From<&Code> for Old {
    fn from(code: &Code) -> Self {
        Self::Code(code.cid)
    }
}

impl From<Cid> for Old {
    fn from(code: Cid) -> Self {
        Self::Code(code)
    }
}

impl From<&str> for Old {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<Address> for Old {
    fn from(address: Address) -> Self {
        Self::Actor(address)
    }
}

/// Why a rehearsal could not begin.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// There is nobody to upgrade.
    #[error("{asked}; there are:\n{there}")]
    NoActor {
        /// What was looked for.
        asked: String,
        /// The codes that actors run, a line each.
        there: String,
    },
    /// There is no actor at the address.
    #[error("there is no actor {0}")]
    Missing(Address),
    /// Several codes have the name.
    #[error("several codes are called {name}; choose one by its CID:\n{there}")]
    Ambiguous {
        /// The name.
        name: String,
        /// Those codes, a line each.
        there: String,
    },
    /// The new code takes over from nobody.
    #[error("the new code {0} exports no `upgrade`: give the actor a method with #[upgrade]")]
    NoUpgrade(Cid),
    /// The code was not installed.
    #[error("the new code {0} is not in the sandbox: install it first")]
    NotInstalled(Cid),
    /// Actors cannot upgrade at all.
    #[error(
        "the network of this sandbox does not let actors replace their code: it has allow_upgrade off"
    )]
    Off,
    /// What is given to `upgrade` does not fit.
    #[error("parameters of the upgrade: {0}")]
    Params(String),
    /// What should hold afterwards cannot be asked.
    #[error("invariant {name}: {why}")]
    Invariant {
        /// The method's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The state cannot be read.
    #[error("the state cannot be read: {0:#}")]
    State(anyhow::Error),
}

/// What is given to `upgrade`.
enum Params {
    Block(Option<IpldBlock>),
    Json(Value),
}

/// Called by the threads with the actors done, and all.
type Progress<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// An upgrade to rehearse: what is asked for, until [`run`](Self::run).
#[must_use = "nothing happens before `run()`"]
pub struct Rehearsal<'a> {
    sandbox: &'a Sandbox,
    old: Old,
    old_wasm: Option<Vec<u8>>,
    new: Cid,
    params: Params,
    caller: Address,
    invariants: Vec<String>,
    shown: usize,
    workers: Option<usize>,
    progress: Option<&'a Progress<'a>>,
}

impl Sandbox {
    /// Prepares to rehearse the upgrade of all actors of a code, or of one actor, to new code.
    pub fn rehearse(&self, old: impl Into<Old>, new: &Code) -> Rehearsal<'_> {
        Rehearsal {
            sandbox: self,
            old: old.into(),
            old_wasm: None,
            new: new.cid,
            params: Params::Block(None),
            caller: Address::new_id(SYSTEM_ACTOR_ID),
            invariants: Vec::new(),
            shown: SHOWN,
            workers: None,
            progress: None,
        }
    }
}

impl<'a> Rehearsal<'a> {
    /// The parameters of `upgrade`: one value as itself, several as a tuple.
    ///
    /// # Panics
    /// If they do not encode.
    #[track_caller]
    pub fn params(mut self, params: impl Serialize) -> Self {
        match IpldBlock::serialize(CBOR, &params) {
            Ok(block) => self.params = Params::Block(Some(block)),
            Err(e) => panic!("the parameters do not encode: {e}"),
        }
        self
    }

    /// The parameters of `upgrade` as JSON, by the new code's schema.
    pub fn params_json(mut self, params: Value) -> Self {
        self.params = Params::Json(params);
        self
    }

    /// The old code, where the store does not have it: its schema shows the states before.
    pub fn old_wasm(mut self, wasm: impl Into<Vec<u8>>) -> Self {
        self.old_wasm = Some(wasm.into());
        self
    }

    /// In whose name the old code was called when it asks for the upgrade. By default the system's, f00.
    pub fn caller(mut self, who: impl Who) -> Self {
        self.caller = who.address();
        self
    }

    /// A view of the new code, without parameters, that must succeed after the upgrade; one that returns a bool must
    /// return true.
    pub fn invariant(mut self, view: &str) -> Self {
        self.invariants.push(view.to_owned());
        self
    }

    /// How many of the actors have their states in the report; of those that fail, a thousand at least. 10 unless said
    /// otherwise.
    pub fn show(mut self, actors: usize) -> Self {
        self.shown = actors;
        self
    }

    /// Threads that rehearse; by default as many as the machine has. Native code runs in the caller's alone.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers.max(1));
        self
    }

    /// Is told how many actors are done, of how many; by several threads, after every actor.
    pub fn progress(mut self, progress: &'a (dyn Fn(usize, usize) + Sync)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Rehearses. An actor that fails is no error: the report has it.
    pub fn run(self) -> Result<Report, RehearseError> {
        run::run(&self)
    }

    /// The block given to `upgrade`.
    fn block(&self, schema: Option<&Schema>) -> Result<Option<IpldBlock>, RehearseError> {
        let json = match &self.params {
            Params::Block(block) => return Ok(block.clone()),
            Params::Json(json) => json,
        };
        let method = schema.and_then(|schema| schema.of_kind(MethodKind::Upgrade));
        let method = method.ok_or_else(|| {
            RehearseError::Params("the new code has no schema that tells their types".to_owned())
        })?;
        let block = method.encode_params_block(json);
        block.map_err(|e| RehearseError::Params(e.to_string()))
    }

    /// The views to ask.
    fn views(&self, schema: Option<&Schema>) -> Result<Vec<Method>, RehearseError> {
        let view = |name: &String| {
            let wrong = |why: String| RehearseError::Invariant {
                name: name.clone(),
                why,
            };
            let schema = schema
                .ok_or_else(|| wrong("the new code has no schema to find it in".to_owned()))?;
            let method = schema
                .method_named(name)
                .map_err(|e| wrong(e.to_string()))?;
            if method.kind != MethodKind::View {
                return Err(wrong(
                    "it is no view: mark the method with #[view]".to_owned(),
                ));
            }
            if !method.params.is_empty() {
                return Err(wrong(
                    "it takes parameters; there is nothing to give".to_owned(),
                ));
            }
            Ok(method.clone())
        };
        self.invariants.iter().map(view).collect()
    }
}
