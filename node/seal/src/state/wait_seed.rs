//! Waits for the epoch whose randomness challenges a sector: some epochs after it was announced (PreCommitChallengeDelay).

use super::{Next, State, Step, Work};
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let shared = work.shared;
    let head = shared.head();
    let settled = shared.settled(&head)?;
    let miner = settled.miner(&shared.address())?;
    let sealed_cid = sector.sealed_cid()?;
    let announced = miner.precommit(sector.number)?;
    let Some(announced) = announced.filter(|found| found.info.sealed_cid == sealed_cid) else {
        return Ok(match miner.sector(sector.number)? {
            Some(_) => Next::Go(State::CommitWait),
            // A reorganisation deeper than was reckoned with, or too late.
            None => Next::Go(State::PreCommitWait),
        });
    };
    let epoch = announced.pre_commit_epoch + shared.policy().pre_commit_challenge_delay;
    let from = epoch + shared.parts.settings.confidence_epochs;
    if head.height() < from {
        return Ok(Next::Wait(format!("epoch {from}, to be challenged")));
    }
    let seed = shared.seed(&head, epoch)?;
    if sector.seed != Some(seed) {
        sector.proof = None;
    }
    sector.seed = Some(seed);
    Ok(Next::Go(match sector.proof {
        Some(_) => State::SubmitCommit,
        None => State::Committing,
    }))
}
