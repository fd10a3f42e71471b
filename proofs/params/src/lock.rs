//! One writer to a directory of parameters at a time: a lock that ends with its process.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The file whose lock a writer holds. It stays: to remove it would let two processes lock two files.
pub const LOCK: &str = ".filigree-params.lock";

/// Between two tries.
const WAIT: Duration = Duration::from_millis(200);

/// A held lock.
#[derive(Debug)]
pub struct Lock(fs::File);

impl Lock {
    /// Makes the directory if there is none, and locks it against other writers.
    ///
    /// `waiting` is asked while another holds the lock; if it returns false, there is none.
    pub fn acquire(directory: &Path, waiting: &dyn Fn() -> bool) -> io::Result<Option<Lock>> {
        fs::create_dir_all(directory)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let lock = options.open(directory.join(LOCK))?;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Some(Lock(lock))),
                Err(fs::TryLockError::WouldBlock) if waiting() => std::thread::sleep(WAIT),
                Err(fs::TryLockError::WouldBlock) => return Ok(None),
                Err(fs::TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

impl Drop for Lock {
    /// Closing alone would not do: a program that another thread is starting right now has copies of all open files until it
    /// runs, and the lock goes with the last copy.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_writes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new");
        let first = Lock::acquire(&path, &|| false).unwrap().unwrap();
        assert!(Lock::acquire(&path, &|| false).unwrap().is_none());
        drop(first);
        assert!(Lock::acquire(&path, &|| false).unwrap().is_some());
    }

    #[test]
    fn a_copy_of_the_open_file_does_not_keep_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::acquire(dir.path(), &|| false).unwrap().unwrap();
        let _copy = lock.0.try_clone().unwrap();
        assert!(Lock::acquire(dir.path(), &|| false).unwrap().is_none());
        drop(lock);
        assert!(Lock::acquire(dir.path(), &|| false).unwrap().is_some());
    }
}
