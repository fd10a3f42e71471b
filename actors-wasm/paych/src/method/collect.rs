//! Collect: the channel is paid out and deleted.

use filigree_sdk::prelude::*;

use crate::state::Paych;

pub(crate) fn collect(ctx: &mut Context) -> Result<()> {
    let state: Paych = ctx.load()?;
    state.require_party(ctx)?;
    ensure!(
        state.is_settled(ctx.epoch()?),
        forbidden,
        "the channel is not settled"
    );
    ctx.transfer(&state.to, &state.to_send)?;
    let rest = ctx.balance()?;
    ctx.transfer(&state.from, &rest)?;
    ctx.self_destruct(false).map_err(|error| {
        // Whatever the reason, this is the exit code that release 18 gives.
        Error::illegal_argument(error.message)
    })
}
