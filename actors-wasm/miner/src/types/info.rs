//! Who owns a miner, who acts for it, who earns, and what it proves with.

use filigree_sdk::prelude::*;
use fvm_shared::clock::EPOCH_UNDEFINED;
use fvm_shared::sector::{RegisteredPoStProof, SectorSize};

/// What seldom changes of a miner. All addresses are ids.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinerInfo {
    /// Who owns it: gets what is withdrawn unless there is another beneficiary, and may change the worker.
    pub owner: Address,
    /// Whose BLS key signs its blocks; may send all messages of every day.
    pub worker: Address,
    /// Who else may send these messages.
    pub control_addresses: Vec<Address>,
    /// The next worker.
    pub pending_worker_key: Option<WorkerKeyChange>,
    /// The libp2p peer id.
    pub peer_id: Bytes,
    /// Where to reach it.
    pub multi_address: Vec<Bytes>,
    /// The proof of spacetime.
    pub window_post_proof_type: RegisteredPoStProof,
    /// Size of all its sectors; from the proof type.
    pub sector_size: SectorSize,
    /// Sectors of a full partition; from the proof type.
    pub window_post_partition_sectors: u64,
    /// Up to this epoch it wins no blocks and may not do much, for a consensus fault.
    pub consensus_fault_elapsed: ChainEpoch,
    /// Who shall own it, and has not confirmed yet.
    pub pending_owner_address: Option<Address>,
    /// Who gets what is withdrawn.
    pub beneficiary: Address,
    /// How much, and until when.
    pub beneficiary_term: BeneficiaryTerm,
    /// The next beneficiary, while not all have agreed.
    pub pending_beneficiary_term: Option<PendingBeneficiaryChange>,
}

impl MinerInfo {
    /// A new miner; its owner earns. Fails with `USR_ILLEGAL_ARGUMENT` if the proof type is unknown.
    pub fn new(
        owner: ActorID,
        worker: ActorID,
        control_addresses: Vec<ActorID>,
        peer_id: Bytes,
        multi_address: Vec<Bytes>,
        window_post_proof_type: RegisteredPoStProof,
    ) -> Result<Self> {
        let unknown = |_| Error::illegal_argument("unknown type of proof of spacetime");
        Ok(Self {
            owner: Address::new_id(owner),
            worker: Address::new_id(worker),
            control_addresses: control_addresses.into_iter().map(Address::new_id).collect(),
            pending_worker_key: None,
            peer_id,
            multi_address,
            window_post_proof_type,
            sector_size: window_post_proof_type.sector_size().map_err(unknown)?,
            window_post_partition_sectors: window_post_proof_type
                .window_post_partition_sectors()
                .map_err(unknown)?,
            consensus_fault_elapsed: EPOCH_UNDEFINED,
            pending_owner_address: None,
            beneficiary: Address::new_id(owner),
            beneficiary_term: BeneficiaryTerm::default(),
            pending_beneficiary_term: None,
        })
    }

    /// How large its sectors and partitions are.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            sector: self.sector_size,
            partition: self.window_post_partition_sectors,
        }
    }

    /// Whether a consensus fault still counts.
    pub fn consensus_fault_active(&self, now: ChainEpoch) -> bool {
        now <= self.consensus_fault_elapsed
    }
}

/// How large sectors and partitions are: the proof of spacetime says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Of a sector, bytes.
    pub sector: SectorSize,
    /// Of a partition, sectors.
    pub partition: u64,
}

/// A change of the worker's key.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerKeyChange {
    /// The new worker, by its id.
    pub new_worker: Address,
    /// From when it may be confirmed.
    pub effective_at: ChainEpoch,
}

/// What a beneficiary other than the owner may get (FIP-0029).
#[tuple]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BeneficiaryTerm {
    /// How much in all, attoFIL.
    pub quota: TokenAmount,
    /// How much of that it got, attoFIL.
    pub used_quota: TokenAmount,
    /// From this epoch on, nothing more.
    pub expiration: ChainEpoch,
}

impl BeneficiaryTerm {
    /// What it may still get, attoFIL.
    pub fn available(&self, now: ChainEpoch) -> TokenAmount {
        if self.expiration <= now || self.used_quota >= self.quota {
            return TokenAmount::default();
        }
        &self.quota - &self.used_quota
    }
}

/// A proposed beneficiary.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingBeneficiaryChange {
    /// Who, by its id.
    pub new_beneficiary: Address,
    /// How much in all, attoFIL.
    pub new_quota: TokenAmount,
    /// Until when.
    pub new_expiration: ChainEpoch,
    /// Whether the beneficiary there is agrees.
    pub approved_by_beneficiary: bool,
    /// Whether the new one agrees.
    pub approved_by_nominee: bool,
}

impl PendingBeneficiaryChange {
    /// A proposal nobody has agreed to.
    pub fn new(
        new_beneficiary: Address,
        new_quota: TokenAmount,
        new_expiration: ChainEpoch,
    ) -> Self {
        Self {
            new_beneficiary,
            new_quota,
            new_expiration,
            approved_by_beneficiary: false,
            approved_by_nominee: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_ends_at_its_expiration_or_its_quota() {
        let term = |quota, used| BeneficiaryTerm {
            quota: TokenAmount::from_atto(quota),
            used_quota: TokenAmount::from_atto(used),
            expiration: 10,
        };
        assert_eq!(term(100, 30).available(9), TokenAmount::from_atto(70));
        assert_eq!(term(100, 30).available(10), TokenAmount::default());
        assert_eq!(term(100, 130).available(9), TokenAmount::default());
    }

    #[test]
    fn sizes_come_from_the_proof_type() {
        let proof = RegisteredPoStProof::StackedDRGWindow32GiBV1P1;
        let info = MinerInfo::new(1, 2, vec![3], Bytes::default(), vec![], proof).unwrap();
        assert_eq!(info.sector_size, SectorSize::_32GiB);
        assert_eq!(info.window_post_partition_sectors, 2_349);
        assert_eq!(info.beneficiary, info.owner);
        assert!(info.consensus_fault_active(-1) && !info.consensus_fault_active(0));
        let unknown = RegisteredPoStProof::Invalid(7);
        let error = MinerInfo::new(1, 2, vec![], Bytes::default(), vec![], unknown).unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
    }
}
