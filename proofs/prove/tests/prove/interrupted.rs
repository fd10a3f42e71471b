//! A worker killed at any moment leaves nothing that looks whole, and the next one comes to the same result.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::params::PARENTS_VARIABLE;
use filigree_proofs_prove::{Control, Event, Outcome, Pool, PoolLimits, ProveError, Step, Task};

use crate::support::*;

/// When a worker is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    /// After so many lines of its output.
    Lines(usize),
    /// After so much time.
    Time(Duration),
}

/// Runs a task in a worker and kills that. Gives the lines it wrote.
fn run_and_kill(farm: &Farm, task: &Task, kill: Kill) -> Vec<String> {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_filigree-prove-worker"))
        .env(PARENTS_VARIABLE, farm.path().join("parents"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = worker.stdin.as_mut().unwrap();
    stdin.write_all(&serde_json::to_vec(task).unwrap()).unwrap();
    stdin.write_all(b"\n").unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    let mut seen = Vec::new();
    match kill {
        Kill::Lines(count) => {
            seen.extend(lines.by_ref().take(count).map(Result::unwrap));
        }
        Kill::Time(after) => thread::sleep(after),
    }
    worker.kill().unwrap();
    worker.wait().unwrap();
    seen.extend(lines.map_while(Result::ok));
    seen
}

fn tasks(farm: &Farm) -> [Task; 3] {
    let (piece, _) = farm.piece("piece", 1024);
    let (update, _) = farm.piece("update", 512);
    let (root, sector) = (farm.root(), sector(1));
    [
        Task::Pieces {
            root: root.clone(),
            sector,
            files: vec![piece],
        },
        Task::PreCommit2 {
            root: root.clone(),
            sector,
        },
        Task::UpdateEncode {
            root,
            sector,
            files: vec![update],
        },
    ]
}

/// What is at the places of whole files must be whole: of a sector's length, or a cache with its last file.
fn check_whole(farm: &Farm) {
    let layout = farm.layout();
    for place in [Place::Unsealed, Place::Sealed, Place::Update] {
        if let Ok(file) = std::fs::metadata(layout.whole(place, sector(1).id)) {
            assert_eq!(file.len(), 2048, "{place:?}");
        }
    }
    for place in [Place::Cache, Place::UpdateCache] {
        let folder = layout.whole(place, sector(1).id);
        assert_eq!(folder.exists(), folder.join("t_aux").exists(), "{place:?}");
    }
}

#[test]
fn a_kill_at_any_moment_changes_no_result() {
    let whole = Farm::new();
    let expected = tasks(&whole).map(|task| whole.run(&task).unwrap());
    let trees = files(&whole.root().join("sealed"));

    let mut kills: Vec<Kill> = (0..4).map(Kill::Lines).collect();
    kills.extend((0..12).map(|step| Kill::Time(Duration::from_millis(step * step))));
    let mut began = BTreeSet::new();
    for kill in kills {
        let farm = Farm::new();
        // The parents of the graph are the same for all.
        for (name, bytes) in files(&whole.path().join("parents")) {
            std::fs::write(farm.path().join("parents").join(name), bytes).unwrap();
        }
        for (task, expected) in tasks(&farm).iter().zip(&expected) {
            for line in run_and_kill(&farm, task, kill) {
                began.insert(line);
            }
            check_whole(&farm);
            // Killed once more, later, then left alone.
            run_and_kill(&farm, task, Kill::Time(Duration::from_millis(30)));
            check_whole(&farm);
            assert_eq!(&farm.run(task).unwrap(), expected, "{kill:?}");
        }
        assert_eq!(files(&farm.root().join("sealed")), trees, "{kill:?}");
        assert!(!farm.layout().partials(sector(1).id).exists(), "{kill:?}");
    }
    for step in [
        Step::Pieces,
        Step::PreCommit1,
        Step::PreCommit2,
        Step::UpdateEncode,
    ] {
        let started = format!("\"started\":\"{step}\"");
        assert!(
            began.iter().any(|line| line.contains(&started)),
            "{step}: {began:?}"
        );
    }
}

#[test]
fn a_stopped_task_ends_at_once() {
    let farm = Farm::new();
    let (heard, events) = mpsc::channel();
    let control = Control::new(move |event| {
        let _ = heard.send(event);
    });
    let [pieces, seal, _] = tasks(&farm);
    farm.run(&pieces).unwrap();
    let stopper = control.clone();
    let stop = thread::spawn(move || {
        let first = events.recv().unwrap();
        stopper.stop();
        (first, Instant::now())
    });
    let result = farm.workers().run(&seal, 2, &control);
    let (first, stopped) = stop.join().unwrap();
    assert_eq!(first, Event::Started(Step::PreCommit1));
    // It may have been done before it was stopped.
    match result {
        Err(ProveError::Cancelled) => assert!(stopped.elapsed() < Duration::from_secs(2)),
        Ok(Outcome::Sealed(_)) => (),
        other => panic!("{other:?}"),
    }
    // And a task that is stopped before it begins does nothing.
    let error = farm.workers().run(&pieces, 1, &control).unwrap_err();
    assert!(matches!(error, ProveError::Cancelled), "{error}");
}

#[test]
fn a_worker_that_dies_is_an_error() {
    let farm = Farm::new();
    let mut workers = farm.workers();
    workers.program = "/bin/false".into();
    let [task, ..] = tasks(&farm);
    let error = workers.run(&task, 1, &Control::default()).unwrap_err();
    assert!(matches!(error, ProveError::Worker(_)), "{error}");
    workers.program = farm.path().join("absent");
    let error = workers.run(&task, 1, &Control::default()).unwrap_err();
    assert!(matches!(error, ProveError::Worker(_)), "{error}");
}

#[test]
fn a_pool_runs_what_there_is_room_for() {
    let farm = Farm::new();
    let limits = PoolLimits {
        threads: 2,
        memory_bytes: 1 << 30,
    };
    let pool = Pool::new(farm.workers(), limits);
    let results: Vec<_> = thread::scope(|scope| {
        let run = |number| {
            let pool = &pool;
            let root = farm.root();
            scope.spawn(move || {
                let sector = sector(number);
                let write = Task::Pieces {
                    root: root.clone(),
                    sector,
                    files: vec![],
                };
                pool.run(&write, &Control::default()).unwrap();
                pool.run(&Task::PreCommit2 { root, sector }, &Control::default())
            })
        };
        let all: Vec<_> = (1..=4).map(run).collect();
        all.into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let sealed: BTreeSet<_> = results
        .into_iter()
        .map(|result| match result.unwrap() {
            Outcome::Sealed(sealed) => sealed.comm_r,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sealed.len(), 4, "four replicas");
}
