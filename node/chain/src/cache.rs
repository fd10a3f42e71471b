//! A cache with a bound: two generations, of which the older is dropped when the younger is full.
//!
//! What is used moves to the younger one. So what was used within the last half of the budget is always there, at the cost of
//! one map and no list.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Values by keys, at most `budget` of cost in all. Used by many threads.
pub(crate) struct Cache<K, V> {
    half_budget: usize,
    generations: Mutex<Generations<K, V>>,
}

struct Generations<K, V> {
    young: HashMap<K, (V, usize)>,
    young_cost: usize,
    old: HashMap<K, (V, usize)>,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    /// An empty cache.
    pub fn new(budget: usize) -> Self {
        Self {
            half_budget: budget / 2,
            generations: Mutex::new(Generations {
                young: HashMap::new(),
                young_cost: 0,
                old: HashMap::new(),
            }),
        }
    }

    pub fn get(&self, key: &K) -> Option<V> {
        let mut generations = self.lock();
        if let Some((value, _)) = generations.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, cost)) = generations.old.remove_entry(key)?;
        self.put(&mut generations, key, value.clone(), cost);
        Some(value)
    }

    /// Keeps a value, unless it alone costs half of the budget.
    pub fn insert(&self, key: K, value: V, cost: usize) {
        let mut generations = self.lock();
        generations.old.remove(&key);
        self.put(&mut generations, key, value, cost);
    }

    /// Forgets all.
    pub fn clear(&self) {
        let mut generations = self.lock();
        generations.young.clear();
        generations.young_cost = 0;
        generations.old.clear();
    }

    fn put(&self, generations: &mut Generations<K, V>, key: K, value: V, cost: usize) {
        if cost > self.half_budget {
            return;
        }
        if let Some((_, before)) = generations.young.remove(&key) {
            generations.young_cost = generations.young_cost.saturating_sub(before);
        }
        if generations.young_cost.saturating_add(cost) > self.half_budget {
            generations.old = mem::take(&mut generations.young);
            generations.young_cost = 0;
        }
        generations.young_cost = generations.young_cost.saturating_add(cost);
        generations.young.insert(key, (value, cost));
    }

    /// What a thread that panicked has left is whole: no step above can.
    fn lock(&self) -> MutexGuard<'_, Generations<K, V>> {
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
        fn cost(&self) -> usize {
            let generations = self.lock();
            let all = generations.young.values().chain(generations.old.values());
            all.map(|(_, cost)| cost).sum()
        }
    }

    #[test]
    fn the_budget_is_never_exceeded_and_what_is_used_stays() {
        let cache = Cache::new(20);
        for i in 0..1000_u32 {
            cache.insert(i, i * 2, 1 + i as usize % 3);
            assert!(cache.cost() <= 20);
            assert_eq!(cache.get(&0), Some(0), "{i}");
            assert_eq!(cache.get(&i), Some(i * 2));
        }
        assert_eq!(cache.get(&900), None);
    }

    #[test]
    fn a_value_may_change_and_its_cost_with_it() {
        let cache = Cache::new(20);
        for i in 0..50_u32 {
            cache.insert(1, i, 4);
            cache.insert(2, i, 4);
            assert_eq!((cache.get(&1), cache.get(&2)), (Some(i), Some(i)));
        }
        assert!(cache.cost() <= 20);
    }

    #[test]
    fn what_is_too_large_is_not_kept() {
        let cache = Cache::new(20);
        cache.insert(1, 1, 10);
        cache.insert(2, 2, 11);
        assert_eq!(cache.get(&1), Some(1));
        assert_eq!(cache.get(&2), None);
    }
}
