//! Waits until the miner's state says, a few epochs back, that a sector is announced.

use std::time::Duration;

use cid::Cid;
use fvm_shared::clock::ChainEpoch;

use super::{Next, State, Step, Work};
use crate::message::Fate;
use crate::sector::Sector;
use crate::shared::Shared;

/// How long a message is nowhere before it is taken as lost: while the head changes, any message is.
const LOST_AFTER: Duration = Duration::from_secs(1);

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let shared = work.shared;
    let head = shared.head();
    let settled = shared.settled(&head)?;
    let sealed_cid = sector.sealed_cid()?;
    let miner = settled.miner(&shared.address())?;
    let announced = miner.precommit(sector.number)?;
    let is_ours = announced.is_some_and(|found| found.info.sealed_cid == sealed_cid);
    if is_ours || miner.sector(sector.number)?.is_some() {
        shared.set_lost(sector.number, false);
        return Ok(Next::Go(State::WaitSeed));
    }
    let waited = (sector.pre_commit, State::PreCommitting);
    wait(shared, head.height(), sector, waited)
}

/// Waits for what a message did to be settled; goes back to the state in which it is sent, if it failed or is lost. The miner's
/// state was seen at the same head.
pub(super) fn wait(
    shared: &Shared,
    head: ChainEpoch,
    sector: &Sector,
    (cid, send): (Option<Cid>, State),
) -> Step {
    let confidence = shared.parts.settings.confidence_epochs;
    let fate = cid.map_or(Ok(Fate::Nowhere), |cid| shared.fate(&cid))?;
    let cid = cid.map_or_else(|| "of an earlier run".to_owned(), |cid| cid.to_string());
    let lost = shared.set_lost(sector.number, fate == Fate::Nowhere);
    match fate {
        Fate::Waiting => Ok(Next::Wait(format!("message {cid} waits to be mined"))),
        Fate::Mined { height, exit_code } if exit_code.is_success() => {
            Ok(match height + confidence {
                // The state would say so by now.
                settled if settled + 1 < head => {
                    let text = format!("message {cid} succeeded, and its effect is gone again");
                    Next::Back(send, text)
                }
                settled => Next::Wait(format!(
                    "message {cid} is mined: settled at epoch {settled}"
                )),
            })
        }
        Fate::Mined { height, .. } if height + confidence > head => {
            Ok(Next::Wait(format!("message {cid} failed: settled soon")))
        }
        Fate::Mined { exit_code, .. } => Ok(Next::Back(
            send,
            format!("message {cid} failed on chain with exit code {exit_code}"),
        )),
        Fate::Nowhere if lost.is_some_and(|since| since.elapsed() >= LOST_AFTER) => {
            shared.set_lost(sector.number, false);
            let text = format!("message {cid} is neither on chain nor waiting: it is sent again");
            Ok(Next::Back(send, text))
        }
        Fate::Nowhere => Ok(Next::Wait(format!("message {cid} is looked for"))),
    }
}
