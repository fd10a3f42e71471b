//! Small tables.

use filigree_store::{Durability, StoreError, TableDef};
use fvm_shared::address::Address;
use serde::{Deserialize, Serialize};

use crate::chain::{open, store};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sector {
    state: String,
    tries: u32,
    since: Option<i64>,
}

const SECTORS: TableDef<(Address, u64), Sector> = TableDef::new("seal.sectors");
const NAMES: TableDef<String, u64> = TableDef::new("test.names");
const OTHER: TableDef<String, u64> = TableDef::new("test.names2");

fn sector(tries: u32) -> Sector {
    Sector {
        state: "waiting".to_owned(),
        tries,
        since: Some(-5),
    }
}

#[test]
fn entries_survive_closing_in_the_order_of_their_keys() {
    let (dir, db) = store();
    let sectors = db.table(SECTORS);
    let key = |miner, number| (Address::new_id(miner), number);
    // Addresses are in the order of their bytes: ids by the lowest seven bits first.
    let keys = [key(1000, 1), key(1000, 2), key(1000, 300), key(1001, 0)];
    for (tries, key) in (0..4).zip(&keys).rev() {
        sectors
            .set(key, &sector(tries), Durability::Synced)
            .unwrap();
    }
    drop((sectors, db));
    let db = open(&dir);
    let sectors = db.table(SECTORS);
    let all: Vec<_> = sectors.entries().map(Result::unwrap).collect();
    let expected: Vec<_> = keys.iter().copied().zip((0..).map(sector)).collect();
    assert_eq!(all, expected);
    let of: Vec<u64> = sectors
        .entries_of(&Address::new_id(1000))
        .map(|entry| entry.unwrap().0.1)
        .collect();
    assert_eq!(of, [1, 2, 300]);
    assert_eq!(sectors.entries_of(&Address::new_id(1)).count(), 0);
    assert_eq!(sectors.get(&key(1001, 0)).unwrap(), Some(sector(3)));
    sectors.remove(&key(1001, 0), Durability::Buffered).unwrap();
    assert_eq!(sectors.get(&key(1001, 0)).unwrap(), None);
}

#[test]
fn ranges_have_the_ends_they_name() {
    let (_dir, db) = store();
    let numbers = db.table(TableDef::<i64, u64>::new("test.range"));
    // Tables before and after it in the database.
    for name in ["test.rang", "test.range2", "zz", "a"] {
        let other = db.table(TableDef::<i64, u64>::new(name));
        other.set(&0, &0, Durability::Buffered).unwrap();
    }
    for number in -3..=3 {
        numbers.set(&number, &0, Durability::Buffered).unwrap();
    }
    let keys = |entries: filigree_store::Entries<'_, i64, u64>| -> Vec<i64> {
        entries.map(|entry| entry.unwrap().0).collect()
    };
    assert_eq!(keys(numbers.entries()), [-3, -2, -1, 0, 1, 2, 3]);
    assert_eq!(keys(numbers.range(-1..2)), [-1, 0, 1]);
    assert_eq!(keys(numbers.range(-1..=2)), [-1, 0, 1, 2]);
    assert_eq!(keys(numbers.range(..-2)), [-3]);
    assert_eq!(keys(numbers.range(2..)), [2, 3]);
    assert_eq!(keys(numbers.range_back(..)), [3, 2, 1, 0, -1, -2, -3]);
    assert_eq!(keys(numbers.range_back(-1..2)), [1, 0, -1]);
    assert_eq!(keys(numbers.range_back(..=-2)), [-2, -3]);
    #[expect(clippy::reversed_empty_ranges, reason = "what is tested")]
    let backwards = [keys(numbers.range(2..-1)), keys(numbers.range_back(2..-1))];
    assert_eq!(backwards, [[0; 0], [0; 0]]);
    let after = (std::ops::Bound::Excluded(1), std::ops::Bound::Unbounded);
    assert_eq!(keys(numbers.range(after)), [2, 3]);
}

#[test]
fn tables_change_together_or_not_at_all() {
    let (_dir, db) = store();
    let (names, other) = (db.table(NAMES), db.table(OTHER));
    names
        .set(&"a".to_owned(), &1, Durability::Buffered)
        .unwrap();
    let mut batch = db.batch();
    names.delete(&mut batch, &"a".to_owned());
    other.put(&mut batch, &"a".to_owned(), &2).unwrap();
    assert_eq!(names.get(&"a".to_owned()).unwrap(), Some(1));
    assert_eq!(other.get(&"a".to_owned()).unwrap(), None);
    batch.commit(Durability::Synced).unwrap();
    assert_eq!(names.get(&"a".to_owned()).unwrap(), None);
    assert_eq!(other.get(&"a".to_owned()).unwrap(), Some(2));
}

#[test]
fn a_value_of_another_type_is_named() {
    let (_dir, db) = store();
    db.table(NAMES)
        .set(&"ab".to_owned(), &1, Durability::Buffered)
        .unwrap();
    let wrong = db.table(TableDef::<String, String>::new("test.names"));
    for error in [
        wrong.get(&"ab".to_owned()).unwrap_err(),
        wrong.entries().next().unwrap().unwrap_err(),
        db.table(TableDef::<u64, u64>::new("test.names"))
            .entries()
            .next()
            .unwrap()
            .unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(
            matches!(
                error,
                StoreError::Record {
                    table: "test.names",
                    ..
                }
            ),
            "{text}"
        );
        assert!(text.contains("6162"), "{text}");
    }
}

/// Entries being read do not change under the reader.
#[test]
fn reading_entries_is_reading_a_moment() {
    let (_dir, db) = store();
    let names = db.table(NAMES);
    for name in ["a", "b", "c"] {
        names
            .set(&name.to_owned(), &1, Durability::Buffered)
            .unwrap();
    }
    let mut entries = names.entries();
    entries.next();
    names.remove(&"b".to_owned(), Durability::Buffered).unwrap();
    names
        .set(&"d".to_owned(), &1, Durability::Buffered)
        .unwrap();
    let rest: Vec<String> = entries.map(|entry| entry.unwrap().0).collect();
    assert_eq!(rest, ["b", "c"]);
}
