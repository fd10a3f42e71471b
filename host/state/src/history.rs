//! A map that can go back to an earlier point.

use std::hash::Hash;

use crate::cid_map::QuickMap;

/// A map with its undo history. A point in time is a height of the history.
#[derive(Debug)]
pub(crate) struct HistoryMap<K, V> {
    map: QuickMap<K, V>,
    history: Vec<(K, Option<V>)>,
}

impl<K, V> Default for HistoryMap<K, V> {
    fn default() -> Self {
        Self {
            map: QuickMap::default(),
            history: Vec::new(),
        }
    }
}

impl<K: Hash + Eq + Clone, V: PartialEq> HistoryMap<K, V> {
    pub fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    /// Sets a value. Setting the value a key already has leaves no trace in the history.
    pub fn insert(&mut self, key: K, value: V) {
        match self.map.get_mut(&key) {
            Some(old) if *old == value => {}
            Some(old) => {
                let old = std::mem::replace(old, value);
                self.history.push((key, Some(old)));
            }
            None => {
                self.history.push((key.clone(), None));
                self.map.insert(key, value);
            }
        }
    }

    /// The point to go back to with [`revert_to`](Self::revert_to).
    pub fn height(&self) -> usize {
        self.history.len()
    }

    /// Back to an earlier height. One still to come changes nothing.
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

    /// All entries, to change without a trace in the history. In no order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.map.iter_mut()
    }

    /// All entries, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.map.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_back_in_steps() {
        let mut map = HistoryMap::<u8, char>::default();
        map.insert(1, 'a');
        let first = map.height();
        map.insert(2, 'b');
        map.insert(1, 'c');
        let second = map.height();
        map.insert(1, 'c');
        assert_eq!(map.height(), second, "an equal value leaves no trace");
        map.insert(3, 'd');

        map.revert_to(second + 5);
        assert_eq!(map.get(&3), Some(&'d'));
        map.revert_to(second);
        let now = (map.get(&1), map.get(&2), map.get(&3));
        assert_eq!(now, (Some(&'c'), Some(&'b'), None));
        map.revert_to(first);
        assert_eq!((map.get(&1), map.get(&2)), (Some(&'a'), None));
        map.revert_to(0);
        assert_eq!(map.get(&1), None);
    }

    #[test]
    fn forgets_the_way_back() {
        let mut map = HistoryMap::<u8, char>::default();
        map.insert(1, 'a');
        map.forget_history();
        map.revert_to(0);
        assert_eq!(map.get(&1), Some(&'a'));
    }
}
