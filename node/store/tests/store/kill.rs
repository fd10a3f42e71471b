//! A process that writes is killed (SIGKILL), at random moments and at each step that it tells of: what it leaves is a chain whose
//! head has all its blocks.

use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use filigree_blocks::Tipset;
use filigree_store::check::check;
use filigree_store::gc::{GcRoots, gc};
use filigree_store::snapshot::{Format, export, import};
use filigree_store::{Db, Depth, Durability, Extent, HeadChange, Options, TableDef};

use crate::chain::{extend, indexed, open, store, tipset};

const STORE: &str = "FILIGREE_TEST_STORE";
const FILE: &str = "FILIGREE_TEST_FILE";
/// The report at which a child waits to be killed; unset or 0 for none.
const PAUSE: &str = "FILIGREE_TEST_PAUSE";

/// The height of the head, written with it.
const HEIGHT: TableDef<(), i64> = TableDef::new("test.height");

const TEN: Extent = Extent {
    state: Depth::Recent(10),
    messages: Depth::Recent(10),
};

/// A process that is to be killed; killed also if the test fails before. If even the test is killed, it ends by itself.
struct Doomed {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a test of this file that does its work in another process.
fn start(test: &str, store: &Path, file: Option<&Path>, pause: u64) -> Doomed {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            &format!("kill::{test}"),
            "--nocapture",
            "--ignored",
        ])
        .env(STORE, store)
        .env(PAUSE, pause.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(file) = file {
        command.env(FILE, file);
    }
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    Doomed { child, lines }
}

/// Kills it some time after it has said something so often; whether it had ended by itself, and all it has said.
fn kill_after(
    mut doomed: Doomed,
    word: &str,
    count: usize,
    delay: Duration,
) -> (bool, Vec<String>) {
    let mut said = Vec::new();
    let mut left = count;
    while left > 0
        && let Some(line) = doomed.lines.next()
    {
        let line = line.unwrap();
        left -= usize::from(line.contains(word));
        said.push(line);
    }
    // A moment at random: nothing waits for it.
    thread::sleep(delay);
    doomed.child.kill().unwrap();
    said.extend(doomed.lines.by_ref().map(Result::unwrap));
    (doomed.child.wait().unwrap().success(), said)
}

/// In a child: ends it when the test is gone that was to kill it.
fn end_with_the_test() {
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
}

/// In a child: counts reports, and waits at the one that the test wants.
fn pauses() -> impl FnMut() -> ControlFlow<()> {
    let wanted = std::env::var(PAUSE).unwrap().parse::<u64>().unwrap();
    let mut reports = 0;
    move || {
        reports += 1;
        if reports == wanted {
            println!("paused");
            loop {
                thread::park();
            }
        }
        ControlFlow::Continue(())
    }
}

/// Random enough, and the same each time.
fn delays(count: u64, most_millis: u64) -> impl Iterator<Item = Duration> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    (0..count).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Duration::from_micros(state % (most_millis * 1000))
    })
}

