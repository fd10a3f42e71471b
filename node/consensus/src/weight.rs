//! The weight of a chain: what makes one of two forks the chain (Filecoin spec, "Chain Weighting"; Lotus,
//! `chain/consensus/filcns/weight.go`).

use std::cmp::Ordering;

use filigree_blocks::{BlockHeader, Tipset};
use fvm_shared::bigint::{BigInt, Integer};
use num_traits::Signed;

use crate::config::ChainConfig;

/// A win weighs this share of what the network's power does: one half.
const WIN_RATIO: (u32, u32) = (1, 2);

/// The state of the tipset has no power in it, so chains have no weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("all power of the network is gone: no chain on this state has a weight")]
pub struct NoPower;

/// Weight of the chain up to and with `tipset`. `total_power` is the network's quality-adjusted power, in bytes, in the
/// tipset's `parent_state`.
///
/// With p the binary logarithm of the power, rounded down, a tipset adds p · 2^8 for being there, and half as much for each
/// win, divided by the wins there are on average.
///
/// # Errors
/// When there is no power.
pub fn weight(
    config: &ChainConfig,
    tipset: &Tipset,
    total_power: &BigInt,
) -> Result<BigInt, NoPower> {
    if !total_power.is_positive() {
        return Err(NoPower);
    }
    let log2 = BigInt::from(total_power.bits().saturating_sub(1));
    let wins: BigInt = tipset
        .headers()
        .filter_map(|header| header.election_proof.as_ref())
        .map(|proof| BigInt::from(proof.win_count))
        .sum();
    let (numerator, denominator) = WIN_RATIO;
    let average = BigInt::from(config.blocks_per_epoch.max(1)) * denominator;
    let for_being_there: BigInt = &log2 << 8;
    let for_wins: BigInt = &for_being_there * numerator * wins;
    Ok(tipset.parent_weight() + for_being_there + for_wins.div_floor(&average))
}

/// Which of two tipsets of equal weight is preferred: the one with the smaller of the first tickets that differ. `Greater`
/// means the first is preferred; `Equal`, that nothing tells them apart.
pub fn break_tie(a: &Tipset, b: &Tipset) -> Ordering {
    let tickets = a.headers().zip(b.headers());
    let mut differences = tickets.map(|(a, b)| {
        let digest = |header: &BlockHeader| header.ticket.as_ref().map(|ticket| ticket.digest());
        digest(b).cmp(&digest(a))
    });
    differences
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

#[cfg(test)]
mod tests {
    use filigree_blocks::Ticket;

    use super::*;
    use crate::samples;

    #[test]
    fn a_tipset_weighs_by_power_and_wins() {
        let config = ChainConfig::mainnet();
        // 2^64: p = 64. A tipset adds 64 · 256 and, for each win, 64 · 256 / 10.
        for (wins, expected) in [
            (vec![1], 18_022),
            (vec![1, 2, 4], 27_852),
            (vec![0], 16_384),
        ] {
            let tipset = samples::tipset(&wins, 1_000);
            let power = BigInt::from(1u128 << 64);
            let weight = weight(&config, &tipset, &power).unwrap();
            assert_eq!(weight, BigInt::from(1_000 + expected), "{wins:?}");
        }
    }

    #[test]
    fn the_logarithm_is_rounded_down() {
        let config = ChainConfig::mainnet();
        let tipset = samples::tipset(&[5], 0);
        let of = |power: u64| weight(&config, &tipset, &BigInt::from(power));
        assert_eq!(of(1), Ok(BigInt::from(0)));
        assert_eq!(of(1023), Ok(BigInt::from(9 * 256 + 9 * 128)));
        assert_eq!(of(1024), Ok(BigInt::from(10 * 256 + 10 * 128)));
        assert_eq!(of(0), Err(NoPower));
    }

    /// Lotus' `TestWeightTieBreaker`: blake2b-256 of 0 begins with 3, of 2 with 187, of 3 with 232, of 1 with 238.
    #[test]
    fn the_smaller_ticket_breaks_a_tie() {
        let tipset = |tickets: [u8; 2]| {
            let headers = tickets.into_iter().enumerate().map(|(i, ticket)| {
                let mut header = samples::header(1000 + i as u64);
                header.ticket = Some(Ticket {
                    vrf_proof: vec![ticket],
                });
                header
            });
            Tipset::new(headers).unwrap()
        };
        let (larger, smaller) = (tipset([2, 3]), tipset([0, 1]));
        assert_eq!(break_tie(&larger, &smaller), Ordering::Less);
        assert_eq!(break_tie(&smaller, &larger), Ordering::Greater);
        let same_first = tipset([0, 3]);
        assert_eq!(break_tie(&same_first, &smaller), Ordering::Greater);
        assert_eq!(break_tie(&smaller, &smaller), Ordering::Equal);
    }
}
