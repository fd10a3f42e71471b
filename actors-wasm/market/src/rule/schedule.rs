//! When cron looks at a deal: always at the same place within an interval, which the deal's id tells. So nobody can bring many deals to one
//! epoch by choosing when they begin or are published (FIP-0060 for the interval; since FIP-0074 most deals are looked at once, to time
//! out).

use filigree_sdk::prelude::ChainEpoch;

use crate::deal::DealId;

/// The first epoch from `earliest` (not negative) on that is the deal's, of one in each `interval` epochs.
pub fn next_update_epoch(id: DealId, interval: ChainEpoch, earliest: ChainEpoch) -> ChainEpoch {
    let place = id.cast_signed() % interval;
    match earliest - place {
        early @ ..0 => place + early / interval * interval,
        after => {
            place
                + after
                    .cast_unsigned()
                    .div_ceil(interval.cast_unsigned())
                    .cast_signed()
                    * interval
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deal_has_its_place_in_each_interval() {
        for (id, earliest, expected) in [
            (0, 0, 0),
            (0, 1, 10),
            (0, 10, 10),
            (3, 0, 3),
            (3, 3, 3),
            (3, 4, 13),
            (13, 4, 13),
            (13, 13, 13),
            (13, 14, 23),
            (7, 100, 107),
            (7, 108, 117),
        ] {
            assert_eq!(
                next_update_epoch(id, 10, earliest),
                expected,
                "{id} {earliest}"
            );
        }
    }

    #[test]
    fn it_is_never_too_early_and_less_than_an_interval_late() {
        for id in 0..30 {
            for earliest in 0..40 {
                let epoch = next_update_epoch(id, 11, earliest);
                assert!(
                    (earliest..earliest + 11).contains(&epoch),
                    "{id} {earliest}"
                );
                assert_eq!(epoch % 11, id.cast_signed() % 11);
            }
        }
    }
}
