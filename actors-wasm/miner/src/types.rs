//! What the state is made of.
//!
//! In reading order: `info` (who acts for the miner, and who earns), `precommit` (sectors that are announced), `sector` (sectors that
//! are proven), `commd` (commitments to data).

mod commd;
mod info;
mod precommit;
mod sector;

pub use crate::power::PowerPair;
pub use commd::{CompactCommD, is_sealed_sector, is_unsealed_sector};
pub use info::{BeneficiaryTerm, MinerInfo, PendingBeneficiaryChange, Sizes, WorkerKeyChange};
pub use precommit::{SectorPreCommitInfo, SectorPreCommitOnChainInfo};
pub use sector::{PoStPartition, SectorOnChainInfo, SectorOnChainInfoFlags};
