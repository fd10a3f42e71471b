//! Opening: formats and their migrations, column families, errors, temporary sets.

use super::*;
use crate::db::format::Migration;
use crate::{Durability, TableDef};

const LOG: TableDef<u64, String> = TableDef::new("test.migrations");

fn note(db: &Db, what: &str) -> Result<(), StoreError> {
    let log = db.table(LOG);
    let next = log.entries().count() as u64;
    log.set(&next, &what.to_owned(), Durability::Buffered)
}

fn steps() -> [Migration; 2] {
    [
        Migration {
            what: "one",
            run: |db| note(db, "one"),
        },
        Migration {
            what: "two",
            run: |db| note(db, "two"),
        },
    ]
}

fn notes(db: &Db) -> Vec<String> {
    db.table(LOG).entries().map(|e| e.unwrap().1).collect()
}

fn open(dir: &Path, newest: u32, steps: &[Migration]) -> Result<Db, StoreError> {
    Db::open_as(dir, &Options::small(), newest, steps)
}

#[test]
fn a_store_of_an_older_format_goes_through_every_step_once() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), 1, &[]).unwrap());
    let db = open(dir.path(), 3, &steps()).unwrap();
    assert_eq!(notes(&db), ["one", "two"]);
    drop(db);
    assert_eq!(format::read(dir.path()).unwrap(), Some(Stamp::of(3)));
    let db = open(dir.path(), 3, &steps()).unwrap();
    assert_eq!(notes(&db), ["one", "two"]);
    drop(db);
    let error = open(dir.path(), 2, &steps()[..1]).unwrap_err();
    assert!(matches!(
        error,
        StoreError::NewerFormat {
            found: 3,
            known: 2,
            ..
        }
    ));
}

#[test]
fn a_new_store_has_the_newest_format_and_needs_no_step() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), 3, &steps()).unwrap();
    assert_eq!(notes(&db), [""; 0]);
    assert_eq!(format::read(dir.path()).unwrap(), Some(Stamp::of(3)));
}

/// What was done before a step that fails, or is killed, is not done again; the step is.
#[test]
fn a_step_that_fails_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path(), 1, &[]).unwrap());
    let failing = Migration {
        what: "fails",
        run: |_| Err(StoreError::Stopped),
    };
    let error = open(dir.path(), 3, &[steps()[0], failing]).unwrap_err();
    assert!(matches!(error, StoreError::Stopped));
    let found = format::read(dir.path()).unwrap();
    assert_eq!(
        found.map(|stamp| (stamp.format, stamp.newest())),
        Some((2, 3))
    );
    let db = open(dir.path(), 3, &steps()).unwrap();
    assert_eq!(notes(&db), ["one", "two"]);
}

/// One for each step between formats, and every column family is listed once.
#[test]
fn the_tables_of_formats_and_columns_are_whole() {
    assert_eq!(MIGRATIONS.len() as u32, FORMAT - 1);
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), FORMAT, MIGRATIONS).unwrap();
    let listed = DB::list_cf(&rocksdb::Options::default(), db.dir().join(ROCKS)).unwrap();
    let mut expected = columns::ALL.to_vec();
    expected.push(rocksdb::DEFAULT_COLUMN_FAMILY_NAME);
    expected.sort_unstable();
    let mut listed: Vec<&str> = listed.iter().map(String::as_str).collect();
    listed.sort_unstable();
    assert_eq!(listed, expected);
}

#[test]
fn errors_of_the_database_are_sorted_by_what_helps() {
    let dir = tempfile::tempdir().unwrap();
    // A file where the database wants a directory.
    fs::create_dir(dir.path().join("store")).unwrap();
    let store = dir.path().join("store");
    drop(open(&store, 1, &[]).unwrap());
    fs::remove_dir_all(store.join(ROCKS)).unwrap();
    fs::write(store.join(ROCKS), "x").unwrap();
    let text = open(&store, 1, &[]).unwrap_err().to_string();
    assert!(text.contains(&store.display().to_string()), "{text}");
    assert!(text.contains("cannot open"), "{text}");
}

/// Sets that do not fit into memory go to disk and stay exact.
#[test]
fn sets_on_disk_forget_and_invent_nothing() {
    use crate::disk_set::DiskSet;
    use cid::Cid;
    use multihash_codetable::{Code, MultihashDigest};

    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), 1, &[]).unwrap();
    let name = |n: u32| {
        let data = n.to_le_bytes();
        match n % 7 {
            0 => Cid::new_v1(0x55, Code::Sha2_512.digest(&data)),
            1 => Cid::new_v0(Code::Sha2_256.digest(&data)).unwrap(),
            _ => Cid::new_v1(0x71, Code::Blake2b256.digest(&data)),
        }
    };
    // Room for a thousand.
    let mut set = DiskSet::new(db.clone(), 100_000);
    for from in (0..20_000).step_by(100) {
        // A hundred new ones, each twice, among a hundred that are known.
        let known = (from / 2..from / 2 + 100).filter(|n| *n < from);
        let mut cids: Vec<Cid> = (from..from + 100)
            .flat_map(|n| [n, n])
            .chain(known)
            .map(name)
            .collect();
        set.retain_new(&mut cids).unwrap();
        assert_eq!(cids, (from..from + 100).map(name).collect::<Vec<_>>());
    }
    assert_eq!(set.len(), 20_000);
    let keys: Vec<Vec<u8>> = (0..40_000).map(|n| name(n).to_bytes()).collect();
    let found = set.contains(&keys).unwrap();
    assert!(found[..20_000].iter().all(|found| *found));
    assert!(found[20_000..].iter().all(|found| !*found));
    let all: std::collections::BTreeSet<Cid> = set.iter().map(Result::unwrap).collect();
    assert_eq!(all, (0..20_000).map(name).collect());
    assert!(!set.insert(&name(5)).unwrap());
    assert!(set.insert(&name(20_000)).unwrap());
    let tmp = dir.path().join(TMP);
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 1);
    drop(set);
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0);
}

/// What a walk that was killed left behind is gone when the store is opened.
#[test]
fn temporary_files_do_not_stay() {
    let dir = tempfile::tempdir().unwrap();
    let db = open(dir.path(), 1, &[]).unwrap();
    let path = db.tmp_path().unwrap();
    fs::create_dir_all(path.join("deep")).unwrap();
    fs::write(path.join("deep/file"), "x").unwrap();
    drop(db);
    let db = open(dir.path(), 1, &[]).unwrap();
    assert!(!path.exists());
    assert_ne!(db.tmp_path().unwrap(), db.tmp_path().unwrap());
}
