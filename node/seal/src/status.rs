//! What is told of sectors and deadlines.

use std::time::Duration;

use cid::Cid;
use filigree_actor_miner::partition::Partition;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::SectorNumber;

use crate::error::SealError;
use crate::sector::{Entry, Sector, Trouble};
use crate::shared::Shared;

/// A sector of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorStatus {
    /// Its number.
    pub number: SectorNumber,
    /// What is to be done with it: a name of Lotus'.
    pub state: String,
    /// What is being done, or waited for; may be empty.
    pub doing: String,
    /// Why it does not go on.
    pub trouble: Option<Trouble>,
    /// Commitment to its data.
    pub comm_d: Option<Cid>,
    /// Commitment to its replica.
    pub comm_r: Option<Cid>,
    /// The message that announced it.
    pub pre_commit: Option<Cid>,
    /// The message that proved it.
    pub commit: Option<Cid>,
    /// What happened, the latest last.
    pub log: Vec<Entry>,
}

/// A deadline of the proving period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadlineStatus {
    /// Its number.
    pub index: u64,
    /// When it opens next, or opened if it is open.
    pub open: ChainEpoch,
    /// When it closes then.
    pub close: ChainEpoch,
    /// Partitions that have live sectors.
    pub partitions: u64,
    /// These sectors.
    pub sectors: u64,
    /// Those of them that are faulty.
    pub faults: u64,
    /// Those of the faulty that are declared recovered.
    pub recoveries: u64,
    /// Partitions that are proven since it opened.
    pub proven: u64,
    /// What was last done for it, or why it was not.
    pub last_result: String,
}

/// Window proofs since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowCounts {
    /// Proofs that were made.
    pub made: u64,
    /// Those of them that were done when their deadline was over.
    pub late: u64,
    /// Sectors that were left out of them, because they could not be opened.
    pub skipped: u64,
    /// How long the last one took.
    pub last_took: Duration,
}

impl SectorStatus {
    pub(crate) fn of(shared: &Shared, sector: Sector) -> Self {
        let sealed = sector.sealed;
        Self {
            number: sector.number,
            state: sector.state.name().to_owned(),
            doing: shared.doing(sector.number),
            comm_d: sealed.and_then(|sealed| sealed.unsealed_cid().ok()),
            comm_r: sealed.and_then(|sealed| sealed.sealed_cid().ok()),
            trouble: sector.trouble,
            pre_commit: sector.pre_commit,
            commit: sector.commit,
            log: sector.log,
        }
    }
}

/// All deadlines of the miner, as the head has them.
pub(crate) fn deadlines(shared: &Shared) -> Result<Vec<DeadlineStatus>, SealError> {
    let head = shared.head();
    let view = shared.now(&head)?;
    let miner = view.miner(&shared.address())?;
    let policy = shared.policy();
    let next = head.height() + 1;
    let current = miner.state.deadline_info(&policy, next);
    let count = policy.wpost_period_deadlines;
    (0..count)
        .map(|index| {
            let ahead = (index + count - current.index) % count;
            let at = current.open + ahead as ChainEpoch * policy.wpost_challenge_window;
            let info = miner.state.deadline_info(&policy, at);
            let live: Vec<_> = miner
                .partitions(index)?
                .into_iter()
                .filter(|partition| !partition.live_sectors().is_empty())
                .collect();
            let sum = |of: &dyn Fn(&Partition) -> u64| live.iter().map(of).sum::<u64>();
            let posted = miner.deadline(index)?.partitions_posted;
            Ok(DeadlineStatus {
                index,
                open: info.open,
                close: info.close,
                partitions: live.len() as u64,
                sectors: sum(&|partition| partition.live_sectors().len()),
                faults: sum(&|partition| partition.faults.len()),
                recoveries: sum(&|partition| partition.recoveries.len()),
                proven: posted.len(),
                last_result: shared.records.window(index)?.result,
            })
        })
        .collect()
}
