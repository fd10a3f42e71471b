//! A worker killed at any moment leaves nothing that looks whole, and the next one comes to the same result.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::unseal::Range;
use filigree_proofs_prove::{Control, Outcome, ProveError, Sector, Step, Task};

use crate::support::*;

/// All that is done to a sector without parameters.
pub fn tasks(farm: &Farm) -> [Task; 5] {
    let (piece, _) = farm.piece("piece", 1024);
    let (update, _) = farm.piece("update", 512);
    let (root, sector) = (farm.root(), sector(1));
    let unseal = |output| Task::Unseal {
        root: root.clone(),
        sector,
        range: Range {
            start_bytes: 100,
            len_bytes: 700,
        },
        output: farm.path().join(output),
    };
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
        unseal("out-1"),
        Task::UpdateEncode {
            root: root.clone(),
            sector,
            files: vec![update],
        },
        unseal("out-2"),
    ]
}

/// What comes of each task when nobody disturbs it.
pub struct Expected {
    pub outcomes: Vec<Outcome>,
    /// What is there before the first task, and after each.
    pub wholes: Vec<Wholes>,
    /// All files in the end.
    pub names: Vec<PathBuf>,
}

impl Expected {
    pub fn new() -> Self {
        let farm = Farm::new();
        let (mut outcomes, mut wholes) = (Vec::new(), vec![farm.wholes()]);
        for task in tasks(&farm) {
            outcomes.push(farm.run(&task).unwrap());
            wholes.push(farm.wholes());
        }
        let names = farm.names();
        let is_left = |name: &PathBuf| {
            let name = name.to_string_lossy();
            name.contains("partial") || name.contains(".unseal")
        };
        assert!(!names.iter().any(is_left), "{names:?}");
        Self {
            outcomes,
            wholes,
            names,
        }
    }
}

#[test]
fn a_kill_at_any_moment_changes_no_result() {
    let expected = Expected::new();
    let mut kills: Vec<Kill> = (0..=5).map(Kill::Lines).collect();
    kills.extend((0..10).map(|_| at_random(Duration::from_millis(120))));
    let mut began = BTreeSet::new();
    for kill in kills {
        let farm = Farm::new();
        for (at, task) in tasks(&farm).iter().enumerate() {
            let (before, after) = (&expected.wholes[at], &expected.wholes[at + 1]);
            // Killed once more, at another time, then left alone.
            for kill in [kill, at_random(Duration::from_millis(60))] {
                began.extend(farm.run_and_kill(&farm.workers(), task, kill));
                check_whole(&farm, before, after);
            }
            // A node that begins again with the first task finds it done, and leaves what later ones have begun.
            if let Task::UpdateEncode { .. } = task {
                for (at, earlier) in tasks(&farm)[..2].iter().enumerate() {
                    assert_eq!(farm.run(earlier).unwrap(), expected.outcomes[at]);
                    check_whole(&farm, before, after);
                }
            }
            assert_eq!(farm.run(task).unwrap(), expected.outcomes[at], "{kill:?}");
            assert!(farm.wholes() == *after, "{kill:?}");
        }
        assert_eq!(farm.names(), expected.names, "{kill:?}: what is left over");
    }
    for step in [
        Step::Pieces,
        Step::PreCommit1,
        Step::PreCommit2,
        Step::Unseal,
        Step::UpdateEncode,
    ] {
        let started = format!("\"started\":\"{step}\"");
        assert!(
            began.iter().any(|line| line.contains(&started)),
            "{step}: {began:?}"
        );
    }
}

