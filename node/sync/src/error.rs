//! Why a block was not taken.

use cid::Cid;
use filigree_blocks::TipsetKey;
use filigree_chain::ChainError;
use filigree_consensus::Reason;
use filigree_consensus::reason::CheckError;

/// See the head of the file.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// It breaks a rule.
    #[error("the block is refused: {0}")]
    Refused(Reason),
    /// It was declared bad, or stands on one that was.
    #[error("{}", marked(.block, .bad, .why))]
    Marked {
        /// It.
        block: Box<Cid>,
        /// Which was declared bad.
        bad: Box<Cid>,
        /// Why.
        why: String,
    },
    /// Nothing is known of what it is built on.
    #[error(
        "the block stands on {parents}, and not all of these blocks are here; submit them first, oldest first"
    )]
    UnknownParents {
        /// Its parents.
        parents: TipsetKey,
    },
    /// This node cannot tell whether it is good: state is missing, say.
    #[error("the block cannot be judged: {0:#}")]
    Unknown(anyhow::Error),
    /// The chain cannot take it: the store fails, say.
    #[error("the block is good, and the chain cannot take it: {0}")]
    Chain(#[from] ChainError),
}

impl IntakeError {
    /// The rule that the block breaks, if it breaks one.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Refused(reason) => Some(reason),
            _ => None,
        }
    }
}

fn marked(block: &Cid, bad: &Cid, why: &str) -> String {
    match block == bad {
        true => format!("the block {block} is refused: it was declared bad ({why})"),
        false => format!(
            "the block {block} is refused: it stands on {bad}, which was declared bad ({why})"
        ),
    }
}

impl From<CheckError> for IntakeError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Refused(reason) => Self::Refused(reason),
            CheckError::Unknown(error) => Self::Unknown(error),
        }
    }
}

impl From<Reason> for IntakeError {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}
