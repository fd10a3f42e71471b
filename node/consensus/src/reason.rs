//! Why a block is refused: one variant for each way to break a rule.
//!
//! A refused block is refused by everybody and for ever ([`Reason::may_pass`] names the one exception). That somebody cannot
//! tell, because state is missing or a disk fails, is no reason: it is [`CheckError::Unknown`].

use cid::Cid;
use filigree_keys::SignatureError;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

/// Which rule a block breaks, and with what.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Reason {
    /// A field that every block but the first has.
    #[error("the block has no {0}")]
    Missing(Field),
    /// The miner is named by another address.
    #[error("the miner {0} is not named by an id address")]
    MinerNotId(Address),
    /// Lists in a header are bounded, so that every implementation can read it.
    #[error("{count} {what}, a header has at most {most}")]
    TooLong {
        /// What there are too many of.
        what: &'static str,
        /// How many.
        count: usize,
        /// The most.
        most: usize,
    },

    /// The block does not come after its parents.
    #[error("epoch {found} is not after its parents' epoch {parents}")]
    Height {
        /// The block's epoch.
        found: ChainEpoch,
        /// Its parents'.
        parents: ChainEpoch,
    },
    /// The blocks it is built on are no tipset: of several heights or parents, or one is named twice.
    #[error("the parents are no tipset: {0}")]
    ParentsNotATipset(String),
    /// A miner has two of the blocks it is built on.
    #[error("two of the parents are blocks of the miner {0}")]
    ParentsTwoOfAMiner(Address),
    /// So many epochs had no block that nobody's power is known.
    #[error("epoch {epoch} looks back to {lookback}, and the parents are at {parents}")]
    StoodStill {
        /// The block's epoch.
        epoch: ChainEpoch,
        /// The epoch whose state decides about its miner.
        lookback: ChainEpoch,
        /// Its parents' epoch.
        parents: ChainEpoch,
    },
    /// The epoch determines the time.
    #[error("the time is {found}, epoch {epoch} begins at {expected} s")]
    Timestamp {
        /// The block's epoch.
        epoch: ChainEpoch,
        /// When it begins, seconds since 1970.
        expected: u64,
        /// What the block says.
        found: u64,
    },
    /// The epoch has not begun.
    #[error("the block is from the future: its time is {found}, ours {now} s")]
    Future {
        /// What the block says, seconds since 1970.
        found: u64,
        /// Our time.
        now: u64,
    },
    /// The epoch is too far from the head to matter.
    #[error("epoch {found} is outside {from}..={to}, which blocks are taken for now")]
    OutOfRange {
        /// The block's epoch.
        found: ChainEpoch,
        /// The first epoch taken.
        from: ChainEpoch,
        /// The last.
        to: ChainEpoch,
    },

    /// The number of beacon entries is determined.
    #[error("{found} beacon entries where there must be {expected}")]
    BeaconCount {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The beacon said something since the parents, and the block does not have it.
    #[error("no beacon entries, though round {round} is out")]
    BeaconMissing {
        /// The round that must be last.
        round: u64,
    },
    /// An entry is of another round than its epoch's.
    #[error("beacon entry {at} is of round {found}, not {expected}")]
    BeaconRound {
        /// Its place in the block.
        at: usize,
        /// The round of that place.
        expected: u64,
        /// The round there.
        found: u64,
    },
    /// The beacon never said that.
    #[error("beacon entry {at} for round {round} is not signed by the beacon")]
    BeaconSignature {
        /// Its place in the block.
        at: usize,
        /// Its round.
        round: u64,
    },

    /// The ticket is not the worker's VRF of the last one.
    #[error("the ticket is not the output of {worker} for this epoch")]
    Ticket {
        /// The miner's worker.
        worker: Address,
    },
    /// The election proof is not the worker's VRF of this epoch's randomness.
    #[error("the election proof is not the output of {worker} for this epoch")]
    Election {
        /// The miner's worker.
        worker: Address,
    },
    /// Not a winner by its own word.
    #[error("the block claims {0} wins: only winners make blocks")]
    NoWin(i64),
    /// The sortition says otherwise.
    #[error("the block claims {claimed} wins and has {computed}")]
    WinCount {
        /// What it claims.
        claimed: i64,
        /// What its proof and power give.
        computed: i64,
    },

    /// The miner may not make blocks.
    #[error("miner {miner} may not make blocks: {why}")]
    Ineligible {
        /// The miner.
        miner: Address,
        /// What it lacks.
        why: Ineligible,
    },
    /// The miner does not show the sectors it was asked for.
    #[error("the proof of spacetime for the election is invalid")]
    WinningPost,
    /// The header is not signed by the miner's worker.
    #[error("the header is not signed by the worker {worker}")]
    BlockSignature {
        /// The miner's worker.
        worker: Address,
    },

    /// The parents' state is another.
    #[error("the parents' state is {computed}, the block says {claimed}")]
    ParentState {
        /// What the block says.
        claimed: Box<Cid>,
        /// What comes of applying the parents.
        computed: Box<Cid>,
    },
    /// The parents' receipts are others.
    #[error("the parents' receipts are {computed}, the block says {claimed}")]
    ParentReceipts {
        /// What the block says.
        claimed: Box<Cid>,
        /// What comes of applying the parents.
        computed: Box<Cid>,
    },
    /// The parents' weight is another.
    #[error("the parents weigh {computed}, the block says {claimed}")]
    ParentWeight {
        /// What the block says.
        claimed: BigInt,
        /// What follows from the parents.
        computed: BigInt,
    },
    /// The base fee is another.
    #[error("the base fee is {computed}, the block says {claimed}")]
    BaseFee {
        /// What the block says.
        claimed: TokenAmount,
        /// What follows from the parents.
        computed: TokenAmount,
    },

    /// More messages than a block may have.
    #[error("{0} messages are too many for a block")]
    TooManyMessages(usize),
    /// More gas than a block may have.
    #[error("the gas limits of the block's messages sum to more than {limit}")]
    BlockGas {
        /// The most.
        limit: u64,
    },
    /// The announcement is larger than what the network passes on.
    #[error("{bytes} bytes, an announced block has at most {most}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The most.
        most: usize,
    },
    /// The header lists other messages.
    #[error("the header lists the messages {claimed}, there are {computed}")]
    MessageRoot {
        /// What the header says.
        claimed: Box<Cid>,
        /// The list of the messages there are.
        computed: Box<Cid>,
    },
    /// The aggregate is not of the messages.
    #[error("the aggregate is not of the block's messages of BLS senders")]
    Aggregate,
    /// A message may not stand in a block, or not in this place.
    #[error("message {at}, {cid}: {fault}")]
    Message {
        /// Its place in the block, those of BLS senders first.
        at: usize,
        /// Its CID.
        cid: Box<Cid>,
        /// What is wrong with it.
        fault: MessageFault,
    },
}

