//! What the market tells the world of a deal (FIP-0083).

use filigree_sdk::prelude::*;

use crate::deal::{DealId, Parties};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// Client and provider agreed.
    Published,
    /// The piece is in a sector.
    Activated,
    /// It ended before its time.
    Terminated,
    /// It was kept to its end.
    Completed,
}

/// Tells what has happened to a deal.
pub(crate) fn emit(ctx: &Context, happened: Happened, id: DealId, parties: Parties) -> Result<()> {
    let kind = match happened {
        Happened::Published => "deal-published",
        Happened::Activated => "deal-activated",
        Happened::Terminated => "deal-terminated",
        Happened::Completed => "deal-completed",
    };
    let event = Event::of(kind)?
        .key("id", &id)?
        .key("client", &parties.client)?
        .key("provider", &parties.provider)?;
    ctx.emit(&event)
}
