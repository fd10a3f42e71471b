//! Tipsets whose states cannot be computed by the rules as they are, and why: for those who want to know how the chain stands, and
//! must not wait for it to be tried again. Troubles of this node, such as a disk that fails, are none of these. Bounded: the oldest
//! goes first.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use filigree_blocks::TipsetKey;

/// Failures that are kept: those of the head and of forks at the same epoch.
const KEPT: usize = 16;

/// See the head of the file.
#[derive(Default)]
pub(crate) struct Failures(Mutex<VecDeque<(TipsetKey, String)>>);

impl Failures {
    /// Notes how computing a state ended: what failed before and came out now is no failure any more.
    pub fn note(&self, key: &TipsetKey, failure: Option<String>) {
        let mut known = self.lock();
        known.retain(|(other, _)| other != key);
        let Some(why) = failure else {
            return;
        };
        if known.len() >= KEPT {
            known.pop_front();
        }
        known.push_back((key.clone(), why));
    }

    /// Why the state of a tipset could not be computed when that was tried last.
    pub fn of(&self, key: &TipsetKey) -> Option<String> {
        let known = self.lock();
        let found = known.iter().find(|(other, _)| other == key);
        found.map(|(_, why)| why.clone())
    }

    /// Forgets everything: the rules are others now.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(TipsetKey, String)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use filigree_blocks::cid_of;

    use super::*;

    #[test]
    fn the_last_failures_are_known_until_they_are_mended() {
        let failures = Failures::default();
        let keys: Vec<TipsetKey> = (0..20u8)
            .map(|at| TipsetKey::new([cid_of(&[at])]))
            .collect();
        for key in &keys {
            failures.note(key, Some("first".to_owned()));
            failures.note(key, Some("second".to_owned()));
        }
        let known = keys.iter().filter(|key| failures.of(key).is_some());
        assert_eq!(known.count(), KEPT);
        assert_eq!(failures.of(&keys[19]).as_deref(), Some("second"));
        failures.note(&keys[19], None);
        assert_eq!(failures.of(&keys[19]), None);
        failures.clear();
        assert_eq!(failures.of(&keys[18]), None);
    }
}