impl Reason {
    /// Whether the block, refused now, may be good later: it came too early.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Future { .. })
    }
}

/// A field that may be missing from a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// The ticket.
    Ticket,
    /// The election proof.
    ElectionProof,
    /// The header's signature.
    Signature,
    /// The signature of all messages of BLS senders.
    Aggregate,
    /// The parents.
    Parents,
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ticket => "ticket",
            Self::ElectionProof => "election proof",
            Self::Signature => "signature",
            Self::Aggregate => "aggregate signature",
            Self::Parents => "parents",
        })
    }
}

/// Why a miner may not make blocks.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum Ineligible {
    /// The power actor has no claim of it: there is no such miner, or it was slashed.
    #[error("it has no claim to power")]
    NoClaim,
    /// It had less than the network's minimum.
    #[error("its power a finality ago, {raw_bytes} bytes, is below the network's minimum")]
    BelowMinimum {
        /// Its raw power, in bytes.
        raw_bytes: BigInt,
    },
    /// It has lost all power since.
    #[error("it has no power")]
    NoPower,
    /// It owes fees.
    #[error("it owes {0} in fees")]
    FeeDebt(TokenAmount),
    /// It was caught.
    #[error("it committed a consensus fault and is excluded up to epoch {until}")]
    ConsensusFault {
        /// The last epoch of its exclusion.
        until: ChainEpoch,
    },
}

/// Why a message may not stand in a block.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum MessageFault {
    /// There is only version 0.
    #[error("version {0} is unknown")]
    Version(u64),
    /// Nobody has the key of zeros.
    #[error("it is sent to the zero address")]
    ToZeroAddress,
    /// An address of a kind the network does not have yet.
    #[error("address {address} does not exist at network version {}", u32::from(*.version))]
    Address {
        /// The sender's or the receiver's.
        address: Address,
        /// The version of the block's epoch.
        version: NetworkVersion,
    },
    /// Value below zero, or more than there is.
    #[error("a value of {0} cannot be sent")]
    Value(TokenAmount),
    /// A fee cap below zero.
    #[error("the fee cap {0} is negative")]
    FeeCap(TokenAmount),
    /// A premium below zero.
    #[error("the premium {0} is negative")]
    Premium(TokenAmount),
    /// A premium above the fee cap.
    #[error("the premium {premium} is above the fee cap {cap}")]
    PremiumAboveCap {
        /// The premium.
        premium: TokenAmount,
        /// The fee cap.
        cap: TokenAmount,
    },
    /// No gas, or more than a block has.
    #[error("a gas limit of {0} is not between 1 and a block's limit")]
    GasLimit(u64),
    /// The gas does not pay for being on chain.
    #[error("the gas limit {limit} is below {cost}, what being on chain costs")]
    Inclusion {
        /// The message's gas limit.
        limit: u64,
        /// What its bytes cost.
        cost: u64,
    },
    /// The sender is nobody.
    #[error("there is no sender {0}")]
    NoSender(Address),
    /// The sender is an actor that sends no messages of its own.
    #[error("{0} is no account")]
    NotAnAccount(Address),
    /// Not the sender's next message.
    #[error("sequence number {found}, the sender's next is {expected}")]
    Sequence {
        /// The sender's next.
        expected: u64,
        /// The message's.
        found: u64,
    },
    /// A message whose signature is in the aggregate has a sender without a BLS key.
    #[error("{0} has no BLS key")]
    NoBlsKey(Address),
    /// A type of signature that signed messages of this version do not have.
    #[error("signed messages have no signature of type {0} at this network version")]
    SignatureType(u8),
    /// An Ethereum transaction of a form the network does not take yet.
    #[error("legacy Ethereum transactions come with network version 23")]
    LegacyTransaction,
    /// The signature.
    #[error(transparent)]
    Signature(SignatureError),
}

/// Why a block was not found good.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It breaks a rule.
    #[error(transparent)]
    Refused(#[from] Reason),
    /// We cannot tell: state is missing, or what reads it fails.
    #[error("the block cannot be judged: {0:#}")]
    Unknown(#[from] anyhow::Error),
}

impl CheckError {
    /// The rule it breaks, if it breaks one.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Refused(reason) => Some(reason),
            Self::Unknown(_) => None,
        }
    }
}
