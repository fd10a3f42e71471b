//! How often each method was called, and what came of it: for metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Of one method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Calls that were answered.
    pub calls: u64,
    /// Those whose answer was an error.
    pub errors: u64,
    /// The time that all of them took, with waiting for a thread.
    pub took: Duration,
}

/// Of all methods that were called. Calls that nobody may make, or of methods that there are not, are not in it.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<&'static str, Count>>);

impl Counts {
    /// Counts an answer.
    pub(crate) fn add(&self, method: &'static str, is_error: bool, took: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(method).or_default();
        count.calls += 1;
        count.errors += u64::from(is_error);
        count.took += took;
    }

    /// By method.
    pub fn all(&self) -> BTreeMap<&'static str, Count> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.clone()
    }
}
