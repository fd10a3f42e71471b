//! What becomes of a sector that will live longer (FIP-0045, FIP-0100). Its verified claims have to be named; they go on if their terms
//! allow it, or are given up in the last days of the sector.

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorSize;
use fvm_shared::version::NetworkVersion;

use crate::fees::{daily_proof_fee, daily_proof_fee_adjust};
use crate::lifetime::validate_expiration;
use crate::power::{qa_power_for_sector, qa_power_for_weight};
use crate::types::{SectorOnChainInfo, SectorOnChainInfoFlags};

/// From this version on, sectors from before FIP-0100 pay its fee when they are extended.
const GRACE_PERIOD_END: NetworkVersion = NetworkVersion::new(26);

/// Sizes of the claims named for a sector, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClaimSpace {
    /// All that there are.
    pub all: u64,
    /// Those that go on.
    pub maintained: u64,
}

/// Now, for extensions.
#[derive(Clone, Debug)]
pub struct Now {
    /// The epoch.
    pub epoch: ChainEpoch,
    /// The network version.
    pub version: NetworkVersion,
    /// The circulating supply, attoFIL.
    pub circulating_supply: TokenAmount,
}

/// The sector with a later expiration. `claims` are those named for it, if any were.
pub fn extended_sector(
    now: &Now,
    expiration: ChainEpoch,
    old: &SectorOnChainInfo,
    size: SectorSize,
    claims: Option<ClaimSpace>,
) -> Result<SectorOnChainInfo> {
    ensure!(
        old.expiration >= now.epoch,
        forbidden,
        "sector {} expired at {}",
        old.sector_number,
        old.expiration
    );
    ensure!(
        expiration >= old.expiration,
        illegal_argument,
        "sector {} expires at {}, which is later than {expiration}",
        old.sector_number,
        old.expiration
    );
    validate_expiration(now.epoch, old.activation, expiration, old.seal_proof)?;
    let mut new = match old.flags.contains(SectorOnChainInfoFlags::SIMPLE_QA_POWER) {
        true => with_claims(now.epoch, expiration, old, claims)?,
        false => without_claims(now.epoch, expiration, old)?,
    };
    let duration = new.expiration - new.power_base_epoch;
    let power = qa_power_for_weight(size, duration, new.verified_deal_weight);
    if !new.daily_fee.is_zero() {
        new.daily_fee =
            daily_proof_fee_adjust(&old.daily_fee, qa_power_for_sector(size, old), power);
    } else if now.version >= GRACE_PERIOD_END {
        new.daily_fee = daily_proof_fee(&POLICY, &now.circulating_supply, power);
    }
    Ok(new)
}

/// A sector whose verified data is that of its claims.
fn with_claims(
    epoch: ChainEpoch,
    expiration: ChainEpoch,
    old: &SectorOnChainInfo,
    claims: Option<ClaimSpace>,
) -> Result<SectorOnChainInfo> {
    let mut new = SectorOnChainInfo {
        expiration,
        power_base_epoch: epoch,
        ..old.clone()
    };
    let old_duration = i128::from(old.expiration - old.power_base_epoch);
    let remaining = old.expiration - epoch;
    if old.deal_weight > 0 {
        new.deal_weight = divided(old.deal_weight * i128::from(remaining), old_duration)?;
    }
    if old.verified_deal_weight <= 0 {
        return Ok(new);
    }
    let claims = claims.ok_or_else(|| {
        Error::illegal_argument("a sector with verified data, but no claims are named for it")
    })?;
    ensure!(
        i128::from(claims.all as i64) == divided(old.verified_deal_weight, old_duration)?,
        illegal_argument,
        "the claims named for sector {} are not all it has",
        old.sector_number
    );
    let gives_up = claims.all != claims.maintained;
    ensure!(
        !gives_up || remaining <= POLICY.end_of_life_claim_drop_period,
        forbidden,
        "claims can be given up in the last {} epochs, there are {remaining} left",
        POLICY.end_of_life_claim_drop_period
    );
    new.verified_deal_weight = i128::from(claims.maintained) * i128::from(expiration - epoch);
    new.expected_day_reward = None;
    new.expected_storage_pledge = None;
    new.replaced_day_reward = None;
    Ok(new)
}

/// A sector from before there were claims: of its deals, the time that is left counts.
fn without_claims(
    epoch: ChainEpoch,
    expiration: ChainEpoch,
    old: &SectorOnChainInfo,
) -> Result<SectorOnChainInfo> {
    let old_duration = i128::from(old.expiration - old.power_base_epoch);
    let remaining = i128::from(old.expiration - epoch);
    let left = |weight: i128| divided(weight * remaining, old_duration);
    Ok(SectorOnChainInfo {
        expiration,
        deal_weight: left(old.deal_weight)?,
        verified_deal_weight: left(old.verified_deal_weight)?,
        power_base_epoch: epoch,
        expected_day_reward: None,
        expected_storage_pledge: None,
        replaced_day_reward: None,
        ..old.clone()
    })
}

/// The quotient, of numbers that are not negative. A sector without duration is the state's mistake.
fn divided(weight: i128, duration: i128) -> Result<i128> {
    weight
        .checked_div_euclid(duration)
        .ok_or_else(|| Error::assertion_failed("a sector without duration"))
}

#[cfg(test)]
mod tests;
