//! What this node says of itself and no other has: the network of its own, its database, its miners.

use cid::Cid;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

use crate::json_structs;

json_structs! {
    /// The network, and this process in it.
    struct NetworkInfo {
        /// The network's name.
        "Name" => name: String,
        /// Whether it is a network of this process alone.
        "IsDevnet" => is_devnet: bool,
        /// How proofs are made and judged: `real`, `dev` or `mock`.
        "Proofs" => proofs: String,
        /// What is mock, if anything is, a line for each.
        "Mock" => mock: Vec<String>,
        /// `wall`, or `virtual`: epochs come when they are asked for or when a message arrives.
        "Clock" => clock: String,
        /// Most bytes of a message with its signature.
        "MaxMessageBytes" => max_message_bytes: u64,
        /// Where the node has its files.
        "DataDirectory" => data_directory: String,
        /// The miners of this process.
        "Miners" => miners: Vec<Address>,
    }

    /// An upgrade of the network.
    struct ScheduledUpgrade {
        /// The last epoch before it.
        "Epoch" => epoch: ChainEpoch,
        /// The network version from then on.
        "Version" => version: u64,
        /// The root of the bundle of actors that it brings; null if the actors stay.
        "Bundle" => bundle: Option<Cid>,
        /// Whether the chain has a state that came of it.
        "Done" => done: bool,
        /// Why it failed, if it did: the network stands still until it is taken back. Else empty.
        "Failed" => failed: String,
    }

    /// What an upgrade would do.
    struct Rehearsed {
        /// The root of the bundle.
        "Bundle" => bundle: Cid,
        /// The tipset whose state was upgraded on a copy.
        "Height" => height: ChainEpoch,
        /// The state it came to.
        "State" => state: Cid,
        /// Actors that would run other code.
        "Replaced" => replaced: u64,
        /// Those of them whose `upgrade` ran.
        "Upgraded" => upgraded: u64,
        /// How long it took, milliseconds.
        "Millis" => millis: u64,
    }

    /// A snapshot that was written.
    struct Exported {
        /// The file.
        "Path" => path: String,
        /// Epoch of its head.
        "Height" => height: ChainEpoch,
        /// Headers in it.
        "Headers" => headers: u64,
        /// Blocks of all kinds.
        "Blocks" => blocks: u64,
        /// Their bytes, before compression.
        "Bytes" => bytes: u64,
    }

    /// What a check of the database found.
    struct StoreChecked {
        /// Whether nothing is missing or wrong.
        "Good" => good: bool,
        /// Headers looked at.
        "Headers" => headers: u64,
        /// Blocks of all kinds.
        "Blocks" => blocks: u64,
        /// Their bytes.
        "Bytes" => bytes: u64,
        /// Blocks that are missing or damaged.
        "MissingCount" => missing_count: u64,
        /// States and messages up to this height were deleted, or were in no snapshot, and are not missed; 0 if all are there.
        "Floor" => floor: ChainEpoch,
        /// The first hundred of them, in words; then what is wrong with the index.
        "Findings" => findings: Vec<String>,
    }

    /// What a collection of garbage did.
    struct Collected {
        /// Blocks kept.
        "KeptBlocks" => kept_blocks: u64,
        /// Blocks deleted.
        "DeletedBlocks" => deleted_blocks: u64,
        /// Their bytes, before compression.
        "DeletedBytes" => deleted_bytes: u64,
        /// Files of blocks before, bytes.
        "DiskBytesBefore" => disk_bytes_before: u64,
        /// And after.
        "DiskBytesAfter" => disk_bytes_after: u64,
        /// How long it took, milliseconds.
        "Millis" => millis: u64,
    }

    /// Long work that is going on.
    struct TaskStatus {
        /// What it is called off by.
        "Id" => id: String,
        /// What it is: `snapshot export`.
        "Name" => name: String,
        /// What it is about: the file, say; may be empty.
        "About" => about: String,
        /// What is being done now; may be empty.
        "Stage" => stage: String,
        /// How far it is.
        "Done" => done: u64,
        /// Of how much; 0 if that is not known.
        "Total" => total: u64,
        /// What of: `epochs`.
        "Unit" => unit: String,
        /// Since when.
        "Started" => started: String,
        /// Whether it can be called off.
        "CanCancel" => can_cancel: bool,
        /// Whether it was, and has not ended yet.
        "Cancelled" => cancelled: bool,
    }

    /// What the database takes up.
    struct StoreUsage {
        /// Files, bytes.
        "FilesBytes" => files_bytes: u64,
        /// Those of blocks.
        "BlocksBytes" => blocks_bytes: u64,
        /// About how many blocks.
        "Blocks" => blocks_estimate: u64,
        /// Cache in memory, bytes.
        "CacheBytes" => cache_bytes: u64,
        /// Writes in memory, bytes.
        "WriteBufferBytes" => write_buffer_bytes: u64,
    }

    /// What became of a miner's rounds since the process started: it tries its luck once in every epoch.
    struct MinerRounds {
        /// The miner.
        "Miner" => miner: Address,
        /// Rounds tried.
        "Rounds" => rounds: u64,
        /// Those that ended with a block.
        "Blocks" => blocks: u64,
        /// Those that were lost for some trouble.
        "Lost" => lost: u64,
        /// The last epoch that was tried; -1 before the first.
        "LastRound" => last_round: ChainEpoch,
        /// Why the last round brought no block, unless others were luckier; else empty.
        "Trouble" => trouble: String,
    }

    /// A sector on its way, or being proven (after Lotus' `SectorInfo` of the miner).
    struct SectorStatus {
        /// Its number.
        "SectorID" => number: u64,
        /// What is being done with it.
        "State" => state: String,
        /// What is waited for, in words; may be empty.
        "Doing" => doing: String,
        /// Why it does not go on, if it does not.
        "LastErr" => error: String,
        /// How often what it waits for was tried.
        "Retries" => retries: u64,
        /// When it is tried again, seconds since 1970; 0 if nothing is waited for.
        "RetryAt" => retry_at_seconds: u64,
        /// Commitment to the data.
        "CommD" => comm_d: Option<Cid>,
        /// Commitment to the sealed sector.
        "CommR" => comm_r: Option<Cid>,
        /// The message that announced it.
        "PreCommitMsg" => pre_commit_message: Option<Cid>,
        /// The message that proved it.
        "CommitMsg" => commit_message: Option<Cid>,
        /// What happened to it, the latest last.
        "Log" => log: Vec<SectorLog>,
    }

    /// Something that happened to a sector.
    struct SectorLog {
        /// When, seconds since 1970.
        "Timestamp" => at_seconds: u64,
        /// At which head.
        "Epoch" => epoch: ChainEpoch,
        /// What.
        "Message" => text: String,
    }

    /// A deadline of the proving period.
    struct DeadlineStatus {
        /// Its number.
        "Index" => index: u64,
        /// When it opens next, or opened if it is open.
        "Open" => open: ChainEpoch,
        /// When it closes then.
        "Close" => close: ChainEpoch,
        /// Partitions that have to be proven.
        "Partitions" => partitions: u64,
        /// Sectors in them that are live.
        "Sectors" => sectors: u64,
        /// Those of them that are faulty.
        "Faults" => faults: u64,
        /// Those of the faulty that are declared recovered.
        "Recoveries" => recoveries: u64,
        /// How many partitions are proven, since it opened.
        "Proven" => proven: u64,
        /// What this node last did for it, or why it did not.
        "LastResult" => last_result: String,
    }

    /// A sector of a miner, by name (Lotus: `abi.SectorID`).
    struct SectorName {
        /// The miner.
        "Miner" => miner: u64,
        /// The sector.
        "Number" => number: u64,
    }
}
