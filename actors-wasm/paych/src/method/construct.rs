//! The constructor.

use filigree_builtin::resolve::resolve_existing;
use filigree_sdk::prelude::*;

use crate::state::Paych;

/// Parameters of the constructor.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstructorParams {
    /// Who pays: an actor that exists, or a key, for which an account is made.
    pub from: Address,
    /// Who is paid: likewise.
    pub to: Address,
}

pub(crate) fn construct(ctx: &mut Context, params: &ConstructorParams) -> Result<Paych> {
    let to = resolve_existing(ctx, &params.to)?;
    let from = resolve_existing(ctx, &params.from)?;
    Ok(Paych {
        from: Address::new_id(from),
        to: Address::new_id(to),
        to_send: TokenAmount::default(),
        settling_at: 0,
        min_settle_height: 0,
        lane_states: Array::new()?,
    })
}
