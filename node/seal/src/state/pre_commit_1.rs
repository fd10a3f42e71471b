//! Computes a sector's labels: of large sectors it takes hours, and what a killed run has done is kept.

use super::{Next, State, Step, Work};
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let (shared, replica) = (work.shared, sector.replica(work.shared.miner)?);
    let prover = &shared.parts.prover;
    prover.label(&shared.parts.directory, &replica, &work.control)?;
    Ok(Next::Go(State::PreCommit2))
}
