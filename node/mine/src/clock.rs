//! What time it is for a network.
//!
//! Public networks have the time of everybody. A development network may have stood still for a night, or run on a machine that is too
//! busy for it, and would find thousands of epochs without a block behind it, in which no sector was proved, all power lost, and no block
//! possible ever after. So its clock goes on where it stopped ([`Clock::resumed`]), and does not run away from its miners; it does not read the
//! system's clock, which somebody may set. And in tests, or where blocks come on demand, time is what has been asked for
//! ([`Clock::virtual_from`]).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock. Clones show the same time.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's clock.
    Wall,
    /// That of a network of one's own: it runs as time passes, and stands while its miners are not ready to go on.
    Own(Arc<Mutex<Own>>),
    /// Seconds since 1970, which pass when epochs are asked for.
    Virtual(Arc<AtomicU64>),
}

/// See [`Clock::Own`].
#[derive(Clone, Copy, Debug)]
pub struct Own {
    /// When it began to run.
    began: Instant,
    /// What it showed then.
    first: Duration,
    /// How long it stood since.
    stood: Duration,
    /// The time at which it stands.
    limit: Duration,
}

impl Own {
    /// What it would show if it did not stand.
    fn running(&self) -> Duration {
        let ran = self.began.elapsed().saturating_sub(self.stood);
        self.first.saturating_add(ran)
    }
}

impl Clock {
    /// The time of everybody.
    pub fn wall() -> Self {
        Self::Wall
    }

    /// A clock that shows this time now, seconds since 1970, and goes on as clocks do: the time of a network's head, whether the
    /// system's clock has come so far or was put back since.
    pub fn resumed(at_seconds: u64) -> Self {
        Self::Own(Arc::new(Mutex::new(Own {
            began: Instant::now(),
            first: Duration::from_secs(at_seconds),
            stood: Duration::ZERO,
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
        own.stood += stood;
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

#[cfg(not(test))]
fn since_1970() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}

#[cfg(test)]
use set::since_1970;

/// A system clock that a test can set, for its own thread.
#[cfg(test)]
pub(crate) mod set {
    use std::cell::Cell;

    use super::{Duration, SystemTime, UNIX_EPOCH};

    thread_local! {
        static BACK: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    /// Puts it back so far.
    pub fn back(by: Duration) {
        BACK.set(by);
    }

    pub fn since_1970() -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.unwrap_or_default().saturating_sub(BACK.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn a_system_clock_that_is_set_moves_the_time_of_everybody_and_no_other() {
        let own = Clock::resumed(1_000_000);
        let before = (own.now(), Clock::wall().now());
        set::back(DAY);
        let back = (own.now(), Clock::wall().now());
        set::back(Duration::ZERO);
        let forward = own.now();
        assert!(back.1 < before.1);
        assert!(before.0 <= back.0 && back.0 <= forward);
        assert!(forward < before.0 + DAY / 2, "{forward:?}");
    }

    #[test]
    fn a_network_that_stood_still_goes_on_where_it_stopped() {
        let now = since_1970().as_secs();
        let resumed = Clock::resumed(now - 100_000);
        assert!((now - 100_000..now - 99_990).contains(&resumed.now_seconds()));
        // The system's clock was put back meanwhile: the last block would be from the future.
        let ahead = Clock::resumed(now + 100_000);
        assert!((now + 100_000..now + 100_100).contains(&ahead.now_seconds()));
    }

    #[test]
    fn a_network_of_ones_own_stands_until_its_miners_are_ready_and_goes_on_from_there() {
        let clock = Clock::resumed(1_000_000);
        let same = clock.clone();
        // It stands, however long this thread is kept from what follows.
        clock.stand_at(Duration::ZERO);
        let limit = clock.now() + Duration::from_millis(30);
        clock.stand_at(limit);
        std::thread::sleep(Duration::from_millis(130));
        assert_eq!(same.now(), limit);
        let stood = same.stand_at(limit + Duration::from_secs(1_000));
        assert!(stood >= Duration::from_millis(90), "{stood:?}");
        let on = clock.now();
        assert!(on >= limit && on < limit + Duration::from_secs(900));
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
