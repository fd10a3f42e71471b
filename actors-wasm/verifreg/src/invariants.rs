//! What must hold of the verified registry's state.

use filigree_builtin::calls::verifreg::{Allocation, AllocationId, Claim, ClaimId};
use filigree_builtin::{Broken, Invariants, POLICY};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::address::Protocol;
use fvm_shared::bigint::Sign;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::nested::Nested;
use crate::state::VerifiedRegistry;

impl VerifiedRegistry {
    /// What is wrong with the state after the tipset of `last_epoch`.
    pub fn check_invariants<S: Blocks + Copy>(
        &self,
        store: S,
        last_epoch: ChainEpoch,
    ) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        let root = self.root_key;
        invariants.require(
            root.protocol() == Protocol::ID,
            "verifreg/root-is-id",
            || root.to_string(),
        );
        let checked = self.check_verifiers(&mut invariants, store);
        unreadable(&mut invariants, "verifreg/verifiers", checked);
        let checked = for_each(&self.allocations, store, |client, id, allocation| {
            self.check_allocation(&mut invariants, (client, id), &allocation, last_epoch);
        });
        unreadable(&mut invariants, "verifreg/allocations", checked);
        let checked = for_each(&self.claims, store, |provider, id, claim| {
            self.check_claim(&mut invariants, (provider, id), &claim, last_epoch);
        });
        unreadable(&mut invariants, "verifreg/claims", checked);
        invariants.into_broken()
    }

    fn check_verifiers<S: Blocks>(&self, invariants: &mut Invariants, store: S) -> Result<()> {
        self.verifiers
            .open_in(store)?
            .for_each(|verifier, allowance| {
                invariants.require(
                    verifier.protocol() == Protocol::ID,
                    "verifreg/verifier-is-id",
                    || verifier.to_string(),
                );
                invariants.require(
                    verifier != self.root_key,
                    "verifreg/root-is-no-verifier",
                    || verifier.to_string(),
                );
                invariants.require(
                    allowance.0.sign() != Sign::Minus,
                    "verifreg/allowance-not-negative",
                    || format!("{} of {verifier}", allowance.0),
                );
                Ok(())
            })
    }

    fn check_allocation(
        &self,
        invariants: &mut Invariants,
        (client, id): (ActorID, AllocationId),
        allocation: &Allocation,
        last_epoch: ChainEpoch,
    ) {
        let Allocation {
            term_min, term_max, ..
        } = *allocation;
        self.check_piece(invariants, id, allocation.size.0, (term_min, term_max));
        invariants.require(
            allocation.client == client,
            "verifreg/allocation-client",
            || format!("allocation {id} of f0{client} says f0{}", allocation.client),
        );
        invariants.require(
            term_max <= POLICY.maximum_verified_allocation_term,
            "verifreg/allocation-term",
            || format!("allocation {id} has up to {term_max} epochs"),
        );
        let latest = last_epoch + POLICY.maximum_verified_allocation_expiration;
        invariants.require(
            allocation.expiration <= latest,
            "verifreg/allocation-expiration",
            || format!("allocation {id} expires at {}", allocation.expiration),
        );
    }

    fn check_claim(
        &self,
        invariants: &mut Invariants,
        (provider, id): (ActorID, ClaimId),
        claim: &Claim,
        last_epoch: ChainEpoch,
    ) {
        let term = (claim.term_min, claim.term_max);
        self.check_piece(invariants, id, claim.size.0, term);
        invariants.require(
            claim.provider == provider,
            "verifreg/claim-provider",
            || format!("claim {id} of f0{provider} says f0{}", claim.provider),
        );
        invariants.require(
            claim.term_start <= last_epoch,
            "verifreg/claim-start",
            || format!("claim {id} begins at {}", claim.term_start),
        );
    }

    /// What allocations and claims have in common.
    fn check_piece(
        &self,
        invariants: &mut Invariants,
        id: u64,
        size: u64,
        (term_min, term_max): (ChainEpoch, ChainEpoch),
    ) {
        invariants.require(
            id > 0 && id < self.next_allocation_id,
            "verifreg/id-was-given",
            || format!("{id}, the next is {}", self.next_allocation_id),
        );
        invariants.require(
            i128::from(size) >= i128::from(POLICY.minimum_verified_allocation_size),
            "verifreg/size",
            || format!("{size} bytes of {id}"),
        );
        let least = POLICY.minimum_verified_allocation_term;
        invariants.require(
            least <= term_min && term_min <= term_max,
            "verifreg/term",
            || format!("{term_min} to {term_max} epochs of {id}"),
        );
    }
}

fn for_each<S: Blocks + Copy, V: Serialize + DeserializeOwned>(
    nested: &Nested<V>,
    store: S,
    mut visit: impl FnMut(ActorID, u64, V),
) -> Result<()> {
    nested.open_in(store)?.for_each(|owner, inner| {
        inner.open_in(store)?.for_each(|id, value| {
            visit(owner, id, value);
            Ok(())
        })
    })
}

fn unreadable(invariants: &mut Invariants, name: &'static str, checked: Result<()>) {
    if let Err(error) = checked {
        invariants.require(false, name, || error.to_string());
    }
}
