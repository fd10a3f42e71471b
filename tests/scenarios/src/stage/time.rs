//! Time on a stage, and many messages as one step.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use filigree_builtin::ids;
use filigree_sdk::call::Call;
use fvm_shared::MethodNum;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

use super::Stage;
use crate::record::{Run, Step};

/// The cron actor's method at the end of an epoch.
const EPOCH_TICK: MethodNum = 2;

/// Gas that nodes give to it: ten thousand times that of a block.
const TICK_GAS_LIMIT: u64 = 10_000 * 10_000_000_000;

/// Time.
impl Stage {
    /// Goes on by some epochs, at the end of each of which cron runs. All is one step.
    #[track_caller]
    pub fn advance(&mut self, epochs: ChainEpoch) {
        assert!(epochs >= 0, "time goes on, not back ({epochs} epochs)");
        let to = self.epoch() + epochs;
        self.ticks(format!("to epoch {to}"), epochs);
    }

    /// Goes to a later epoch: null rounds, without cron, but for the last epoch before it, at the end of which cron runs.
    #[track_caller]
    pub fn leap(&mut self, to: ChainEpoch) {
        let now = self.epoch();
        assert!(to > now, "epoch {to} is not after {now}");
        self.sandbox.set_epoch(to - 1);
        self.ticks(format!("leap to epoch {to}"), 1);
    }

    #[track_caller]
    fn ticks(&mut self, what: String, epochs: ChainEpoch) {
        self.before();
        let (mut runs, mut gas, mut time) = (Vec::new(), 0, Duration::ZERO);
        for _ in 0..epochs {
            let epoch = self.sandbox.epoch();
            let tick: Call<()> = Call::new(Address::new_id(ids::CRON), EPOCH_TICK, None);
            let tick = tick.gas_limit(TICK_GAS_LIMIT);
            let start = Instant::now();
            let outcome = self.sandbox.implicit(ids::SYSTEM, tick);
            time += start.elapsed();
            gas += outcome.gas_used();
            runs.push(Run::of(epoch, outcome.applied(), &self.names));
            outcome.ok();
            self.last_tick = Some(epoch);
            self.sandbox.set_epoch(epoch + 1);
        }
        self.keep(what, runs, gas, time);
    }
}

/// Many messages as one step.
impl Stage {
    /// Records all that is done in it as one step, with all messages: for many that are of little interest each.
    #[track_caller]
    pub fn together(&mut self, what: &str, many: impl FnOnce(&mut Self)) {
        let first = self.steps.len();
        many(self);
        let mut all = Step {
            what: what.to_owned(),
            runs: Vec::new(),
            changes: BTreeMap::new(),
        };
        for step in self.steps.drain(first..) {
            all.runs.extend(step.runs);
            all.changes.extend(step.changes);
        }
        let gas = self.gas.drain(first..).sum();
        self.steps.push(all);
        self.gas.push(gas);
        let time = self.times.drain(first..).sum();
        self.times.push(time);
    }
}
