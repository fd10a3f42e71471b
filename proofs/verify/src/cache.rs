//! Verdicts already given. A block is judged when it is mined, when it arrives and when its tipset is executed, and a
//! verdict depends on the question alone.
//!
//! Two generations of maps bound it: when the young one is full it becomes the old one, and the old one is dropped. What
//! is asked again moves to the young one, so that at least the last `capacity` verdicts are kept, and at most twice as
//! many.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use blake2b_simd::Params;
use fvm_ipld_encoding::to_vec;
use serde::Serialize;

/// A question: its kind and all of its input, hashed (BLAKE2b-256).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question([u8; 32]);

impl Question {
    /// `kind` keeps questions of different kinds with the same bytes apart. None if `input` cannot be encoded.
    pub fn new(kind: u8, input: &impl Serialize) -> Option<Self> {
        let bytes = to_vec(input).ok()?;
        let mut hash = Params::new().hash_length(32).to_state();
        hash.update(&[kind]).update(&bytes);
        let mut question = [0; 32];
        question.copy_from_slice(hash.finalize().as_bytes());
        Some(Self(question))
    }
}

/// The cache.
#[derive(Debug)]
pub struct Verdicts {
    capacity: usize,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Question, bool>,
    old: HashMap<Question, bool>,
}

impl Verdicts {
    /// Of at least `capacity` verdicts; none are kept if it is zero.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            generations: Mutex::default(),
        }
    }

    /// The verdict on `question`, if it is known.
    pub fn get(&self, question: Question) -> Option<bool> {
        let mut generations = self.lock();
        if let Some(valid) = generations.young.get(&question) {
            return Some(*valid);
        }
        let valid = *generations.old.get(&question)?;
        generations.insert(self.capacity, question, valid);
        Some(valid)
    }

    /// Keeps a verdict.
    pub fn insert(&self, question: Question, valid: bool) {
        if self.capacity > 0 {
            self.lock().insert(self.capacity, question, valid);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        // Nothing panics while it is held; entries are never half written.
        self.generations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let generations = self.lock();
        generations.young.len() + generations.old.len()
    }
}

impl Generations {
    fn insert(&mut self, capacity: usize, question: Question, valid: bool) {
        if self.young.len() >= capacity {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(question, valid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(number: u64) -> Question {
        Question::new(0, &number).unwrap()
    }

    #[test]
    fn questions_differ_by_kind_and_input() {
        assert_eq!(question(1), question(1));
        assert_ne!(question(1), question(2));
        assert_ne!(Question::new(0, &1), Question::new(1, &1));
    }

    #[test]
    fn the_last_verdicts_are_kept_and_memory_is_bounded() {
        let verdicts = Verdicts::new(10);
        for number in 0..1_000 {
            verdicts.insert(question(number), number % 3 == 0);
            assert!(verdicts.len() <= 20);
        }
        for number in 990..1_000 {
            assert_eq!(verdicts.get(question(number)), Some(number % 3 == 0));
        }
        assert_eq!(verdicts.get(question(900)), None);
    }

    #[test]
    fn what_is_asked_again_stays() {
        let verdicts = Verdicts::new(10);
        verdicts.insert(question(0), true);
        for number in 1..1_000 {
            assert_eq!(verdicts.get(question(0)), Some(true), "after {number}");
            verdicts.insert(question(number), false);
        }
    }

    #[test]
    fn a_cache_of_nothing_keeps_nothing() {
        let verdicts = Verdicts::new(0);
        verdicts.insert(question(0), true);
        assert_eq!(verdicts.get(question(0)), None);
    }
}
