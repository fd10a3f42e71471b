//! Files of state, which may take minutes to index, and telling how far that has come.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;
use filigree_sandbox::{Builder, Sandbox};

use crate::print;

/// No line of progress follows another sooner.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// Lines of progress on standard error.
pub struct Ticker(Mutex<Instant>);

impl Ticker {
    /// The first line comes after a while.
    pub fn new() -> Ticker {
        Ticker(Mutex::new(Instant::now()))
    }

    /// Tells how much is done of all, unless it was told just now.
    pub fn tell(&self, done: impl TryInto<u64>, all: impl TryInto<u64>, what: &str) {
        // Another thread that holds it just told.
        let Ok(mut last) = self.0.try_lock() else {
            return;
        };
        if last.elapsed() >= PROGRESS_INTERVAL {
            *last = Instant::now();
            eprintln!("{} of {} {what}", print::number(done), print::number(all));
        }
    }
}

/// A sandbox on a file of state.
pub fn open(builder: Builder, path: &Path) -> Result<Sandbox> {
    let ticker = Ticker::new();
    let what = format!("MiB of {} read", path.display());
    let progress = |read: u64, all: u64| ticker.tell(read >> 20, all >> 20, &what);
    Ok(builder.fork_telling(path, &progress)?)
}
