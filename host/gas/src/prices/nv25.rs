//! nv25 to nv28, "Teep": seals cost what checking them takes, and non-interactive ones (FIP-0092) have prices of
//! their own when aggregated.

use super::nv21;
use crate::price::AggregatePrice;
use crate::{Gas, PriceList};

/// Proofs of one non-interactive seal, each of a tenth of an interactive one.
const NI_PROOFS_PER_SEAL: u64 = 126;

pub(super) const PRICES: PriceList = PriceList {
    verify_seal: Gas::new(42_000_000),
    aggregate_ni_32gib: AggregatePrice {
        per_seal: Gas::new(NI_PROOFS_PER_SEAL * 44_990),
        steps: &[
            (1, Gas::new(112_356_810)),
            (2, Gas::new(122_912_610)),
            (3, Gas::new(137_559_930)),
            (5, Gas::new(162_039_100)),
            (9, Gas::new(210_960_780)),
            (17, Gas::new(318_351_180)),
            (33, Gas::new(528_274_980)),
        ],
    },
    aggregate_ni_64gib: AggregatePrice {
        per_seal: Gas::new(NI_PROOFS_PER_SEAL * 35_928),
        steps: &[
            (1, Gas::new(110_803_030)),
            (2, Gas::new(120_803_700)),
            (3, Gas::new(134_642_130)),
            (5, Gas::new(157_357_890)),
            (9, Gas::new(203_017_690)),
            (17, Gas::new(304_253_590)),
            (33, Gas::new(509_880_640)),
        ],
    },
    ..nv21::PRICES
};
