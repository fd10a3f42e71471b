//! Work that the node does for a command: shown while it goes on, called off by Ctrl-C.
//!
//! The first Ctrl-C has the node end the work, which may take it a moment; the second one leaves the work to the node.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use filigree_rpc::json::filigree::TaskStatus;
use filigree_rpc::method::filigree::{CancelTask, Tasks};
use tokio::signal::unix::{SignalKind, signal};

use crate::node::Node;
use crate::print;
use crate::progress::Line;

/// Between two looks at the node.
const LOOK: Duration = Duration::from_millis(300);
/// The exit code of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Has the node do some work, which is given the id of its task. `what` it is, for people.
pub fn beside<T>(
    node: &Node,
    what: &str,
    work: impl FnOnce(Option<String>) -> Result<T>,
) -> Result<T> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let nanos = since.unwrap_or_default().as_nanos();
    let id = format!("cli-{}-{nanos}", process::id());
    let (events, heard) = channel();
    hear_interrupts(Some(events.clone()));
    let result = watched(what, &id, node, (events, heard), || work(Some(id.clone())));
    hear_interrupts(None);
    result
}

/// What is heard while work goes on.
enum Heard {
    Interrupt,
    Done,
}

/// Whom the work is with.
trait Register: Sync {
    /// How a task is, if there is one.
    fn status(&self, id: &str) -> Option<TaskStatus>;
    /// Calls it off.
    fn cancel(&self, id: &str) -> Result<()>;
}

impl Register for Node {
    fn status(&self, id: &str) -> Option<TaskStatus> {
        let all = self.call(Tasks {}).ok()?;
        all.into_iter().find(|task| task.id == id)
    }

    fn cancel(&self, id: &str) -> Result<()> {
        let task = id.to_owned();
        self.call(CancelTask { task })
    }
}

fn watched<T>(
    what: &str,
    id: &str,
    register: &impl Register,
    (events, heard): (Sender<Heard>, Receiver<Heard>),
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    thread::scope(|scope| {
        scope.spawn(|| watch(what, id, register, heard));
        let result = work();
        // If nobody listens, the other thread has ended.
        _ = events.send(Heard::Done);
        result
    })
}

fn watch(what: &str, id: &str, register: &impl Register, heard: Receiver<Heard>) {
    let line = Line::default();
    let (mut is_wanted, mut is_cancelled) = (true, false);
    loop {
        match heard.recv_timeout(LOOK) {
            Ok(Heard::Interrupt) => is_wanted = false,
            Ok(Heard::Done) | Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        // It may not have begun yet.
        if !is_wanted && !is_cancelled {
            match register.cancel(id) {
                Ok(()) => is_cancelled = true,
                Err(error) => {
                    let again = "Ctrl-C once more leaves it to the node";
                    line.show_at(&format!("{what}: {error:#}; {again}"), "", 0, 0);
                    continue;
                }
            }
        }
        match register.status(id) {
            Some(task) if is_cancelled => {
                line.show(&format!("stopping: {what}"), task.done, task.total)
            }
            Some(task) => line.show_at(&stage(what, &task), amount(&task), task.done, task.total),
            None => line.show(what, 0, 0),
        }
    }
    line.clear();
}

fn stage(what: &str, task: &TaskStatus) -> String {
    match print::plain(&task.stage).as_str() {
        "" => what.to_owned(),
        stage if stage == what => stage.to_owned(),
        stage => format!("{what}: {stage}"),
    }
}

/// How much is done: `3 of 10 epochs`.
pub fn amount(task: &TaskStatus) -> String {
    let (done, total) = (print::digits(task.done), print::digits(task.total));
    match (task.done, task.total) {
        (0, 0) => String::new(),
        (_, 0) => done,
        (_, 100) => String::new(),
        _ => format!("{done} of {total} {}", print::plain(&task.unit)),
    }
}

/// Has the first Ctrl-C told to somebody; the next one ends the program, whatever it waits for: the node may not answer. Where it is told
/// to nobody, the first one does.
fn hear_interrupts(events: Option<Sender<Heard>>) {
    static TOLD: Mutex<Option<Sender<Heard>>> = Mutex::new(None);
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    static LISTENING: Once = Once::new();
    let told = || TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    *told() = events;
    IS_TOLD.store(false, Ordering::SeqCst);
    LISTENING.call_once(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        // Where nobody can listen, Ctrl-C ends the program.
        let Ok(runtime) = runtime else {
            return;
        };
        // From here on, not only when the thread runs.
        let interrupts = {
            let _within = runtime.enter();
            signal(SignalKind::interrupt())
        };
        let Ok(mut interrupts) = interrupts else {
            return;
        };
        let listen = async move {
            while interrupts.recv().await.is_some() {
                let told = told();
                let Some(events) = &*told else {
                    process::exit(INTERRUPTED);
                };
                if IS_TOLD.swap(true, Ordering::SeqCst) {
                    eprintln!(
                        "\nleft to the node, which may go on with it; `filigree status` shows how far it is"
                    );
                    process::exit(INTERRUPTED);
                }
                // Whoever does not listen any more is done.
                _ = events.send(Heard::Interrupt);
            }
        };
        thread::spawn(move || runtime.block_on(listen));
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use anyhow::bail;

    use super::*;

    /// A node whose work goes on until it is called off, which it can be from the third try on.
    #[derive(Default)]
    struct Busy {
        tries: AtomicUsize,
        is_cancelled: AtomicBool,
    }

    impl Busy {
        fn work(&self) -> Result<()> {
            while !self.is_cancelled.load(Ordering::SeqCst) {
                thread::sleep(Duration::from_millis(1));
            }
            bail!("stopped before it was done")
        }
    }

    impl Register for Busy {
        fn status(&self, id: &str) -> Option<TaskStatus> {
            assert_eq!(id, "mine");
            None
        }

        fn cancel(&self, id: &str) -> Result<()> {
            assert_eq!(id, "mine");
            let tries = self.tries.fetch_add(1, Ordering::SeqCst);
            if tries < 2 {
                bail!("there is no such task");
            }
            self.is_cancelled.store(true, Ordering::SeqCst);
            Ok(())
        }
    }

    fn interrupted(busy: &Busy) -> String {
        let (events, heard) = channel();
        events.send(Heard::Interrupt).unwrap();
        let result = watched("checking", "mine", busy, (events, heard), || busy.work());
        result.unwrap_err().to_string()
    }

    #[test]
    fn an_interrupt_calls_work_off_as_soon_as_it_has_begun() {
        let busy = Busy::default();
        assert_eq!(interrupted(&busy), "stopped before it was done");
        assert_eq!(busy.tries.into_inner(), 3);
    }

    #[test]
    fn amounts_are_told_as_far_as_they_are_known() {
        let mut task = TaskStatus {
            id: "1".to_owned(),
            name: "database check".to_owned(),
            about: String::new(),
            stage: "checking".to_owned(),
            done: 0,
            total: 0,
            unit: "epochs".to_owned(),
            started: String::new(),
            can_cancel: true,
            cancelled: false,
        };
        assert_eq!(
            (stage("checking", &task), amount(&task)),
            ("checking".to_owned(), String::new())
        );
        (task.done, task.stage) = (3, "marking".to_owned());
        assert_eq!(stage("collecting", &task), "collecting: marking");
        assert_eq!(amount(&task), "3");
        task.total = 10;
        assert_eq!(amount(&task), "3 of 10 epochs");
    }
}
