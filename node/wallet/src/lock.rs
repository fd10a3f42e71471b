//! The lock of a keystore: at most one process has it, and it goes when the process ends, however it ends.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{At, Result, WalletError};

/// The file that is locked. It stays behind without harm.
const FILE: &str = "lock";

/// Exclusive use of a keystore's directory, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of a directory that exists.
    ///
    /// # Errors
    /// [`WalletError::InUse`] when another process, or another lock in this one, has it.
    pub fn acquire(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .at(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(WalletError::InUse {
                path: folder.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(error).at(&path),
        }
    }
}

impl Drop for Lock {
    /// Closing alone would not do: a program that another thread is starting right now has copies of all open files until it
    /// runs, and the lock goes with the last copy.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_open_file_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(dir.path()).unwrap();
        let _copy = lock.file.try_clone().unwrap();
        let second = Lock::acquire(dir.path());
        assert!(matches!(second, Err(WalletError::InUse { .. })));
        drop(lock);
        Lock::acquire(dir.path()).unwrap();
    }
}
