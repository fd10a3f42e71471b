//! Chance that is the same in every run and with every bundle, for scenarios in which things happen in no order that anyone thought of.

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// A generator whose numbers follow from a seed alone (ChaCha20).
pub(crate) fn seeded(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

/// Dice that fall by a number alone.
pub(crate) struct Dice(TestRng);

impl Dice {
    /// Dice that fall otherwise for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seeded(seed))
    }

    /// A number below another, which is not zero.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    /// Whether something happens that happens once in so many times.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of some things, of which there is one at least.
    pub fn one_of<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.below(things.len() as u64) as usize]
    }

    /// Each of some things or not, as it falls.
    pub fn some_of<T: Copy>(&mut self, things: &[T]) -> Vec<T> {
        let taken = things.iter().filter(|_| self.once_in(2));
        taken.copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_fall_the_same_for_a_seed_and_on_all_sides() {
        let roll = |seed| {
            let mut dice = Dice::new(seed);
            (0..600).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(roll(1), roll(1));
        assert_ne!(roll(1), roll(2));
        for side in 0..6 {
            let times = roll(1).into_iter().filter(|fell| *fell == side).count();
            assert!((60..140).contains(&times), "{side}: {times} times of 600");
        }
    }
}
