//! How far long work is: on a terminal one line that is written anew, elsewhere a line now and then.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use filigree_store::Counts;

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
        self.show_at(what, "", done, total);
    }

    /// As [`show`](Self::show), of work on a store.
    pub fn counts(&self, counts: Counts) {
        self.show(counts.doing, counts.done, counts.total);
    }

    /// As [`show`](Self::show), with a word on where it is. A new `what` is written at once, a new `place` when it is time.
    pub fn show_at(&self, what: &str, place: impl Display, done: u64, total: u64) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_terminal = stderr().is_terminal();
        let pause = if is_terminal { BRISK } else { CALM };
        let now = Instant::now();
        if !is_due(last.as_ref(), what, now, pause) {
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
        let text = format!("{what} {place}");
        // Who closed standard error does not want to know.
        let mut out = stderr().lock();
        let _ = write!(out, "{start}{}{share}{end}", text.trim_end()).and_then(|()| out.flush());
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

fn is_due(last: Option<&Shown>, what: &str, now: Instant, pause: Duration) -> bool {
    last.is_none_or(|shown| shown.what != what || now.duration_since(shown.at) >= pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_with_other_work_or_when_it_is_time() {
        let start = Instant::now();
        let shown = Shown {
            what: "checking".to_owned(),
            at: start,
        };
        let is_due = |what, millis| {
            is_due(
                Some(&shown),
                what,
                start + Duration::from_millis(millis),
                CALM,
            )
        };
        assert!(super::is_due(None, "checking", start, CALM));
        assert!(!is_due("checking", 9_999) && is_due("checking", 10_000));
        assert!(is_due("collecting", 0));
    }
}
