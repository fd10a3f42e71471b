//! LockBalance.

use filigree_sdk::prelude::*;

use crate::state::Multisig;

/// Parameters of LockBalance.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockBalanceParams {
    /// When the lock starts, past or future.
    pub start_epoch: ChainEpoch,
    /// How long it takes to open, in epochs.
    pub unlock_duration: ChainEpoch,
    /// What is locked when it starts, attoFIL; the wallet need not have it yet.
    pub amount: TokenAmount,
}

pub(crate) fn lock_balance(
    state: &mut Multisig,
    ctx: &Context,
    params: LockBalanceParams,
) -> Result<()> {
    ctx.require_caller(&[ctx.receiver()])?;
    ensure!(
        params.unlock_duration > 0,
        illegal_argument,
        "a lock opens in some time"
    );
    ensure!(
        !params.amount.is_negative(),
        illegal_argument,
        "a negative amount"
    );
    ensure!(
        state.unlock_duration == 0,
        forbidden,
        "there is a lock already, which stays as it is"
    );
    state.lock(params.start_epoch, params.unlock_duration, params.amount);
    Ok(())
}
