//! Deletes what only sealing needed: most of the disk that it took. The proof is on chain, so the record need not keep it.

use super::{Next, State, Step, Work};
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let (shared, replica) = (work.shared, sector.replica(work.shared.miner)?);
    let prover = &shared.parts.prover;
    prover.clear(&shared.parts.directory, &replica, &work.control)?;
    sector.proof = None;
    Ok(Next::Go(State::Proving))
}
