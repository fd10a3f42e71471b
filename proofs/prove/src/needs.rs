//! What tasks need of a [pool](crate::pool).

use crate::{PoolLimits, Task};

/// How many circuits of a sector the library proves together.
const CIRCUITS_AT_ONCE: u64 = 10;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Threads and memory that a task is given; more threads than there are, if it can use any number.
///
/// Estimates: above the peaks that 2 KiB sectors were seen to have with two threads (seals 2.7 GiB, of 8 MiB 3.1, without
/// interaction 4.5, replica updates 1.5, winning proofs 0.2, the others less). Nothing was measured with 32 GiB; there
/// they are no less than what Lotus tells its scheduler of the same library, parameters included
/// (`storage/sealer/storiface/resources.go`): labels 64 GiB, seals 182, window proofs 128.
pub fn needs(task: &Task) -> PoolLimits {
    let sector = task.sector_bytes();
    let many = usize::MAX;
    let (threads, memory_bytes) = match task {
        // Streams.
        Task::Pieces { .. } | Task::Clear { .. } => (1, 64 * MIB),
        // Labels are computed one after the other: two layers are in memory.
        Task::PreCommit1 { .. } | Task::Unseal { .. } => (1, 2 * sector + 256 * MIB),
        Task::PreCommit2 { .. } | Task::UpdateEncode { .. } => (many, 2 * sector + 256 * MIB),
        // Circuits of small sectors have as many constraints as the challenges have, not the sector.
        Task::Commit { sector: of, .. } => {
            let at_once = u64::from(of.proof.partitions()).min(CIRCUITS_AT_ONCE);
            let circuits = 4 * GIB + (at_once - 1) * 256 * MIB;
            (many, circuits.max(6 * sector))
        }
        Task::UpdateProve { .. } => (many, (3 * GIB).max(6 * sector)),
        Task::WindowPost { .. } => (many, GIB.max(4 * sector)),
        Task::WinningPost { .. } => (many, GIB + sector / 16),
        Task::Aggregate { .. } => (many, 3 * GIB),
    };
    PoolLimits {
        threads,
        memory_bytes,
    }
}

#[cfg(test)]
mod tests {
    use filecoin_proofs_api::RegisteredSealProof::{self, *};

    use super::*;
    use crate::{Sector, SectorId};

    fn seal(proof: RegisteredSealProof) -> u64 {
        let id = SectorId {
            miner: 1_000,
            number: 1,
        };
        let (ticket, seed) = ([0; 32], [0; 32]);
        let sector = Sector { proof, id, ticket };
        let root = "sectors".into();
        needs(&Task::Commit { root, sector, seed }).memory_bytes
    }

    #[test]
    fn seals_are_given_more_than_they_were_seen_to_take() {
        assert!(seal(StackedDrg2KiBV1_1) > 2_764 * MIB);
        assert!(seal(StackedDrg8MiBV1_1) > 3_174 * MIB);
        assert!(seal(StackedDrg2KiBV1_2_Feat_NonInteractivePoRep) > 4_537 * MIB);
        assert!(seal(StackedDrg32GiBV1_1) >= 182 * GIB);
        let interactive = seal(StackedDrg32GiBV1_1);
        let alone = seal(StackedDrg32GiBV1_2_Feat_NonInteractivePoRep);
        assert_eq!(alone, interactive, "as many circuits at once");
    }
}