/// A kill between the record of a step and the last of its moves, each of which is hard to hit.
#[test]
fn what_is_recorded_and_not_moved_is_moved_by_the_next_run() {
    let expected = Expected::new();
    let moves = [
        (0, Step::Pieces, vec![Place::Unsealed]),
        (1, Step::PreCommit2, vec![Place::Cache, Place::Sealed]),
        (
            3,
            Step::UpdateEncode,
            vec![Place::UpdateCache, Place::Update, Place::Unsealed],
        ),
    ];
    let farm = Farm::new();
    let layout = farm.layout();
    let id = sector(1).id;
    for (at, task) in tasks(&farm).iter().enumerate() {
        farm.run(task).unwrap();
        let Some((_, step, places)) = moves.iter().find(|(of, ..)| *of == at) else {
            continue;
        };
        for moved in 0..=places.len() {
            fs::create_dir_all(layout.partials(*step, id)).unwrap();
            for place in &places[moved..] {
                let whole = layout.whole(*place, id);
                fs::rename(&whole, layout.partial(*step, *place, id)).unwrap();
                // In its place is what was there before the step: of an update, the data of the empty sector.
                let name = whole.strip_prefix(farm.path()).unwrap();
                if let Some(before) = expected.wholes[at].get(name) {
                    fs::write(whole, &before[0].1).unwrap();
                }
            }
            // What the first phase left is forgotten last.
            if at == 1 {
                fs::write(layout.records(id).join("pre-commit-1.json"), "{}").unwrap();
            }
            // A node that begins again with the first task leaves to each step what is its own.
            for (earlier, task) in tasks(&farm)[..at.min(2)].iter().enumerate() {
                assert_eq!(farm.run(task).unwrap(), expected.outcomes[earlier]);
            }
            assert_eq!(farm.run(task).unwrap(), expected.outcomes[at], "{moved}");
            assert!(farm.wholes() == expected.wholes[at + 1], "{moved}");
        }
    }
    assert_eq!(farm.names(), expected.names);
}

/// The number that the file system gives to the first layer of labels.
fn first_layer(farm: &Farm, place: PathBuf) -> u64 {
    let layer = place.join("sc-02-data-layer-1.dat");
    let there = fs::metadata(&layer);
    there
        .unwrap_or_else(|e| panic!("{} in {:?}: {e}", layer.display(), farm.names()))
        .ino()
}

#[test]
fn whole_layers_are_kept_and_no_others() {
    let expected = Expected::new();
    // What is changed after a first phase that was killed, and whether its layers are still good.
    type Change = fn(&Farm, PathBuf);
    let changes: [(Change, bool); 3] = [
        (|_, _| (), true),
        (
            |_, begun| {
                let text = fs::read_to_string(&begun).unwrap();
                let (input, _) = text.split_once("\"boot\"").unwrap();
                fs::write(&begun, format!("{input}\"boot\":\"before\"}}")).unwrap();
            },
            false,
        ),
        (|_, begun| fs::remove_file(begun).unwrap(), false),
    ];
    for (change, kept) in changes {
        let farm = Farm::new();
        let layout = farm.layout();
        let [write, seal, ..] = tasks(&farm);
        farm.run(&write).unwrap();
        let (root, sector) = (farm.root(), sector(1));
        farm.run(&Task::PreCommit1 { root, sector }).unwrap();
        // As if it had been killed in the second layer.
        let cache = layout.partial(Step::PreCommit2, Place::Cache, sector.id);
        fs::remove_file(layout.records(sector.id).join("pre-commit-1.json")).unwrap();
        fs::remove_file(cache.join("sc-02-data-layer-2.dat")).unwrap();
        let first = first_layer(&farm, cache.clone());
        // Kept open: its number is not given to another file.
        let _open = fs::File::open(cache.join("sc-02-data-layer-1.dat")).unwrap();
        change(&farm, cache.with_added_extension("begun"));
        assert_eq!(farm.run(&seal).unwrap(), expected.outcomes[1]);
        assert!(farm.wholes() == expected.wholes[2]);
        let now = first_layer(&farm, layout.whole(Place::Cache, sector.id));
        assert_eq!(first == now, kept);
    }
}

#[test]
fn parents_that_nobody_finished_are_made_again() {
    let expected = Expected::new();
    let farm = Farm::new();
    let parents = farm.path().join("parents");
    for task in &tasks(&farm)[..2] {
        farm.run(task).unwrap();
    }
    let is_cache = |name: &PathBuf| name.extension().is_some_and(|end| end == "cache");
    let mut made = files(&parents).into_iter();
    let (name, bytes) = made.find(|(name, _)| is_cache(name)).unwrap();
    // As a worker leaves them that is killed while it computes them: of full length, and zeros in part.
    let mut half = bytes.clone();
    half[bytes.len() / 2..].fill(0);
    assert_ne!(half, bytes);
    fs::write(parents.join(&name), half).unwrap();
    fs::remove_file(parents.join(&name).with_added_extension("whole")).unwrap();
    fs::remove_dir_all(farm.root()).unwrap();
    for (at, task) in tasks(&farm)[..2].iter().enumerate() {
        assert_eq!(farm.run(task).unwrap(), expected.outcomes[at]);
    }
    assert_eq!(fs::read(parents.join(name)).unwrap(), bytes);
}

