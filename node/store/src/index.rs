//! What is where on the heaviest chain: tipsets by height, messages by CID and by address, and the head.
//!
//! The index changes with the head, in one batch ([`Index::change_head`]). Heights say which tipsets are on the chain; entries of
//! messages name the tipset they are of, by its height and sixteen bytes of the digest of its key, and count only while that
//! tipset is the one at its height. So a reorganisation deletes heights and nothing else: entries of tipsets that left the chain
//! are passed over, hold again if the tipset returns, and are overwritten when the message is in another one.

mod entries;

use std::fmt;
use std::ops::RangeInclusive;

use cid::Cid;
use filigree_blocks::TipsetKey;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use rocksdb::{Direction, IteratorMode, ReadOptions};
use serde::{Deserialize, Serialize};

use self::entries::{
    Mark, address_key, address_prefix, damaged, height_key, read_position, tipset_key,
};
use crate::db::{Batch, Db, columns};
use crate::error::StoreError;
use crate::table::TableDef;

/// The head, under the only key.
const HEAD: TableDef<(), Head> = TableDef::new("store.head");

/// Entries looked at for one page, beyond those that are on it: those of tipsets that left the chain.
const MAX_PASSED_OVER: usize = 10_000;

/// The head of the heaviest chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its epoch.
    pub height: ChainEpoch,
    /// Its blocks.
    pub key: TipsetKey,
}

/// A change of the head: the chain up to `base` stays, what is above goes, `apply` comes.
#[derive(Clone, Debug)]
pub struct HeadChange<'a> {
    /// Height of the last tipset that stays; `None` if none does.
    pub base: Option<ChainEpoch>,
    /// The tipsets above it, in ascending order. The last is the head; if there is none, the tipset at `base` is.
    pub apply: &'a [IndexedTipset],
}

/// A tipset as it enters the index.
#[derive(Clone, Debug)]
pub struct IndexedTipset {
    /// Its epoch.
    pub height: ChainEpoch,
    /// Its blocks.
    pub key: TipsetKey,
    /// Its messages, each once, in the order of their execution.
    pub messages: Vec<IndexedMessage>,
}

/// A message as it enters the index.
#[derive(Clone, Debug)]
pub struct IndexedMessage {
    /// CIDs by which it is found: the first is its own, as the block lists it; others, such as that of a signed message
    /// without its signature, follow.
    pub cids: Vec<Cid>,
    /// Addresses under which it is found; usually of sender and receiver.
    pub addresses: Vec<Address>,
}

/// Where a message is on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageLocation {
    /// Epoch of the tipset that has it.
    pub height: ChainEpoch,
    /// That tipset.
    pub tipset: TipsetKey,
    /// Its place among the tipset's messages, from 0: that of its receipt.
    pub index: u32,
}

/// One message of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressMessage {
    /// The message.
    pub cid: Cid,
    /// Where it is.
    pub position: Position,
}

/// A place on the chain: messages of one address are in its order, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Epoch of the tipset.
    pub height: ChainEpoch,
    /// Place among its messages.
    pub index: u32,
}

/// Some messages of an address, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The messages.
    pub messages: Vec<AddressMessage>,
    /// Where to go on; `None` at the end. A page may be short and not the last.
    pub next: Option<Position>,
}

/// The index of the heaviest chain. Cheap to clone.
#[derive(Clone)]
pub struct Index {
    db: Db,
}

impl Index {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// The head; `None` in a new store.
    ///
    /// # Errors
    /// When the disk fails; so for all that follow.
    pub fn head(&self) -> Result<Option<Head>, StoreError> {
        self.db.table(HEAD).get(&())
    }

