//! Waiting that can be called off.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

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
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if *stopped {
                return false;
            }
            let left = time.saturating_sub(clock.now());
            if left.is_zero() {
                return true;
            }
            let woken = self.told.wait_timeout(stopped, left.min(LOOK));
            stopped = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for some time. False, if it was called off.
    pub fn wait(&self, time: Duration) -> bool {
        let clock = Clock::wall();
        let until = clock.now().saturating_add(time);
        self.wait_until(&clock, until)
    }
}
