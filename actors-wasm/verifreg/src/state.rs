//! The state of the verified registry. Datacap is in bytes.

mod claims;

use filigree_builtin::calls::verifreg::{Allocation, AllocationId, Claim};
use filigree_sdk::collections::{Blocks, MapKey, OpenMap};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use crate::nested::{Nested, OpenNested};

/// The verified registry's state.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRegistry {
    /// Who makes verifiers, by its id.
    pub root_key: Address,
    /// How much datacap each verifier has left to give, by their ids.
    pub verifiers: Map<Address, BigIntDe>,
    /// How many times a verifier agreed to take datacap from a client.
    pub remove_data_cap_proposal_ids: Map<Proposal, ProposalId>,
    /// Allocations of each client.
    pub allocations: Nested<Allocation>,
    /// The id of the next allocation.
    pub next_allocation_id: AllocationId,
    /// Claims of each provider.
    pub claims: Nested<Claim>,
}

/// A verifier and a client: the bytes of their addresses, one after the other.
#[tuple(transparent)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal(Bytes);

impl Proposal {
    /// Of a verifier about a client.
    pub fn of(verifier: ActorID, client: ActorID) -> Self {
        let mut key = Address::new_id(verifier).to_bytes();
        key.extend(Address::new_id(client).to_bytes());
        Self(Bytes(key))
    }
}

impl MapKey for Proposal {
    fn to_key(&self) -> Vec<u8> {
        self.0.0.clone()
    }

    fn from_key(bytes: &[u8]) -> Option<Self> {
        Some(Self(Bytes(bytes.to_vec())))
    }
}

/// A number that makes each proposal of a verifier about a client another.
#[tuple]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProposalId {
    /// From 0.
    pub id: u64,
}

impl VerifiedRegistry {
    /// Without verifiers.
    pub fn empty<S: Blocks + Copy>(store: S, root_key: Address) -> Result<Self> {
        Ok(Self {
            root_key,
            verifiers: OpenMap::empty(store).close()?,
            remove_data_cap_proposal_ids: OpenMap::empty(store).close()?,
            allocations: OpenMap::empty(store).close()?,
            // 0 is no allocation.
            next_allocation_id: 1,
            claims: OpenMap::empty(store).close()?,
        })
    }

    /// Whether an actor is the root.
    pub fn is_root(&self, id: ActorID) -> bool {
        self.root_key == Address::new_id(id)
    }

    /// Sets how much a verifier has left to give.
    pub(crate) fn put_verifier<S: Blocks>(
        &mut self,
        store: S,
        verifier: ActorID,
        allowance: &BigIntDe,
    ) -> Result<()> {
        let mut verifiers = self.verifiers.open_in(store)?;
        verifiers.set(&Address::new_id(verifier), allowance)?;
        self.verifiers = verifiers.close()?;
        Ok(())
    }

    /// Forgets a verifier.
    pub(crate) fn forget_verifier<S: Blocks>(&mut self, store: S, verifier: ActorID) -> Result<()> {
        let mut verifiers = self.verifiers.open_in(store)?;
        let removed = verifiers.remove(&Address::new_id(verifier))?;
        ensure!(
            removed.is_some(),
            illegal_argument,
            "f0{verifier} is not a verifier"
        );
        self.verifiers = verifiers.close()?;
        Ok(())
    }

    /// A verifier gives datacap to a client; tells how much it has left.
    pub(crate) fn give<S: Blocks>(
        &mut self,
        store: S,
        verifier: ActorID,
        client: ActorID,
        datacap: &BigIntDe,
    ) -> Result<BigIntDe> {
        ensure!(
            !self.is_root(client),
            illegal_argument,
            "the root cannot be a client"
        );
        let mut verifiers = self.verifiers.open_in(store)?;
        let address = Address::new_id(verifier);
        let allowance = verifiers.get(&address)?.ok_or_else(|| {
            Error::not_found(format!("the caller, f0{verifier}, is not a verifier"))
        })?;
        ensure!(
            !verifiers.contains(&Address::new_id(client))?,
            illegal_argument,
            "f0{client} is a verifier, which cannot be a client"
        );
        ensure!(
            allowance.0 >= datacap.0,
            illegal_argument,
            "more than the verifier has left"
        );
        let left = BigIntDe(allowance.0 - &datacap.0);
        verifiers.set(&address, &left)?;
        self.verifiers = verifiers.close()?;
        Ok(left)
    }

    /// The numbers that two verifiers' next proposals about a client must have; they are used up.
    pub(crate) fn use_proposals<S: Blocks + Copy>(
        &mut self,
        store: S,
        by: [ActorID; 2],
        client: ActorID,
    ) -> Result<[ProposalId; 2]> {
        let verifiers = self.verifiers.open_in(store)?;
        for verifier in by {
            ensure!(
                verifiers.contains(&Address::new_id(verifier))?,
                not_found,
                "f0{verifier} is not a verifier"
            );
        }
        let mut proposals = self.remove_data_cap_proposal_ids.open_in(store)?;
        let mut used = [ProposalId::default(); 2];
        for (verifier, used) in by.into_iter().zip(&mut used) {
            let key = Proposal::of(verifier, client);
            *used = proposals.get(&key)?.unwrap_or_default();
            let next = used.id.checked_add(1);
            let next = next.ok_or_else(|| Error::assertion_failed("too many proposals"))?;
            proposals.set(&key, &ProposalId { id: next })?;
        }
        self.remove_data_cap_proposal_ids = proposals.close()?;
        Ok(used)
    }

    /// Adds a client's allocations; gives their ids.
    pub(crate) fn insert_allocations<S: Blocks + Copy>(
        &mut self,
        store: S,
        client: ActorID,
        new: &[Allocation],
    ) -> Result<Vec<AllocationId>> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let mut allocations = OpenNested::open(&self.allocations, store)?;
        let first = self.next_allocation_id;
        let ids: Vec<AllocationId> = (first..).take(new.len()).collect();
        for (&id, allocation) in ids.iter().zip(new) {
            allocations.set(client, id, allocation)?;
        }
        self.allocations = allocations.close()?;
        self.next_allocation_id = first + new.len() as u64;
        Ok(ids)
    }

    /// Replaces claims of their providers.
    pub(crate) fn put_claims<S: Blocks + Copy>(
        &mut self,
        store: S,
        changed: &[(u64, Claim)],
    ) -> Result<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let mut claims = OpenNested::open(&self.claims, store)?;
        for (id, claim) in changed {
            claims.set(claim.provider, *id, claim)?;
        }
        self.claims = claims.close()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
