//! What a miner tells the world outside (FIP-0083): the life of its sectors.

use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

/// A sector was pre-committed.
pub(crate) fn sector_precommitted(ctx: &Context, sector: SectorNumber) -> Result<()> {
    ctx.emit(&of_sector("sector-precommitted", sector)?)
}

/// A sector was terminated.
pub(crate) fn sector_terminated(ctx: &Context, sector: SectorNumber) -> Result<()> {
    ctx.emit(&of_sector("sector-terminated", sector)?)
}

/// A sector was activated, with its CommD (none if it is all zeros) and its pieces: CommP and size in bytes.
pub(crate) fn sector_activated(
    ctx: &Context,
    sector: SectorNumber,
    unsealed_cid: Option<&Cid>,
    pieces: impl IntoIterator<Item = (Cid, u64)>,
) -> Result<()> {
    let event = of_sector("sector-activated", sector)?;
    ctx.emit(&with_data(event, unsealed_cid, pieces)?)
}

/// A sector got data.
pub(crate) fn sector_updated(
    ctx: &Context,
    sector: SectorNumber,
    unsealed_cid: Option<&Cid>,
    pieces: impl IntoIterator<Item = (Cid, u64)>,
) -> Result<()> {
    let event = of_sector("sector-updated", sector)?;
    ctx.emit(&with_data(event, unsealed_cid, pieces)?)
}

fn of_sector(kind: &str, sector: SectorNumber) -> Result<Event> {
    Event::of(kind)?.key("sector", &sector)
}

fn with_data(
    event: Event,
    unsealed_cid: Option<&Cid>,
    pieces: impl IntoIterator<Item = (Cid, u64)>,
) -> Result<Event> {
    let mut event = event.key("unsealed-cid", &unsealed_cid)?;
    for (cid, size_bytes) in pieces {
        event = event
            .key("piece-cid", &cid)?
            .field("piece-size", &size_bytes)?;
    }
    Ok(event)
}
