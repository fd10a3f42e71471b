//! Power: who has how much of it, and who may win blocks.

use filigree_actor_power::{Claim, Power};
use filigree_builtin::{Policy, ids as singleton};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;

use super::View;
use crate::error::Error;

/// The power actor's state, with its claims.
#[derive(Debug)]
pub struct PowerView<'a> {
    view: &'a View,
    /// The state.
    pub state: Power,
}

impl View {
    /// The power of the network.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn power(&self) -> Result<PowerView<'_>, Error> {
        Ok(PowerView {
            view: self,
            state: self.singleton("the power actor's state", singleton::POWER)?,
        })
    }
}

impl PowerView<'_> {
    /// Raw power that counts for consensus, bytes: that of miners above the minimum.
    pub fn total_raw(&self) -> &BigInt {
        &self.state.total_raw_byte_power.0
    }

    /// Quality-adjusted power that counts for consensus, bytes: the weight of chains and the odds of sortition depend on it.
    pub fn total_quality(&self) -> &BigInt {
        &self.state.total_quality_adj_power.0
    }

    /// How many miners are above the minimum.
    pub fn miners_above_minimum(&self) -> i64 {
        self.state.miner_above_min_power_count
    }

    /// A miner's claim; `None` if it has none.
    ///
    /// # Errors
    /// If the claims cannot be read.
    pub fn claim(&self, miner: ActorID) -> Result<Option<Claim>, Error> {
        let claim = self.state.claim(self.view.store(), miner);
        claim.map_err(Error::actor("the claims to power"))
    }

    /// Whether a miner has the power that consensus asks for, on a network of this policy.
    ///
    /// # Errors
    /// If the claims cannot be read.
    pub fn may_win(&self, policy: &Policy, miner: ActorID) -> Result<bool, Error> {
        let Some(claim) = self.claim(miner)? else {
            return Ok(false);
        };
        claim
            .may_win(policy, self.miners_above_minimum())
            .map_err(Error::actor("a claim to power"))
    }

    /// Visits every claim, in no order that means anything.
    ///
    /// # Errors
    /// If the claims cannot be read.
    pub fn for_each_claim(&self, mut visit: impl FnMut(ActorID, Claim)) -> Result<(), Error> {
        let wrong = || Error::actor("the claims to power");
        let claims = self.state.claims.open_in(self.view.store());
        claims
            .map_err(wrong())?
            .for_each(|address: Address, claim| {
                if let Ok(id) = address.id() {
                    visit(id, claim);
                }
                Ok(())
            })
            .map_err(wrong())
    }

    /// All miners with a claim, by id.
    ///
    /// # Errors
    /// If the claims cannot be read.
    pub fn miners(&self) -> Result<Vec<ActorID>, Error> {
        let mut miners = Vec::new();
        self.for_each_claim(|id, _| miners.push(id))?;
        miners.sort_unstable();
        Ok(miners)
    }
}
