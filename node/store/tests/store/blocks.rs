//! Blocks, batches and memory.

use std::thread;

use cid::Cid;
use filigree_store::{Db, Durability, Options, TableDef};
use fvm_ipld_blockstore::{Block, Blockstore};
use fvm_shared::IDENTITY_HASH;
use multihash_codetable::{Code, Multihash};

use crate::chain::{cid, store};

const COUNT: TableDef<(), u64> = TableDef::new("test.count");

#[test]
fn a_blockstore_does_what_blockstores_do() {
    let (_dir, db) = store();
    let blocks = db.blocks();
    assert_eq!(blocks.get(&cid(b"a")).unwrap(), None);
    assert!(!blocks.has(&cid(b"a")).unwrap());
    let a = blocks
        .put(Code::Blake2b256, &Block::new(0x71, b"a"))
        .unwrap();
    assert_eq!(a, cid(b"a"));
    assert!(blocks.has(&a).unwrap());
    blocks
        .put_many_keyed([(cid(b"b"), &b"b"[..]), (cid(b""), b"")])
        .unwrap();
    blocks.put_many_keyed(Vec::<(Cid, Vec<u8>)>::new()).unwrap();
    let wanted = [cid(b""), cid(b"none"), cid(b"b"), cid(b"a"), cid(b"b")];
    let found = blocks.read_many(&wanted).unwrap();
    let found: Vec<Option<&[u8]>> = found.iter().map(Option::as_deref).collect();
    assert_eq!(
        found,
        [Some(&b""[..]), None, Some(b"b"), Some(b"a"), Some(b"b")]
    );
}

#[test]
fn inline_cids_are_their_own_blocks() {
    let (_dir, db) = store();
    let blocks = db.blocks();
    let inline = Cid::new_v1(0x55, Multihash::wrap(IDENTITY_HASH, b"hello").unwrap());
    assert!(blocks.has(&inline).unwrap());
    assert_eq!(blocks.get(&inline).unwrap().unwrap(), b"hello");
    assert_eq!(
        blocks.read_many(&[inline]).unwrap(),
        [Some(b"hello".to_vec())]
    );
    blocks.put_keyed(&inline, b"anything else").unwrap();
    assert_eq!(blocks.get(&inline).unwrap().unwrap(), b"hello");
}

/// A cache and write memory of 8 MiB each hold while 200 MB go through and are read again.
#[test]
fn memory_is_bounded_whatever_is_read_and_written() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::small();
    let db = Db::open(dir.path().join("store"), &options).unwrap();
    let blocks = db.blocks();
    let block = |n: u32| {
        let mut state = n;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        });
        noise.take(20_000).collect::<Vec<u8>>()
    };
    let cids: Vec<Cid> = (0..10_000_u32)
        .map(|n| {
            let cid = cid(&n.to_le_bytes());
            blocks.put_keyed(&cid, &block(n)).unwrap();
            cid
        })
        .collect();
    for (n, cid) in (0_u32..).zip(&cids).step_by(7) {
        assert_eq!(blocks.get(cid).unwrap().unwrap(), block(n));
        let usage = db.usage();
        assert!(
            usage.cache_bytes <= options.cache_bytes as u64 * 2,
            "{usage:?}"
        );
        assert!(
            usage.write_buffer_bytes <= options.write_buffer_bytes as u64 * 4,
            "{usage:?}"
        );
    }
    assert!(db.usage().blocks_bytes > 150_000_000, "{:?}", db.usage());
}

/// Readers that see the record of a batch see its blocks.
#[test]
fn a_batch_appears_at_once() {
    let (_dir, db) = store();
    let name = |n: u64, part: u8| cid(&[&n.to_le_bytes()[..], &[part]].concat());
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 1..=2_000 {
                let mut batch = db.batch();
                for part in 0..10 {
                    batch.put_block(&name(n, part), &[part]);
                }
                db.table(COUNT).put(&mut batch, &(), &n).unwrap();
                batch.commit(Durability::Buffered).unwrap();
            }
        });
        let mut last = 0;
        while last < 2_000 {
            let Some(n) = db.table(COUNT).get(&()).unwrap() else {
                continue;
            };
            assert!(n >= last);
            last = n;
            for part in 0..10 {
                assert!(db.blocks().has(&name(n, part)).unwrap());
            }
        }
    });
}

#[test]
fn a_batch_that_is_not_committed_is_nothing() {
    let (_dir, db) = store();
    let mut batch = db.batch();
    batch.put_block(&cid(b"a"), b"a");
    assert!(!batch.is_empty() && batch.size_bytes() > 30);
    drop(batch);
    assert!(!db.blocks().has(&cid(b"a")).unwrap());
}
