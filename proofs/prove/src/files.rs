//! Files that are whole or absent: written aside, synced, then moved.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::Result;
use crate::error::AtPath;

/// Writes a file that readers see whole or not at all, also after a loss of power.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = parent(path);
    fs::create_dir_all(folder).at(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).at(folder)?;
    file.write_all(bytes).at(path)?;
    file.as_file().sync_all().at(path)?;
    file.persist(path).map_err(|e| e.error).at(path)?;
    sync_folder(folder)
}

/// Syncs what is at `from`, a file or a directory of files, and moves it to `to`, which must not be there as a directory
/// with files. If `from` is gone and `to` is there, it was moved before.
pub fn publish(from: &Path, to: &Path) -> Result<()> {
    if !from.exists() && to.exists() {
        return Ok(());
    }
    sync(from)?;
    let folder = parent(to);
    fs::create_dir_all(folder).at(folder)?;
    fs::rename(from, to).at(to)?;
    sync_folder(folder)
}

/// Writes a file or a directory of files to the disk.
pub fn sync(path: &Path) -> Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path).at(path)? {
            sync(&entry.at(path)?.path())?;
        }
    }
    File::open(path).and_then(|file| file.sync_all()).at(path)
}

/// Removes a file or a directory with all that is in it, if it is there.
pub fn remove(path: &Path) -> Result<()> {
    let removed = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
    match removed {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.at(path),
    }
}

/// An empty directory at `path`, whatever was there.
pub fn empty_folder(path: &Path) -> Result<()> {
    remove(path)?;
    fs::create_dir_all(path).at(path)
}

/// An empty file at `path`, whatever was there.
pub fn empty_file(path: &Path) -> Result<File> {
    remove(path)?;
    let folder = parent(path);
    fs::create_dir_all(folder).at(folder)?;
    File::create(path).at(path)
}

/// The directory of a path.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .at(folder)
}
