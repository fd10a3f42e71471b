//! Where scenarios play: a sandbox on a bundle, and what has been recorded of it.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, Instant};

use cid::Cid;
use filigree_builtin::ids;
use filigree_sandbox::{Account, Checkpoint, Outcome, Sandbox, Who};
use filigree_sdk::call::Call;
use filigree_vm::Applied;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_ipld_encoding::{CBOR, RawBytes, from_slice};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, MethodNum};
use serde::de::DeserializeOwned;

use crate::check;
use crate::record::{Names, Run, Step};
use crate::standing::Standings;

/// A time to come back to.
#[derive(Clone, Debug)]
pub struct Mark {
    checkpoint: Checkpoint,
    steps: usize,
    last_tick: Option<ChainEpoch>,
}

/// What a call returned whose return nobody asks for.
pub type Anything = serde::de::IgnoredAny;

/// The cron actor's method at the end of an epoch.
const EPOCH_TICK: MethodNum = 2;

/// Gas that nodes give to it: ten thousand times that of a block.
const TICK_GAS_LIMIT: u64 = 10_000 * 10_000_000_000;

/// A chain with all built-in actors of a bundle. What is called through it is recorded; what is done to the [`Sandbox`] below is not.
pub struct Stage {
    sandbox: Sandbox,
    names: Names,
    steps: Vec<Step>,
    /// Gas used in each step.
    gas: Vec<u64>,
    /// How long the host took for each step.
    times: Vec<Duration>,
    /// How all stood after the last step.
    standings: Standings,
    last_tick: Option<ChainEpoch>,
}

impl Deref for Stage {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }
}

/// Making one.
impl Stage {
    /// With the actors of a bundle's file; with ours, for mainnet, if there is none. Its first step is what the constructors left.
    #[track_caller]
    pub fn new(bundle: Option<&Path>) -> Self {
        let mut builder = Sandbox::builder().allow_upgrade(false);
        builder = match bundle {
            Some(bundle) => builder.bundle(bundle),
            None => builder,
        };
        let sandbox = builder.build();
        let names = names(&sandbox);
        let standings = Standings::now(&sandbox, &names);
        let first = Step {
            what: "genesis".to_owned(),
            runs: Vec::new(),
            changes: standings.since(&Standings::default()),
        };
        Self {
            sandbox,
            names,
            steps: vec![first],
            gas: vec![0],
            times: vec![Duration::ZERO],
            standings,
            last_tick: None,
        }
    }

    /// The chain itself; nothing done to it is recorded.
    pub fn sandbox(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }

    /// A new account with a secp256k1 key and this much money.
    #[track_caller]
    pub fn account(&mut self, fil: u64) -> Account {
        self.sandbox.account(TokenAmount::from_whole(fil))
    }

    /// The code of an actor of the bundle: `multisig`, `paymentchannel`, `storageminer`.
    #[track_caller]
    pub fn code(&self, name: &str) -> Cid {
        let code = self.names.code(name);
        code.unwrap_or_else(|| panic!("the bundle has no actor {name}"))
    }

    /// The state of an actor.
    #[track_caller]
    pub fn state<S: DeserializeOwned>(&self, who: impl Who) -> S {
        self.sandbox.state(who)
    }
}

/// Messages. The scenario then says what must come of them: `.ok()` or `.expect_exit(code, "")`.
impl Stage {
    /// A message of an account.
    #[track_caller]
    pub fn call<R: DeserializeOwned>(&mut self, from: impl Who, call: Call<R>) -> Outcome<R> {
        let what = told(&self.sandbox, from.address(), &call);
        self.before();
        let start = Instant::now();
        let outcome = self.sandbox.call(from, call);
        self.after(what, outcome.applied(), start.elapsed());
        outcome
    }

    /// A message of an account with any method and parameters, in the codec of users: for bad input.
    #[track_caller]
    pub fn raw(
        &mut self,
        from: impl Who,
        to: impl Who,
        method: MethodNum,
        value: TokenAmount,
        params: Option<RawBytes>,
    ) -> Outcome<Anything> {
        self.call(from, any_call(to.address(), method, params).value(value))
    }

    /// A message in the name of any actor, free and unchecked, as the protocol sends them for cron and rewards.
    #[track_caller]
    pub fn implicit<R: DeserializeOwned>(&mut self, from: ActorID, call: Call<R>) -> Outcome<R> {
        let what = told(&self.sandbox, Address::new_id(from), &call);
        self.before();
        let start = Instant::now();
        let outcome = self.sandbox.implicit(from, call);
        let time = start.elapsed();
        self.after(format!("{what} (implicit)"), outcome.applied(), time);
        outcome
    }

