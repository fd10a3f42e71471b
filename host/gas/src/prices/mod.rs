//! The price lists, one file per network version that changed a price. A list names only what it changes and takes
//! the rest from the one before, so the file is the difference.
//!
//! To add a network version: add it to the match below; if it changes prices, add a file for it.

mod nv18;
mod nv21;
mod nv25;
#[cfg(test)]
mod tests;

use fvm_shared::version::NetworkVersion;

use crate::PriceList;

static NV18: PriceList = nv18::PRICES;
static NV21: PriceList = nv21::PRICES;
static NV25: PriceList = nv25::PRICES;

impl PriceList {
    /// The prices in force at `version`; `None` for a version this host does not execute.
    pub fn for_version(version: NetworkVersion) -> Option<&'static PriceList> {
        match u32::from(version) {
            18..=20 => Some(&NV18),
            21..=24 => Some(&NV21),
            25..=28 => Some(&NV25),
            _ => None,
        }
    }
}