/// The head's blocks, state and messages are there, its record agrees, and nothing that was said to be committed is lost.
fn expect_whole(db: &Db, extent: Extent) -> i64 {
    let head = db.index().head().unwrap().unwrap();
    assert_eq!(db.table(HEIGHT).get(&()).unwrap(), Some(head.height));
    let report = check(db, None, extent, &[], &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(report.is_good(), "{report:?}");
    head.height
}

fn begin(db: &Db) {
    let genesis = extend(db, None, 0, 0);
    let mut batch = db.batch();
    let change = HeadChange {
        base: None,
        apply: &[indexed(&db.blocks(), &genesis[0], 0)],
    };
    db.index().change_head(&mut batch, &change).unwrap();
    db.table(HEIGHT).put(&mut batch, &(), &0).unwrap();
    batch.commit(Durability::Synced).unwrap();
}

#[test]
fn a_killed_node_has_its_head_and_all_that_belongs_to_it() {
    let (dir, db) = store();
    begin(&db);
    drop(db);
    let path = dir.path().join("store");
    let mut last = 0;
    for delay in delays(25, 60) {
        let child = start("goes_on", &path, None, 0);
        let (ended, said) = kill_after(child, "committed", 2, delay);
        assert!(!ended, "{said:?}");
        let db = open(&dir);
        let height = expect_whole(&db, Extent::FULL);
        let committed = said
            .iter()
            .filter_map(|line| line.strip_prefix("committed ")?.parse().ok());
        let committed: i64 = committed.max().unwrap_or(last);
        assert!(
            height >= committed && committed >= last,
            "{height} {committed} {last}"
        );
        last = height;
    }
    assert!(last >= 50, "{last}");
}

/// The child: adds tipsets, and goes back a few now and then.
#[test]
#[ignore = "a part of another test"]
fn goes_on() {
    let Some(path) = std::env::var_os(STORE) else {
        return;
    };
    let options = Options {
        // Files are written and merged often.
        write_buffer_bytes: 256 << 10,
        ..Options::small()
    };
    end_with_the_test();
    let db = Db::open(path, &options).unwrap();
    for fork in 0.. {
        let head = db.index().head().unwrap().unwrap();
        let base = if fork % 4 == 3 {
            head.height - 3
        } else {
            head.height
        };
        let base = db.index().tipset_up_to(base.max(0)).unwrap().unwrap();
        let reach = head.height + 1;
        let mut parents: Option<Tipset> = None;
        let mut apply = Vec::new();
        for height in base.height + 1..=reach {
            let key = parents.as_ref().map_or(&base.key, Tipset::key);
            let new = tipset(&db.blocks(), key, height, 2, fork + height as u64);
            apply.push(indexed(&db.blocks(), &new, fork + height as u64));
            parents = Some(new);
        }
        let mut batch = db.batch();
        let change = HeadChange {
            base: Some(base.height),
            apply: &apply,
        };
        db.index().change_head(&mut batch, &change).unwrap();
        db.table(HEIGHT).put(&mut batch, &(), &reach).unwrap();
        let durability = if fork % 2 == 0 {
            Durability::Synced
        } else {
            Durability::Buffered
        };
        batch.commit(durability).unwrap();
        println!("committed {reach}");
    }
}

#[test]
fn a_killed_collection_leaves_the_chain_whole_and_the_next_one_finishes() {
    let (dir, db) = store();
    begin(&db);
    let genesis = db.index().tipset_at(0).unwrap().unwrap();
    assert_eq!(genesis.len(), 1);
    let tipsets = extend(&db, None, 400, 0);
    db.table(HEIGHT)
        .set(&(), &tipsets.last().unwrap().height(), Durability::Synced)
        .unwrap();
    drop(db);
    let path = dir.path().join("store");
    let expect = || {
        let db = open(&dir);
        expect_whole(&db, TEN);
        assert!(
            !path.join("tmp").exists() || std::fs::read_dir(path.join("tmp")).unwrap().count() == 0
        );
    };
    // At each step, of which the first ones delete the most.
    for pause in 1..=8 {
        let child = start("collects", &path, None, pause);
        let (_, said) = kill_after(child, "paused", 1, Duration::ZERO);
        assert!(said.iter().any(|line| line.contains("paused")), "{said:?}");
        expect();
    }
    for delay in delays(8, 120) {
        let child = start("collects", &path, None, 0);
        let (ended, said) = kill_after(child, "begun", 1, delay);
        assert!(!ended, "{said:?}");
        expect();
    }
    let db = open(&dir);
    gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let again = gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(again.done.deleted_blocks, 0);
    expect_whole(&db, TEN);
}

/// The child: collects again and again, with new garbage each time.
#[test]
#[ignore = "a part of another test"]
fn collects() {
    let Some(path) = std::env::var_os(STORE) else {
        return;
    };
    end_with_the_test();
    let db = Db::open(path, &Options::small()).unwrap();
    let mut pauses = pauses();
    println!("begun");
    for fork in 1.. {
        for epoch in 0..40 {
            crate::chain::state(&db.blocks(), epoch, fork + u64::from(std::process::id()));
        }
        gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| pauses()).unwrap();
    }
}

#[test]
fn a_killed_import_starts_anew() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 300, 0);
    let mut file = Vec::new();
    export(
        &db,
        None,
        Extent::FULL,
        &mut file,
        Format::CarZst,
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    let snapshot = dir.path().join("chain.car.zst");
    std::fs::write(&snapshot, &file).unwrap();
    let target = tempfile::tempdir().unwrap();
    let path = target.path().join("store");
    let mut killed = 0;
    // At each step, and at random.
    let steps = (1..=2).map(|pause| (pause, Duration::ZERO));
    let random = delays(12, 60).map(|delay| (0, delay));
    for (pause, delay) in steps.chain(random) {
        let child = start("imports", &path, Some(&snapshot), pause);
        let word = if pause > 0 { "paused" } else { "begun" };
        let (ended, said) = kill_after(child, word, 1, delay);
        assert!(said.iter().any(|line| line.contains(word)), "{said:?}");
        let db = open(&target);
        match db.index().head().unwrap() {
            Some(head) => {
                assert_eq!(head.key, *tipsets.last().unwrap().key());
                let report = check(&db, None, Extent::FULL, &[], &mut |_| {
                    ControlFlow::Continue(())
                });
                assert!(report.unwrap().is_good());
                drop(db);
                std::fs::remove_dir_all(&path).unwrap();
            }
            None => {
                assert!(!ended);
                killed += 1;
            }
        }
    }
    assert!(killed >= 2, "{killed}");
    let db = open(&target);
    import(&db, &file[..], 10, &mut |_| ControlFlow::Continue(())).unwrap();
    let report = check(&db, None, Extent::FULL, &[], &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(report.unwrap().is_good());
}

/// The child: imports.
#[test]
#[ignore = "a part of another test"]
fn imports() {
    let Some(path) = std::env::var_os(STORE) else {
        return;
    };
    let file = std::env::var_os(FILE).unwrap();
    end_with_the_test();
    let db = Db::open(path, &Options::small()).unwrap();
    let mut pauses = pauses();
    println!("begun");
    let source = std::fs::File::open(file).unwrap();
    import(&db, source, 10, &mut |_| pauses()).unwrap();
}