    /// The same with any method and parameters.
    #[track_caller]
    pub fn raw_implicit(
        &mut self,
        from: ActorID,
        to: impl Who,
        method: MethodNum,
        value: TokenAmount,
        params: Option<RawBytes>,
    ) -> Outcome<Anything> {
        self.implicit(from, any_call(to.address(), method, params).value(value))
    }
}

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

/// Going back.
impl Stage {
    /// As it is now.
    pub fn mark(&self) -> Mark {
        Mark {
            checkpoint: self.sandbox.checkpoint(),
            steps: self.steps.len(),
            last_tick: self.last_tick,
        }
    }

    /// Goes back, and forgets all steps since.
    pub fn back_to(&mut self, mark: &Mark) {
        self.sandbox.revert(&mark.checkpoint);
        self.steps.truncate(mark.steps);
        self.gas.truncate(mark.steps);
        self.times.truncate(mark.steps);
        self.last_tick = mark.last_tick;
    }
}

/// Looking.
impl Stage {
    /// The name of an actor's code, if there is the actor.
    pub fn name_of(&self, who: impl Who) -> Option<String> {
        let actor = self.actor(who)?;
        Some(self.names.of(&actor.code))
    }

    /// What is broken in the state of every actor, with the actor before it.
    pub fn broken_invariants(&mut self) -> Vec<String> {
        self.before();
        check::broken(&self.sandbox, &self.standings, self.last_tick)
    }

    /// Asks the state of every actor for broken invariants.
    ///
    /// # Panics
    /// If there is one: with all of them by name.
    #[track_caller]
    pub fn check_invariants(&mut self) {
        let broken = self.broken_invariants();
        let epoch = self.epoch();
        assert!(
            broken.is_empty(),
            "broken invariants at epoch {epoch}:\n  {}",
            broken.join("\n  ")
        );
    }

    /// What has been recorded, the first state before all.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Gas used in each step.
    pub fn gas(&self) -> &[u64] {
        &self.gas
    }

    /// How long the host took for each step.
    pub fn times(&self) -> &[Duration] {
        &self.times
    }

    /// The names of the bundle's codes.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Takes note of how all stand, if that was changed by hand.
    #[track_caller]
    fn before(&mut self) {
        if !self.standings.is_now(&self.sandbox) {
            self.standings = Standings::now(&self.sandbox, &self.names);
        }
    }

    #[track_caller]
    fn after(&mut self, what: String, applied: &Applied, time: Duration) {
        let run = Run::of(self.epoch(), applied, &self.names);
        self.keep(what, vec![run], applied.receipt.gas_used, time);
    }

    #[track_caller]
    fn keep(&mut self, what: String, runs: Vec<Run>, gas: u64, time: Duration) {
        let changes = if self.standings.is_now(&self.sandbox) {
            BTreeMap::new()
        } else {
            let now = Standings::now(&self.sandbox, &self.names);
            let changes = now.since(&self.standings);
            self.standings = now;
            changes
        };
        self.steps.push(Step {
            what,
            runs,
            changes,
        });
        self.gas.push(gas);
        self.times.push(time);
    }
}

fn any_call(to: Address, method: MethodNum, params: Option<RawBytes>) -> Call<Anything> {
    let params = params.map(|params| IpldBlock {
        codec: CBOR,
        data: params.to_vec(),
    });
    Call::new(to, method, params)
}

/// A call in few words.
fn told<R>(sandbox: &Sandbox, from: Address, call: &Call<R>) -> String {
    let id = |address: &Address| match sandbox.resolve(address) {
        Some(id) => format!("f0{id}"),
        None => address.to_string(),
    };
    format!("{} → {}.{}", id(&from), id(&call.to), call.method)
}

/// The names in the manifest that the system actor has.
fn names(sandbox: &Sandbox) -> Names {
    let (manifest,): (Cid,) = sandbox.state(ids::SYSTEM);
    let block = sandbox.store().get(&manifest);
    let block = block.ok().flatten().expect("the store has the manifest");
    let entries: Vec<(String, Cid)> = from_slice(&block).expect("a manifest lists names and codes");
    Names::new(entries)
}
