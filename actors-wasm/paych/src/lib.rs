//! The payment channel actor: one pays another in many small steps off chain, and both settle on chain once (Filecoin spec, "Payment Channels").
//! The payer gives vouchers, each for all it has paid in a lane so far; the receiver redeems the last ones. Either party can ask to settle,
//! which leaves the other time to redeem what it has; then the channel is paid out and deleted.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f01 |
//! | 2 | UpdateChannelState | either party |
//! | 3 | Settle | either party |
//! | 4 | Collect | either party |
//!
//! What a voucher says is in [`voucher`], how it is checked and redeemed in `method/update`, and what it is worth in `lanes`.

mod invariants;
mod lanes;
mod method;
mod state;
pub mod voucher;

pub use lanes::{LaneState, Lanes, MAX_LANE};
pub use method::{ConstructorParams, ERR_CHANNEL_STATE_UPDATE_AFTER_SETTLED, MAX_SECRET_BYTES};
pub use state::{Paych, SETTLE_DELAY};
pub use voucher::{Merge, ModVerifyParams, SignedVoucher};

use filigree_builtin::internal_api;
use filigree_sdk::prelude::*;

#[actor(before = internal_api::check)]
impl Paych {
    /// A channel, with what it is created with to spend.
    #[constructor]
    pub fn construct(ctx: &mut Context, params: ConstructorParams) -> Result<Self> {
        method::construct(ctx, &params)
    }

    /// Redeems a voucher; `secret` is what hashes to the voucher's pre-image, if it has one.
    #[method(2)]
    pub fn update_channel_state(ctx: &mut Context, sv: SignedVoucher, secret: Bytes) -> Result<()> {
        method::update(ctx, sv, &secret.0)
    }

    /// Begins to close the channel: 12 hours are left to redeem vouchers, or more if a voucher said so.
    #[method(3)]
    pub fn settle(&mut self, ctx: &Context) -> Result<()> {
        self.require_party(ctx)?;
        self.begin_to_settle(ctx.epoch()?)
    }

    /// Pays what was redeemed to the receiver, the rest back to the payer, and deletes the channel.
    #[method(4)]
    pub fn collect(ctx: &mut Context) -> Result<()> {
        method::collect(ctx)
    }
}

#[cfg(test)]
mod tests;