#[test]
fn a_step_whose_record_is_removed_is_done_again() {
    let [once, again] = [1, 2].map(|ticket| Sector {
        ticket: [ticket; 32],
        ..sector(1)
    });
    let seal = |farm: &Farm, sector| {
        let root = farm.root();
        let files = vec![];
        let write = Task::Pieces {
            root: root.clone(),
            sector,
            files,
        };
        farm.run(&write)?;
        farm.run(&Task::PreCommit2 { root, sector })
    };
    let expected = Farm::new();
    let outcome = seal(&expected, again).unwrap();
    let farm = Farm::new();
    seal(&farm, once).unwrap();
    for step in [Step::Pieces, Step::PreCommit2] {
        let error = seal(&farm, again).unwrap_err().to_string();
        assert!(error.contains("to do it again"), "{error}");
        let records = farm.layout().records(again.id);
        fs::remove_file(records.join(format!("{step}.json"))).unwrap();
    }
    assert_eq!(seal(&farm, again).unwrap(), outcome);
    assert!(farm.wholes() == expected.wholes());
    assert_eq!(farm.names(), expected.names());
}

#[test]
fn of_many_workers_at_one_sector_each_waits_for_the_one_before() {
    let expected = Expected::new();
    let farm = Farm::new();
    for (at, task) in tasks(&farm).iter().enumerate() {
        thread::scope(|scope| {
            let run = || scope.spawn(|| farm.run(task).unwrap());
            let all: Vec<_> = (0..4).map(|_| run()).collect();
            for thread in all {
                assert_eq!(thread.join().unwrap(), expected.outcomes[at]);
            }
        });
        assert!(farm.wholes() == expected.wholes[at + 1]);
    }
    assert_eq!(farm.names(), expected.names);
}

/// Waits until a file has something in it.
fn written(path: &Path) -> String {
    let began = Instant::now();
    loop {
        match fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text,
            _ => assert!(began.elapsed() < PATIENCE, "{}", path.display()),
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_stopped_task_ends_at_once_and_takes_its_worker_along() {
    let farm = Farm::new();
    let [pieces, _, unseal, ..] = tasks(&farm);
    // As unsealing does, it writes beside the output; and it is busy for ten minutes.
    let script = "mkdir .unseal-s-t01000-1; echo $$ > pid; exec sleep 600";
    let workers = farm.script(script);
    let control = Control::default();
    let (result, took) = thread::scope(|scope| {
        let run = scope.spawn(|| workers.run(&unseal, 2, &control));
        let _ = written(&farm.path().join("pid"));
        let stopped = Instant::now();
        control.stop();
        (run.join().unwrap(), stopped.elapsed())
    });
    assert!(matches!(result, Err(ProveError::Cancelled)), "{result:?}");
    // Long before it would have ended by itself.
    assert!(took < Duration::from_secs(300), "{took:?}");
    let pid = written(&farm.path().join("pid"));
    let process = Path::new("/proc").join(pid.trim());
    assert!(!process.exists(), "{} lives", process.display());
    assert!(!farm.path().join(".unseal-s-t01000-1").exists());
    // And a task that is stopped before it begins does nothing.
    fs::remove_file(farm.path().join("pid")).unwrap();
    let error = workers.run(&pieces, 1, &control).unwrap_err();
    assert!(matches!(error, ProveError::Cancelled), "{error}");
    assert!(!farm.path().join("pid").exists());
}

#[test]
fn a_task_is_stopped_by_who_hears_of_it() {
    let farm = Farm::new();
    let [pieces, ..] = tasks(&farm);
    let control = Arc::new(OnceLock::<Control>::new());
    let stopping = {
        let control = control.clone();
        Control::new(move |_| control.get().unwrap().stop())
    };
    control.set(stopping.clone()).unwrap();
    // What came after the event is not waited for, though it is there already.
    let script = r#"echo '{"event":{"started":"pieces"}}
{"outcome":"done"}'; exec sleep 600"#;
    let result = farm.script(script).run(&pieces, 1, &stopping);
    assert!(matches!(result, Err(ProveError::Cancelled)), "{result:?}");
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
