//! The tables of the pipeline, and the records in memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cid::Cid;
use filigree_store::{Db, Durability, Table, TableDef};
use fvm_shared::ActorID;
use fvm_shared::sector::SectorNumber;

use crate::error::SealError;
use crate::sector::Sector;
use crate::window::Window;

/// Sectors by miner and number.
const SECTORS: TableDef<(u64, u64), Sector> = TableDef::new("seal.sectors");
/// The number of each miner's next sector.
const NEXT: TableDef<u64, u64> = TableDef::new("seal.next");
/// What was sent for each miner's deadlines.
const WINDOWS: TableDef<(u64, u64), Window> = TableDef::new("seal.windows");

/// What replaced messages, by CID.
const REPLACED: TableDef<Cid, Cid> = TableDef::new("seal.replaced");

/// The records of a miner. What is in memory is what was written.
pub(crate) struct Records {
    miner: ActorID,
    sectors: Table<(u64, u64), Sector>,
    next: Table<u64, u64>,
    windows: Table<(u64, u64), Window>,
    replaced: Table<Cid, Cid>,
    known: Mutex<BTreeMap<SectorNumber, Sector>>,
    /// How many more writes there may be: tests let a pipeline die at each.
    writes_left: AtomicU64,
    dies_early: bool,
    is_dead: AtomicBool,
}

/// For tests: when a pipeline stops dead, as a process that is killed does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// It lives.
    Never,
    /// When so many writes of records are done.
    After(u64),
    /// When one more is tried, which does not happen: what it was to record has.
    Before(u64),
}

impl Records {
    /// The records of a miner.
    pub fn open(db: &Db, miner: ActorID, death: Death) -> Result<Self, SealError> {
        let sectors = db.table(SECTORS);
        let mut known = BTreeMap::new();
        for entry in sectors.entries_of(&miner) {
            let ((_, number), sector) = entry?;
            known.insert(number, sector);
        }
        Ok(Self {
            miner,
            sectors,
            next: db.table(NEXT),
            windows: db.table(WINDOWS),
            replaced: db.table(REPLACED),
            known: Mutex::new(known),
            writes_left: AtomicU64::new(match death {
                Death::Never => u64::MAX,
                Death::After(writes) | Death::Before(writes) => writes,
            }),
            dies_early: matches!(death, Death::After(_)),
            is_dead: AtomicBool::new(false),
        })
    }

    /// Whether nothing more is written.
    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    fn may_write(&self) -> Result<(), SealError> {
        let order = Ordering::SeqCst;
        let taken = self
            .writes_left
            .fetch_update(order, order, |left| match left {
                u64::MAX => Some(left),
                left => left.checked_sub(1),
            });
        let is_last = match taken {
            Ok(left) => left == 1 && self.dies_early,
            Err(_) => true,
        };
        if is_last {
            self.is_dead.store(true, order);
        }
        taken.map(|_| ()).map_err(|_| SealError::Stopped)
    }

    pub fn all(&self) -> Vec<Sector> {
        self.known().values().cloned().collect()
    }

    pub fn get(&self, number: SectorNumber) -> Result<Sector, SealError> {
        let found = self.known().get(&number).cloned();
        found.ok_or(SealError::NoSector {
            miner: self.miner,
            number,
        })
    }

    /// A number that no sector has had. It is written that it is taken before anybody uses it; `above` is what the chain knows of.
    pub fn take_number(&self, above: SectorNumber) -> Result<SectorNumber, SealError> {
        self.may_write()?;
        // Held so that two callers do not read the same.
        let _known = self.known();
        let number = self.next.get(&self.miner)?.unwrap_or(0).max(above);
        self.next
            .set(&self.miner, &(number + 1), Durability::Synced)?;
        Ok(number)
    }

    /// Adds a sector.
    pub fn add(&self, sector: Sector) -> Result<(), SealError> {
        self.may_write()?;
        let mut known = self.known();
        let key = (self.miner, sector.number);
        self.sectors.set(&key, &sector, Durability::Synced)?;
        known.insert(sector.number, sector);
        Ok(())
    }

    /// Writes a changed sector, unless somebody else has changed it: then nothing is written, and false is given.
    pub fn save(&self, sector: &mut Sector) -> Result<bool, SealError> {
        self.may_write()?;
        let mut known = self.known();
        let current = known.get(&sector.number);
        if current.is_none_or(|current| current.changes != sector.changes) {
            return Ok(false);
        }
        sector.changes += 1;
        let key = (self.miner, sector.number);
        self.sectors.set(&key, sector, Durability::Synced)?;
        known.insert(sector.number, sector.clone());
        Ok(true)
    }

    /// Changes a sector whatever else is going on with it.
    pub fn change(
        &self,
        number: SectorNumber,
        change: impl FnOnce(&mut Sector),
    ) -> Result<(), SealError> {
        self.may_write()?;
        let mut known = self.known();
        let current = known.get_mut(&number);
        let current = current.ok_or(SealError::NoSector {
            miner: self.miner,
            number,
        })?;
        let mut sector = current.clone();
        change(&mut sector);
        sector.changes += 1;
        let key = (self.miner, number);
        self.sectors.set(&key, &sector, Durability::Synced)?;
        *current = sector;
        Ok(())
    }

    /// Forgets a sector. Its number stays taken.
    pub fn forget(&self, number: SectorNumber) -> Result<(), SealError> {
        self.may_write()?;
        let mut known = self.known();
        self.sectors
            .remove(&(self.miner, number), Durability::Synced)?;
        known.remove(&number);
        Ok(())
    }

    pub fn window(&self, deadline: u64) -> Result<Window, SealError> {
        let found = self.windows.get(&(self.miner, deadline))?;
        Ok(found.unwrap_or_default())
    }

    pub fn save_window(&self, deadline: u64, window: &Window) -> Result<(), SealError> {
        self.may_write()?;
        let key = (self.miner, deadline);
        Ok(self.windows.set(&key, window, Durability::Synced)?)
    }

    /// The message that is to take the place of one in the pool; it need not have come there.
    pub fn replacement(&self, message: &Cid) -> Result<Option<Cid>, SealError> {
        Ok(self.replaced.get(message)?)
    }

    /// Notes what is about to replace a message.
    pub fn note_replacement(&self, old: &Cid, new: &Cid) -> Result<(), SealError> {
        self.may_write()?;
        Ok(self.replaced.set(old, new, Durability::Synced)?)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<SectorNumber, Sector>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
