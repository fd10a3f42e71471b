//! The states of a sector, one to a file. A step looks at the chain and at the record, does what is to be done, and says what comes next; the
//! driver writes it. The names are those of Lotus (`storage/pipeline/sector_state.go`), whose tools show them.
//!
//! A step may run again after any kill, from the record as it was before it. So each asks first whether its work is done.

mod commit_wait;
mod committing;
mod finalize;
mod get_ticket;
mod packing;
mod pre_commit_1;
mod pre_commit_2;
mod pre_commit_wait;
mod pre_committing;
mod removing;
mod submit_commit;
mod wait_seed;

use std::sync::Arc;

use filigree_proofs_prove::Control;
use serde::{Deserialize, Serialize};

use crate::error::Failure;
use crate::sector::Sector;
use crate::shared::Shared;

/// What is to be done with a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// Randomness is to be drawn that it is sealed from.
    GetTicket,
    /// Its data is to be written.
    Packing,
    /// Its labels are to be computed.
    PreCommit1,
    /// Its trees and its replica are to be made.
    PreCommit2,
    /// It is to be announced.
    PreCommitting,
    /// The message that announces it is to be mined.
    PreCommitWait,
    /// The chain is to reach the epoch whose randomness challenges it.
    WaitSeed,
    /// It is to be proved.
    Committing,
    /// The proof is to be sent.
    SubmitCommit,
    /// The message with the proof is to be mined.
    CommitWait,
    /// What only sealing needed is to be deleted.
    FinalizeSector,
    /// It is proven whenever its deadline comes: nothing is to be done here.
    Proving,
    /// It is to be deleted.
    Removing,
    /// It cannot go on.
    Failed,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::GetTicket => "GetTicket",
            Self::Packing => "Packing",
            Self::PreCommit1 => "PreCommit1",
            Self::PreCommit2 => "PreCommit2",
            Self::PreCommitting => "PreCommitting",
            Self::PreCommitWait => "PreCommitWait",
            Self::WaitSeed => "WaitSeed",
            Self::Committing => "Committing",
            Self::SubmitCommit => "SubmitCommit",
            Self::CommitWait => "CommitWait",
            Self::FinalizeSector => "FinalizeSector",
            Self::Proving => "Proving",
            Self::Removing => "Removing",
            Self::Failed => "Failed",
        }
    }

    /// Whether its step needs a thread of its own.
    pub(crate) fn takes_long(self) -> bool {
        matches!(
            self,
            Self::Packing
                | Self::PreCommit1
                | Self::PreCommit2
                | Self::Committing
                // Little to do, but it may wait for room beside other sectors.
                | Self::FinalizeSector
        )
    }

    pub(crate) fn step(self, work: &Work<'_>, sector: &mut Sector) -> Step {
        match self {
            Self::GetTicket => get_ticket::step(work, sector),
            Self::Packing => packing::step(work, sector),
            Self::PreCommit1 => pre_commit_1::step(work, sector),
            Self::PreCommit2 => pre_commit_2::step(work, sector),
            Self::PreCommitting => pre_committing::step(work, sector),
            Self::PreCommitWait => pre_commit_wait::step(work, sector),
            Self::WaitSeed => wait_seed::step(work, sector),
            Self::Committing => committing::step(work, sector),
            Self::SubmitCommit => submit_commit::step(work, sector),
            Self::CommitWait => commit_wait::step(work, sector),
            Self::FinalizeSector => finalize::step(work, sector),
            Self::Removing => removing::step(work, sector),
            Self::Proving | Self::Failed => Ok(Next::Wait(String::new())),
        }
    }
}

/// What a step works with.
pub(crate) struct Work<'a> {
    pub shared: &'a Arc<Shared>,
    /// Stops it.
    pub control: Control,
}

/// What comes after a step.
pub(crate) enum Next {
    /// Another state, at once.
    Go(State),
    /// An earlier state, after a pause, for a reason.
    Back(State, String),
    /// The same, when the chain has changed; what it waits for.
    Wait(String),
    /// Nothing: the sector is no more.
    Gone,
}

pub(crate) type Step = Result<Next, Failure>;
