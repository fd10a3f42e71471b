//! What the registry tells indexers (FIP-0083).

use filigree_builtin::calls::verifreg::{Allocation, AllocationId, Claim, ClaimId};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::piece::PaddedPieceSize;

/// A verifier has so much datacap to give, after it gave some to a client or because the root key says so.
pub(crate) fn verifier_balance(
    ctx: &Context,
    verifier: ActorID,
    balance: &BigIntDe,
    client: Option<ActorID>,
) -> Result<()> {
    let mut event = Event::of("verifier-balance")?
        .key("verifier", &verifier)?
        .field("balance", balance)?;
    if let Some(client) = client {
        event = event.key("client", &client)?;
    }
    ctx.emit(&event)
}

/// An allocation came or went; `kind` says which.
pub(crate) fn allocation(
    ctx: &Context,
    kind: &str,
    id: AllocationId,
    allocation: &Allocation,
) -> Result<()> {
    let term = (allocation.term_min, allocation.term_max);
    let event = about_piece(kind, [id, allocation.client, allocation.provider])?;
    let event = with_piece(event, &allocation.data, allocation.size, term)?;
    ctx.emit(&event.field("expiration", &allocation.expiration)?)
}

/// A claim came, changed or went; `kind` says which.
pub(crate) fn claim(ctx: &Context, kind: &str, id: ClaimId, claim: &Claim) -> Result<()> {
    let term = (claim.term_min, claim.term_max);
    let event = about_piece(kind, [id, claim.client, claim.provider])?;
    let event = with_piece(event, &claim.data, claim.size, term)?
        .field("term-start", &claim.term_start)?
        .key("sector", &claim.sector)?;
    ctx.emit(&event)
}

fn about_piece(kind: &str, [id, client, provider]: [u64; 3]) -> Result<Event> {
    Event::of(kind)?
        .key("id", &id)?
        .key("client", &client)?
        .key("provider", &provider)
}

fn with_piece(
    event: Event,
    data: &Cid,
    size: PaddedPieceSize,
    (term_min, term_max): (ChainEpoch, ChainEpoch),
) -> Result<Event> {
    event
        .key("piece-cid", data)?
        .field("piece-size", &size.0)?
        .field("term-min", &term_min)?
        .field("term-max", &term_max)
}
