//! Deletes a sector's files, then its record.

use filigree_proofs_prove::SectorId;

use super::{Next, Step, Work};
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let shared = work.shared;
    let id = SectorId {
        miner: shared.miner,
        number: sector.number,
    };
    let prover = &shared.parts.prover;
    prover.forget(&shared.parts.directory, id)?;
    shared.records.forget(sector.number)?;
    Ok(Next::Gone)
}
