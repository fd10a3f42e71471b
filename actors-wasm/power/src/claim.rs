//! What a miner stores, and which miners count: only those with the power that consensus asks for ("minimum miner size", Filecoin spec,
//! "Storage Power Actor"), as long as there are enough of them.

use filigree_builtin::calls::power::UpdateClaimedPowerParams;
use filigree_builtin::{POLICY, Policy};
use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::bigint::{BigInt, Sign};
use fvm_shared::sector::RegisteredPoStProof;

use crate::state::Power;

/// How many miners must have the power that consensus asks for before those with less no longer count.
pub const MIN_CONSENSUS_MINERS: i64 = 4;

/// The power of each miner, by its id.
pub type Claims = Map<Address, Claim>;

/// The same, open.
pub type OpenClaims<S> = OpenMap<S, Address, Claim>;

/// What a miner stores, bytes.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// How it proves that.
    pub window_post_proof_type: RegisteredPoStProof,
    /// Raw power.
    pub raw_byte_power: BigIntDe,
    /// Quality-adjusted power.
    pub quality_adj_power: BigIntDe,
}

impl Claim {
    /// A claim to nothing.
    pub(crate) fn empty(window_post_proof_type: RegisteredPoStProof) -> Self {
        Self {
            window_post_proof_type,
            raw_byte_power: BigIntDe::default(),
            quality_adj_power: BigIntDe::default(),
        }
    }

    /// Whether the miner has the power that consensus asks for.
    pub fn is_above_minimum(&self, policy: &Policy) -> Result<bool> {
        Ok(self.raw_byte_power.0 >= consensus_power(policy, self.window_post_proof_type)?)
    }

    /// Whether the miner may win blocks: while so many miners are above the minimum, or too few of them.
    pub fn may_win(&self, policy: &Policy, miners_above_minimum: i64) -> Result<bool> {
        let is_above = self.is_above_minimum(policy)?;
        let any_may = miners_above_minimum < MIN_CONSENSUS_MINERS;
        Ok(is_above || any_may && self.raw_byte_power.0.sign() == Sign::Plus)
    }
}

/// The power that consensus asks of a miner with this proof type, bytes.
pub(crate) fn consensus_power(policy: &Policy, proof: RegisteredPoStProof) -> Result<BigInt> {
    ensure!(
        !matches!(proof, RegisteredPoStProof::Invalid(_)),
        illegal_state,
        "a proof type that is not known"
    );
    Ok(policy.minimum_consensus_power.into())
}

/// Claims, and the totals that follow them.
impl Power {
    /// A miner's power grew or fell.
    pub(crate) fn add_to_claim<S: Blocks>(
        &mut self,
        claims: &mut OpenClaims<S>,
        miner: &Address,
        change: &UpdateClaimedPowerParams,
    ) -> Result<()> {
        let before = claims.get(miner)?;
        let before = before.ok_or_else(|| Error::not_found("the miner has no claim"))?;
        let (raw, quality_adjusted) = (&change.raw_byte_delta.0, &change.quality_adjusted_delta.0);
        let mut after = before.clone();
        after.raw_byte_power.0 += raw;
        after.quality_adj_power.0 += quality_adjusted;

        self.total_bytes_committed.0 += raw;
        self.total_qa_bytes_committed.0 += quality_adjusted;
        let is_above = |claim: &Claim| claim.is_above_minimum(&POLICY);
        match (is_above(&before)?, is_above(&after)?) {
            (false, false) => {}
            (false, true) => {
                self.miner_above_min_power_count += 1;
                self.total_raw_byte_power.0 += &after.raw_byte_power.0;
                self.total_quality_adj_power.0 += &after.quality_adj_power.0;
            }
            (true, false) => {
                self.miner_above_min_power_count -= 1;
                self.total_raw_byte_power.0 -= &before.raw_byte_power.0;
                self.total_quality_adj_power.0 -= &before.quality_adj_power.0;
            }
            (true, true) => {
                self.total_raw_byte_power.0 += raw;
                self.total_quality_adj_power.0 += quality_adjusted;
            }
        }
        let is_possible = after.raw_byte_power.0.sign() != Sign::Minus
            && after.quality_adj_power.0.sign() != Sign::Minus
            && self.miner_above_min_power_count >= 0;
        ensure!(is_possible, illegal_state, "power falls below zero");
        claims.set(miner, &after)
    }

    /// Takes a miner's claim away, and with it its power. A miner without one is left alone.
    pub(crate) fn delete_claim<S: Blocks>(
        &mut self,
        claims: &mut OpenClaims<S>,
        miner: &Address,
    ) -> Result<()> {
        let Some(claim) = claims.get(miner)? else {
            return Ok(());
        };
        let all = UpdateClaimedPowerParams {
            raw_byte_delta: BigIntDe(-claim.raw_byte_power.0),
            quality_adjusted_delta: BigIntDe(-claim.quality_adj_power.0),
        };
        self.add_to_claim(claims, miner, &all)?;
        claims.remove(miner)?;
        Ok(())
    }

    /// Takes away the claims of miners whose cron failed, so that they are without power. One whose claim cannot be taken away stays
    /// as it is. A miner that failed twice is counted twice: so the protocol counts.
    pub(crate) fn drop_failed<S: Blocks>(&mut self, store: S, failed: &[Address]) -> Result<()> {
        let mut claims = self.claims.open_in(store)?;
        for miner in failed {
            if self.delete_claim(&mut claims, miner).is_ok() {
                self.miner_count -= 1;
            }
        }
        self.claims = claims.close()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
