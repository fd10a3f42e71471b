//! The state of the power actor, and what becomes of it when miners come, when they pledge and when an epoch ends.

use filigree_builtin::POLICY;
use filigree_builtin::calls::power::{
    CurrentTotalPowerReturn, MinerPowerReturn, MinerRawPowerReturn,
};
use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::sector::RegisteredPoStProof;

use crate::claim::{Claim, Claims, MIN_CONSENSUS_MINERS, consensus_power};
use crate::cron::CronQueue;

/// Quality-adjusted power that a network is expected to begin with, bytes: 750,000 GiB.
const FIRST_POWER: i64 = 750_000 << 30;

/// How much of it is expected to come in an epoch, bytes: 120 sectors of 32 GiB.
const FIRST_GROWTH: i64 = 3_840 << 30;

/// The power actor's state. Powers are in bytes; "committed" ones count every miner, the others those with the power that consensus
/// asks for.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power {
    /// Raw power of miners above the minimum.
    pub total_raw_byte_power: BigIntDe,
    /// Raw power of all miners.
    pub total_bytes_committed: BigIntDe,
    /// Quality-adjusted power of miners above the minimum.
    pub total_quality_adj_power: BigIntDe,
    /// Quality-adjusted power of all miners.
    pub total_qa_bytes_committed: BigIntDe,
    /// What all miners have pledged, attoFIL.
    pub total_pledge_collateral: TokenAmount,
    /// Raw power of the network at the end of the last tipset.
    pub this_epoch_raw_byte_power: BigIntDe,
    /// Its quality-adjusted power then.
    pub this_epoch_quality_adj_power: BigIntDe,
    /// What all miners had pledged then, attoFIL.
    pub this_epoch_pledge_collateral: TokenAmount,
    /// The quality-adjusted power, smoothed.
    pub this_epoch_qa_power_smoothed: FilterEstimate,
    /// How many miners there are.
    pub miner_count: i64,
    /// How many of them are above the minimum.
    pub miner_above_min_power_count: i64,
    /// When the pledge of FIP-0081 begins to come into force.
    pub ramp_start_epoch: i64,
    /// How many epochs that takes.
    pub ramp_duration_epochs: u64,
    /// Who asked to be called when.
    pub cron_event_queue: CronQueue,
    /// The first epoch whose events have not been looked at.
    pub first_cron_epoch: ChainEpoch,
    /// The power of each miner.
    pub claims: Claims,
    /// Not in use since FIP-0084.
    pub proof_validation_batch: Option<Cid>,
}

impl Power {
    /// Without miners.
    pub fn empty<S: Blocks + Copy>(store: S) -> Result<Self> {
        Ok(Self {
            total_raw_byte_power: BigIntDe::default(),
            total_bytes_committed: BigIntDe::default(),
            total_quality_adj_power: BigIntDe::default(),
            total_qa_bytes_committed: BigIntDe::default(),
            total_pledge_collateral: TokenAmount::default(),
            this_epoch_raw_byte_power: BigIntDe::default(),
            this_epoch_quality_adj_power: BigIntDe::default(),
            this_epoch_pledge_collateral: TokenAmount::default(),
            this_epoch_qa_power_smoothed: FilterEstimate::new(
                FIRST_POWER.into(),
                FIRST_GROWTH.into(),
            ),
            miner_count: 0,
            miner_above_min_power_count: 0,
            ramp_start_epoch: 0,
            ramp_duration_epochs: 0,
            cron_event_queue: OpenMap::empty(store).close()?,
            first_cron_epoch: 0,
            claims: OpenMap::empty(store).close()?,
            proof_validation_batch: None,
        })
    }

    /// A miner was created.
    pub(crate) fn add_miner<S: Blocks>(
        &mut self,
        store: S,
        miner: &Address,
        window_post_proof_type: RegisteredPoStProof,
    ) -> Result<()> {
        let mut claims = self.claims.open_in(store)?;
        claims.set(miner, &Claim::empty(window_post_proof_type))?;
        self.miner_count += 1;
        // On a network without a minimum it is above it at once.
        if consensus_power(&POLICY, window_post_proof_type)? <= BigInt::default() {
            self.miner_above_min_power_count += 1;
        }
        self.claims = claims.close()?;
        Ok(())
    }

