//! A bell: whoever works waits for it, whoever has news rings it. No ring is missed between a look and the waiting.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

impl Bell {
    pub fn ring(&self) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        *rings += 1;
        self.rung.notify_all();
    }

    /// How often it has rung.
    pub fn rings(&self) -> u64 {
        *self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it has rung more often than `heard`, at most so long.
    pub fn wait(&self, heard: u64, timeout: Duration) {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        // Woken or not: whoever waited looks.
        let _ = self
            .rung
            .wait_timeout_while(rings, timeout, |rings| *rings == heard);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_ring_before_the_waiting_is_heard() {
        let bell = Bell::default();
        let heard = bell.rings();
        bell.ring();
        let start = Instant::now();
        bell.wait(heard, Duration::from_secs(3_600));
        assert!(start.elapsed() < Duration::from_secs(1_800));
        bell.wait(bell.rings(), Duration::from_millis(1));
        assert_eq!(bell.rings(), 1);
    }
}
