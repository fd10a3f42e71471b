//! The methods, a file for each or for a few that belong together.

pub(crate) mod activate;
pub(crate) mod balance;
pub(crate) mod cron;
pub(crate) mod look;
pub(crate) mod publish;
pub(crate) mod settle;
pub(crate) mod terminate;
pub(crate) mod verify;

#[cfg(test)]
mod tests;

use filigree_builtin::ids;
use filigree_sdk::prelude::*;

/// Burns what was taken from providers.
fn burn(ctx: &mut Context, amount: &TokenAmount) -> Result<()> {
    match amount.is_zero() {
        true => Ok(()),
        false => ctx.transfer(&ids::address(ids::BURNT_FUNDS), amount),
    }
}
