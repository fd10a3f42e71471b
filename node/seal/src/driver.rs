//! Who runs the states: one thread that looks at every sector when something has changed, and threads for what takes long.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use filigree_proofs_prove::Control;

use crate::error::{Failure, SealError};
use crate::sector::Sector;
use crate::shared::{Shared, Thread};
use crate::state::{Next, State, Work};

/// How long nothing is looked at if nobody rings: sectors that rest are due some time.
const LOOK: Duration = Duration::from_millis(500);

/// The sealing thread.
pub(crate) fn run(shared: &Arc<Shared>) {
    let mut jobs: Vec<JoinHandle<()>> = Vec::new();
    while !shared.is_stopped() {
        let rings = shared.bell.rings();
        let head = shared.head();
        jobs.retain(|job| !job.is_finished());
        for sector in shared.records.all() {
            if shared.is_stopped() {
                break;
            }
            look(shared, sector, &mut jobs);
        }
        if !shared.has_jobs() {
            shared.set_quiet(Thread::Sealing, head.key().clone(), rings);
        }
        shared.bell.wait(rings, LOOK);
    }
    for job in jobs {
        // What panicked in it was noted.
        let _ = job.join();
    }
}

/// Does what can be done for a sector now.
fn look(shared: &Arc<Shared>, sector: Sector, jobs: &mut Vec<JoinHandle<()>>) {
    let mut sector = sector;
    while !shared.is_stopped() {
        let is_idle = matches!(sector.state, State::Proving | State::Failed);
        if is_idle || sector.is_resting() || shared.is_busy(sector.number) {
            return;
        }
        if sector.state.takes_long() {
            let Some(control) = shared.begin(sector.number) else {
                return;
            };
            let number = sector.number;
            let spawned = {
                let shared = Arc::clone(shared);
                let name = format!("sector {number}");
                thread::Builder::new().name(name).spawn(move || {
                    step(&shared, sector, control);
                    shared.end(number);
                })
            };
            match spawned {
                Ok(job) => jobs.push(job),
                Err(error) => {
                    tracing::error!(number, %error, "no thread for a sector");
                    shared.end(number);
                }
            }
            return;
        }
        let Some(next) = step(shared, sector, Control::default()) else {
            return;
        };
        sector = next;
    }
}

/// Takes a step of a sector, and writes what came of it. Gives the sector if it may go on at once.
fn step(shared: &Arc<Shared>, mut sector: Sector, control: Control) -> Option<Sector> {
    let before = sector.state;
    let epoch = shared.head().height();
    let work = Work { shared, control };
    let run = AssertUnwindSafe(|| before.step(&work, &mut sector));
    let came = catch_unwind(run).unwrap_or_else(|_| {
        let text = "a bug: the step panicked, see the log";
        Err(Failure::Retry(SealError::Prover(text.to_owned())))
    });
    match came {
        Ok(Next::Go(state)) => {
            sector.state = state;
            sector.trouble = None;
            sector.note(epoch, state.name());
            shared.forget_doing(sector.number);
            tracing::info!(
                miner = shared.miner,
                sector = sector.number,
                state = state.name(),
                "sector"
            );
            save(shared, &mut sector).then_some(sector)
        }
        Ok(Next::Back(state, reason)) => {
            tracing::warn!(miner = shared.miner, sector = sector.number, state = state.name(), %reason, "sector goes back");
            sector.state = state;
            sector.failed(epoch, reason);
            save(shared, &mut sector);
            None
        }
        Ok(Next::Wait(what)) => {
            shared.set_doing(sector.number, what);
            None
        }
        Ok(Next::Gone) => {
            shared.forget_doing(sector.number);
            None
        }
        Err(Failure::Retry(error)) => {
            fail(shared, &mut sector, epoch, text(&error));
            None
        }
        Err(Failure::Never(reason)) => {
            tracing::error!(miner = shared.miner, sector = sector.number, %reason, "sector failed");
            sector.failed(epoch, format!("in {}: {reason}", before.name()));
            sector.state = State::Failed;
            save(shared, &mut sector);
            None
        }
        Err(Failure::Stopped) => None,
    }
}

fn fail(shared: &Shared, sector: &mut Sector, epoch: i64, reason: String) {
    sector.failed(epoch, reason);
    let tries = sector.trouble.as_ref().map_or(0, |trouble| trouble.tries);
    let reason = sector.trouble.as_ref().map(|trouble| &trouble.reason);
    tracing::warn!(
        miner = shared.miner,
        sector = sector.number,
        state = sector.state.name(),
        tries,
        reason,
        "sector is tried again later"
    );
    save(shared, sector);
}

/// Writes a sector. False if it was not written: the pipeline stops, or somebody else has changed the sector.
fn save(shared: &Shared, sector: &mut Sector) -> bool {
    match shared.records.save(sector) {
        Ok(saved) => saved,
        Err(SealError::Stopped) => false,
        Err(error) => {
            tracing::error!(sector = sector.number, %error, "a sector's record is not written");
            false
        }
    }
}

/// An error with its causes.
pub(crate) fn text(error: &SealError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
