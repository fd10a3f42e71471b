//! Which sectors of a deadline are to be proven.

use filigree_actor_miner::partition::Partition;
use filigree_actor_miner::policy::load_partitions_sectors_max;
use filigree_builtin::Policy;
use filigree_node_state::view::miner::MinerView;
use filigree_sdk::collections::BitField;

use crate::error::SealError;
use crate::prover::OnChain;

/// A partition that is to be proven.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub index: u64,
    /// All its sectors.
    pub all: BitField,
    /// Those that are to be proven.
    pub sectors: BitField,
}

/// The partitions of a deadline that are to be proven, in order, without those that are.
pub(super) fn due(
    miner: &MinerView<'_>,
    deadline: u64,
    is_open: bool,
) -> Result<Vec<Due>, SealError> {
    let posted = match is_open {
        true => miner.deadline(deadline)?.partitions_posted,
        false => BitField::new(),
    };
    let partitions = miner.partitions(deadline)?;
    let due = partitions
        .into_iter()
        .zip(0..)
        .map(|(partition, index)| Due {
            index,
            sectors: to_prove(&partition),
            all: partition.sectors,
        });
    Ok(due
        .filter(|due| !due.sectors.is_empty() && !posted.get(due.index))
        .collect())
}

/// Sectors that are not faulty, and those that shall be no longer.
pub(super) fn to_prove(partition: &Partition) -> BitField {
    let good = &partition.live_sectors() - &partition.faults;
    &good | &partition.recoveries
}

/// How many partitions a message may prove.
pub(super) fn at_once(policy: &Policy, partition_sectors: u64) -> usize {
    let most = load_partitions_sectors_max(policy, partition_sectors);
    usize::try_from(most.min(policy.posted_partitions_max)).map_or(1, |most| most.max(1))
}

/// Sectors by their numbers, as the chain has them.
pub(super) fn on_chain(
    miner: &MinerView<'_>,
    numbers: &BitField,
) -> Result<Vec<OnChain>, SealError> {
    let sectors = miner.sectors(Some(numbers))?;
    let sectors = sectors.into_iter().map(|sector| OnChain {
        number: sector.sector_number,
        seal_proof: sector.seal_proof,
        sealed_cid: sector.sealed_cid,
    });
    Ok(sectors.collect())
}
