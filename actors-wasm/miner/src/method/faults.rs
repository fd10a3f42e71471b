//! Sectors that cannot be proven for a time, and those that can again. Both are declared before their deadline's window opens; faulty
//! sectors pay at its end.

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::{effects, illegal_argument, require_controlling};
use crate::deadline_info::{
    DeadlineInfo, declaration_deadline_info, validate_fr_declaration_deadline,
};
use crate::params::SectorDeclaration;
use crate::sector_map::DeadlineSectorMap;
use crate::sectors::Sectors;
use crate::state::Miner;
use crate::types::PowerPair;

/// Takes note of faulty sectors: their power is lost at once.
pub(crate) fn declare_faults(ctx: &mut Context, faults: Vec<SectorDeclaration>) -> Result<()> {
    let declared = collect(faults)?;
    let power_delta = ctx.transaction(|state: &mut Miner, ctx| {
        let info = state.get_info(ActorStore)?;
        require_controlling(ctx, &info)?;
        let mut deadlines = state.load_deadlines(ActorStore)?;
        let sectors = Sectors::load(ActorStore, &state.sectors)?;
        let mut power_delta = PowerPair::zero();
        for (index, partitions) in declared.iter() {
            let target = target_deadline(state, index, ctx.epoch()?)?;
            let mut deadline = deadlines.load_deadline(ActorStore, index)?;
            power_delta += deadline.record_faults(
                ActorStore,
                &sectors,
                info.sector_size,
                target.quant_spec(),
                target.last() + POLICY.fault_max_age,
                partitions,
            )?;
            deadlines.update_deadline(&POLICY, ActorStore, index, &deadline)?;
        }
        state.save_deadlines(ActorStore, &deadlines)?;
        Ok(power_delta)
    })?;
    effects::update_power(ctx, power_delta)
}

/// Takes note of faulty sectors that will be proven again. Their power comes back with the proof.
pub(crate) fn declare_recovered(
    ctx: &mut Context,
    recoveries: Vec<SectorDeclaration>,
) -> Result<()> {
    let declared = collect(recoveries)?;
    let to_burn = ctx.transaction(|state: &mut Miner, ctx| {
        let to_burn = state.repay_debts(&ctx.balance()?)?;
        let info = state.get_info(ActorStore)?;
        require_controlling(ctx, &info)?;
        let epoch = ctx.epoch()?;
        ensure!(
            !info.consensus_fault_active(epoch),
            forbidden,
            "after a consensus fault nothing recovers for a while"
        );
        let mut deadlines = state.load_deadlines(ActorStore)?;
        let sectors = Sectors::load(ActorStore, &state.sectors)?;
        for (index, partitions) in declared.iter() {
            target_deadline(state, index, epoch)?;
            let mut deadline = deadlines.load_deadline(ActorStore, index)?;
            let size = info.sector_size;
            deadline.declare_faults_recovered(ActorStore, &sectors, size, partitions)?;
            deadlines.update_deadline(&POLICY, ActorStore, index, &deadline)?;
        }
        state.save_deadlines(ActorStore, &deadlines)?;
        Ok(to_burn)
    })?;
    effects::burn(ctx, &to_burn)?;
    effects::check_balance(ctx)
}

/// Sectors by deadline and partition. Fails if there are too many, or there is no such deadline.
pub(crate) fn collect(declarations: Vec<SectorDeclaration>) -> Result<DeadlineSectorMap> {
    let mut map = DeadlineSectorMap::default();
    for SectorDeclaration {
        deadline,
        partition,
        sectors,
    } in declarations
    {
        map.add(&POLICY, deadline, partition, sectors)
            .map_err(illegal_argument)?;
    }
    map.check(
        POLICY.addressed_partitions_max,
        POLICY.addressed_sectors_max,
    )
    .map_err(illegal_argument)?;
    Ok(map)
}

/// The next time of a deadline, if it is not too late to declare something for it.
fn target_deadline(state: &Miner, index: u64, epoch: ChainEpoch) -> Result<DeadlineInfo> {
    let period_start = state.current_proving_period_start(&POLICY, epoch);
    let target =
        declaration_deadline_info(&POLICY, period_start, index, epoch).map_err(illegal_argument)?;
    validate_fr_declaration_deadline(&target).map_err(illegal_argument)?;
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declaration(deadline: u64, partition: u64, sectors: &[u64]) -> SectorDeclaration {
        SectorDeclaration {
            deadline,
            partition,
            sectors: BitField::try_from_bits(sectors.iter().copied()).unwrap(),
        }
    }

    #[test]
    fn declarations_are_joined_in_the_order_of_deadlines() {
        let map = collect(vec![
            declaration(5, 1, &[7]),
            declaration(2, 0, &[1, 2]),
            declaration(5, 1, &[8]),
            declaration(5, 0, &[3]),
        ])
        .unwrap();
        let listed: Vec<_> = map
            .iter()
            .flat_map(|(deadline, partitions)| {
                let listed = partitions.iter().map(move |(partition, sectors)| {
                    (deadline, partition, sectors.iter().collect::<Vec<_>>())
                });
                listed.collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(
            listed,
            [(2, 0, vec![1, 2]), (5, 0, vec![3]), (5, 1, vec![7, 8])]
        );
    }

    #[test]
    fn declarations_are_of_deadlines_that_exist_and_not_too_many() {
        let code = |declarations| match collect(declarations) {
            Ok(_) => None,
            Err(error) => Some(error.code),
        };
        let illegal = Some(ExitCode::USR_ILLEGAL_ARGUMENT);
        assert_eq!(code(vec![declaration(47, 0, &[1])]), None);
        assert_eq!(code(vec![declaration(48, 0, &[1])]), illegal);
        let max = POLICY.addressed_sectors_max;
        let many = |count| SectorDeclaration {
            deadline: 0,
            partition: 0,
            sectors: BitField::try_from_bits(0..count).unwrap(),
        };
        assert_eq!(code(vec![many(max)]), None);
        assert_eq!(code(vec![many(max), declaration(1, 0, &[1])]), illegal);
        let partitions = |count| (0..count).map(|i| declaration(0, i, &[])).collect();
        assert_eq!(code(partitions(POLICY.addressed_partitions_max)), None);
        assert_eq!(
            code(partitions(POLICY.addressed_partitions_max + 1)),
            illegal
        );
    }
}
