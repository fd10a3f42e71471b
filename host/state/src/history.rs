//! A map that can go back to an earlier point.

use std::collections::BTreeMap;

/// A map with its undo history.
#[derive(Debug)]
pub(crate) struct HistoryMap<K, V> {
    map: BTreeMap<K, V>,
    history: Vec<(K, Option<V>)>,
}

impl<K, V> Default for HistoryMap<K, V> {
    fn default() -> Self {
        Self {
            map: BTreeMap::new(),
            history: Vec::new(),
        }
    }
}

impl<K: Ord + Clone, V: PartialEq> HistoryMap<K, V> {
    pub fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    pub fn insert(&mut self, key: K, value: V) {
        let before = self.map.insert(key.clone(), value);
        self.history.push((key, before));
    }

    /// The point to go back to with [`revert_to`](Self::revert_to).
    pub fn height(&self) -> usize {
        self.history.len()
    }

    pub fn revert_to(&mut self, height: usize) {
        for (key, before) in self.history.drain(height.min(self.history.len())..).rev() {
            match before {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }

    /// Makes everything so far final.
    pub fn forget_history(&mut self) {
        self.history.clear();
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.map.iter_mut()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.map.iter()
    }
}
