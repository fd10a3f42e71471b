//! How far long work is: on a terminal one line that is written anew, elsewhere a line now and then.

use std::io::{IsTerminal, Write, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two writings on a terminal.
const BRISK: Duration = Duration::from_millis(200);
/// Between two lines elsewhere.
const CALM: Duration = Duration::from_secs(10);

/// The line on standard error. Several threads may show things.
#[derive(Default)]
pub struct Line(Mutex<Option<Shown>>);

struct Shown {
    what: String,
    at: Instant,
}

impl Line {
    /// Shows what is being done, and how much of it is done; a total of 0 is not known. Most calls write nothing.
    pub fn show(&self, what: &str, done: u64, total: u64) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_terminal = stderr().is_terminal();
        let pause = if is_terminal { BRISK } else { CALM };
        let now = Instant::now();
        let is_due = last
            .as_ref()
            .is_none_or(|shown| shown.what != what || now.duration_since(shown.at) >= pause);
        if !is_due {
            return;
        }
        let share = match total {
            0 => String::new(),
            total => format!(" {}%", done.saturating_mul(100) / total),
        };
        let (start, end) = if is_terminal {
            ("\r\u{1b}[K", "")
        } else {
            ("", "\n")
        };
        // Who closed standard error does not want to know.
        let mut out = stderr().lock();
        let _ = write!(out, "{start}{what}{share}{end}").and_then(|()| out.flush());
        let what = what.to_owned();
        *last = Some(Shown { what, at: now });
    }

    /// Ends the line, so that something else can be written.
    pub fn clear(&self) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.take().is_some() && stderr().is_terminal() {
            let _ = write!(stderr(), "\r\u{1b}[K");
        }
    }
}
