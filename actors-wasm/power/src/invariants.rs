//! What must hold of the power actor's state.

use filigree_builtin::{Broken, Invariants, Policy};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::{BigInt, Sign};

use crate::claim::Claim;
use crate::state::Power;

/// Raw and quality-adjusted power, added up.
#[derive(Default)]
struct Sum {
    raw: BigInt,
    quality_adjusted: BigInt,
    miners: i64,
}

impl Sum {
    fn add(&mut self, claim: &Claim) {
        self.raw += &claim.raw_byte_power.0;
        self.quality_adjusted += &claim.quality_adj_power.0;
        self.miners += 1;
    }
}

impl Power {
    /// What is wrong with the state, on a network of this policy.
    pub fn check_invariants<S: Blocks + Copy>(&self, policy: &Policy, store: S) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        self.check_totals(&mut invariants);
        if let Err(error) = self.check_claims(&mut invariants, policy, store) {
            invariants.require(false, "power/claims", || error.to_string());
        }
        if let Err(error) = self.check_queue(&mut invariants, store) {
            invariants.require(false, "power/cron-queue", || error.to_string());
        }
        let batch = self.proof_validation_batch;
        invariants.require(batch.is_none(), "power/no-proof-batch", || {
            "there is one, which FIP-0084 did away with".to_owned()
        });
        invariants.into_broken()
    }

    fn check_totals(&self, invariants: &mut Invariants) {
        let (raw, committed) = (&self.total_raw_byte_power.0, &self.total_bytes_committed.0);
        let quality_adjusted = &self.total_quality_adj_power.0;
        let quality_committed = &self.total_qa_bytes_committed.0;
        for (name, total) in [
            ("power/raw-not-negative", raw),
            ("power/committed-not-negative", committed),
            ("power/quality-not-negative", quality_adjusted),
            ("power/quality-committed-not-negative", quality_committed),
            (
                "power/pledge-not-negative",
                self.total_pledge_collateral.atto(),
            ),
        ] {
            invariants.require(total.sign() != Sign::Minus, name, || total.to_string());
        }
        for (name, less, more) in [
            ("power/raw-within-quality", raw, quality_adjusted),
            (
                "power/committed-within-quality",
                committed,
                quality_committed,
            ),
            ("power/raw-within-committed", raw, committed),
            (
                "power/quality-within-committed",
                quality_adjusted,
                quality_committed,
            ),
        ] {
            invariants.require(less <= more, name, || format!("{less} above {more}"));
        }
    }

    fn check_claims<S: Blocks>(
        &self,
        invariants: &mut Invariants,
        policy: &Policy,
        store: S,
    ) -> Result<()> {
        let (mut all, mut above) = (Sum::default(), Sum::default());
        self.claims.open_in(store)?.for_each(|miner, claim| {
            invariants.require(miner.id().is_ok(), "power/claim-of-id", || {
                miner.to_string()
            });
            all.add(&claim);
            match claim.is_above_minimum(policy) {
                Ok(true) => above.add(&claim),
                Ok(false) => {}
                Err(error) => invariants.require(false, "power/claim-proof-type", || {
                    format!("of {miner}: {error}")
                }),
            }
            Ok(())
        })?;
        for (name, sum, total) in [
            (
                "power/committed-is-sum",
                &all.raw,
                &self.total_bytes_committed,
            ),
            (
                "power/quality-committed-is-sum",
                &all.quality_adjusted,
                &self.total_qa_bytes_committed,
            ),
            ("power/raw-is-sum", &above.raw, &self.total_raw_byte_power),
            (
                "power/quality-is-sum",
                &above.quality_adjusted,
                &self.total_quality_adj_power,
            ),
        ] {
            invariants.require(*sum == total.0, name, || {
                format!("{} in all, claims add up to {sum}", total.0)
            });
        }
        let count = self.miner_above_min_power_count;
        invariants.require(above.miners == count, "power/miners-above-minimum", || {
            format!("{count} are counted, {} there are", above.miners)
        });
        let count = self.miner_count;
        invariants.require(all.miners == count, "power/miners", || {
            format!("{count} are counted, {} have a claim", all.miners)
        });
        Ok(())
    }

    fn check_queue<S: Blocks + Copy>(&self, invariants: &mut Invariants, store: S) -> Result<()> {
        self.cron_event_queue
            .open_in(store)?
            .for_each(|epoch, events| {
                let first = self.first_cron_epoch;
                invariants.require(epoch >= first, "power/cron-not-missed", || {
                    format!("an event at {epoch}, the next to look at is {first}")
                });
                let events = events.open_in(store)?;
                invariants.require(events.count() > 0, "power/cron-not-empty", || {
                    format!("no events at {epoch}")
                });
                events.for_each(|_, _| Ok(()))
            })
    }
}
