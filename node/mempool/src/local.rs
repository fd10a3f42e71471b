//! Messages from here, kept over restarts until they are final.
//!
//! One that is mined may come back by a reorganisation; so it is kept for a finality longer.

use std::collections::BTreeMap;

use filigree_blocks::SignedMessage;
use filigree_store::{Batch, Db, Durability, StoreError, Table, TableDef};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

const TABLE: TableDef<(Address, u64), Record> = TableDef::new("mempool.local");

/// A message, and when it was mined.
#[derive(Clone, Serialize_tuple, Deserialize_tuple)]
struct Record {
    signed: SignedMessage,
    mined_at: Option<ChainEpoch>,
}

/// The table, and in memory which messages are in it: as many as senders from here have in the pool, and had within a finality.
pub struct Locals {
    db: Db,
    table: Table<(Address, u64), Record>,
    known: BTreeMap<(Address, u64), Option<ChainEpoch>>,
}

impl Locals {
    pub fn open(db: &Db) -> Result<Self, StoreError> {
        let table = db.table(TABLE);
        let mut known = BTreeMap::new();
        for entry in table.entries() {
            let (place, record) = entry?;
            known.insert(place, record.mined_at);
        }
        Ok(Self {
            db: db.clone(),
            table,
            known,
        })
    }

    /// Messages that were not mined yet.
    pub fn waiting(&self) -> Result<Vec<SignedMessage>, StoreError> {
        let mut waiting = Vec::new();
        for entry in self.table.entries() {
            let (_, record) = entry?;
            if record.mined_at.is_none() {
                waiting.push(record.signed);
            }
        }
        Ok(waiting)
    }

    /// Whether messages of a sender come from here.
    pub fn is_local(&self, sender: &Address) -> bool {
        self.known
            .range((*sender, 0)..=(*sender, u64::MAX))
            .next()
            .is_some()
    }

    /// Keeps a message, also over a loss of power, in place of one with its number.
    pub fn keep(&mut self, signed: &SignedMessage) -> Result<(), StoreError> {
        let place = (signed.message.from, signed.message.sequence);
        let record = Record {
            signed: signed.clone(),
            mined_at: None,
        };
        self.table.set(&place, &record, Durability::Synced)?;
        self.known.insert(place, None);
        Ok(())
    }

    /// The message of a place, if one is kept.
    pub fn get(&self, place: &(Address, u64)) -> Result<Option<SignedMessage>, StoreError> {
        if !self.known.contains_key(place) {
            return Ok(None);
        }
        Ok(self.table.get(place)?.map(|record| record.signed))
    }

    /// Notes that these sequence numbers were used by messages of a tipset.
    pub fn mined(
        &mut self,
        places: impl IntoIterator<Item = (Address, u64)>,
        epoch: ChainEpoch,
    ) -> Result<(), StoreError> {
        self.mark(places, Some(epoch))
    }

    /// Notes that these messages are waiting again.
    pub fn reverted(
        &mut self,
        places: impl IntoIterator<Item = (Address, u64)>,
    ) -> Result<(), StoreError> {
        self.mark(places, None)
    }

    fn mark(
        &mut self,
        places: impl IntoIterator<Item = (Address, u64)>,
        mined_at: Option<ChainEpoch>,
    ) -> Result<(), StoreError> {
        self.write(|own, batch| {
            for place in places {
                if own.known.get(&place).is_none_or(|known| *known == mined_at) {
                    continue;
                }
                if let Some(record) = own.table.get(&place)? {
                    let record = Record { mined_at, ..record };
                    own.table.put(batch, &place, &record)?;
                    own.known.insert(place, mined_at);
                }
            }
            Ok(())
        })
    }

    /// Forgets what was mined up to an epoch, which is final.
    pub fn forget_up_to(&mut self, epoch: ChainEpoch) -> Result<(), StoreError> {
        self.forget(|mined_at| mined_at.is_some_and(|mined_at| mined_at <= epoch))
    }

    /// Forgets everything.
    pub fn forget_all(&mut self) -> Result<(), StoreError> {
        self.forget(|_| true)
    }

    fn forget(&mut self, which: impl Fn(Option<ChainEpoch>) -> bool) -> Result<(), StoreError> {
        self.write(|own, batch| {
            own.known.retain(|place, mined_at| {
                let forgotten = which(*mined_at);
                if forgotten {
                    own.table.delete(batch, place);
                }
                !forgotten
            });
            Ok(())
        })
    }

    /// All of a change, or nothing. Chain and pool tell us again what a loss of power undoes here.
    fn write(
        &mut self,
        change: impl FnOnce(&mut Self, &mut Batch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut batch = self.db.batch();
        change(self, &mut batch)?;
        if batch.is_empty() {
            return Ok(());
        }
        batch.commit(Durability::Buffered)
    }
}
