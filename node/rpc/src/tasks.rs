//! Long work of the running node: what is being done, how much of it is, and how it is called off.
//!
//! Whoever begins such work has a [`Task`] of it, says now and then how far it is, and hears by that whether to go on. The task is in the
//! register until it is dropped, however the work ends. A caller that wants to find its own work again gives it an id.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::json::filigree::TaskStatus;
use crate::time::rfc3339;

/// Longest id that a caller gives.
const MAX_ID_BYTES: usize = 64;
/// Most tasks at once.
const MOST_TASKS: usize = 256;

/// Why work cannot begin, or be called off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// An id that nobody could type.
    #[error(
        "{0:?} is no id of a task: up to {MAX_ID_BYTES} letters, digits, dots, dashes and underscores are"
    )]
    Id(String),
    /// An id that is taken.
    #[error("there is a task {0} already")]
    Taken(String),
    /// Much is going on.
    #[error("{MOST_TASKS} tasks are going on; try again when one is done")]
    TooMany,
    /// There is no such work.
    #[error("there is no task {0}; it may be done")]
    Unknown(String),
    /// Work that goes to its end.
    #[error("the task {0} cannot be called off: the chain waits for it")]
    Unstoppable(String),
}

/// The register. Clones are one.
#[derive(Clone, Default)]
pub struct Tasks(Arc<Register>);

#[derive(Default)]
struct Register {
    /// By number: in the order in which they began.
    running: Mutex<BTreeMap<u64, Entry>>,
    next: AtomicU64,
}

struct Entry {
    status: TaskStatus,
    /// None of work that cannot be called off.
    cancelled: Option<Arc<AtomicBool>>,
}

/// What a piece of work is.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// A name: `snapshot export`.
    pub name: &'static str,
    /// What is counted: `epochs`.
    pub unit: &'static str,
    /// Whether it can be called off.
    pub can_cancel: bool,
}

/// Work that is going on. Clones are the same; it ends with the last.
#[derive(Clone)]
pub struct Task(Arc<Running>);

struct Running {
    register: Tasks,
    number: u64,
    cancelled: Option<Arc<AtomicBool>>,
}

impl Tasks {
    /// Begins work on something: a file, say. `id` is the caller's, if it gives one.
    ///
    /// # Errors
    /// When that is none or taken, or too much is going on.
    pub fn begin(
        &self,
        kind: Kind,
        about: impl Into<String>,
        id: Option<&str>,
    ) -> Result<Task, TaskError> {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed) + 1;
        let id = match id {
            Some(id) => checked(id)?.to_owned(),
            None => number.to_string(),
        };
        let cancelled = kind.can_cancel.then(Arc::default);
        let mut running = self.running();
        if running.values().any(|entry| entry.status.id == id) {
            return Err(TaskError::Taken(id));
        }
        if running.len() >= MOST_TASKS {
            return Err(TaskError::TooMany);
        }
        let status = TaskStatus {
            id,
            name: kind.name.to_owned(),
            about: about.into(),
            stage: String::new(),
            done: 0,
            total: 0,
            unit: kind.unit.to_owned(),
            started: rfc3339(SystemTime::now()),
            can_cancel: kind.can_cancel,
            cancelled: false,
        };
        let entry = Entry {
            status,
            cancelled: cancelled.clone(),
        };
        running.insert(number, entry);
        drop(running);
        Ok(Task(Arc::new(Running {
            register: self.clone(),
            number,
            cancelled,
        })))
    }

    /// What is going on, in the order in which it began.
    pub fn all(&self) -> Vec<TaskStatus> {
        let running = self.running();
        running.values().map(|entry| entry.status.clone()).collect()
    }

    /// Calls work off. It ends when it says the next time how far it is.
    ///
    /// # Errors
    /// When there is none with this id, or it cannot be called off.
    pub fn cancel(&self, id: &str) -> Result<(), TaskError> {
        let mut running = self.running();
        let entry = running.values_mut().find(|entry| entry.status.id == id);
        let entry = entry.ok_or_else(|| TaskError::Unknown(id.to_owned()))?;
        let flag = entry.cancelled.as_ref();
        let flag = flag.ok_or_else(|| TaskError::Unstoppable(id.to_owned()))?;
        flag.store(true, Ordering::Release);
        entry.status.cancelled = true;
        Ok(())
    }

    /// Calls all work off that can be: the process ends.
    pub fn cancel_all(&self) {
        for entry in self.running().values_mut() {
            if let Some(flag) = &entry.cancelled {
                flag.store(true, Ordering::Release);
                entry.status.cancelled = true;
            }
        }
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn checked(id: &str) -> Result<&str, TaskError> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_good = (1..=MAX_ID_BYTES).contains(&id.len()) && id.chars().all(is_plain);
    match is_good {
        true => Ok(id),
        false => Err(TaskError::Id(id.chars().take(MAX_ID_BYTES).collect())),
    }
}

