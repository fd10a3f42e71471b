//! Makes a sector's trees and its replica; what comes out are its commitments.

use super::{Next, State, Step, Work};
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let (shared, replica) = (work.shared, sector.replica(work.shared.miner)?);
    let prover = &shared.parts.prover;
    let sealed = prover.seal(&shared.parts.directory, &replica, &work.control)?;
    sector.sealed = Some(sealed);
    Ok(Next::Go(State::PreCommitting))
}
