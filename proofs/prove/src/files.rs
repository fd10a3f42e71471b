//! Files that are whole or absent: written aside, synced, then moved.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::thread;

use nix::fcntl::posix_fallocate;

use crate::control::LOOK;
use crate::error::AtPath;
use crate::layout::Place;
use crate::records::Records;
use crate::{Control, Layout, ProveError, Result, SectorId, Step};

/// Writes a file that readers see whole or not at all, also after a loss of power. There is one writer at a time: a
/// [lock] keeps others out. What a killed one left is written over.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_added_extension("partial");
    empty_file(&partial)?.write_all(bytes).at(&partial)?;
    publish(&partial, path)
}

/// Syncs what is at `from`, a file or a directory of files, and moves it to `to`.
pub fn publish(from: &Path, to: &Path) -> Result<()> {
    sync(from)?;
    let folder = parent(to);
    make_folder(folder)?;
    if from.is_dir() && to.is_dir() {
        // A directory with files gives way to no other; half removed it would look whole.
        let old = from.with_added_extension("old");
        remove(&old)?;
        fs::rename(to, &old).at(to)?;
    }
    fs::rename(from, to).at(to)?;
    sync_folder(folder)
}

/// Moves what a recorded step wrote to its places, as far as an earlier run did not, and removes what else is there of it.
/// What is in neither place somebody has removed.
pub fn publish_all(layout: &Layout, step: Step, sector: SectorId, places: &[Place]) -> Result<()> {
    for place in places {
        let partial = layout.partial(step, *place, sector);
        let whole = layout.whole(*place, sector);
        match (partial.exists(), whole.exists()) {
            (true, _) => publish(&partial, &whole)?,
            (false, true) => (),
            (false, false) => {
                return Err(ProveError::Lost {
                    step,
                    what: whole,
                    record: Records::new(layout, sector).path(step),
                });
            }
        }
    }
    remove(&layout.partials(step, sector))
}

/// Waits until no other process has locked the file at `path`, and locks it until what is given is dropped, or the process
/// ends.
pub fn lock(path: &Path, control: &Control) -> Result<Lock> {
    loop {
        if let Some(lock) = try_lock(path)? {
            return Ok(lock);
        }
        control.check()?;
        thread::sleep(LOOK);
    }
}

/// Locks the file at `path` as [`lock`] does, unless another process has.
pub fn try_lock(path: &Path) -> Result<Option<Lock>> {
    make_folder(parent(path))?;
    let file = File::create(path).at(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e).at(path),
    }
}

/// A file that is locked until this is dropped.
#[derive(Debug)]
pub struct Lock(File);

impl Drop for Lock {
    /// Closing alone would not do: a program that another thread is starting right now has copies of all open files until it
    /// runs, and the lock goes with the last copy.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
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
    make_folder(path)
}

/// A directory at `path`, if there is none. With its ancestors it is there after a loss of power too: those that are new
/// are written to the disk, each with the directory that it is in.
pub fn make_folder(path: &Path) -> Result<()> {
    let new: Vec<&Path> = path
        .ancestors()
        .take_while(|folder| *folder != Path::new("") && !folder.is_dir())
        .collect();
    fs::create_dir_all(path).at(path)?;
    new.into_iter()
        .try_for_each(|folder| sync_folder(parent(folder)))
}

/// An empty file at `path`, whatever was there.
pub fn empty_file(path: &Path) -> Result<File> {
    remove(path)?;
    make_folder(parent(path))?;
    File::create(path).at(path)
}

/// A file of `len_bytes` zeros at `path`, whatever was there, with its place on the disk: it is to be mapped into memory,
/// where a disk that is full is no error but the end of the process.
pub fn claim(path: &Path, len_bytes: u64) -> Result<()> {
    let file = empty_file(path)?;
    let claimed = posix_fallocate(&file, 0, len_bytes as i64);
    claimed.map_err(io::Error::from).at(path)
}

/// The directory of a path.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Writes to the disk which files are in a directory.
pub fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .at(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_open_file_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = try_lock(&path).unwrap().unwrap();
        let _copy = lock.0.try_clone().unwrap();
        assert!(try_lock(&path).unwrap().is_none());
        drop(lock);
        assert!(try_lock(&path).unwrap().is_some());
    }
}
