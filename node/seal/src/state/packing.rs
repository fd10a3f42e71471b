//! Writes a sector's data. There are no deals yet: it is zeros. Pieces of deals will be files in the list that the prover is given here.

use super::{Next, State, Step, Work};
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let (shared, replica) = (work.shared, sector.replica(work.shared.miner)?);
    let prover = &shared.parts.prover;
    prover.write_data(&shared.parts.directory, &replica, &work.control)?;
    Ok(Next::Go(State::PreCommit1))
}
