//! Miners: power, sectors, deadlines, and what one needs to make a block.

use cid::Cid;
use filigree_blocks::{BeaconEntry, ElectionProof, SignedMessage, Ticket, TipsetKey};
use fvm_ipld_bitfield::BitField;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{PoStProof, RegisteredPoStProof, RegisteredSealProof};

use super::Bytes;
use super::chain::MaybeAddress;
use crate::json_structs;

json_structs! {
    /// A miner's power beside that of the network.
    struct MinerPower {
        /// The miner's.
        "MinerPower" => miner: PowerClaim,
        /// The network's.
        "TotalPower" => total: PowerClaim,
        /// Whether the miner has enough to make blocks.
        "HasMinPower" => has_min_power: bool,
    }

    /// Power, in bytes.
    #[derive(Default)]
    struct PowerClaim {
        /// Bytes stored.
        "RawBytePower" => raw_bytes: BigInt,
        /// Bytes weighed by what is stored in them.
        "QualityAdjPower" => quality_adjusted: BigInt,
    }

    /// Who a miner is.
    struct MinerInfo {
        /// Who owns it, an id address.
        "Owner" => owner: Address,
        /// Whose key signs its blocks, an id address.
        "Worker" => worker: Address,
        /// Who becomes the worker.
        "NewWorker" => new_worker: MaybeAddress,
        /// Who else may send its messages.
        "ControlAddresses" nil => control_addresses: Vec<Address>,
        /// When the new worker takes over; -1: there is none.
        "WorkerChangeEpoch" => worker_change_epoch: ChainEpoch,
        /// Its id in the peer-to-peer network, in base 58.
        "PeerId" => peer_id: Option<String>,
        /// Where it is reached.
        "Multiaddrs" nil => multiaddrs: Vec<Bytes>,
        /// The type of its window proofs of spacetime.
        "WindowPoStProofType" => window_post_proof: RegisteredPoStProof,
        /// Bytes of a sector.
        "SectorSize" => sector_size_bytes: u64,
        /// Sectors of a partition.
        "WindowPoStPartitionSectors" => partition_sectors: u64,
        /// Until when a consensus fault keeps it from making blocks; -1: there is none.
        "ConsensusFaultElapsed" => consensus_fault_elapsed: ChainEpoch,
        /// Who becomes the owner.
        "PendingOwnerAddress" => pending_owner: Option<Address>,
        /// Who gets what it earns.
        "Beneficiary" => beneficiary: Address,
        /// Until when and up to what amount.
        "BeneficiaryTerm" => beneficiary_term: Option<BeneficiaryTerm>,
        /// A change of that which is not agreed yet.
        "PendingBeneficiaryTerm" => pending_beneficiary: Option<PendingBeneficiaryChange>,
    }

    /// What a beneficiary may get.
    struct BeneficiaryTerm {
        /// In all, attoFIL.
        "Quota" => quota: TokenAmount,
        /// Of that, paid.
        "UsedQuota" => used_quota: TokenAmount,
        /// Until when.
        "Expiration" => expiration: ChainEpoch,
    }

    /// A beneficiary who is proposed.
    struct PendingBeneficiaryChange {
        /// Who.
        "NewBeneficiary" => beneficiary: Address,
        /// What he may get in all, attoFIL.
        "NewQuota" => quota: TokenAmount,
        /// Until when.
        "NewExpiration" => expiration: ChainEpoch,
        /// Whether the beneficiary of now agreed.
        "ApprovedByBeneficiary" => approved_by_beneficiary: bool,
        /// Whether the one to come agreed.
        "ApprovedByNominee" => approved_by_nominee: bool,
    }

    /// A sector that is proven, as it stands on chain.
    struct SectorOnChainInfo {
        /// Its number.
        "SectorNumber" => number: u64,
        /// How it was sealed.
        "SealProof" => seal_proof: RegisteredSealProof,
        /// Commitment to what is sealed.
        "SealedCID" => sealed: Cid,
        /// When it was proven first.
        "Activation" => activation: ChainEpoch,
        /// When it expires.
        "Expiration" => expiration: ChainEpoch,
        /// Bytes of deals, times epochs.
        "DealWeight" => deal_weight: BigInt,
        /// Bytes of verified deals, times epochs.
        "VerifiedDealWeight" => verified_deal_weight: BigInt,
        /// Pledged for it, attoFIL.
        "InitialPledge" => initial_pledge: TokenAmount,
        /// What it was expected to earn in a day, attoFIL.
        "ExpectedDayReward" => expected_day_reward: Option<TokenAmount>,
        /// What it was expected to earn over the time that counts for its pledge, attoFIL.
        "ExpectedStoragePledge" => expected_storage_pledge: Option<TokenAmount>,
        /// Since when its power is what it is.
        "PowerBaseEpoch" => power_base_epoch: ChainEpoch,
        /// The daily reward of the sector that it replaced, attoFIL.
        "ReplacedDayReward" => replaced_day_reward: Option<TokenAmount>,
        /// What was sealed before data was put in.
        "SectorKeyCID" => sector_key: Option<Cid>,
        /// 1: its termination fee is of the simple kind.
        "Flags" => flags: u64,
        /// attoFIL a day.
        "DailyFee" => daily_fee: TokenAmount,
    }

    /// What a miner says of a sector before it proves it.
    struct SectorPreCommitInfo {
        /// How it is sealed.
        "SealProof" => seal_proof: RegisteredSealProof,
        /// Its number.
        "SectorNumber" => number: u64,
        /// Commitment to what is sealed.
        "SealedCID" => sealed: Cid,
        /// The epoch whose randomness is sealed in.
        "SealRandEpoch" => seal_randomness_epoch: ChainEpoch,
        /// Deals in it.
        "DealIDs" nil => deals: Vec<u64>,
        /// When it is to expire.
        "Expiration" => expiration: ChainEpoch,
        /// Commitment to its data; null if there is none.
        "UnsealedCid" => unsealed: Option<Cid>,
    }

    /// A sector that is announced and not proven yet.
    struct SectorPreCommitOnChainInfo {
        /// What was said of it.
        "Info" => info: SectorPreCommitInfo,
        /// Deposit for it, attoFIL.
        "PreCommitDeposit" => deposit: TokenAmount,
        /// When.
        "PreCommitEpoch" => epoch: ChainEpoch,
    }

    /// When a sector expires.
    struct SectorExpiration {
        /// As was agreed.
        "OnTime" => on_time: ChainEpoch,
        /// Before that, for its faults; 0 if it has none.
        "Early" => early: ChainEpoch,
    }

    /// Where a sector is proven.
    struct SectorLocation {
        /// The deadline.
        "Deadline" => deadline: u64,
        /// The partition in it.
        "Partition" => partition: u64,
    }

    /// How many sectors a miner has.
    struct MinerSectors {
        /// To be proven.
        "Live" => live: u64,
        /// With power.
        "Active" => active: u64,
        /// Faulty.
        "Faulty" => faulty: u64,
    }

    /// One deadline of a miner.
    struct Deadline {
        /// Partitions proven in this proving period.
        "PostSubmissions" => proven: BitField,
        /// Proofs that can be disputed.
        "DisputableProofCount" => disputable_proofs: u64,
        /// Fee of its sectors, attoFIL a day.
        "DailyFee" => daily_fee: TokenAmount,
    }

    /// One partition of a deadline.
    struct Partition {
        /// Every sector that ever was in it.
        "AllSectors" => all: BitField,
        /// Faulty.
        "FaultySectors" => faulty: BitField,
        /// Faulty, and declared to be well again.
        "RecoveringSectors" => recovering: BitField,
        /// Not terminated.
        "LiveSectors" => live: BitField,
        /// With power.
        "ActiveSectors" => active: BitField,
    }

    /// Where an epoch stands in a miner's proving period (`dline.Info`).
    struct DeadlineInfo {
        /// The epoch.
        "CurrentEpoch" => current_epoch: ChainEpoch,
        /// First epoch of the proving period.
        "PeriodStart" => period_start: ChainEpoch,
        /// The deadline.
        "Index" => index: u64,
        /// First epoch in which a proof may be sent.
        "Open" => open: ChainEpoch,
        /// First epoch in which it may not any more.
        "Close" => close: ChainEpoch,
        /// The epoch whose randomness is the challenge.
        "Challenge" => challenge: ChainEpoch,
        /// First epoch in which faults cannot be declared any more.
        "FaultCutoff" => fault_cutoff: ChainEpoch,
        /// Deadlines of a proving period.
        "WPoStPeriodDeadlines" => period_deadlines: u64,
        /// Epochs of a proving period.
        "WPoStProvingPeriod" => proving_period: ChainEpoch,
        /// Epochs of a deadline.
        "WPoStChallengeWindow" => challenge_window: ChainEpoch,
        /// Epochs from the challenge to the opening.
        "WPoStChallengeLookback" => challenge_lookback: ChainEpoch,
        /// Epochs from the cutoff of faults to the opening.
        "FaultDeclarationCutoff" => fault_declaration_cutoff: ChainEpoch,
    }

    /// What a miner needs to try for a block.
    struct MiningBaseInfo {
        /// Its power, bytes weighed by what is in them.
        "MinerPower" => miner_power: BigInt,
        /// The network's.
        "NetworkPower" => network_power: BigInt,
        /// Sectors to prove.
        "Sectors" => sectors: Vec<ExtendedSectorInfo>,
        /// Whose key signs, an address with a key.
        "WorkerKey" => worker_key: Address,
        /// Bytes of a sector.
        "SectorSize" => sector_size_bytes: u64,
        /// The last entry of the beacon on chain.
        "PrevBeaconEntry" => previous_beacon: BeaconEntry,
        /// Entries for the block.
        "BeaconEntries" nil => beacon_entries: Vec<BeaconEntry>,
        /// Whether the miner may make blocks at all.
        "EligibleForMining" => eligible: bool,
    }

    /// A sector to prove.
    struct ExtendedSectorInfo {
        /// How it was sealed.
        "SealProof" => seal_proof: RegisteredSealProof,
        /// Its number.
        "SectorNumber" => number: u64,
        /// What was sealed before data was put in.
        "SectorKey" => sector_key: Option<Cid>,
        /// Commitment to what is sealed.
        "SealedCID" => sealed: Cid,
    }

    /// A block that is to be made.
    struct BlockTemplate {
        /// By whom.
        "Miner" => miner: Address,
        /// On what.
        "Parents" => parents: TipsetKey,
        /// Its ticket.
        "Ticket" => ticket: Option<Ticket>,
        /// By what right.
        "Eproof" => election_proof: Option<ElectionProof>,
        /// Entries of the beacon since the parents.
        "BeaconValues" nil => beacon_entries: Vec<BeaconEntry>,
        /// Messages.
        "Messages" nil => messages: Vec<SignedMessage>,
        /// The epoch.
        "Epoch" => epoch: ChainEpoch,
        /// Seconds since 1970.
        "Timestamp" => timestamp_seconds: u64,
        /// Proofs of the sectors drawn.
        "WinningPoStProof" nil => winning_post: Vec<PoStProof>,
    }
}
