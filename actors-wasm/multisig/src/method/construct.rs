//! The constructor.

use filigree_builtin::resolve::resolve_existing;
use filigree_sdk::prelude::*;

use crate::state::{MAX_SIGNERS, Multisig};

/// Parameters of the constructor.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstructorParams {
    /// Who may propose and approve: actors that exist, or keys, for which accounts are made.
    pub signers: Vec<Address>,
    /// How many approvals a transaction needs.
    pub num_approvals_threshold: u64,
    /// How long the lock on what the wallet is created with takes to open, in epochs; 0 for no lock.
    pub unlock_duration: ChainEpoch,
    /// When the lock starts; nothing without a lock.
    pub start_epoch: ChainEpoch,
}

pub(crate) fn construct(ctx: &mut Context, params: ConstructorParams) -> Result<Multisig> {
    let count = params.signers.len();
    ensure!(
        (1..=MAX_SIGNERS).contains(&count),
        illegal_argument,
        "a wallet has 1 to {MAX_SIGNERS} signers, not {count}"
    );
    let mut signers = Vec::with_capacity(count);
    for signer in &params.signers {
        let id = resolve_existing(ctx, signer)?;
        let signer = Address::new_id(id);
        ensure!(
            !signers.contains(&signer),
            illegal_argument,
            "f0{id} is a signer twice"
        );
        signers.push(signer);
    }
    ensure!(
        params.unlock_duration >= 0 && params.num_approvals_threshold > 0,
        illegal_argument,
        "a lock opens in no negative time, and a transaction needs an approval"
    );
    let mut state = Multisig {
        signers,
        num_approvals_threshold: 0,
        next_tx_id: 0,
        initial_balance: TokenAmount::default(),
        start_epoch: 0,
        unlock_duration: 0,
        pending_txs: Map::new()?,
    };
    state.set_threshold(params.num_approvals_threshold)?;
    if params.unlock_duration != 0 {
        state.lock(
            params.start_epoch,
            params.unlock_duration,
            ctx.value_received(),
        );
    }
    Ok(state)
}
