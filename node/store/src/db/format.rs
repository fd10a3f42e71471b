//! The version of what is on disk, and the steps from one to the next.
//!
//! The number stands in a small file beside the database, so that a store of a newer program is refused before the database
//! is opened: opening one writes to it.

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
    /// Does it. It may be killed at any moment and runs again from its start then.
    pub run: fn(&Db) -> Result<(), StoreError>,
}

const FILE: &str = "FORMAT";
const PREFIX: &str = "filigree store, format ";

/// The format of the store in a directory; `None` if there is no store.
pub(crate) fn read(dir: &Path) -> Result<Option<u32>, StoreError> {
    let path = dir.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(StoreError::io(&path, "read", e)),
    };
    let number = text.trim_end().strip_prefix(PREFIX);
    match number.and_then(|number| number.parse().ok()) {
        Some(format @ 1..) => Ok(Some(format)),
        _ => Err(StoreError::Damaged {
            dir: dir.to_owned(),
            reason: format!("the file {FILE} does not say which format it has"),
        }),
    }
}

/// Writes the number: after a crash there is the old one or the new one.
pub(crate) fn write(dir: &Path, format: u32) -> Result<(), StoreError> {
    let path = dir.join(FILE);
    let new = dir.join("FORMAT.new");
    let written = File::create(&new).and_then(|mut file| {
        writeln!(file, "{PREFIX}{format}")?;
        file.sync_all()?;
        fs::rename(&new, &path)?;
        File::open(dir)?.sync_all()
    });
    written.map_err(|e| StoreError::io(&path, "write to", e))
}

/// Takes a store step by step from its format to the newest. The number is written after each step.
pub(crate) fn migrate(db: &Db, from: u32, steps: &[Migration]) -> Result<(), StoreError> {
    let missing = steps.iter().zip(2..).skip(from as usize - 1);
    for (step, format) in missing {
        tracing::info!(format, "migrating the store: {}", step.what);
        (step.run)(db)?;
        db.flush()?;
        write(db.dir(), format)?;
    }
    Ok(())
}
