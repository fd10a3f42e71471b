//! The version of what is on disk, and the steps from one to the next.
//!
//! The number stands in a small file beside the database, so that a store of a newer program is refused before the database
//! is opened: opening one writes to it. The file also says which format a store is on its way to, for while a step runs the store is
//! of neither: it is refused by the older program, and the newer one runs the step again.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::db::Db;
use crate::error::StoreError;

/// The format that this program writes.
///
/// 1. Blocks by CID; index of heights, messages and addresses; tables.
pub(crate) const FORMAT: u32 = 1;

/// One step each, in order: `MIGRATIONS[i]` leads from format i + 1 to i + 2.
pub(crate) const MIGRATIONS: &[Migration] = &[];

/// A step from one format to the next.
#[derive(Clone, Copy)]
pub(crate) struct Migration {
    /// What it does, for the log.
    pub what: &'static str,
    /// Does it. It may be killed at any moment, also when all is done, and runs again from its start then: what is done already it must
    /// leave as it is. So each batch takes away the old form of what it writes in the new one.
    pub run: fn(&Db) -> Result<(), StoreError>,
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The format of the store.
    pub format: u32,
    /// The next one, if some of the store has it already.
    pub on_its_way_to: Option<u32>,
}

const FILE: &str = "FORMAT";
const PREFIX: &str = "filigree store, format ";
const ON_ITS_WAY: &str = ", on its way to ";

impl Stamp {
    pub fn of(format: u32) -> Self {
        Self {
            format,
            on_its_way_to: None,
        }
    }

    /// The newest format that anything in the store has.
    pub fn newest(self) -> u32 {
        self.on_its_way_to.unwrap_or(self.format).max(self.format)
    }

    fn parse(text: &str) -> Option<Self> {
        let numbers = text.trim_end().strip_prefix(PREFIX)?;
        let number = |text: &str| text.parse::<u32>().ok().filter(|format| *format >= 1);
        Some(match numbers.split_once(ON_ITS_WAY) {
            None => Self::of(number(numbers)?),
            Some((format, next)) => Self {
                format: number(format)?,
                on_its_way_to: Some(number(next)?),
            },
        })
    }

    fn text(self) -> String {
        let next = self.on_its_way_to;
        let next = next.map_or(String::new(), |next| format!("{ON_ITS_WAY}{next}"));
        format!("{PREFIX}{}{next}\n", self.format)
    }
}

/// The format of the store in a directory; `None` if there is no store.
pub(crate) fn read(dir: &Path) -> Result<Option<Stamp>, StoreError> {
    let path = dir.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(StoreError::io(&path, "read", e)),
    };
    match Stamp::parse(&text) {
        Some(stamp) => Ok(Some(stamp)),
        None => Err(StoreError::Damaged {
            dir: dir.to_owned(),
            reason: format!("the file {FILE} does not say which format it has"),
        }),
    }
}

/// Writes the format: after a crash there is the old one or the new one.
pub(crate) fn write(dir: &Path, stamp: Stamp) -> Result<(), StoreError> {
    let path = dir.join(FILE);
    let new = dir.join("FORMAT.new");
    let written = File::create(&new).and_then(|mut file| {
        file.write_all(stamp.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(dir)?.sync_all()
    });
    written.map_err(|e| StoreError::io(&path, "write to", e))
}

/// Takes a store step by step from its format to the newest.
///
/// # Errors
/// Those of a step. The store stays on its way, and the step runs again when it is opened next.
pub(crate) fn migrate(db: &Db, from: u32, steps: &[Migration]) -> Result<(), StoreError> {
    for (format, step) in (1..).zip(steps).skip(from as usize - 1) {
        let next = format + 1;
        tracing::info!(
            from = format,
            to = next,
            "migrating the store: {}",
            step.what
        );
        let on_its_way = Stamp {
            format,
            on_its_way_to: Some(next),
        };
        write(db.dir(), on_its_way)?;
        (step.run)(db)?;
        db.flush()?;
        write(db.dir(), Stamp::of(next))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
