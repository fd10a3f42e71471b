//! Opening, and being refused.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use filigree_store::{Db, DirLock, Durability, Options, StoreError, TableDef};
use fvm_ipld_blockstore::Blockstore;

use crate::chain::{cid, extend, open, store};

const NUMBERS: TableDef<u64, Vec<u8>> = TableDef::new("test.numbers");

fn small() -> Options {
    Options::small()
}

#[test]
fn what_was_written_is_there_after_closing() {
    let (dir, db) = store();
    db.blocks().put_keyed(&cid(b"x"), b"x").unwrap();
    drop(db);
    let db = open(&dir);
    assert_eq!(db.blocks().get(&cid(b"x")).unwrap().unwrap(), b"x");
}

#[test]
fn a_second_opener_is_told_who_holds_the_store() {
    let (dir, db) = store();
    let error = Db::open(db.dir(), &small()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StoreError::InUse { .. }), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    assert!(text.contains(&db.dir().display().to_string()), "{text}");
    // A clone and what is made of it hold the store as well.
    let blocks = db.blocks();
    drop(db);
    assert!(Db::open(dir.path().join("store"), &small()).is_err());
    drop(blocks);
    open(&dir);
}

#[test]
fn a_newer_format_is_refused_and_nothing_is_touched() {
    let (dir, db) = store();
    extend(&db, None, 3, 0);
    let path = db.dir().to_owned();
    drop(db);
    fs::write(path.join("FORMAT"), "filigree store, format 1000\n").unwrap();
    let before = contents(&path);
    let error = Db::open(&path, &small()).unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::NewerFormat {
                found: 1000,
                known: 1,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(contents(&path), before);
    drop(dir);
}

#[test]
fn a_directory_of_something_else_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.txt"), "mine").unwrap();
    let error = Db::open(dir.path(), &small()).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert_eq!(contents(dir.path()).len(), 1);
}

#[test]
fn a_format_that_says_nothing_is_damage() {
    let (dir, db) = store();
    let path = db.dir().to_owned();
    drop(db);
    for text in ["", "filigree store, format 0\n", "filigree store, format x"] {
        fs::write(path.join("FORMAT"), text).unwrap();
        let error = Db::open(&path, &small()).unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged { .. }),
            "{text}: {error}"
        );
    }
    drop(dir);
}

#[test]
fn what_is_not_there_is_made_only_if_asked() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        create: false,
        ..small()
    };
    for path in [dir.path().join("none"), dir.path().to_owned()] {
        let error = Db::open(&path, &options).unwrap_err();
        assert!(matches!(error, StoreError::Absent { .. }), "{error}");
    }
    assert!(!dir.path().join("none").exists());
    drop(open(&dir));
    Db::open(dir.path().join("store"), &options).unwrap();
}

/// A first start that was killed before the format was written leaves the lock's file at most.
#[test]
fn a_first_start_cut_short_does_not_stand_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    drop(DirLock::acquire(dir.path()).unwrap());
    fs::write(dir.path().join("FORMAT.new"), "fil").unwrap();
    Db::open(dir.path(), &small()).unwrap();
}

#[test]
fn a_directory_that_may_not_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    if File::create(closed.join("probe")).is_ok() {
        // Not by what the harness keeps to itself.
        let why = "this user (root) may write anywhere, whatever the permissions";
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: a directory without permission: {why}"
        );
        return;
    }
    for path in [closed.clone(), closed.join("store")] {
        let error = Db::open(&path, &small()).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StoreError::Permission { .. }), "{text}");
        assert!(text.contains(&closed.display().to_string()), "{text}");
        assert!(text.contains("chown"), "{text}");
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

/// A store with files and a log, closed. The log has what was written last.
fn closed_store() -> (tempfile::TempDir, PathBuf) {
    let (dir, db) = store();
    let numbers = db.table(NUMBERS);
    for number in 0..200 {
        numbers
            .set(&number, &vec![7; 500], Durability::Buffered)
            .unwrap();
    }
    db.flush().unwrap();
    for number in 200..400 {
        numbers
            .set(&number, &vec![7; 500], Durability::Buffered)
            .unwrap();
    }
    let path = db.dir().to_owned();
    drop(numbers);
    drop(db);
    (dir, path)
}

#[test]
fn a_damaged_log_is_not_dropped_without_a_word() {
    let (_dir, path) = closed_store();
    let log = newest(&path, "log");
    change(&log, fs::metadata(&log).unwrap().len() / 2);
    let before = contents(&path.join("rocks"));
    let error = Db::open(&path, &small()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StoreError::DamagedLog { .. }), "{text}");
    assert!(text.contains("recover_damaged_log"), "{text}");
    // What has the data is as it was.
    for (name, content) in &before {
        if name.ends_with(".sst") || name.ends_with(".log") {
            assert_eq!(
                contents(&path.join("rocks")).get(name),
                Some(content),
                "{name}"
            );
        }
    }
    let options = Options {
        recover_damaged_log: true,
        ..small()
    };
    let db = Db::open(&path, &options).unwrap();
    let kept: Vec<u64> = db.table(NUMBERS).entries().map(|e| e.unwrap().0).collect();
    assert!((201..400).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
    drop(db);
    Db::open(&path, &small()).unwrap();
}

