//! How likely it is that a block is the first, second, third of its tipset.
//!
//! How often miners win in an epoch follows Poisson's law. Given that this one has won, others come before it with the probability
//! that their tickets are better.

/// Places beyond this one are not thought of.
pub const PLACES: usize = 15;

/// For each place, how likely the block is to take it. `ticket_quality`: the part of tickets that are worse, 0 to 1.
pub fn of_places(ticket_quality: f64, blocks_per_epoch: u64) -> [f64; PLACES] {
    let better = match ticket_quality {
        quality if quality.is_nan() => 0.5,
        quality => 1.0 - quality.clamp(0.0, 1.0),
    };
    let mut places = [0.0; PLACES];
    for (others, probability) in of_other_winners(blocks_per_epoch).into_iter().enumerate() {
        for (place, sum) in places.iter_mut().enumerate().take(others + 1) {
            *sum += probability * binomial(place, others, better);
        }
    }
    places
}

/// How likely so many others are winners, given that there is one.
#[allow(clippy::cast_precision_loss)] // Blocks per epoch are few.
fn of_other_winners(blocks_per_epoch: u64) -> [f64; PLACES] {
    let mean = (blocks_per_epoch as f64).max(f64::MIN_POSITIVE);
    let some = -(-mean).exp_m1();
    let mut term = (-mean).exp();
    let mut winners = 0.0;
    [(); PLACES].map(|()| {
        winners += 1.0;
        term *= mean / winners;
        term / some
    })
}

/// How likely exactly `count` of `trials` (at most [`PLACES`]) are hits, each with probability `p`.
fn binomial(count: usize, trials: usize, p: f64) -> f64 {
    let misses = trials - count;
    let choices = (1..=count).fold(1.0, |choices, hit| {
        choices * to_f64(misses + hit) / to_f64(hit)
    });
    let hits_and_misses = [(p, count), (1.0 - p, misses)];
    hits_and_misses
        .into_iter()
        .fold(choices, |product, (p, times)| {
            (0..times).fold(product, |product, _| product * p)
        })
}

fn to_f64(small: usize) -> f64 {
    u32::try_from(small).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(places: &[f64]) -> f64 {
        places.iter().sum()
    }

    #[test]
    fn the_best_ticket_is_first_and_the_worst_last_of_all_winners() {
        let best = of_places(1.0, 5);
        assert!((best[0] - sum(&best)).abs() < 1e-12);
        let worst = of_places(0.0, 5);
        let winners = of_other_winners(5);
        for (place, winners) in worst.iter().zip(winners) {
            assert!((place - winners).abs() < 1e-12);
        }
        for quality in [0.0, 0.3, 0.84, 1.0] {
            let total = sum(&of_places(quality, 5));
            // 16 winners and more are not thought of.
            assert!(
                (0.9999..=1.0 + 1e-12).contains(&total),
                "{quality}: {total}"
            );
        }
    }

    #[test]
    fn other_winners_follow_poissons_law_given_one() {
        let winners = of_other_winners(5);
        let some = 1.0 - (-5.0f64).exp();
        let exactly = |n: i32, factorial: f64| (-5.0f64).exp() * 5.0f64.powi(n) / factorial / some;
        assert!((winners[0] - exactly(1, 1.0)).abs() < 1e-12);
        assert!((winners[1] - exactly(2, 2.0)).abs() < 1e-12);
        assert!((winners[4] - exactly(5, 120.0)).abs() < 1e-12);
    }

    #[test]
    fn above_the_bound_the_first_place_is_the_likeliest() {
        let places = of_places(0.85, 5);
        assert!(places[1..].iter().all(|place| *place < places[0]));
        let places = of_places(0.5, 5);
        assert!(places[1] > places[0]);
    }

    #[test]
    fn few_winners_and_strange_qualities_are_no_trouble() {
        for quality in [-1.0, 2.0, f64::NAN] {
            for blocks in [0, 1, 1000] {
                let places = of_places(quality, blocks);
                assert!(places.iter().all(|place| !place.is_infinite()));
            }
        }
    }
}
