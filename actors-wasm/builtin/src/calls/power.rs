//! Calls to the storage power actor, f04. Powers are in bytes.

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::sector::RegisteredPoStProof;

use crate::ids;
use crate::smooth::FilterEstimate;

/// Method CreateMiner.
pub const CREATE_MINER: MethodNum = 2;
/// Method UpdateClaimedPower.
pub const UPDATE_CLAIMED_POWER: MethodNum = 3;
/// Method EnrollCronEvent.
pub const ENROLL_CRON_EVENT: MethodNum = 4;
/// Method OnEpochTickEnd.
pub const ON_EPOCH_TICK_END: MethodNum = 5;
/// Method UpdatePledgeTotal.
pub const UPDATE_PLEDGE_TOTAL: MethodNum = 6;
/// Method CurrentTotalPower.
pub const CURRENT_TOTAL_POWER: MethodNum = 9;

/// Parameters of CreateMiner.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateMinerParams {
    /// Who owns the miner.
    pub owner: Address,
    /// Who works for it: a BLS key.
    pub worker: Address,
    /// The proof of spacetime it uses, which implies the size of its sectors.
    pub window_post_proof_type: RegisteredPoStProof,
    /// Its libp2p identity.
    pub peer: Bytes,
    /// Where it can be reached.
    pub multiaddrs: Vec<Bytes>,
}

/// The addresses of a new miner.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateMinerReturn {
    /// By its id.
    pub id_address: Address,
    /// An f2 address that survives reorganisations.
    pub robust_address: Address,
}

/// Parameters of UpdateClaimedPower.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateClaimedPowerParams {
    /// Change of the miner's raw power.
    pub raw_byte_delta: BigIntDe,
    /// Change of its quality-adjusted power.
    pub quality_adjusted_delta: BigIntDe,
}

/// Parameters of EnrollCronEvent.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrollCronEventParams {
    /// When the miner wants to be called.
    pub event_epoch: ChainEpoch,
    /// What it wants to be told then.
    pub payload: RawBytes,
}

/// What CurrentTotalPower returns: as it was at the end of the last tipset.
#[tuple]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CurrentTotalPowerReturn {
    /// Raw power of the network.
    pub raw_byte_power: BigIntDe,
    /// Its quality-adjusted power.
    pub quality_adj_power: BigIntDe,
    /// What all miners have pledged, attoFIL.
    pub pledge_collateral: TokenAmount,
    /// The quality-adjusted power, smoothed.
    pub quality_adj_power_smoothed: FilterEstimate,
    /// When the pledge of FIP-0081 begins to come into force.
    pub ramp_start_epoch: i64,
    /// How many epochs that takes.
    pub ramp_duration_epochs: u64,
}

/// What MinerRawPower returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinerRawPowerReturn {
    /// The miner's raw power.
    pub raw_byte_power: BigIntDe,
    /// Whether it may win blocks.
    pub meets_consensus_minimum: bool,
}

/// What MinerPower returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinerPowerReturn {
    /// The miner's raw power.
    pub raw_byte_power: BigIntDe,
    /// Its quality-adjusted power.
    pub quality_adj_power: BigIntDe,
}

/// Adds to the calling miner's power, or takes from it.
pub fn update_claimed_power(params: &UpdateClaimedPowerParams) -> Result<Call<()>> {
    Ok(call(UPDATE_CLAIMED_POWER, encode(params)?))
}

/// Asks to be called at an epoch.
pub fn enroll_cron_event(params: &EnrollCronEventParams) -> Result<Call<()>> {
    Ok(call(ENROLL_CRON_EVENT, encode(params)?))
}

/// Adds to what all miners have pledged, or takes from it; attoFIL.
pub fn update_pledge_total(change: &TokenAmount) -> Result<Call<()>> {
    Ok(call(UPDATE_PLEDGE_TOTAL, encode(change)?))
}

/// The power of the network.
pub fn current_total_power() -> Call<CurrentTotalPowerReturn> {
    call(CURRENT_TOTAL_POWER, None)
}

fn call<R>(method: MethodNum, params: Option<IpldBlock>) -> Call<R> {
    Call::new(ids::address(ids::POWER), method, params)
}
