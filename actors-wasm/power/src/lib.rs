//! The storage power actor, f04: creates miners, counts what each of them stores, and calls them at the epochs they asked for (Filecoin
//! spec, "Storage Power Actor"). Power decides who makes blocks: nodes read the claims in its state.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00, at genesis |
//! | 2, FRC-42 | CreateMiner | anyone |
//! | 3 | UpdateClaimedPower | a miner, for itself |
//! | 4 | EnrollCronEvent | a miner, for itself |
//! | 5 | OnEpochTickEnd | f03, at the end of a tipset |
//! | 6 | UpdatePledgeTotal | a miner |
//! | 9 | CurrentTotalPower | any built-in actor |
//! | FRC-42 | NetworkRawPower | anyone |
//! | FRC-42 | MinerRawPower | anyone |
//! | FRC-42 | MinerPower | anyone |
//! | FRC-42 | MinerCount | anyone |
//! | FRC-42 | MinerConsensusCount | anyone |
//!
//! Raw power is bytes of sectors that are proven; quality-adjusted power counts those with verified deals tenfold (FIP-0003). In reading
//! order: `state`, [`claim`](Claim) (the rules of who counts), `cron` (the queue), `method`.

mod claim;
mod cron;
mod invariants;
mod method;
mod state;

pub use claim::{Claim, Claims, MIN_CONSENSUS_MINERS, OpenClaims};
pub use cron::{CronEvent, CronQueue};
pub use filigree_builtin::calls::power::{
    CreateMinerParams, CreateMinerReturn, CurrentTotalPowerReturn, EnrollCronEventParams,
    MinerPowerReturn, MinerRawPowerReturn, UpdateClaimedPowerParams,
};
pub use state::Power;

use filigree_builtin::internal_api;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::bigint::bigint_ser::BigIntDe;

#[actor(before = internal_api::check)]
impl Power {
    /// Without miners.
    #[constructor(by = system)]
    pub fn construct() -> Result<Self> {
        Self::empty(ActorStore)
    }

    /// Creates a miner with the value that came along.
    #[method(2, "CreateMiner")]
    pub fn create_miner(ctx: &mut Context, params: CreateMinerParams) -> Result<CreateMinerReturn> {
        method::create_miner(ctx, params)
    }

    /// Adds to the caller's power, or takes from it.
    #[method(3)]
    pub fn update_claimed_power(ctx: &mut Context, params: UpdateClaimedPowerParams) -> Result<()> {
        method::update_claimed_power(ctx, &params)
    }

    /// Has the caller called at an epoch.
    #[method(4)]
    pub fn enroll_cron_event(ctx: &mut Context, params: EnrollCronEventParams) -> Result<()> {
        method::enroll_cron_event(ctx, params)
    }

    /// Calls the miners that asked for it and closes the epoch.
    #[method(5)]
    pub fn on_epoch_tick_end(ctx: &mut Context) -> Result<()> {
        method::on_epoch_tick_end(ctx)
    }

    /// Adds to what all miners have pledged, or takes from it; attoFIL.
    #[method(6)]
    pub fn update_pledge_total(ctx: &mut Context, pledge_delta: TokenAmount) -> Result<()> {
        method::update_pledge_total(ctx, &pledge_delta)
    }

    /// Power and pledge of the network as they were at the end of the last tipset: the same throughout an epoch.
    #[view(9)]
    pub fn current_total_power(&self) -> CurrentTotalPowerReturn {
        self.frozen()
    }

    /// Raw power of the network at the end of the last tipset, bytes.
    #[view]
    pub fn network_raw_power(&self) -> BigIntDe {
        self.this_epoch_raw_byte_power.clone()
    }

    /// A miner's raw power and whether it may win blocks.
    #[view]
    pub fn miner_raw_power(&self, miner: ActorID) -> Result<MinerRawPowerReturn> {
        self.nominal_power(ActorStore, miner)
    }

    /// A miner's raw and quality-adjusted power.
    #[view]
    pub fn miner_power(&self, miner: ActorID) -> Result<MinerPowerReturn> {
        self.claimed_power(ActorStore, miner)
    }

    /// How many miners there are, whatever they store.
    #[view]
    pub fn miner_count(&self) -> i64 {
        self.miner_count
    }

    /// How many miners have the power that consensus asks for.
    #[view]
    pub fn miner_consensus_count(&self) -> i64 {
        self.miner_above_min_power_count
    }
}

#[cfg(test)]
mod tests;
