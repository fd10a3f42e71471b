//! The lock of a data directory: at most one process has it, and it goes when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::error::StoreError;

/// The file that is locked. It names the process that holds the lock, and stays behind without harm.
const FILE: &str = "LOCK";

/// Exclusive use of a directory, for as long as this lives.
#[derive(Debug)]
pub struct DirLock {
    file: File,
}

impl DirLock {
    /// Takes the lock of a directory that exists.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process, or another lock in this one, has it.
    pub fn acquire(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join(FILE);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|e| StoreError::io(&path, "write to", e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse {
                    dir: dir.to_owned(),
                    pid: holder(&mut file),
                });
            }
            Err(TryLockError::Error(e)) => return Err(StoreError::io(&path, "lock", e)),
        }
        // The lock holds without the number, which only helps a person: a full disk must not keep a store from opening.
        let _ = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { file })
    }
}

impl Drop for DirLock {
    /// Closing alone would not do: a program that another thread is starting right now has copies of all open files until it
    /// runs, and the lock goes with the last copy.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_names_who_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirLock::acquire(dir.path()).unwrap();
        let error = DirLock::acquire(dir.path()).unwrap_err();
        let me = std::process::id();
        assert!(
            matches!(&error, StoreError::InUse { pid: Some(pid), .. } if *pid == me),
            "{error}"
        );
        let text = error.to_string();
        assert!(text.contains(&format!("in use by process {me};")), "{text}");
        assert!(text.contains(&dir.path().display().to_string()), "{text}");
        drop(lock);
        DirLock::acquire(dir.path()).unwrap();
    }

    #[test]
    fn a_copy_of_the_open_file_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let lock = DirLock::acquire(dir.path()).unwrap();
        let _copy = lock.file.try_clone().unwrap();
        drop(lock);
        DirLock::acquire(dir.path()).unwrap();
    }

    #[test]
    fn a_number_left_behind_locks_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), "1").unwrap();
        DirLock::acquire(dir.path()).unwrap();
        let me = std::process::id().to_string();
        assert_eq!(std::fs::read_to_string(dir.path().join(FILE)).unwrap(), me);
    }
}
