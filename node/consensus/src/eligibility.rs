//! Whether a miner may make blocks: enough power a finality ago, and nothing that excludes it since (Filecoin spec, "Block
//! Producer"; Lotus, `MinerEligibleToMine`).

use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use num_traits::Signed;

use crate::config::ChainConfig;
use crate::reason::{Ineligible, Reason};

/// With so many miners above the minimum, nobody below it makes blocks (builtin-actors, `CONSENSUS_MINER_MIN_MINERS`).
pub const MIN_MINERS: i64 = 4;

/// What state says of a miner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Raw power, in bytes, a lookback ago; zero without a claim.
    pub earlier_raw_power: BigInt,
    /// How many miners were above the minimum then (`miner_above_min_power_count` of the power actor).
    pub earlier_miners_above_minimum: i64,
    /// What it has now; none without a claim.
    pub now: Option<Current>,
}

/// What the miner has now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Current {
    /// Quality-adjusted power of its claim, in bytes.
    pub quality_power: BigInt,
    /// Fees it owes.
    pub fee_debt: TokenAmount,
    /// The last epoch of its exclusion for a consensus fault (`consensus_fault_elapsed`); -1 if there was none.
    pub excluded_until: ChainEpoch,
}

/// That a miner may make a block on parents at `parents_epoch`.
///
/// Both states of `standing` are what tipsets say of the state *before* their own messages, the `parent_state` of their
/// headers: of the parents for what the miner has now, and of the lookback tipset for what it had earlier. Blocks differ from
/// sortition in that, whose powers are of the state after the lookback tipset; so has the network always done.
pub fn check(
    config: &ChainConfig,
    miner: &Address,
    parents_epoch: ChainEpoch,
    standing: &Standing,
) -> Result<(), Reason> {
    let ineligible = |why| Err(Reason::Ineligible { miner: *miner, why });
    let Some(now) = &standing.now else {
        return ineligible(Ineligible::NoClaim);
    };
    if !meets_minimum(config, standing) {
        let raw_bytes = standing.earlier_raw_power.clone();
        return ineligible(Ineligible::BelowMinimum { raw_bytes });
    }
    if config.version_at(parents_epoch) <= NetworkVersion::V3 {
        return Ok(());
    }
    if !now.quality_power.is_positive() {
        return ineligible(Ineligible::NoPower);
    }
    if !now.fee_debt.is_zero() {
        return ineligible(Ineligible::FeeDebt(now.fee_debt.clone()));
    }
    if parents_epoch <= now.excluded_until {
        let until = now.excluded_until;
        return ineligible(Ineligible::ConsensusFault { until });
    }
    Ok(())
}

/// Whether a miner had the power it needs: the network's minimum, or, in a network with few such miners, any.
fn meets_minimum(config: &ChainConfig, standing: &Standing) -> bool {
    let raw = &standing.earlier_raw_power;
    *raw >= BigInt::from(config.min_miner_power_bytes)
        || standing.earlier_miners_above_minimum < MIN_MINERS && raw.is_positive()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIB: i64 = 1 << 40;

    fn good() -> Standing {
        Standing {
            earlier_raw_power: BigInt::from(10 * TIB),
            earlier_miners_above_minimum: 4,
            now: Some(Current {
                quality_power: BigInt::from(1),
                fee_debt: TokenAmount::from_atto(0),
                excluded_until: -1,
            }),
        }
    }

    fn judge(spoil: impl Fn(&mut Standing)) -> Result<(), Ineligible> {
        let mut standing = good();
        spoil(&mut standing);
        let config = ChainConfig::mainnet();
        match check(&config, &Address::new_id(1000), 4_000_000, &standing) {
            Ok(()) => Ok(()),
            Err(Reason::Ineligible { why, .. }) => Err(why),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_minimum_counts_where_enough_miners_have_it() {
        assert_eq!(judge(|_| ()), Ok(()));
        let less = BigInt::from(10 * TIB - 1);
        let below = Ineligible::BelowMinimum {
            raw_bytes: less.clone(),
        };
        assert_eq!(judge(|s| s.earlier_raw_power = less.clone()), Err(below));
        let few = |power: i64| {
            judge(move |s| {
                s.earlier_raw_power = BigInt::from(power);
                s.earlier_miners_above_minimum = 3;
            })
        };
        assert_eq!(few(1), Ok(()));
        let raw_bytes = BigInt::from(0);
        assert_eq!(few(0), Err(Ineligible::BelowMinimum { raw_bytes }));
    }

    #[test]
    fn debts_and_faults_exclude() {
        let now = |change: fn(&mut Current)| judge(|s| change(s.now.as_mut().unwrap()));
        assert_eq!(judge(|s| s.now = None), Err(Ineligible::NoClaim));
        let no_power = now(|now| now.quality_power = BigInt::from(0));
        assert_eq!(no_power, Err(Ineligible::NoPower));
        let debt = TokenAmount::from_atto(1);
        let in_debt = now(|now| now.fee_debt = TokenAmount::from_atto(1));
        assert_eq!(in_debt, Err(Ineligible::FeeDebt(debt)));
        let until = 4_000_000;
        let caught = now(|now| now.excluded_until = 4_000_000);
        assert_eq!(caught, Err(Ineligible::ConsensusFault { until }));
        assert_eq!(now(|now| now.excluded_until = 3_999_999), Ok(()));
    }
}
