//! What the market tells the world of a deal (FIP-0083).

use filigree_sdk::prelude::*;

use crate::deal::{DealId, Parties};

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Published,
    Activated,
    Terminated,
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