    /// The tipset at a height; `None` for an epoch without blocks, and above the head.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn tipset_at(&self, height: ChainEpoch) -> Result<Option<TipsetKey>, StoreError> {
        let key = height_key(height);
        let column = self.db.column(columns::HEIGHTS);
        let found = self.db.rocks().get_pinned_cf(column, key);
        let found = found.map_err(|e| self.error(&e))?;
        found.map(|value| tipset_key(&key, &value)).transpose()
    }

    /// The last tipset at or below a height: what is asked for when the epoch may have no blocks.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn tipset_up_to(&self, height: ChainEpoch) -> Result<Option<Head>, StoreError> {
        self.tipsets_back(0..=height).next().transpose()
    }

    /// The first tipset at or above a height.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn tipset_from(&self, height: ChainEpoch) -> Result<Option<Head>, StoreError> {
        self.tipsets(height..=ChainEpoch::MAX).next().transpose()
    }

    /// The tipsets at these heights, in ascending order.
    pub fn tipsets(
        &self,
        heights: RangeInclusive<ChainEpoch>,
    ) -> impl Iterator<Item = Result<Head, StoreError>> + '_ {
        self.heights(heights, Direction::Forward)
    }

    /// The tipsets at these heights, the last first.
    pub fn tipsets_back(
        &self,
        heights: RangeInclusive<ChainEpoch>,
    ) -> impl Iterator<Item = Result<Head, StoreError>> + '_ {
        self.heights(heights, Direction::Reverse)
    }

    /// Where a message is on the chain.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn find_message(&self, cid: &Cid) -> Result<Option<MessageLocation>, StoreError> {
        let key = cid.to_bytes();
        let column = self.db.column(columns::MESSAGES);
        let found = self.db.rocks().get_pinned_cf(column, &key);
        let Some(value) = found.map_err(|e| self.error(&e))? else {
            return Ok(None);
        };
        let Some((position, mark)) = Mark::read_with_position(&value) else {
            return Err(damaged("the index of messages", &key, "its length"));
        };
        let tipset = self.tipset_at(position.height)?;
        let tipset = tipset.filter(|tipset| Mark::of(tipset) == mark);
        Ok(tipset.map(|tipset| MessageLocation {
            height: position.height,
            tipset,
            index: position.index,
        }))
    }

    /// Messages of an address, newest first: at most `limit`, from those below `after` on.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn messages_of(
        &self,
        address: &Address,
        after: Option<Position>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let prefix = address_prefix(address);
        let from = match after {
            Some(after) => [&address_key(address, after)[..], &[0]].concat(),
            None => prefix.clone(),
        };
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(crate::key::successor(prefix.clone()));
        let column = self.db.column(columns::ADDRESSES);
        let mode = IteratorMode::From(&from, Direction::Forward);
        let entries = self.db.rocks().iterator_cf_opt(column, options, mode);

        let mut page = Page::default();
        let mut last = after;
        // Tipsets are asked for once a height, however many messages are there.
        let mut at: Option<(ChainEpoch, Option<Mark>)> = None;
        for (looked_at, entry) in entries.enumerate() {
            let (key, value) = entry.map_err(|e| self.error(&e))?;
            if page.messages.len() >= limit || looked_at >= limit + MAX_PASSED_OVER {
                page.next = last;
                break;
            }
            let position = read_position(&key[prefix.len()..]);
            let read = position.zip(Mark::read_with_cid(&value));
            let Some((position, (mark, cid))) = read else {
                return Err(damaged("the index of addresses", &key, "its length"));
            };
            last = Some(position);
            let current = match at {
                Some((height, mark)) if height == position.height => mark,
                _ => {
                    let mark = self.tipset_at(position.height)?.map(|key| Mark::of(&key));
                    at = Some((position.height, mark));
                    mark
                }
            };
            if current == Some(mark) {
                page.messages.push(AddressMessage { cid, position });
            }
        }
        Ok(page)
    }

    /// Adds a change of the head to a batch; commit it [`Synced`](crate::Durability::Synced). For one writer at a time: the batch is
    /// made from the index as it is.
    ///
    /// # Errors
    /// When the disk fails.
    ///
    /// # Panics
    /// When heights do not ascend, or nothing is applied and no tipset is at `base`: the caller's mistakes.
    pub fn change_head(
        &self,
        batch: &mut Batch,
        change: &HeadChange<'_>,
    ) -> Result<(), StoreError> {
        let base = change.base.unwrap_or(-1);
        assert!(
            change.apply.is_sorted_by(|a, b| a.height < b.height)
                && change.apply.first().is_none_or(|t| t.height > base),
            "tipsets ascend from the base"
        );
        for gone in self.tipsets(base + 1..=ChainEpoch::MAX) {
            batch.delete(columns::HEIGHTS, &height_key(gone?.height));
        }
        for tipset in change.apply {
            put_height(batch, tipset.height, &tipset.key);
            put_messages(batch, tipset);
        }
        let head = match change.apply.last() {
            Some(last) => Head {
                height: last.height,
                key: last.key.clone(),
            },
            None => Head {
                height: base,
                key: self.tipset_at(base)?.expect("a tipset is at the base"),
            },
        };
        self.put_head(batch, &head)
    }

    /// Adds the messages of a tipset that is on the chain already: for an index that is made anew, as after an import.
    pub fn add_messages(&self, batch: &mut Batch, tipset: &IndexedTipset) {
        put_messages(batch, tipset);
    }

    pub(crate) fn put_head(&self, batch: &mut Batch, head: &Head) -> Result<(), StoreError> {
        self.db.table(HEAD).put(batch, &(), head)
    }

    fn heights(
        &self,
        heights: RangeInclusive<ChainEpoch>,
        direction: Direction,
    ) -> impl Iterator<Item = Result<Head, StoreError>> + '_ {
        let from = height_key((*heights.start()).max(0));
        let to = match heights.end() {
            // Nothing is below height 0; the database wants bounds in order.
            ..0 => from.to_vec(),
            end => [&height_key(*end)[..], &[0]].concat().max(from.to_vec()),
        };
        let start = match direction {
            Direction::Forward => from.to_vec(),
            Direction::Reverse => to.clone(),
        };
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(from);
        options.set_iterate_upper_bound(to);
        let column = self.db.column(columns::HEIGHTS);
        let mode = IteratorMode::From(&start, direction);
        let entries = self.db.rocks().iterator_cf_opt(column, options, mode);
        entries.map(move |entry| {
            let (key, value) = entry.map_err(|e| self.error(&e))?;
            let bytes = (*key)
                .try_into()
                .map_err(|_| damaged("the index of heights", &key, "its length"))?;
            Ok(Head {
                height: u64::from_be_bytes(bytes) as ChainEpoch,
                key: tipset_key(&key, &value)?,
            })
        })
    }

    fn error(&self, error: &rocksdb::Error) -> StoreError {
        self.db.error("read the index", error)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Index").field(&self.db.dir()).finish()
    }
}

pub(crate) fn put_height(batch: &mut Batch, height: ChainEpoch, key: &TipsetKey) {
    batch.put(columns::HEIGHTS, &height_key(height), &key.to_bytes());
}

fn put_messages(batch: &mut Batch, tipset: &IndexedTipset) {
    let mark = Mark::of(&tipset.key);
    for (index, message) in (0_u32..).zip(&tipset.messages) {
        let position = Position {
            height: tipset.height,
            index,
        };
        let location = mark.with_position(position);
        for cid in &message.cids {
            batch.put(columns::MESSAGES, &cid.to_bytes(), &location);
        }
        let Some(own) = message.cids.first() else {
            continue;
        };
        for address in &message.addresses {
            let key = address_key(address, position);
            batch.put(columns::ADDRESSES, &key, &mark.with_cid(own));
        }
    }
}
