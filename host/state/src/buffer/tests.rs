//! What a flush writes, in which order, and what stays.

use fvm_ipld_blockstore::{Block, MemoryBlockstore};
use fvm_ipld_encoding::{CBOR, CborStore, IPLD_RAW};
use fvm_shared::IDENTITY_HASH;
use fvm_shared::commcid::FIL_COMMITMENT_SEALED;
use multihash_codetable::Code::Blake2b256;
use multihash_codetable::Multihash;

use super::*;

/// A store that notes what is asked of it, and can be told to fail.
#[derive(Default)]
struct Noting {
    inner: MemoryBlockstore,
    gets: Cell<usize>,
    puts: RefCell<Vec<Cid>>,
    puts_left: Cell<Option<usize>>,
}

impl Blockstore for &'static Noting {
    fn get(&self, cid: &Cid) -> Result<Option<Vec<u8>>> {
        self.gets.set(self.gets.get() + 1);
        self.inner.get(cid)
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> Result<()> {
        match self.puts_left.get() {
            Some(0) => anyhow::bail!("the disk is full"),
            left => self.puts_left.set(left.map(|left| left - 1)),
        }
        self.puts.borrow_mut().push(*cid);
        self.inner.put_keyed(cid, block)
    }
}

fn new() -> (&'static Noting, WriteBuffer) {
    let base: &'static Noting = Box::leak(Box::default());
    (base, WriteBuffer::new(Box::new(base)))
}

fn put(buffer: &WriteBuffer, value: &impl serde::Serialize) -> Cid {
    buffer.put_cbor(value, Blake2b256).unwrap()
}

#[test]
fn a_flush_writes_what_the_root_reaches_and_keeps_the_rest() {
    let (base, buffer) = new();
    let leaf = put(&buffer, &7u64);
    let middle = put(&buffer, &(leaf, leaf));
    let root = put(&buffer, &(leaf, middle));
    let stray = put(&buffer, &"stray");
    let over_stray = put(&buffer, &(stray, root));
    buffer.flush(&root).unwrap();
    assert_eq!(*base.puts.borrow(), [leaf, middle, root]);
    assert_eq!(buffer.len(), 2);
    assert!(buffer.read(&stray).unwrap().is_some());

    // What stayed can become reachable later; what was written is not written again.
    buffer.flush(&over_stray).unwrap();
    assert_eq!(*base.puts.borrow(), [leaf, middle, root, stray, over_stray]);
    assert!(buffer.is_empty());
}

#[test]
fn flush_all_writes_everything() {
    let (base, buffer) = new();
    let mut all: Vec<Cid> = (0..20u64).map(|n| put(&buffer, &n)).collect();
    all.sort_unstable();
    buffer.flush_all().unwrap();
    assert_eq!(*base.puts.borrow(), all);
    assert!(buffer.is_empty());
}

#[test]
fn children_come_before_parents() {
    let (base, buffer) = new();
    // Each block links to all before it: the worst case for an order by first sight.
    let mut blocks: Vec<Cid> = Vec::new();
    for _ in 0..8 {
        for reversed in [false, true] {
            let mut links = blocks.clone();
            if reversed {
                links.reverse();
            }
            blocks.push(put(&buffer, &(links, blocks.len())));
        }
    }
    buffer.flush(&blocks[15]).unwrap();
    assert_eq!(*base.puts.borrow(), blocks);
}

#[test]
fn inline_blocks_are_followed_and_commitments_are_not() {
    let (base, buffer) = new();
    let leaf = put(&buffer, &7u64);
    let other = put(&buffer, &8u64);
    let inline = |codec, links: &[Cid]| {
        let data = fvm_ipld_encoding::to_vec(&links).unwrap();
        Cid::new_v1(codec, Multihash::wrap(IDENTITY_HASH, &data).unwrap())
    };
    let sector = buffer
        .put(
            Blake2b256,
            &Block::new(FIL_COMMITMENT_SEALED, b"not a block"),
        )
        .unwrap();
    // The links of a CBOR block (not DAG-CBOR) are none.
    let hidden = inline(CBOR, &[other]);
    let root = put(&buffer, &(inline(DAG_CBOR, &[leaf]), sector, hidden));
    buffer.flush(&root).unwrap();
    assert_eq!(*base.puts.borrow(), [leaf, root]);

    // An inline block or a commitment can be the root too.
    buffer.flush(&sector).unwrap();
    buffer.flush(&inline(DAG_CBOR, &[other])).unwrap();
    assert_eq!(*base.puts.borrow(), [leaf, root, other]);
}

