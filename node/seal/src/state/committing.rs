//! Proves that a sector is the encoding of its data: opens what the seed challenges, and proves the openings. On a development network the
//! parameters of the proof are made first, if they are not there.

use super::{Next, State, Step, Work};
use crate::prover::Challenged;
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let shared = work.shared;
    let challenged = Challenged {
        replica: sector.replica(shared.miner)?,
        seal_proof: sector.seal_proof,
        sealed: sector.sealed()?,
        seed: sector.seed.ok_or_else(|| sector.lacks("seed"))?.value,
    };
    let number = sector.number;
    let tell = |what: String| shared.set_doing(number, what);
    let prover = &shared.parts.prover;
    let proof = prover.commit(&shared.parts.directory, &challenged, &work.control, &tell)?;
    sector.proof = Some(proof);
    Ok(Next::Go(State::SubmitCommit))
}
