//! Waits until the miner's state says, a few epochs back, that a sector is proven.

use super::pre_commit_wait::wait;
use super::{Next, State, Step, Work};
use crate::error::Failure;
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let shared = work.shared;
    let head = shared.head();
    let sealed_cid = sector.sealed_cid()?;
    let settled = shared.settled(&head)?;
    if let Some(found) = settled.miner(&shared.address())?.sector(sector.number)? {
        shared.set_lost(sector.number, false);
        return match found.sealed_cid == sealed_cid {
            true => Ok(Next::Go(State::FinalizeSector)),
            false => Err(Failure::Never(
                "another replica of this number is proven".to_owned(),
            )),
        };
    }
    let waited = (sector.commit, State::SubmitCommit);
    wait(shared, head.height(), sector, waited)
}