/// A write that was cut off by a crash never returned: its loss is none.
#[test]
fn a_log_cut_short_at_its_end_opens_without_the_last_write() {
    let (_dir, path) = closed_store();
    let log = newest(&path, "log");
    let len = fs::metadata(&log).unwrap().len();
    let file = File::options().write(true).open(&log).unwrap();
    file.set_len(len - 10).unwrap();
    let db = Db::open(&path, &small()).unwrap();
    assert_eq!(db.table(NUMBERS).entries().count(), 399);
}

#[test]
fn a_file_that_is_missing_or_cut_is_damage() {
    for remove in [true, false] {
        let (_dir, path) = closed_store();
        let file = largest(&path, "sst");
        if remove {
            fs::remove_file(&file).unwrap();
        } else {
            let file = File::options().write(true).open(&file).unwrap();
            file.set_len(100).unwrap();
        }
        let error = Db::open(&path, &small()).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, StoreError::Damaged { .. }), "{text}");
        assert!(text.contains(&path.display().to_string()), "{text}");
    }
}

#[test]
fn damage_within_a_file_is_found_when_it_is_read_and_the_rest_is_whole() {
    let (_dir, path) = closed_store();
    // Of the file, 3 kB: after this come its filter and index, which are read when it is opened.
    change(&largest(&path, "sst"), 1_000);
    let db = Db::open(&path, &small()).unwrap();
    let numbers = db.table(NUMBERS);
    let results: Vec<_> = (0..400).map(|number| numbers.get(&number)).collect();
    let damaged = results.iter().filter(|r| r.is_err()).count();
    assert!((1..150).contains(&damaged), "{damaged}");
    for result in results {
        match result {
            Ok(value) => assert_eq!(value, Some(vec![7; 500])),
            Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error}"),
        }
    }
}

/// A limit on the size of files stands in for a full disk: unprivileged, and the write fails as it does there.
#[test]
fn a_disk_that_is_full_is_an_error_and_nothing_that_was_stored_is_lost() {
    let (_dir, path) = closed_store();
    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", "600"])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "open::writes_until_it_fails",
            "--nocapture",
            "--ignored",
        ])
        .env("FILIGREE_TEST_STORE", &path)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout).into_owned();
    let report = output
        .lines()
        .find_map(|line| line.strip_prefix("written: "));
    let report =
        report.unwrap_or_else(|| panic!("{output}{}", String::from_utf8_lossy(&child.stderr)));
    let (count, error) = report.split_once(' ').unwrap();
    assert!(error.contains("no room to write"), "{error}");
    assert!(error.contains(&path.display().to_string()), "{error}");
    let count: u64 = count.parse().unwrap();
    let db = Db::open(&path, &small()).unwrap();
    let kept: Vec<u64> = db.table(NUMBERS).entries().map(|e| e.unwrap().0).collect();
    // The write that failed may be there or not.
    assert!(
        kept.len() as u64 == 400 + count || kept.len() as u64 == 401 + count,
        "{} {count}",
        kept.len()
    );
    assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
}

/// The child of the test above.
#[test]
#[ignore = "a part of another test"]
fn writes_until_it_fails() {
    let Some(path) = std::env::var_os("FILIGREE_TEST_STORE") else {
        return;
    };
    let db = Db::open(path, &small()).unwrap();
    let numbers = db.table(NUMBERS);
    for number in 400.. {
        let noise: Vec<u8> = (0..1000_u32)
            .map(|i| (i.wrapping_mul(number as u32 + 77) >> 7) as u8)
            .collect();
        if let Err(error) = numbers.set(&number, &noise, Durability::Synced) {
            assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
            println!("written: {} {error}", number - 400);
            // As a node that gives up: nothing is closed in order.
            std::process::exit(0);
        }
        assert!(number < 100_000, "the disk has no end");
    }
}

/// Names and contents of the files in a directory.
fn contents(dir: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.insert(name, fs::read(&path).unwrap());
        } else {
            let within = contents(&path);
            let prefix = path.file_name().unwrap().to_string_lossy().into_owned();
            found.extend(
                within
                    .into_iter()
                    .map(|(name, data)| (format!("{prefix}/{name}"), data)),
            );
        }
    }
    found
}

/// The largest file of the database with this ending.
fn largest(store: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(store.join("rocks")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == ending));
    files
        .max_by_key(|path| fs::metadata(path).unwrap().len())
        .unwrap()
}

/// The newest file of the database with this ending: one that is not needed any more may be there a little longer.
fn newest(store: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(store.join("rocks")).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == ending));
    files.max().unwrap()
}

/// Changes some bytes of a file.
fn change(path: &Path, at: u64) {
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[0xa5; 16]).unwrap();
}
