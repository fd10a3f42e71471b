//! Rounds by the clock on the wall: one thread for each miner, which tries every epoch whose time has not passed.

use std::sync::Arc;

use crate::clock::Clock;
use crate::hold::{self, Ready};
use crate::pace;
use crate::round::{Miner, Step};
use crate::stop::Stop;

/// Tries epochs until it is told to stop. The clock of a network of one's own is kept from passing an epoch before it was tried.
pub(crate) fn run(miner: &Miner, clock: &Clock, ready: &Ready<'_>, stop: &Arc<Stop>) {
    // After a restart the clock shows the time of the head, which may have this miner's block.
    let last = miner.parts.last.get(miner.identity.id);
    let head = miner.parts.chain.head().height();
    let mut tried = last.ok().flatten().map_or(0, |last| last.epoch.min(head));
    loop {
        let config = miner.parts.chain.config();
        let epoch = pace::next(&config, clock.now(), tried);
        ready.until(pace::draw(&config, epoch));
        if !stop.wait_until(clock, pace::draw(&config, epoch)) {
            return;
        }
        if pace::next(&config, clock.now(), tried) > epoch {
            // The machine slept.
            continue;
        }
        if !hold::wait(miner.parts.hold.as_ref(), clock, epoch, stop) {
            return;
        }
        tried = epoch;
        ready.until(pace::draw(&config, epoch.saturating_add(1)));
        // What became of it is in the log and in the record.
        let _ = miner.round(epoch, |step| {
            let time = match step {
                Step::Select => pace::select(&config, epoch),
                Step::Release => pace::release(&config, epoch),
            };
            stop.wait_until(clock, time)
        });
    }
}
