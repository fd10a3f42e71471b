//! The price list: the amounts, without the formulas, which are in [`crate::chargeable`].
//!
//! What a network version does not charge is zero in its list; the lists are in [`crate::prices`].

use fvm_shared::ActorID;

use crate::{Gas, WasmPrices};

/// A price with a fixed part and one per unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scaled {
    pub flat: Gas,
    pub per_unit: Gas,
}

impl Scaled {
    pub const ZERO: Scaled = Scaled::flat(Gas::ZERO);

    pub const fn flat(flat: Gas) -> Self {
        Self {
            flat,
            per_unit: Gas::ZERO,
        }
    }

    pub const fn per_unit(per_unit: Gas) -> Self {
        Self {
            flat: Gas::ZERO,
            per_unit,
        }
    }

    #[inline]
    pub fn of(self, units: u64) -> Gas {
        self.flat + self.per_unit * units
    }

    #[inline]
    pub fn of_len(self, len: usize) -> Gas {
        self.of(units(len))
    }
}

/// The price of an aggregate of seals: so much per seal, and a step that depends on how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AggregatePrice {
    pub per_seal: Gas,
    /// (smallest number of seals, gas), ascending. Below the first step nothing is added.
    pub steps: &'static [(u64, Gas)],
}

impl AggregatePrice {
    pub fn of(&self, seals: u64) -> Gas {
        let step = self.steps.iter().rev().find(|(from, _)| *from <= seals);
        self.per_seal * seals + step.map_or(Gas::ZERO, |(_, gas)| *gas)
    }
}

/// What everything costs at one network version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceList {
    /// Running Wasm.
    pub wasm: WasmPrices,

    // Messages and calls.
    /// A message on chain, per byte of its encoding: work.
    pub(crate) on_chain_message_compute: Scaled,
    /// The same: storage.
    pub(crate) on_chain_message_storage: Scaled,
    /// The return value of a message, per byte.
    pub(crate) on_chain_return_storage: Scaled,
    pub(crate) send_transfer_funds: Gas,
    pub(crate) send_invoke_method: Gas,

    // The state tree.
    pub(crate) actor_lookup: Gas,
    pub(crate) actor_update: Gas,
    pub(crate) actor_create_storage: Gas,
    /// Reading and writing the init actor's address table.
    pub(crate) address_lookup: Gas,
    pub(crate) address_assignment: Gas,
    /// Actors whose lookup and update are free (FIP-0055).
    pub(crate) preloaded_actors: &'static [ActorID],

    // Blocks, per byte.
    pub(crate) block_memcpy: Scaled,
    pub(crate) block_allocate: Scaled,
    /// The least a byte kept in memory must have paid.
    pub(crate) block_memory_retention_minimum: Scaled,
    pub(crate) block_open: Scaled,
    pub(crate) block_persist_storage: Scaled,
    pub(crate) block_persist_compute: Gas,

    // Reachability of blocks (FIP-0071).
    /// Whether links are followed: returned blocks are charged inside a message too, and an opened block is charged
    /// by one event, not by a base and a size.
    pub(crate) tracks_links: bool,
    /// Per CBOR item met while looking for links. Charge the sum as `OnScanIpldLinks`.
    pub ipld_cbor_scan_per_field: Gas,
    /// Per link met, above the items it consists of.
    pub ipld_cbor_scan_per_cid: Gas,
    pub(crate) ipld_link_tracked: Gas,
    pub(crate) ipld_link_checked: Gas,

    // Cryptography, per byte.
    pub(crate) secp256k1_signature: Scaled,
    pub(crate) bls_signature: Scaled,
    pub(crate) secp256k1_recover: Gas,
    pub(crate) bls_pairing: Gas,
    pub(crate) bls_hashing: Scaled,
    pub(crate) sha2_256: Scaled,
    pub(crate) blake2b: Scaled,
    pub(crate) keccak256: Scaled,
    pub(crate) ripemd160: Scaled,

    // Proofs.
    pub(crate) compute_unsealed_sector_cid: Gas,
    pub(crate) verify_seal: Gas,
    /// Aggregates of 32 GiB seals, and of every kind of seal that has no entry of its own.
    pub(crate) aggregate_32gib: AggregatePrice,
    pub(crate) aggregate_64gib: AggregatePrice,
    /// Aggregates of non-interactive seals (FIP-0092).
    pub(crate) aggregate_ni_32gib: AggregatePrice,
    pub(crate) aggregate_ni_64gib: AggregatePrice,
    /// Per challenged sector. Every list of the reference has one amount for all kinds of proof.
    pub(crate) verify_post: Scaled,
    pub(crate) verify_consensus_fault: Gas,
    pub(crate) verify_replica_update: Gas,

    // The chain behind us.
    pub(crate) randomness_seed: Gas,
    /// Per byte hashed to draw randomness in the host.
    pub(crate) randomness_draw: Scaled,
    pub(crate) tipset_cid_latest: Gas,
    pub(crate) tipset_cid_historical: Gas,
    /// Per epoch back, for randomness and tipset CIDs.
    pub(crate) lookback: Scaled,

    // Events.
    /// An event encoded as CBOR, per byte.
    pub(crate) event_validation: Scaled,
    /// Per indexed key or value: flat for each, per unit for each byte.
    pub(crate) event_index: Scaled,
    /// An event given as entries, per entry.
    pub(crate) event_per_entry: Scaled,
    pub(crate) utf8_validation: Scaled,

    // Context and built-in actors.
    pub(crate) builtin_actor_manifest_lookup: Gas,
    pub(crate) network_context: Gas,
    pub(crate) message_context: Gas,
    pub(crate) install_wasm_per_byte: Gas,
}

/// A length as a number of units to pay for.
pub(crate) fn units(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aggregate_pays_for_the_last_step_reached() {
        const STEPS: &[(u64, Gas)] = &[(10, Gas::new(100)), (20, Gas::new(200))];
        let price = AggregatePrice {
            per_seal: Gas::new(1),
            steps: STEPS,
        };
        let check = |seals, gas| assert_eq!(price.of(seals), Gas::new(gas), "{seals} seals");
        check(0, 0);
        check(9, 9);
        check(10, 110);
        check(19, 119);
        check(20, 220);
        check(1_000, 1_200);
        assert_eq!(price.of(u64::MAX), Gas::from_milligas(u64::MAX));
    }

    #[test]
    fn a_scaled_price_saturates() {
        let price = Scaled {
            flat: Gas::new(5),
            per_unit: Gas::from_milligas(400),
        };
        assert_eq!(price.of(0), Gas::new(5));
        assert_eq!(price.of(3), Gas::from_milligas(6_200));
        assert_eq!(price.of_len(3), Gas::from_milligas(6_200));
        assert_eq!(price.of(u64::MAX), Gas::from_milligas(u64::MAX));
    }
}
