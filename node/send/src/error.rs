//! Why a message was not sent.

use filigree_chain::ChainError;
use filigree_mempool::Refusal;
use filigree_node_state::Error as StateError;
use filigree_wallet::WalletError;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;

/// See the head of the file.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It would fail: it was tried.
    #[error("message execution failed (exit=[{exit_code}], vm error=[{why}])")]
    Fails {
        /// With this exit code.
        exit_code: ExitCode,
        /// What the host and the actors say.
        why: String,
        /// What it would return.
        return_data: Vec<u8>,
    },
    /// It needs more gas than a block has.
    #[error("call ran out of gas")]
    OutOfGas,
    /// The receiver is none from which anybody could get anything.
    #[error("{0} is no Ethereum address: what is sent there is lost")]
    Receiver(Address),
    /// It has a number already.
    #[error("the node numbers messages: Nonce must be 0, it is {0}")]
    Numbered(u64),
    /// The sender has no key on chain.
    #[error("no key signs for {0}: it is no account on chain")]
    NoAccount(Address),
    /// The sender's key is elsewhere.
    #[error("the wallet has no key for {0}")]
    NoKey(Address),
    /// The sender cannot pay.
    #[error("not enough funds: {from} has {balance} FIL, and may need {needed} FIL")]
    Funds {
        /// Who.
        from: Box<Address>,
        /// What it has.
        balance: TokenAmount,
        /// What it may need: the value, and the gas at its cap.
        needed: TokenAmount,
    },
    /// The pool does not take it.
    #[error(transparent)]
    Pool(Box<Refusal>),
    /// The wallet does not sign it.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// State cannot be read.
    #[error(transparent)]
    State(Box<StateError>),
    /// The chain cannot be read.
    #[error(transparent)]
    Chain(Box<ChainError>),
    /// This node cannot tell.
    #[error("{0:#}")]
    Unknown(anyhow::Error),
    /// Whoever was to note it before it is sent could not.
    #[error("it could not be noted before it is sent: {0:#}")]
    NotNoted(anyhow::Error),
}

// In boxes, because they are large and seldom there.
impl From<Refusal> for SendError {
    fn from(refusal: Refusal) -> Self {
        Self::Pool(Box::new(refusal))
    }
}

impl From<StateError> for SendError {
    fn from(error: StateError) -> Self {
        Self::State(Box::new(error))
    }
}

impl From<ChainError> for SendError {
    fn from(error: ChainError) -> Self {
        Self::Chain(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_small() {
        assert!(size_of::<SendError>() < 128, "{}", size_of::<SendError>());
    }
}
