//! Making room: partitions without the sectors that ended, and sector numbers that will not be used.

use filigree_builtin::POLICY;
use filigree_builtin::policy::MAX_SECTOR_NUMBER;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::require_controlling;
use crate::deadline_info::deadline_available_for_compaction;
use crate::params::CompactPartitionsParams;
use crate::policy::load_partitions_sectors_max;
use crate::sectors::Sectors;
use crate::state::{CollisionPolicy, Miner};

impl Miner {
    /// Replaces partitions of a deadline by full ones, without terminated sectors, which leave the state.
    pub(crate) fn compact_partitions_of(
        &mut self,
        ctx: &Context,
        params: &CompactPartitionsParams,
    ) -> Result<()> {
        ensure!(
            params.deadline < POLICY.wpost_period_deadlines,
            illegal_argument,
            "there is no deadline {}",
            params.deadline
        );
        let info = self.get_info(ActorStore)?;
        require_controlling(ctx, &info)?;
        let epoch = ctx.epoch()?;
        let period_start = self.current_proving_period_start(&POLICY, epoch);
        ensure!(
            deadline_available_for_compaction(&POLICY, period_start, params.deadline, epoch),
            forbidden,
            "deadline {} is about to be proven, or its proofs may still be disputed",
            params.deadline
        );
        let limit = load_partitions_sectors_max(&POLICY, info.window_post_partition_sectors);
        ensure!(
            params.partitions.len() <= limit,
            illegal_argument,
            "{} partitions, at most {limit} are allowed",
            params.partitions.len()
        );

        let quant = self.quant_spec_for_deadline(&POLICY, params.deadline);
        let mut deadlines = self.load_deadlines(ActorStore)?;
        let mut deadline = deadlines.load_deadline(ActorStore, params.deadline)?;
        let fee_before = deadline.daily_fee.clone();
        let mut sectors = Sectors::load(ActorStore, &self.sectors)?;
        let dead = deadline.compact_partitions(
            ActorStore,
            &sectors,
            info.sizes(),
            &params.partitions,
            quant,
        )?;
        sectors.delete_sectors(&dead)?;
        self.sectors = sectors.flush()?;
        deadlines.update_deadline(&POLICY, ActorStore, params.deadline, &deadline)?;
        self.save_deadlines(ActorStore, &deadlines)?;
        ensure!(
            deadline.daily_fee == fee_before,
            illegal_state,
            "compaction changed the daily fee"
        );
        Ok(())
    }

    /// Marks numbers as used, so that the set of used numbers has fewer gaps and is shorter.
    pub(crate) fn give_up_sector_numbers(
        &mut self,
        ctx: &Context,
        numbers: &BitField,
    ) -> Result<()> {
        let last = numbers
            .last()
            .ok_or_else(|| Error::illegal_argument("no sector numbers"))?;
        ensure!(
            last <= MAX_SECTOR_NUMBER,
            illegal_argument,
            "there can be no sector {last}"
        );
        require_controlling(ctx, &self.get_info(ActorStore)?)?;
        self.allocate_sector_numbers(ActorStore, numbers, CollisionPolicy::AllowCollisions)
    }
}
