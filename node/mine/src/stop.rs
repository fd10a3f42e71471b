//! Waiting that can be called off.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::Clock;

/// Longest time that the clock is not looked at: somebody may have set it.
const LOOK: Duration = Duration::from_secs(1);

/// Tells threads to end.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    stopped: Mutex<bool>,
    told: Condvar,
}

impl Stop {
    /// Tells them.
    pub fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.told.notify_all();
    }

    /// Whether they were told.
    pub fn is_stopped(&self) -> bool {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the clock shows a time since 1970. False, if it was called off.
    pub fn wait_until(&self, clock: &Clock, time: Duration) -> bool {
        self.wait_while(|| time.saturating_sub(clock.now()))
    }

    /// Waits for some time, whatever the clock on the wall does meanwhile. False, if it was called off.
    pub fn wait(&self, time: Duration) -> bool {
        let start = Instant::now();
        self.wait_while(|| time.saturating_sub(start.elapsed()))
    }

    /// Waits until nothing is left of a time. False, if it was called off.
    fn wait_while(&self, left: impl Fn() -> Duration) -> bool {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if *stopped {
                return false;
            }
            let left = left();
            if left.is_zero() {
                return true;
            }
            let woken = self.told.wait_timeout(stopped, left.min(LOOK));
            stopped = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_called_off_or_waits_as_long_as_it_was_told_to() {
        let stop = Stop::default();
        let (start, time) = (Instant::now(), Duration::from_millis(20));
        assert!(stop.wait(time) && start.elapsed() >= time);
        let own = Clock::resumed(1_000_000);
        let until = own.now() + time;
        assert!(stop.wait_until(&own, until) && own.now() >= until);
        stop.stop();
        assert!(!stop.wait(Duration::MAX) && !stop.wait_until(&own, Duration::MAX));
    }
}
