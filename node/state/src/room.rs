//! What it takes to run messages, and machines made of it.

use std::sync::Arc;

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_vm::{Applied, Context, Engines, Kind, Machine, SharedVerifier};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::chain::StateReader;
use crate::error::Error;
use crate::history::{BlockMessages, History};
use crate::host_chain::{HostChain, Trouble};
use crate::rules::Rules;
use crate::store::Store;
use crate::upgrade::Known;
use crate::view::View;

/// Told how many actors of how many a migration has upgraded; of one of the chain also 0 of 0 when it is over, however it ended.
pub type Progress = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// Everything that running messages needs, but for the state and the time. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Room {
    pub store: Store,
    pub engines: Engines,
    pub history: Arc<dyn History>,
    pub verifier: SharedVerifier,
    pub rules: Arc<Rules>,
    pub progress: Option<Progress>,
    pub migrated: Arc<Known>,
    /// Most memory of a trace, in bytes.
    pub trace_limit_bytes: usize,
}

/// Where messages run.
pub(crate) struct Moment<'a> {
    /// The tipset they are of: what they see of the chain is its past.
    pub base: &'a Tipset,
    pub root: Cid,
    pub epoch: ChainEpoch,
    /// Seconds since 1970.
    pub timestamp: u64,
    /// attoFIL per gas.
    pub base_fee: TokenAmount,
    /// Whether to record what happens.
    pub tracing: bool,
}

impl<'a> Moment<'a> {
    /// That of a tipset's own messages, on a state.
    pub fn of(base: &'a Tipset, root: Cid, tracing: bool) -> Self {
        Self {
            base,
            root,
            epoch: base.height(),
            timestamp: base.min_timestamp_seconds(),
            base_fee: base.parent_base_fee().clone(),
            tracing,
        }
    }
}

/// What is left of a trace that tells of one message or several.
pub(crate) struct TraceRoom {
    limit_bytes: usize,
    left_bytes: usize,
}

impl TraceRoom {
    /// For so many bytes.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            left_bytes: limit_bytes,
        }
    }

    /// Takes what the trace of a message needs.
    pub fn take(&mut self, applied: &Applied) -> Result<(), Error> {
        let left = self.left_bytes.checked_sub(applied.trace_bytes);
        let limit_bytes = self.limit_bytes;
        self.left_bytes = left.ok_or(Error::LongTrace { limit_bytes })?;
        Ok(())
    }
}

/// A machine, and what troubles it.
pub(crate) struct Running {
    machine: Machine,
    trouble: Trouble,
}

impl Room {
    /// The same room, with what is written kept away from the store.
    pub fn overlay(&self) -> Self {
        Self {
            store: self.store.overlay(),
            // The blocks of what is known by then are in the store, but not the other way.
            migrated: Arc::default(),
            ..self.clone()
        }
    }

    /// The messages of each block that are applied: those that are their sender's next. What else the blocks have leaves no
    /// receipt and costs nobody anything.
    pub fn messages(&self, tipset: &Tipset) -> Result<Vec<BlockMessages>, Error> {
        let lists = self.history.messages(tipset).map_err(Error::History)?;
        let (blocks, given) = (tipset.blocks().len(), lists.len());
        if blocks != given {
            return Err(Error::Lists {
                blocks,
                lists: given,
            });
        }
        let reader = StateReader::new(self.store.clone());
        let applied = filigree_chain::select(tipset, &lists, &*reader);
        let applied = applied.map_err(|e| Error::History(e.into()))?;
        Ok(applied.into_iter().map(|of| of.messages).collect())
    }

    /// A machine.
    pub fn machine(&self, moment: &Moment<'_>) -> Result<Running, Error> {
        let epoch = moment.epoch;
        let view = View::open(&self.store, &moment.root)?;
        let version = self.rules.config.version_at(epoch);
        let supply = self.rules.supply.at(&view, epoch, version)?;
        let trouble = Trouble::default();
        let chain = HostChain {
            history: Arc::clone(&self.history),
            rules: Arc::clone(&self.rules),
            store: self.store.clone(),
            base: moment.base.clone(),
            epoch,
            root: moment.root,
            circulating_supply: supply.circulating,
            trouble: trouble.clone(),
        };
        let mut context = Context::new(self.rules.network_at(epoch), moment.root);
        context.epoch = epoch;
        context.timestamp = moment.timestamp;
        context.base_fee = moment.base_fee.clone();
        context.tracing = moment.tracing;
        context.trace_limit_bytes = self.trace_limit_bytes;
        let machine = Machine::new(
            &self.engines,
            context,
            Box::new(self.store.clone()),
            Box::new(chain),
            Box::new(self.verifier.clone()),
        );
        Ok(Running {
            machine: machine.map_err(|source| Error::Machine {
                epoch,
                source: Box::new(source),
            })?,
            trouble,
        })
    }
}

impl Running {
    /// Runs a message; `what` it is, for errors. Afterwards the machine must not be used if it failed. A trace is cut off where it becomes
    /// too long; who wants it asks a [`TraceRoom`] whether it is whole.
    pub fn execute(
        &mut self,
        what: impl Fn() -> String,
        message: &Message,
        kind: Kind,
        chain_length_bytes: usize,
    ) -> Result<Applied, Error> {
        let applied = self.machine.execute(message, kind, chain_length_bytes);
        if let Some(trouble) = self.trouble.take() {
            return Err(Error::History(trouble));
        }
        let applied = applied.map_err(|source| Error::Execute {
            what: what(),
            source,
        })?;
        Ok(applied)
    }

    /// Runs a message of the protocol, which must succeed.
    pub fn execute_protocol(&mut self, what: &str, message: &Message) -> Result<Applied, Error> {
        let applied = self.execute(|| what.to_owned(), message, Kind::Implicit, 0)?;
        let code = applied.receipt.exit_code;
        if code.is_success() {
            return Ok(applied);
        }
        let why = applied.failure.map(|failure| failure.to_string());
        Err(Error::Protocol {
            what: what.to_owned(),
            code,
            why: why.unwrap_or_default(),
        })
    }

    /// The machine itself.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Writes the state; gives its root.
    pub fn flush(&mut self) -> Result<Cid, Error> {
        self.machine.flush().map_err(|source| Error::Execute {
            what: "the state".to_owned(),
            source,
        })
    }
}
