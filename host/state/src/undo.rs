//! A map that takes changes back, for state and marks that a failed call must not leave behind.

use std::hash::Hash;

use crate::cid_map::QuickMap;

/// A map and the way back through its changes.
#[derive(Debug)]
pub struct UndoMap<K, V> {
    now: QuickMap<K, V>,
    /// What each change replaced, latest last; `None` where there was nothing.
    replaced: Vec<(K, Option<V>)>,
}

/// A point in the history of an [`UndoMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(usize);

impl<K, V> Default for UndoMap<K, V> {
    fn default() -> Self {
        Self {
            now: QuickMap::default(),
            replaced: Vec::new(),
        }
    }
}

impl<K: Hash + Eq + Clone, V: PartialEq> UndoMap<K, V> {
    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.now.get(key)
    }

    /// Sets a value. Setting the value a key already has is no change.
    pub fn set(&mut self, key: K, value: V) {
        if self.now.get(&key) != Some(&value) {
            let before = self.now.insert(key.clone(), value);
            self.replaced.push((key, before));
        }
    }

    /// This point, to go back to.
    pub fn mark(&self) -> Mark {
        Mark(self.replaced.len())
    }

    /// Takes back all changes since `mark`. A mark from before [`settle`](Self::settle) takes back what came after.
    pub fn back_to(&mut self, Mark(height): Mark) {
        while self.replaced.len() > height {
            match self.replaced.pop() {
                Some((key, Some(before))) => self.now.insert(key, before),
                Some((key, None)) => self.now.remove(&key),
                None => return,
            };
        }
    }

    /// Makes all changes so far final.
    pub fn settle(&mut self) {
        self.replaced.clear();
    }

    /// All entries, to change for good. In no order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.now.iter_mut()
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.now.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_taken_back_in_steps() {
        let mut map = UndoMap::<&str, u8>::default();
        let empty = map.mark();
        map.set("owner", 1);
        let one = map.mark();
        map.set("worker", 2);
        map.set("owner", 3);
        let two = map.mark();
        map.set("owner", 3);
        assert_eq!(map.mark(), two, "the same value is no change");
        map.set("beneficiary", 4);

        map.back_to(two);
        let now = ["owner", "worker", "beneficiary"].map(|key| map.get(&key).copied());
        assert_eq!(now, [Some(3), Some(2), None]);
        map.back_to(one);
        assert_eq!((map.get(&"owner"), map.get(&"worker")), (Some(&1), None));
        map.back_to(empty);
        assert_eq!(map.iter().count(), 0);
    }

    #[test]
    fn settled_changes_stay() {
        let mut map = UndoMap::<u8, u8>::default();
        let before = map.mark();
        map.set(1, 1);
        map.settle();
        map.back_to(before);
        assert_eq!(map.get(&1), Some(&1));
    }
}