    /// A miner pledged more or less; attoFIL.
    pub(crate) fn add_pledge<S: Blocks>(
        &mut self,
        store: S,
        miner: &Address,
        change: &TokenAmount,
    ) -> Result<()> {
        let has_claim = self.claims.open_in(store)?.contains(miner)?;
        ensure!(has_claim, forbidden, "the miner has no claim");
        self.total_pledge_collateral += change;
        ensure!(
            !self.total_pledge_collateral.is_negative(),
            illegal_state,
            "the miners' pledge falls below zero"
        );
        Ok(())
    }

    /// Raw and quality-adjusted power that the network counts: that of miners above the minimum, or of all while those are too few.
    pub fn network_power(&self) -> (&BigIntDe, &BigIntDe) {
        match self.miner_above_min_power_count < MIN_CONSENSUS_MINERS {
            true => (&self.total_bytes_committed, &self.total_qa_bytes_committed),
            false => (&self.total_raw_byte_power, &self.total_quality_adj_power),
        }
    }

    /// Keeps what the next epoch will be told.
    pub(crate) fn close_epoch(&mut self) {
        let (raw, quality_adjusted) = self.network_power();
        let (raw, quality_adjusted) = (raw.clone(), quality_adjusted.clone());
        self.this_epoch_pledge_collateral = self.total_pledge_collateral.clone();
        // Cron runs in every epoch that has a tipset; epochs without one are not made up for.
        self.this_epoch_qa_power_smoothed = self
            .this_epoch_qa_power_smoothed
            .next_epoch(&quality_adjusted.0);
        self.this_epoch_quality_adj_power = quality_adjusted;
        self.this_epoch_raw_byte_power = raw;
    }

    /// Power and pledge as they were at the end of the last tipset.
    pub(crate) fn frozen(&self) -> CurrentTotalPowerReturn {
        CurrentTotalPowerReturn {
            raw_byte_power: self.this_epoch_raw_byte_power.clone(),
            quality_adj_power: self.this_epoch_quality_adj_power.clone(),
            pledge_collateral: self.this_epoch_pledge_collateral.clone(),
            quality_adj_power_smoothed: self.this_epoch_qa_power_smoothed.clone(),
            ramp_start_epoch: self.ramp_start_epoch,
            ramp_duration_epochs: self.ramp_duration_epochs,
        }
    }

    /// A miner's claim.
    pub fn claim<S: Blocks>(&self, store: S, miner: ActorID) -> Result<Option<Claim>> {
        self.claims.open_in(store)?.get(&Address::new_id(miner))
    }

    /// A miner's raw power and whether it may win blocks.
    pub fn nominal_power<S: Blocks>(
        &self,
        store: S,
        miner: ActorID,
    ) -> Result<MinerRawPowerReturn> {
        let claim = self.claim(store, miner)?;
        let claim =
            claim.ok_or_else(|| Error::illegal_argument(format!("f0{miner} has no claim")))?;
        Ok(MinerRawPowerReturn {
            meets_consensus_minimum: claim.may_win(&POLICY, self.miner_above_min_power_count)?,
            raw_byte_power: claim.raw_byte_power,
        })
    }

    /// A miner's raw and quality-adjusted power.
    pub fn claimed_power<S: Blocks>(&self, store: S, miner: ActorID) -> Result<MinerPowerReturn> {
        let claim = self.claim(store, miner)?;
        let claim = claim.ok_or_else(|| Error::not_found(format!("f0{miner} has no claim")))?;
        Ok(MinerPowerReturn {
            raw_byte_power: claim.raw_byte_power,
            quality_adj_power: claim.quality_adj_power,
        })
    }
}

#[cfg(test)]
mod tests;
