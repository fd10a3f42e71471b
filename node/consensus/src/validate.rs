//! All rules together: whether a block is good.
//!
//! The rules themselves read nothing. What they need of the chain and of state comes in [`Facts`] and through [`Senders`];
//! `node/state` gathers it. Cheap rules come first: whether the miner may have made the block and has signed it is known before
//! anything is computed for it.

use cid::Cid;
use filigree_blocks::{BeaconEntry, BlockHeader, FullBlock, Tipset};
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;

use crate::config::ChainConfig;
use crate::eligibility::Standing;
use crate::messages::sender::Senders;
use crate::reason::{CheckError, Reason};
use crate::winning_post::Claim;
use crate::{
    beacon, block_signature, election, eligibility, messages, parents, structure, ticket,
    timestamp, winning_post,
};

/// What must be known of the miner of a block, to tell that it is the miner's, and that the miner won: the past tells it, and
/// nothing has to be computed.
#[derive(Clone, PartialEq, Debug)]
pub struct Author {
    /// The latest beacon entry that the parents or an ancestor have.
    pub previous_beacon: BeaconEntry,
    /// Key address (f3) of the miner's worker, by the state after the lookback tipset
    /// ([`power_epoch`](crate::lookback::power_epoch)). None, if there is no such miner.
    pub worker: Option<Address>,
    /// The miner's quality-adjusted power in that state, in bytes.
    pub power: BigInt,
    /// The network's quality-adjusted power in that state, in bytes.
    pub total_power: BigInt,
}

/// What else must be known to judge a block, besides the block and its parents.
#[derive(Clone, PartialEq, Debug)]
pub struct Facts {
    /// State after the parents' messages.
    pub parent_state: Cid,
    /// Receipts of the parents' messages.
    pub parent_receipts: Cid,
    /// [Weight](crate::weight::weight) of the chain up to and with the parents.
    pub parent_weight: BigInt,
    /// [Base fee](crate::base_fee::next) for blocks on the parents.
    pub base_fee: TokenAmount,
    /// What else state says of the miner.
    pub standing: Standing,
}

/// That a block is good. `now` is our time, seconds since 1970. `verify_post` judges a proof of spacetime.
#[expect(clippy::too_many_arguments, reason = "all there is to know")]
pub fn check_block(
    config: &ChainConfig,
    block: &FullBlock,
    parents: &Tipset,
    author: &Author,
    facts: &Facts,
    senders: &dyn Senders,
    verify_post: impl FnOnce(&Claim) -> anyhow::Result<bool>,
    now: u64,
) -> Result<(), CheckError> {
    let header = &block.header;
    check_alone(config, header, now)?;
    check_author(config, header, parents, author)?;
    check_facts(config, header, parents, facts)?;
    messages::check(config, block, senders)?;
    check_post(header, &author.previous_beacon, verify_post)
}

/// That a header is good as far as can be seen without knowing its parents.
pub fn check_alone(config: &ChainConfig, header: &BlockHeader, now: u64) -> Result<(), Reason> {
    structure::check(header)?;
    timestamp::check_time(config, header)?;
    timestamp::check_not_future(config, header, now)
}

/// That a header comes after its parents, and is of a miner that won and signed it.
pub fn check_author(
    config: &ChainConfig,
    header: &BlockHeader,
    parents: &Tipset,
    author: &Author,
) -> Result<(), Reason> {
    timestamp::check_height(header, parents)?;
    let miner = header.miner;
    let worker = author.worker.ok_or(Reason::Ineligible {
        miner,
        why: crate::reason::Ineligible::NoClaim,
    })?;
    block_signature::check(header, &worker)?;
    let latest = latest_beacon(header, &author.previous_beacon);
    election::check_proof(header, &worker, latest)?;
    election::check_win_count(config, header, &author.power, &author.total_power)?;
    ticket::check(config, header, &worker, latest, parents)?;
    beacon::check(config, header, parents.height(), &author.previous_beacon)
}

/// That the miner may make blocks, and that a header says what its parents lead to.
pub fn check_facts(
    config: &ChainConfig,
    header: &BlockHeader,
    parents: &Tipset,
    facts: &Facts,
) -> Result<(), Reason> {
    eligibility::check(config, &header.miner, parents.height(), &facts.standing)?;
    parents::check_weight(header, &facts.parent_weight)?;
    parents::check_base_fee(header, &facts.base_fee)?;
    parents::check_state(header, &facts.parent_state, &facts.parent_receipts)
}

/// That a block's proof of spacetime holds. `previous_beacon` is the latest entry before the block's own.
pub fn check_post(
    header: &BlockHeader,
    previous_beacon: &BeaconEntry,
    verify: impl FnOnce(&Claim) -> anyhow::Result<bool>,
) -> Result<(), CheckError> {
    let claim = winning_post::claim(header, latest_beacon(header, previous_beacon))?;
    Ok(winning_post::check(verify(&claim)?)?)
}

/// The beacon entry that a block's draws are from: its last, or, if it has none, the last before it.
pub fn latest_beacon<'a>(header: &'a BlockHeader, previous: &'a BeaconEntry) -> &'a BeaconEntry {
    header.beacon_entries.last().unwrap_or(previous)
}
