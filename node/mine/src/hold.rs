//! What keeps the time of a network of one's own from passing: miners that have not tried an epoch yet, however slow the machine is, and
//! whoever else must be done before an epoch begins, because it would be too late then ([`Hold`]). Public networks wait for nobody.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fvm_shared::clock::ChainEpoch;
use tracing::info;

use crate::clock::Clock;
use crate::stop::Stop;

/// Says why an epoch must not begin yet, if so. It is asked again until it has no reason any more.
pub type Hold = Box<dyn Fn(ChainEpoch) -> Option<String> + Send + Sync>;

/// How often is asked.
const LOOK: Duration = Duration::from_millis(20);
/// A clock that stood so long is worth a line.
const LONG: Duration = Duration::from_secs(10);

/// Waits until nothing holds an epoch back. False, if it was called off.
pub(crate) fn wait(hold: Option<&Hold>, clock: &Clock, epoch: ChainEpoch, stop: &Stop) -> bool {
    let Some(hold) = hold.filter(|_| clock.waits()) else {
        return !stop.is_stopped();
    };
    let start = Instant::now();
    let mut told = None;
    while let Some(why) = hold(epoch) {
        if told.as_ref() != Some(&why) {
            info!(epoch, %why, "the network waits: its time stands still");
            told = Some(why);
        }
        if !stop.wait(LOOK) {
            return false;
        }
    }
    if told.is_some() {
        let seconds = start.elapsed().as_secs_f64();
        info!(epoch, seconds, "the network goes on");
        // So much is known: from here on it stands for another reason, if it does.
        clock.stand_at(clock.now());
    }
    !stop.is_stopped()
}

/// Until when the miners of a process are ready: so far its clock goes.
pub(crate) struct Readiness {
    clock: Clock,
    until: Mutex<Vec<Duration>>,
}

/// That of one miner; whoever drops it is waited for no more.
pub(crate) struct Ready<'a> {
    all: &'a Readiness,
    miner: usize,
}

impl Readiness {
    /// Of so many miners.
    pub fn new(clock: Clock, miners: usize) -> Self {
        let until = Mutex::new(vec![Duration::MAX; miners]);
        Self { clock, until }
    }

    /// That of a miner, by its place.
    pub fn of(&self, miner: usize) -> Ready<'_> {
        Ready { all: self, miner }
    }
}

impl Ready<'_> {
    /// The miner has nothing to do before that time, since 1970.
    pub fn until(&self, time: Duration) {
        let until = self.all.until.lock();
        let mut until = until.unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = until.get_mut(self.miner) {
            *mine = time;
        }
        let first = until.iter().min().copied().unwrap_or(Duration::MAX);
        let stood = self.all.clock.stand_at(first);
        if stood >= LONG {
            let seconds = stood.as_secs();
            info!(
                seconds,
                "the network stood still: the machine slept, or was too busy for its block time"
            );
        }
    }
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        self.until(Duration::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_as_far_as_the_slowest_miner_is_ready_for() {
        let clock = Clock::resumed(1_000_000);
        // It stands, however long this thread is kept from what follows.
        clock.stand_at(Duration::ZERO);
        let from = clock.now();
        let at = |millis| from + Duration::from_millis(millis);
        let all = Readiness::new(clock.clone(), 2);
        let (one, other) = (all.of(0), all.of(1));
        one.until(at(50));
        other.until(at(60_000));
        std::thread::sleep(Duration::from_millis(120));
        assert_eq!(clock.now(), at(50));
        one.until(at(80));
        std::thread::sleep(Duration::from_millis(120));
        assert_eq!(clock.now(), at(80));
        // Its thread has ended.
        drop(one);
        std::thread::sleep(Duration::from_millis(20));
        assert!(clock.now() > at(80));
    }

    #[test]
    fn an_epoch_waits_until_nothing_holds_it_back() {
        let stop = Stop::default();
        let left = Mutex::new(3);
        let hold: Hold = Box::new(move |epoch| {
            let mut left = left.lock().unwrap();
            let why = (epoch == 7 && *left > 0).then(|| "a proof".to_owned());
            *left -= i32::from(why.is_some());
            why
        });
        let own = Clock::resumed(1_000_000);
        let start = Instant::now();
        assert!(wait(Some(&hold), &own, 7, &stop));
        assert!(start.elapsed() >= 3 * LOOK);
        let ever: Hold = Box::new(|_| Some("for ever".to_owned()));
        assert!(
            wait(Some(&ever), &Clock::wall(), 7, &stop),
            "a public network waits for nobody"
        );
        stop.stop();
        assert!(!wait(Some(&ever), &own, 7, &stop));
    }
}
