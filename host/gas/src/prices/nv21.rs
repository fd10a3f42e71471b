//! nv21 to nv24, "Watermelon": following links costs (FIP-0071), events are given as entries (FIP-0072), looking back
//! costs by distance (FIP-0075), and BLS aggregates can be checked (FIP-0079).

use super::nv18;
use crate::price::Scaled;
use crate::{Gas, PriceList};

pub(super) const PRICES: PriceList = PriceList {
    tracks_links: true,
    ipld_cbor_scan_per_field: Gas::new(35),
    ipld_cbor_scan_per_cid: Gas::new(400),
    ipld_link_tracked: Gas::new(300),
    ipld_link_checked: Gas::new(300),

    bls_pairing: Gas::new(8_299_302),
    bls_hashing: Scaled::per_unit(Gas::new(7)),

    // Actors draw randomness themselves now; the host only fetches the digest.
    randomness_seed: Gas::ZERO,
    randomness_draw: Scaled::ZERO,
    tipset_cid_latest: Gas::ZERO,
    tipset_cid_historical: Gas::ZERO,
    // Up to 19 steps over the skip list of tipsets, the operation itself, and the client.
    lookback: Scaled {
        flat: Gas::new(19 * 5_800 + 15_000 + 21_000),
        per_unit: Gas::new(75),
    },

    event_validation: Scaled::ZERO,
    event_per_entry: Scaled {
        flat: Gas::new(2_000),
        per_unit: Gas::new(1_400),
    },
    utf8_validation: Scaled {
        flat: Gas::new(500),
        per_unit: Gas::new(16),
    },

    ..nv18::PRICES
};
