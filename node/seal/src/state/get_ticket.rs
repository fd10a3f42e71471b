//! Draws the randomness that a sector is sealed from: of an epoch that no reorganisation reaches, as far as there is one.

use fvm_shared::clock::ChainEpoch;

use super::{Next, State, Step, Work};
use crate::sector::Sector;
use crate::shared::Shared;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let shared = work.shared;
    let head = shared.head();
    if shared
        .now(&head)?
        .miner(&shared.address())?
        .is_allocated(sector.number)?
    {
        let text = "its number is taken on chain; remove it and pledge another";
        return Err(crate::error::Failure::Never(text.to_owned()));
    }
    let config = shared.parts.chain.config();
    let epoch = (head.height() - config.finality_epochs).max(0);
    sector.ticket = Some(shared.ticket(&head, epoch)?);
    Ok(Next::Go(State::Packing))
}

/// Whether a ticket is too old for a message that is mined soon.
pub(super) fn is_too_old(shared: &Shared, ticket: ChainEpoch, head: ChainEpoch) -> bool {
    /// Epochs in which the message should be mined.
    const SOON: ChainEpoch = 20;
    ticket < head + SOON - shared.policy().max_pre_commit_randomness_lookback
}
