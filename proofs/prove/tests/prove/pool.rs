//! Workers of a pool together take no more threads and memory than it has. They are scripts that say when they begin and
//! when they end, and end when they are told to.

use std::fs;
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use filigree_proofs_prove::{Control, Outcome, Pool, PoolLimits, ProveError, Result, Task};

use crate::support::*;

/// A worker: it names itself by the sector of its task.
const SCRIPT: &str = r#"
    read -r task
    name=$(echo "$task" | sed 's/.*"number":\([0-9]*\).*/\1/')
    echo "begin $name $RAYON_NUM_THREADS" >> log
    while ! test -e "go-$name"; do sleep 0.02; done
    echo "end $name" >> log
    echo '{"outcome":"done"}'
"#;
/// Longer than it takes to begin a worker that there is room for.
const A_WHILE: Duration = Duration::from_millis(300);
const MIB: u64 = 1 << 20;

/// Scripts as workers.
struct Scripts {
    farm: Farm,
}

impl Scripts {
    fn new() -> Self {
        Self { farm: Farm::new() }
    }

    /// Without a reserve.
    fn pool(&self, threads: usize, memory_bytes: u64) -> Pool {
        let limits = PoolLimits {
            threads,
            memory_bytes,
        };
        Pool::new(self.farm.script(SCRIPT), limits).with_reserve(PoolLimits::default())
    }

    /// A task of one thread and 256 MiB.
    fn task(&self, number: u64) -> Task {
        Task::PreCommit1 {
            root: self.farm.root(),
            sector: sector(number),
        }
    }

    fn log(&self) -> Vec<String> {
        let log = fs::read_to_string(self.farm.path().join("log"));
        log.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Waits until so many have begun.
    fn begun(&self, count: usize) {
        let began = Instant::now();
        while self.count("begin") < count {
            if began.elapsed() > PATIENCE {
                self.end_all();
                panic!("{:?}", self.log());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn count(&self, what: &str) -> usize {
        let log = self.log();
        log.iter().filter(|line| line.starts_with(what)).count()
    }

    /// Lets the worker at a sector end.
    fn end(&self, number: u64) {
        fs::write(self.farm.path().join(format!("go-{number}")), "").unwrap();
    }

    fn end_all(&self) {
        (1..=6).for_each(|number| self.end(number));
    }

    /// How many ran at a time, at most.
    fn most(&self) -> usize {
        let mut most = 0;
        self.log().iter().fold(0, |now, line| {
            let now = match line.starts_with("begin") {
                true => now + 1,
                false => now - 1,
            };
            most = most.max(now);
            now
        });
        most
    }
}

/// Runs six tasks, of which `at_once` have room.
#[track_caller]
fn check(threads: usize, memory_bytes: u64, at_once: usize) {
    let scripts = Scripts::new();
    let pool = scripts.pool(threads, memory_bytes);
    thread::scope(|scope| {
        let run = |number| {
            let (pool, task) = (&pool, scripts.task(number));
            scope.spawn(move || pool.run(&task, &Control::default()))
        };
        let runs: Vec<ScopedJoinHandle<'_, Result<Outcome>>> = (1..=6).map(run).collect();
        scripts.begun(at_once);
        thread::sleep(A_WHILE);
        let begun = scripts.count("begin");
        scripts.end_all();
        for run in runs {
            assert_eq!(run.join().unwrap().unwrap(), Outcome::Done);
        }
        assert_eq!(begun, at_once);
    });
    assert_eq!(scripts.count("end"), 6);
    assert_eq!(scripts.most(), at_once, "{:?}", scripts.log());
    let threads = scripts.log().into_iter();
    let mut threads = threads.filter(|line| line.starts_with("begin"));
    assert!(threads.all(|line| line.ends_with(" 1")));
}

#[test]
fn no_more_run_than_there_are_threads() {
    check(1, u64::MAX, 1);
    check(3, u64::MAX, 3);
}

#[test]
fn no_more_run_than_there_is_memory_for() {
    check(100, 300 * MIB, 1);
    check(100, 600 * MIB, 2);
}

#[test]
fn what_needs_more_than_the_whole_pool_runs_alone() {
    check(100, MIB, 1);
}

#[test]
fn a_task_that_waits_can_be_stopped() {
    let scripts = Scripts::new();
    let pool = scripts.pool(1, u64::MAX);
    let (first, second) = (scripts.task(1), scripts.task(2));
    let control = Control::default();
    thread::scope(|scope| {
        let running = scope.spawn(|| pool.run(&first, &Control::default()));
        scripts.begun(1);
        let waiting = scope.spawn(|| pool.run(&second, &control));
        thread::sleep(A_WHILE);
        let waited = !waiting.is_finished();
        control.stop();
        let stopped = waiting.join().unwrap();
        let ended = scripts.count("end");
        scripts.end(1);
        assert_eq!(running.join().unwrap().unwrap(), Outcome::Done);
        assert!(waited);
        assert!(matches!(stopped, Err(ProveError::Cancelled)), "{stopped:?}");
        assert_eq!(ended, 0, "the first was running still");
    });
    assert_eq!(scripts.log(), ["begin 1 1", "end 1"]);
}
