//! Migrations: a table of them that is only of these tests is given to the opener, for no format but the first was ever written.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;
use crate::{Durability, Options, TableDef};

/// Format 1: names by number.
const NAMES: TableDef<u64, String> = TableDef::new("test.names");
/// Format 2: their bytes, in another table.
const BYTES: TableDef<u64, Vec<u8>> = TableDef::new("test.names.2");
/// Format 3: how many there are, too.
const COUNT: TableDef<(), u64> = TableDef::new("test.names.count");

const ENTRIES: u64 = 1_000;
/// Entries in a batch of the first step.
const BATCH: usize = 100;
/// Entries left when the first step is half done.
const HALF: u64 = ENTRIES / 2;

/// Real steps, of these tests alone.
const TEST_MIGRATIONS: [Migration; 2] = [
    Migration {
        what: "names as bytes",
        run: |db| names_as_bytes(db, &mut |_| Ok(())),
    },
    Migration {
        what: "counting names",
        run: count_names,
    },
];

/// The same, of which the first fails when it is half done.
const FAILING_MIGRATIONS: [Migration; 2] = [
    Migration {
        what: "names as bytes, until the disk is full",
        run: |db| {
            names_as_bytes(db, &mut |left| match left {
                HALF => Err(StoreError::DiskFull {
                    dir: db.dir().to_owned(),
                    reason: "of a test".to_owned(),
                }),
                _ => Ok(()),
            })
        },
    },
    TEST_MIGRATIONS[1],
];

/// The same, of which the first says when it is half done, and waits to be killed.
const WAITING_MIGRATIONS: [Migration; 2] = [
    Migration {
        what: "names as bytes, until it is killed",
        run: |db| {
            names_as_bytes(db, &mut |left| {
                if left == HALF {
                    println!("half");
                    // Until it is killed, or who should do so is gone.
                    let _ = std::io::stdin().read_line(&mut String::new());
                    std::process::exit(1);
                }
                Ok(())
            })
        },
    },
    TEST_MIGRATIONS[1],
];

/// The first step. `between` is told after each batch how many entries are left.
fn names_as_bytes(
    db: &Db,
    between: &mut dyn FnMut(u64) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (names, bytes) = (db.table(NAMES), db.table(BYTES));
    loop {
        let some: Vec<_> = names.entries().take(BATCH).collect::<Result<_, _>>()?;
        if some.is_empty() {
            return Ok(());
        }
        let mut batch = db.batch();
        for (number, name) in some {
            bytes.put(&mut batch, &number, &name.into_bytes())?;
            names.delete(&mut batch, &number);
        }
        batch.commit(Durability::Buffered)?;
        between(names.entries().count() as u64)?;
    }
}

fn count_names(db: &Db) -> Result<(), StoreError> {
    let count = db.table(BYTES).entries().count() as u64;
    db.table(COUNT).set(&(), &count, Durability::Buffered)
}

fn open(dir: &Path, newest: u32, steps: &[Migration]) -> Result<Db, StoreError> {
    Db::open_as(dir, &Options::small(), newest, steps)
}

/// A store of format 1, closed.
fn old_store() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), 1, &[]).unwrap();
    let mut batch = db.batch();
    for number in 0..ENTRIES {
        let name = format!("name {number}");
        db.table(NAMES).put(&mut batch, &number, &name).unwrap();
    }
    batch.commit(Durability::Synced).unwrap();
    dir
}

/// Every name is there once, in the newest format.
#[track_caller]
fn expect_migrated(dir: &Path, db: &Db) {
    assert_eq!(db.table(NAMES).entries().count(), 0);
    let bytes = db.table(BYTES);
    let found: BTreeMap<u64, Vec<u8>> = bytes.entries().map(Result::unwrap).collect();
    let expected = (0..ENTRIES).map(|number| (number, format!("name {number}").into_bytes()));
    assert_eq!(found, expected.collect());
    assert_eq!(db.table(COUNT).get(&()).unwrap(), Some(ENTRIES));
    assert_eq!(read(dir).unwrap(), Some(Stamp::of(3)));
}

