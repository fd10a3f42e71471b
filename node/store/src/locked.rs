//! Mutexes of what is whole at any time.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks what no step leaves half done, so that it is as good as ever where a thread panicked with it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
