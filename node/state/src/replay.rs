//! A tipset once more, with everything that happened in it, if wanted with traces. Nothing of it is kept.

use cid::Cid;
use filigree_blocks::{Tipset, message_cid};
use fvm_shared::clock::ChainEpoch;

use crate::apply::{Origin, Step, TipsetState, apply};
use crate::error::Error;
use crate::room::TraceRoom;
use crate::states::States;

/// A tipset that was applied again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// What it leads to.
    pub result: TipsetState,
    /// Every message, in order: cron of null rounds, messages and rewards block by block, cron.
    pub steps: Vec<Step>,
}

impl Replay {
    /// The messages that somebody sent, with their results: those the receipts are of.
    pub fn messages(&self) -> impl Iterator<Item = &Step> {
        let steps = self.steps.iter();
        steps.filter(|step| matches!(step.origin, Origin::Block(_)))
    }

    /// What ended an epoch.
    pub fn cron(&self, epoch: ChainEpoch) -> Option<&Step> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.origin == Origin::Cron(epoch))
    }
}

impl States {
    /// Applies a tipset again, with execution traces if `tracing`. It must not come out differently.
    ///
    /// # Errors
    /// If this node cannot tell: its parents' state is missing, say. If the traces are longer than they may be.
    pub fn replay(&self, tipset: &Tipset, tracing: bool) -> Result<Replay, Error> {
        let room = self.room().overlay();
        let mut steps = Vec::new();
        let mut left = TraceRoom::new(room.trace_limit_bytes);
        let mut keep = |step: Step| {
            left.take(&step.applied)?;
            steps.push(step);
            Ok(())
        };
        let result = apply(&room, tipset, tracing, Some(&mut keep))?;
        Ok(Replay { result, steps })
    }

    /// A message of a tipset, with its trace, by the CID it is known under, or by that without its signature. What comes after
    /// it does not run.
    ///
    /// # Errors
    /// If it is not in the tipset, its trace is longer than it may be, or this node cannot tell.
    pub fn replay_message(&self, tipset: &Tipset, cid: &Cid) -> Result<Step, Error> {
        let room = self.room().overlay();
        let mut found = None;
        let mut find = |step: Step| {
            if step.cid == *cid || message_cid(&step.message) == *cid {
                found = Some(step);
                // Ends it all; the error is not told.
                return Err(Error::NoMessage(*cid));
            }
            Ok(())
        };
        let result = apply(&room, tipset, true, Some(&mut find));
        match (found, result) {
            (Some(step), _) => {
                // What ran before it is not told, however long its traces.
                TraceRoom::new(room.trace_limit_bytes).take(&step.applied)?;
                Ok(step)
            }
            (None, Err(e)) => Err(e),
            (None, Ok(_)) => Err(Error::NoMessage(*cid)),
        }
    }
}
