//! Small chains for tests: headers, messages, receipts with events, and a state of which each epoch changes a little.

use std::collections::BTreeSet;

use cid::Cid;
use filigree_blocks::{BlockHeader, MessageCids, MessageRoots, Ticket, Tipset, TipsetKey};
use filigree_store::{Blocks, Db, Durability, HeadChange, IndexedMessage, IndexedTipset, Options};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CborStore, DAG_CBOR, to_vec};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use multihash_codetable::{Code, MultihashDigest};

/// Leaves of the state. An epoch changes one of them.
const LEAVES: u64 = 64;

pub fn open(dir: &tempfile::TempDir) -> Db {
    Db::open(dir.path().join("store"), &Options::small()).unwrap()
}

/// A new store, and the directory that it goes with.
pub fn store() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir);
    (dir, db)
}

pub fn cid(data: &[u8]) -> Cid {
    Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(data))
}

/// An epoch's state: a root over nodes over leaves. Only some leaves differ from the epoch before.
pub fn state(blocks: &Blocks, epoch: ChainEpoch, fork: u64) -> Cid {
    let epoch = epoch as u64;
    let mut nodes = Vec::new();
    for node in 0..8 {
        let leaves: Vec<Cid> = (0..8)
            .map(|leaf| {
                let leaf = node * 8 + leaf;
                // Leaf `n` changes at each epoch that is `n` more than a multiple of the leaves.
                let changed = (epoch + LEAVES - leaf) / LEAVES;
                let padding = vec![leaf as u8; 50];
                put(blocks, &("leaf", leaf, changed, fork, padding))
            })
            .collect();
        nodes.push(put(blocks, &(node, leaves)));
    }
    let code = Cid::new_v1(0x55, Code::Blake2b256.digest(b"code"));
    blocks.put_keyed(&code, b"code").unwrap();
    put(blocks, &(5, nodes, code, epoch / 10))
}

pub fn put(blocks: &Blocks, value: &impl serde::Serialize) -> Cid {
    blocks.put_cbor(value, Code::Blake2b256).unwrap()
}

/// A message's CID; the message is in the store.
pub fn message(blocks: &Blocks, epoch: ChainEpoch, index: u64, fork: u64) -> Cid {
    put(blocks, &("message", epoch, index, fork))
}

/// A tipset of `width` blocks on another one, each with a message of its own, and all that its headers name, in the store.
pub fn tipset(
    blocks: &Blocks,
    parents: &TipsetKey,
    height: ChainEpoch,
    width: u64,
    fork: u64,
) -> Tipset {
    let state = state(blocks, height, fork);
    let events = put(blocks, &("events", height, fork));
    let receipts = put(blocks, &vec![(0, vec![height as u8], 1000, events)]);
    let headers = (0..width).map(|index| {
        let messages = MessageCids {
            bls: vec![message(blocks, height, index, fork)],
            signed: vec![],
        };
        let messages = MessageRoots::write(blocks, &messages).unwrap();
        let header = BlockHeader {
            miner: Address::new_id(1000 + index),
            ticket: Some(Ticket {
                vrf_proof: to_vec(&(height, index, fork)).unwrap(),
            }),
            election_proof: None,
            beacon_entries: vec![],
            winning_post: vec![],
            parents: parents.clone(),
            parent_weight: height.into(),
            height,
            parent_state: state,
            parent_receipts: receipts,
            messages,
            bls_aggregate: None,
            timestamp_seconds: height as u64 * 30,
            signature: None,
            fork_signal: fork,
            parent_base_fee: TokenAmount::from_atto(100),
        };
        blocks.put_keyed(&header.cid(), &header.to_bytes()).unwrap();
        header
    });
    Tipset::new(headers.collect::<Vec<_>>()).unwrap()
}

/// As the index takes it: messages in their order, found by their own CID and an alias, under two addresses.
pub fn indexed(blocks: &Blocks, tipset: &Tipset, fork: u64) -> IndexedTipset {
    let height = tipset.height();
    let messages = (0..tipset.blocks().len() as u64).map(|index| IndexedMessage {
        cids: vec![
            message(blocks, height, index, fork),
            cid(&to_vec(&("alias", height, index)).unwrap()),
        ],
        addresses: vec![Address::new_id(7), Address::new_id(100 + height as u64 % 3)],
    });
    IndexedTipset {
        height,
        key: tipset.key().clone(),
        messages: messages.collect(),
    }
}

/// Adds tipsets of two blocks from `base` (none: the genesis block) up to a height. Every fifth epoch has no blocks.
pub fn extend(db: &Db, base: Option<&Tipset>, to: ChainEpoch, fork: u64) -> Vec<Tipset> {
    let blocks = db.blocks();
    let mut tipsets: Vec<Tipset> = Vec::new();
    let first = base.map_or(0, |base| base.height() + 1);
    for height in first..=to {
        if height % 5 == 4 {
            continue;
        }
        let parents = tipsets.last().or(base).map(|t| t.key().clone());
        let parents = parents.unwrap_or_else(|| TipsetKey::new([]));
        let width = if height == 0 { 1 } else { 2 };
        let tipset = tipset(&blocks, &parents, height, width, fork);
        let mut batch = db.batch();
        let change = HeadChange {
            base: tipsets.last().or(base).map(Tipset::height),
            apply: &[indexed(&blocks, &tipset, fork)],
        };
        db.index().change_head(&mut batch, &change).unwrap();
        batch.commit(Durability::Buffered).unwrap();
        tipsets.push(tipset);
    }
    tipsets
}

/// Closes a store, deletes blocks behind its back, and opens it again.
pub fn without(dir: &tempfile::TempDir, db: Db, cids: &[Cid]) -> Db {
    behind_its_back(dir, db, |rocks| {
        let blocks = rocks.cf_handle("blocks").unwrap();
        for cid in cids {
            rocks.delete_cf(blocks, cid.to_bytes()).unwrap();
        }
    })
}

/// All blocks of a store.
pub fn all_blocks(dir: &tempfile::TempDir, db: Db) -> (Db, BTreeSet<Cid>) {
    let mut found = BTreeSet::new();
    let db = behind_its_back(dir, db, |rocks| {
        let blocks = rocks.cf_handle("blocks").unwrap();
        let entries = rocks.iterator_cf(blocks, rocksdb::IteratorMode::Start);
        found.extend(entries.map(|entry| Cid::try_from(&*entry.unwrap().0).unwrap()));
    });
    (db, found)
}

fn behind_its_back(dir: &tempfile::TempDir, db: Db, what: impl FnOnce(&rocksdb::DB)) -> Db {
    let path = db.dir().join("rocks");
    drop(db);
    let columns = ["blocks", "heights", "messages", "addresses", "tables"];
    what(&rocksdb::DB::open_cf(&rocksdb::Options::default(), &path, columns).unwrap());
    open(dir)
}
