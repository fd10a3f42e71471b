//! Datacap: who may give it, who has it, what it was allocated to and who claimed that.

use filigree_actor_datacap::Datacap;
use filigree_actor_verifreg::{Allocation, AllocationId, Claim, ClaimId, VerifiedRegistry};
use filigree_builtin::ids as singleton;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;

use super::View;
use crate::error::Error;

impl View {
    /// The verified registry's state.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn verified_registry(&self) -> Result<VerifiedRegistry, Error> {
        self.singleton(
            "the verified registry's state",
            singleton::VERIFIED_REGISTRY,
        )
    }

    /// How much datacap a verifier has left to give, bytes; `None` if it is no verifier.
    ///
    /// # Errors
    /// If there is no such actor, or the state cannot be read.
    pub fn verifier_allowance(&self, address: &Address) -> Result<Option<BigInt>, Error> {
        let id = self.id(address)?.ok_or(Error::NoActor(*address))?;
        let wrong = || Error::actor("the verifiers");
        let registry = self.verified_registry()?;
        let verifiers = registry.verifiers.open_in(self.store()).map_err(wrong())?;
        let allowance = verifiers.get(&Address::new_id(id)).map_err(wrong())?;
        Ok(allowance.map(|allowance| allowance.0))
    }

    /// How much datacap a client has, in its smallest parts: 10^18 to a byte.
    ///
    /// # Errors
    /// If there is no such actor, or the state cannot be read.
    pub fn datacap(&self, address: &Address) -> Result<TokenAmount, Error> {
        let id = self.id(address)?.ok_or(Error::NoActor(*address))?;
        let state: Datacap = self.singleton("the datacap actor's state", singleton::DATACAP)?;
        let balance = state.token.balance(self.store(), id);
        balance.map_err(Error::actor("the datacap balances"))
    }

    /// All allocations of a client, by id.
    ///
    /// # Errors
    /// If there is no such actor, or the state cannot be read.
    pub fn allocations(&self, client: &Address) -> Result<Vec<(AllocationId, Allocation)>, Error> {
        let id = self.id(client)?.ok_or(Error::NoActor(*client))?;
        let wrong = || Error::actor("the allocations");
        let registry = self.verified_registry()?;
        let mut found = Vec::new();
        registry
            .allocations
            .open_in(self.store())
            .and_then(|of_all| match of_all.get(&id)? {
                Some(of_one) => of_one.open_in(self.store())?.for_each(|id, allocation| {
                    found.push((id, allocation));
                    Ok(())
                }),
                None => Ok(()),
            })
            .map_err(wrong())?;
        found.sort_unstable_by_key(|(id, _)| *id);
        Ok(found)
    }

    /// All claims of a provider, by id.
    ///
    /// # Errors
    /// If there is no such actor, or the state cannot be read.
    pub fn claims(&self, provider: &Address) -> Result<Vec<(ClaimId, Claim)>, Error> {
        let id = self.id(provider)?.ok_or(Error::NoActor(*provider))?;
        let wrong = || Error::actor("the claims to allocations");
        let registry = self.verified_registry()?;
        let mut found = Vec::new();
        registry
            .claims
            .open_in(self.store())
            .and_then(|of_all| match of_all.get(&id)? {
                Some(of_one) => of_one.open_in(self.store())?.for_each(|id, claim| {
                    found.push((id, claim));
                    Ok(())
                }),
                None => Ok(()),
            })
            .map_err(wrong())?;
        found.sort_unstable_by_key(|(id, _)| *id);
        Ok(found)
    }
}
