//! Epochs, fees, versions, and going back.

use filigree_sdk::call::Call;
use fvm_shared::MethodNum;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

use crate::account::Who;
use crate::sandbox::{BLOCK_GAS_LIMIT, CRON_ACTOR_ID, Point, Sandbox};

/// The cron actor's method that runs at the end of each epoch.
const EPOCH_TICK: MethodNum = 2;

/// The gas that nodes give to it: ten thousand times a block's.
const TICK_GAS_LIMIT: u64 = 10_000 * BLOCK_GAS_LIMIT;

/// A sandbox as it was: state, epoch, fees, network version.
#[derive(Clone, Debug)]
pub struct Checkpoint(Point);

/// Time.
impl Sandbox {
    /// The epoch.
    pub fn epoch(&self) -> ChainEpoch {
        self.point.epoch
    }

    /// Unix time, in seconds: 30 per epoch.
    pub fn timestamp(&self) -> u64 {
        self.point.timestamp()
    }

    /// Goes on by some epochs. At the end of each the cron actor runs, where the network has one, and must not fail.
    #[track_caller]
    pub fn advance(&mut self, epochs: ChainEpoch) {
        assert!(
            epochs >= 0,
            "time goes on, not back ({epochs} epochs): use a checkpoint and `revert`"
        );
        if self.actor(CRON_ACTOR_ID).is_none() {
            self.set_epoch(self.point.epoch + epochs);
            return;
        }
        for _ in 0..epochs {
            let tick: Call<()> = Call::new(Address::new_id(CRON_ACTOR_ID), EPOCH_TICK, None);
            let tick = tick.gas_limit(TICK_GAS_LIMIT);
            self.implicit(filigree_state::SYSTEM_ACTOR_ID, tick).ok();
            self.set_epoch(self.point.epoch + 1);
        }
    }

    /// Has the cron actor call a method, without parameters, at the end of each epoch.
    ///
    /// # Panics
    /// If the network has no cron actor.
    #[track_caller]
    pub fn schedule_cron(&mut self, who: impl Who, method: MethodNum) {
        let entry = (Address::new_id(self.id(who)), method);
        let (mut entries,): (Vec<(Address, MethodNum)>,) = self.state(CRON_ACTOR_ID);
        entries.push(entry);
        self.set_state(CRON_ACTOR_ID, &(entries,));
    }

    /// Goes to an epoch at once. Cron does not run for those between.
    pub fn set_epoch(&mut self, epoch: ChainEpoch) {
        self.point.epoch = epoch;
        self.machine = None;
    }

    /// Sets the base fee, attoFIL per gas.
    pub fn set_base_fee(&mut self, fee: TokenAmount) {
        self.point.base_fee = fee;
        self.machine = None;
    }

    /// The base fee, attoFIL per gas.
    pub fn base_fee(&self) -> &TokenAmount {
        &self.point.base_fee
    }

    /// Sets the network version: prices and syscalls change, the built-in actors and all state stay.
    pub fn set_network_version(&mut self, version: NetworkVersion) {
        self.point.network.version = version;
        self.machine = None;
    }

    /// The network version.
    pub fn network_version(&self) -> NetworkVersion {
        self.point.network.version
    }

    /// Sets what actors are told of the circulating supply.
    pub fn set_circulating_supply(&mut self, supply: TokenAmount) {
        self.point.circulating_supply = supply;
        self.machine = None;
    }
}

/// Going back.
impl Sandbox {
    /// The sandbox as it is now, to come back to. Costs nothing.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint(self.point.clone())
    }

    /// Goes back. Codes that were installed since, and labels, stay.
    pub fn revert(&mut self, checkpoint: &Checkpoint) {
        self.point = checkpoint.0.clone();
        self.machine = None;
    }
}