#[test]
fn a_block_not_here_ends_the_walk() {
    let (base, buffer) = new();
    let leaf = put(&buffer, &7u64);
    let elsewhere = Block::new(DAG_CBOR, fvm_ipld_encoding::to_vec(&(leaf,)).unwrap());
    let elsewhere = base.inner.put(Blake2b256, &elsewhere).unwrap();
    let missing = Cid::new_v1(IPLD_RAW, Blake2b256.digest(b"missing"));
    let root = put(&buffer, &(elsewhere, missing));
    buffer.flush(&root).unwrap();
    assert_eq!(*base.puts.borrow(), [root]);
}

#[test]
fn known_links_are_not_scanned_again() {
    let (base, buffer) = new();
    let leaf = put(&buffer, &7u64);
    let liar: Rc<[u8]> = fvm_ipld_encoding::to_vec(&(leaf,)).unwrap().into();
    let root = buffer.write_dag_cbor(Rc::clone(&liar), Some(Rc::default()));
    buffer.flush(&root).unwrap();
    assert_eq!(*base.puts.borrow(), [root]);
    // Written again without links, they are looked for.
    assert_eq!(buffer.write_dag_cbor(liar, None), root);
    buffer.flush(&root).unwrap();
    assert_eq!(*base.puts.borrow(), [root, leaf, root]);
}

#[test]
fn a_bad_block_stops_the_flush_before_anything_is_written() {
    let (base, buffer) = new();
    let leaf = put(&buffer, &7u64);
    let malformed = buffer
        .put(Blake2b256, &Block::new(DAG_CBOR, [0x1f]))
        .unwrap();
    let sha = Cid::new_v1(DAG_CBOR, Code::Sha2_256.digest(b""));
    let pb = Cid::new_v1(0x70, Blake2b256.digest(b""));
    let bad_link = put(&buffer, &(sha,));
    for root in [
        put(&buffer, &(leaf, malformed)),
        put(&buffer, &(leaf, bad_link)),
        put(&buffer, &(leaf, pb)),
        sha,
        pb,
    ] {
        assert!(buffer.flush(&root).is_err(), "{root}");
    }
    assert!(base.puts.borrow().is_empty());
    // None of it is lost, and the buffer works on.
    buffer.flush(&put(&buffer, &(leaf, 1u8))).unwrap();
    assert_eq!(base.puts.borrow().len(), 2);
}

#[test]
fn a_store_that_fails_can_be_tried_again() {
    let (base, buffer) = new();
    let leaf = put(&buffer, &7u64);
    let middle = put(&buffer, &(leaf,));
    let root = put(&buffer, &(middle,));
    base.puts_left.set(Some(1));
    assert!(buffer.flush(&root).is_err());
    assert_eq!((buffer.len(), buffer.has(&root).unwrap()), (2, true));
    base.puts_left.set(None);
    buffer.flush(&root).unwrap();
    assert_eq!(*base.puts.borrow(), [leaf, middle, root]);
}

#[test]
fn reads_share_one_copy() {
    let (base, buffer) = new();
    let data: Rc<[u8]> = Rc::from(&[1u8, 2, 3][..]);
    let cid = Cid::new_v1(IPLD_RAW, Blake2b256.digest(&data));
    assert_eq!(buffer.read(&cid).unwrap(), None);
    buffer.write(cid, Rc::clone(&data), None);
    assert!(Rc::ptr_eq(&buffer.read(&cid).unwrap().unwrap(), &data));
    buffer.flush(&cid).unwrap();
    assert!(Rc::ptr_eq(&buffer.read(&cid).unwrap().unwrap(), &data));
    assert_eq!(base.gets.get(), 1);

    let other = base.inner.put_cbor(&5u64, Blake2b256).unwrap();
    let first = buffer.read(&other).unwrap().unwrap();
    assert!(Rc::ptr_eq(&first, &buffer.read(&other).unwrap().unwrap()));
    assert_eq!(buffer.get(&other).unwrap().unwrap(), *first);
    assert_eq!(base.gets.get(), 2);
}