/// The store is half migrated: older programs do not touch it, and the newer one ends what was begun.
#[track_caller]
fn expect_half(dir: &Path) {
    let half = Stamp {
        format: 1,
        on_its_way_to: Some(2),
    };
    assert_eq!(read(dir).unwrap(), Some(half));
    let before = contents(dir);
    let error = open(dir, 1, &[]).unwrap_err();
    let is_newer = matches!(
        error,
        StoreError::NewerFormat {
            found: 2,
            known: 1,
            ..
        }
    );
    assert!(is_newer, "{error}");
    assert_eq!(contents(dir), before);
    let db = open(dir, 3, &TEST_MIGRATIONS).unwrap();
    expect_migrated(dir, &db);
}

#[test]
fn an_old_store_goes_through_every_step() {
    let dir = old_store();
    let db = open(dir.path(), 3, &TEST_MIGRATIONS).unwrap();
    expect_migrated(dir.path(), &db);
    drop(db);
    let error = open(dir.path(), 2, &TEST_MIGRATIONS[..1]).unwrap_err();
    assert!(matches!(error, StoreError::NewerFormat { found: 3, .. }));
    let db = open(dir.path(), 3, &TEST_MIGRATIONS).unwrap();
    expect_migrated(dir.path(), &db);
}

#[test]
fn a_write_that_fails_in_a_step_leaves_it_to_the_next_start() {
    let dir = old_store();
    let error = open(dir.path(), 3, &FAILING_MIGRATIONS).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    expect_half(dir.path());
}

/// The step is done and its number is not written: it runs again, and nothing is done twice.
#[test]
fn a_number_that_cannot_be_written_leaves_the_step_to_the_next_start() {
    let dir = old_store();
    let db = open(dir.path(), 1, &[]).unwrap();
    let on_its_way = Stamp {
        format: 1,
        on_its_way_to: Some(2),
    };
    write(dir.path(), on_its_way).unwrap();
    names_as_bytes(&db, &mut |_| Ok(())).unwrap();
    drop(db);
    let in_the_way = dir.path().join("FORMAT.new");
    fs::create_dir(&in_the_way).unwrap();
    open(dir.path(), 3, &TEST_MIGRATIONS).unwrap_err();
    fs::remove_dir(&in_the_way).unwrap();
    expect_half(dir.path());
}

/// A process that migrates and is killed when it is half done. Killed also if the test fails before.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const STORE: &str = "FILIGREE_TEST_STORE";

#[test]
fn a_migration_that_is_killed_half_way_goes_on_at_the_next_start() {
    let dir = old_store();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "db::format::tests::migrates_until_it_is_killed"])
        .args(["--nocapture", "--ignored"])
        .env(STORE, dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = Killed(child.unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let is_half = lines.any(|line| line.unwrap().ends_with("half"));
    assert!(is_half, "it has ended by itself");
    drop(child);
    expect_half(dir.path());
}

/// The child of the test above.
#[test]
#[ignore = "a part of another test"]
fn migrates_until_it_is_killed() {
    if let Some(path) = std::env::var_os(STORE) {
        let _ = open(Path::new(&path), 3, &WAITING_MIGRATIONS);
    }
}

#[test]
fn what_the_file_says_is_read_as_it_was_written() {
    for (format, on_its_way_to) in [(1, None), (7, Some(8)), (41, Some(42))] {
        let stamp = Stamp {
            format,
            on_its_way_to,
        };
        assert_eq!(Stamp::parse(&stamp.text()), Some(stamp));
    }
    for text in ["", "0", "-1", "1, on its way to", "1, on its way to 0", "x"] {
        assert_eq!(Stamp::parse(&format!("{PREFIX}{text}\n")), None, "{text}");
    }
}

/// Names and contents of the files in a directory and below.
fn contents(dir: &Path) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}