impl Task {
    /// Says how far it is, of how much; 0 if that is not known. Break says that it was called off.
    pub fn tell(&self, done: u64, total: u64) -> ControlFlow<()> {
        self.change(|status| (status.done, status.total) = (done, total));
        self.go_on()
    }

    /// The same, with what is being done now: `marking`.
    pub fn tell_at(&self, stage: &str, done: u64, total: u64) -> ControlFlow<()> {
        self.change(|status| {
            stage.clone_into(&mut status.stage);
            (status.done, status.total) = (done, total);
        });
        self.go_on()
    }

    /// Whether it goes on: Break says that it was called off.
    pub fn go_on(&self) -> ControlFlow<()> {
        let flag = self.0.cancelled.as_ref();
        match flag.is_some_and(|flag| flag.load(Ordering::Acquire)) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    fn change(&self, change: impl FnOnce(&mut TaskStatus)) {
        if let Some(entry) = self.0.register.running().get_mut(&self.0.number) {
            change(&mut entry.status);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.register.running().remove(&self.number);
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.0.number).finish()
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: Kind = Kind {
        name: "check",
        unit: "epochs",
        can_cancel: true,
    };
    const MIGRATION: Kind = Kind {
        name: "migration",
        unit: "actors",
        can_cancel: false,
    };

    #[test]
    fn work_is_told_until_it_ends() {
        let tasks = Tasks::default();
        let check = tasks.begin(CHECK, "chain", None).unwrap();
        let migration = tasks.begin(MIGRATION, "epoch 7", Some("mine")).unwrap();
        assert!(check.tell_at("reading", 3, 10).is_continue());
        let names = || -> Vec<String> {
            let all = tasks.all().into_iter();
            all.map(|task| format!("{} {} {}/{}", task.id, task.name, task.done, task.total))
                .collect()
        };
        assert_eq!(names(), ["1 check 3/10", "mine migration 0/0"]);
        assert_eq!(tasks.all()[0].stage, "reading");
        drop(check);
        assert!(migration.tell(1, 2).is_continue());
        assert_eq!(names(), ["mine migration 1/2"]);
        // Also if it ends by a panic.
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _migration = migration;
            panic!("in a test");
        }));
        assert!(ended.is_err() && tasks.all().is_empty());
    }

    #[test]
    fn work_is_called_off_by_its_id() {
        let tasks = Tasks::default();
        let check = tasks.begin(CHECK, "chain", Some("a")).unwrap();
        let other = tasks.begin(CHECK, "chain", Some("b")).unwrap();
        tasks.cancel("a").unwrap();
        assert!(check.tell(1, 2).is_break() && other.tell(1, 2).is_continue());
        assert!(tasks.all()[0].cancelled && !tasks.all()[1].cancelled);
        let migration = tasks.begin(MIGRATION, "epoch 7", Some("c")).unwrap();
        let refused = tasks.cancel("c");
        assert_eq!(refused, Err(TaskError::Unstoppable("c".to_owned())));
        assert_eq!(tasks.cancel("d"), Err(TaskError::Unknown("d".to_owned())));
        tasks.cancel_all();
        assert!(other.go_on().is_break() && migration.go_on().is_continue());
    }

    #[test]
    fn ids_are_short_and_each_is_there_once() {
        let tasks = Tasks::default();
        let _first = tasks.begin(CHECK, "chain", Some("a.b-c_1")).unwrap();
        let again = tasks.begin(CHECK, "chain", Some("a.b-c_1"));
        assert_eq!(again.err(), Some(TaskError::Taken("a.b-c_1".to_owned())));
        for id in ["", "with space", "line\n", &"x".repeat(65), "ü"] {
            let refused = tasks.begin(CHECK, "chain", Some(id));
            assert!(matches!(refused, Err(TaskError::Id(_))), "{id:?}");
        }
        let all: Vec<_> = (1..MOST_TASKS)
            .map(|_| tasks.begin(CHECK, "chain", None).unwrap())
            .collect();
        let refused = tasks.begin(CHECK, "chain", None);
        assert_eq!(refused.err(), Some(TaskError::TooMany));
        drop(all);
        assert_eq!(tasks.all().len(), 1);
    }
}
