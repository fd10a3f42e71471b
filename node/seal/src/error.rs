//! What goes wrong: for callers ([`SealError`]), and within (`Failure`).

use std::io;
use std::path::PathBuf;

use filigree_chain::ChainError;
use filigree_node_state::Error as StateError;
use filigree_proofs_prove::ProveError;
use filigree_send::SendError;
use filigree_store::StoreError;
use fvm_shared::ActorID;
use fvm_shared::sector::SectorNumber;

/// Why something asked of a pipeline was not done.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There is no record of the sector.
    #[error(
        "miner f0{miner} has no sector {number} here; `filigree sector list` shows those there are"
    )]
    NoSector {
        /// The miner.
        miner: ActorID,
        /// The sector.
        number: SectorNumber,
    },
    /// The sector is on chain.
    #[error(
        "sector {0} is on chain: it can be forgotten when it is terminated, or its announcement has run out"
    )]
    OnChain(SectorNumber),
    /// Sectors of this kind cannot be sealed here.
    #[error("the miner proves with type {0}, and no seal proof goes with it")]
    ProofType(i64),
    /// The pipeline is stopped.
    #[error("the sealing of this miner is stopped")]
    Stopped,
    /// A directory cannot be made.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A proof or a replica was not made.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// A mock prover was asked for what only a real one does, or the other way round, or something has not the right form.
    #[error("{0}")]
    Prover(String),
    /// Parameters cannot be made.
    #[error(transparent)]
    Generate(Box<filigree_proofs_generate::Error>),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain cannot be read.
    #[error(transparent)]
    Chain(Box<ChainError>),
    /// State cannot be read.
    #[error(transparent)]
    State(Box<StateError>),
    /// A message was not sent.
    #[error(transparent)]
    Send(Box<SendError>),
    /// Parameters of a message do not encode.
    #[error("parameters of a message: {0}")]
    Encode(#[from] fvm_ipld_encoding::Error),
}

// In boxes, because they are large and seldom there.
impl From<filigree_proofs_generate::Error> for SealError {
    fn from(error: filigree_proofs_generate::Error) -> Self {
        Self::Generate(Box::new(error))
    }
}

impl From<ChainError> for SealError {
    fn from(error: ChainError) -> Self {
        Self::Chain(Box::new(error))
    }
}

impl From<StateError> for SealError {
    fn from(error: StateError) -> Self {
        Self::State(Box::new(error))
    }
}

impl From<SendError> for SealError {
    fn from(error: SendError) -> Self {
        Self::Send(Box::new(error))
    }
}

/// Why a step of a sector did not come to its end.
#[derive(Debug)]
pub enum Failure {
    /// It is tried again later.
    Retry(SealError),
    /// It is of no use to try again.
    Never(String),
    /// The pipeline is being stopped, or the sector was taken away: nothing is written.
    Stopped,
}

impl<E: Into<SealError>> From<E> for Failure {
    fn from(error: E) -> Self {
        match error.into() {
            SealError::Prove(ProveError::Cancelled) | SealError::Stopped => Self::Stopped,
            error => Self::Retry(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small() {
        assert!(size_of::<SealError>() < 128, "{}", size_of::<SealError>());
        assert!(size_of::<Failure>() < 128, "{}", size_of::<Failure>());
    }
}
