//! What time it is for a network.
//!
//! Public networks have the time of everybody. A development network may have stood still for a night, or run on a machine that is too
//! busy for it, and would find thousands of epochs without a block behind it, in which no sector was proved, all power lost, and no block
//! possible ever after. So its clock goes on where it stopped ([`Clock::resumed`]), and does not run away from its miners. And in tests, or
//! where blocks come on demand, time is what has been asked for ([`Clock::virtual_from`]).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock. Clones show the same time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    Wall,
    /// That of a network of one's own: it runs with the system's, and stands while its miners are not ready to go on.
    Own(Arc<Mutex<Own>>),
    /// Seconds since 1970, which pass when epochs are asked for.
    Virtual(Arc<AtomicU64>),
}

/// See [`Clock::Own`].
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// How far behind the system's clock it is when it runs.
    behind: Duration,
    /// The time at which it stands.
    limit: Duration,
}

impl Own {
    /// What it would show if it did not stand.
    fn running(&self) -> Duration {
        since_1970().saturating_sub(self.behind)
    }
}

impl Clock {
    /// The time of everybody.
    pub fn wall() -> Self {
        Self::Wall
    }

    /// A clock that shows this time now, seconds since 1970, and goes on as clocks do; the time of everybody, if that is not
    /// later.
    pub fn resumed(at_seconds: u64) -> Self {
        Self::Own(Arc::new(Mutex::new(Own {
            behind: since_1970().saturating_sub(Duration::from_secs(at_seconds)),
            limit: Duration::MAX,
        })))
    }

    /// A clock that stands at this time, seconds since 1970, until epochs are asked for.
    pub fn virtual_from(seconds: u64) -> Self {
        Self::Virtual(Arc::new(AtomicU64::new(seconds)))
    }

    /// The time since 1970.
    pub fn now(&self) -> Duration {
        match self {
            Self::Wall => since_1970(),
            Self::Own(own) => {
                let own = own.lock().unwrap_or_else(PoisonError::into_inner);
                own.running().min(own.limit)
            }
            Self::Virtual(seconds) => Duration::from_secs(seconds.load(Ordering::Acquire)),
        }
    }

    /// The same in whole seconds, as blocks have it.
    pub fn now_seconds(&self) -> u64 {
        self.now().as_secs()
    }

    /// Whether time passes when it is asked to.
    pub fn is_virtual(&self) -> bool {
        matches!(self, Self::Virtual(_))
    }

    /// Whether it is the network's own, and waits for its miners.
    pub fn waits(&self) -> bool {
        !matches!(self, Self::Wall)
    }

    /// Has a clock that waits stand at this time, or now, if that is later, and go on if it stands. Gives how long it stood.
    pub(crate) fn stand_at(&self, limit: Duration) -> Duration {
        let Self::Own(own) = self else {
            return Duration::ZERO;
        };
        let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
        let stood = own.running().saturating_sub(own.limit);
        own.behind += stood;
        own.limit = limit.max(own.running());
        stood
    }

    /// Puts a virtual clock forward, never back.
    pub(crate) fn reach(&self, seconds: u64) {
        if let Self::Virtual(now) = self {
            now.fetch_max(seconds, Ordering::AcqRel);
        }
    }
}

fn since_1970() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_stood_still_goes_on_where_it_stopped() {
        let now = since_1970().as_secs();
        let resumed = Clock::resumed(now - 100_000);
        assert!((now - 100_000..now - 99_990).contains(&resumed.now_seconds()));
        // Its last block is not from the future.
        let ahead = Clock::resumed(now + 500);
        assert!((now..now + 10).contains(&ahead.now_seconds()));
    }

    #[test]
    fn a_network_of_ones_own_stands_until_its_miners_are_ready_and_goes_on_from_there() {
        let clock = Clock::resumed(1_000_000);
        let same = clock.clone();
        let limit = clock.now() + Duration::from_millis(30);
        clock.stand_at(limit);
        std::thread::sleep(Duration::from_millis(130));
        assert_eq!(same.now(), limit);
        let stood = same.stand_at(limit + Duration::from_secs(1_000));
        assert!(stood >= Duration::from_millis(90), "{stood:?}");
        let on = clock.now();
        assert!(on >= limit && on < limit + Duration::from_secs(30));
        // It is not put back.
        clock.stand_at(Duration::from_secs(5));
        assert!(clock.now() >= on);
        // The time of everybody waits for nobody.
        Clock::wall().stand_at(Duration::from_secs(5));
        assert!(Clock::wall().now() > Duration::from_secs(1_700_000_000));
    }

    #[test]
    fn a_virtual_clock_stands_and_is_never_put_back() {
        let clock = Clock::virtual_from(1_000);
        let same = clock.clone();
        assert_eq!(clock.now_seconds(), 1_000);
        same.reach(1_004);
        same.reach(999);
        assert_eq!(clock.now_seconds(), 1_004);
    }
}
