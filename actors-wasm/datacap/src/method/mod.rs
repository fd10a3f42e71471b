//! The methods that change something.

mod allowance;
mod burn;
mod mint;
mod transfer;

pub use allowance::RevokeAllowanceParams;
pub(crate) use allowance::{Change, change_allowance, revoke_allowance};
pub use burn::BurnFromReturn;
pub(crate) use burn::{burn, burn_from};
pub(crate) use mint::{destroy, mint};
pub(crate) use transfer::{transfer, transfer_from};

use filigree_sdk::prelude::*;

/// The id of an owner whose tokens the caller spends. An owner without an id has let nobody spend anything.
fn owner_of_spent(ctx: &Context, owner: &Address) -> Result<ActorID> {
    let resolved = ctx.resolve(owner)?;
    ensure!(
        resolved != Some(ctx.caller()),
        illegal_argument,
        "spend tokens of your own without an allowance"
    );
    resolved.ok_or_else(|| Error::insufficient_funds("the owner let nobody spend tokens"))
}
