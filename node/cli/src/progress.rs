//! How far long work is: on a terminal one line that is written anew, elsewhere a line now and then.

use std::fmt::Display;
use std::io::{IsTerminal, Write, stderr};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use filigree_rpc::json::filigree::TaskStatus;
use filigree_rpc::method::filigree::Tasks;
use filigree_store::Counts;

use crate::node::Node;

/// Between two writings on a terminal.
const BRISK: Duration = Duration::from_millis(200);
/// Between two lines elsewhere.
const CALM: Duration = Duration::from_secs(10);
/// Between two questions to a node how far it is.
const ASK: Duration = Duration::from_millis(500);

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

/// Does work that the node does, as a task with the id that `work` is given, and shows meanwhile how far the node says it is.
pub fn beside<T>(
    node: &Node,
    what: &str,
    work: impl FnOnce(Option<String>) -> Result<T>,
) -> Result<T> {
    let id = new_id();
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        let task = id.clone();
        scope.spawn(move || {
            let line = Line::default();
            let start = Instant::now();
            while is_done.recv_timeout(ASK) == Err(RecvTimeoutError::Timeout) {
                // It may not have begun, and a node that does not say is not to end the work.
                let tasks = node.call(Tasks {}).unwrap_or_default();
                let task = tasks.iter().find(|other| other.id == task);
                let (doing, done, total) = how_far(what, task);
                let seconds = start.elapsed().as_secs();
                line.show_at(doing, format_args!("{seconds} s"), done, total);
            }
            line.clear();
        });
        let result = work(Some(id));
        // The other thread ends.
        drop(done);
        result
    })
}

/// What is shown of a task: what it does now, if it says so, and how far it is.
fn how_far<'a>(what: &'a str, task: Option<&'a TaskStatus>) -> (&'a str, u64, u64) {
    let Some(task) = task else {
        return (what, 0, 0);
    };
    let doing = match task.stage.as_str() {
        "" => what,
        stage => stage,
    };
    (doing, task.done, task.total)
}

/// An id that no other task has.
fn new_id() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_nanos();
    format!("cli-{}-{now}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_node_says_of_its_work_is_shown() {
        let task = |stage: &str| TaskStatus {
            id: "1".to_owned(),
            name: "db gc".to_owned(),
            about: String::new(),
            stage: stage.to_owned(),
            done: 3,
            total: 4,
            unit: "blocks".to_owned(),
            started: String::new(),
            can_cancel: true,
            cancelled: false,
        };
        let marking = how_far("collecting", Some(&task("marking"))).0.to_owned();
        assert_eq!(marking, "marking");
        assert_eq!(how_far("collecting", Some(&task(""))), ("collecting", 3, 4));
        assert_eq!(how_far("collecting", None), ("collecting", 0, 0));
    }

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
