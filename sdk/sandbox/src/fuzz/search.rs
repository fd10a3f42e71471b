//! Running random sequences of calls until an invariant breaks, and then looking for the shortest that breaks it.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::{SystemTime, UNIX_EPOCH};

use filigree_schema::Schema;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::{Pool, RandomCall, calls};
use crate::account::Who;
use crate::outcome::Outcome;
use crate::sandbox::Sandbox;

/// Sets the seed of all searches, to repeat one that failed.
const SEED_VARIABLE: &str = "FILIGREE_FUZZ_SEED";

/// Sequences tried to make a failing one smaller.
const MAX_SHRINK_STEPS: u32 = 4_096;

/// A search for calls that break an invariant. See the head of the module.
#[derive(Clone, Debug)]
pub struct Fuzz {
    actor: Address,
    cases: u32,
    max_calls: usize,
    only: Vec<String>,
    payable: bool,
    seed: Option<u64>,
    accounts: Vec<Address>,
}

/// What was just done.
#[derive(Debug)]
pub struct Step<'a> {
    /// Which call of its sequence, from 0.
    pub index: usize,
    /// The call.
    pub call: &'a RandomCall,
    /// What it came to. Failing is no breach: random calls often fail.
    pub outcome: &'a Outcome<()>,
}

impl Fuzz {
    /// A search over calls of an actor: 64 sequences of up to 16 calls from accounts of the sandbox.
    pub fn new(actor: impl Who) -> Self {
        Self {
            actor: actor.address(),
            cases: 64,
            max_calls: 16,
            only: Vec::new(),
            payable: false,
            seed: None,
            accounts: Vec::new(),
        }
    }

    /// How many sequences to try.
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = cases;
        self
    }

    /// The most calls of a sequence.
    pub fn max_calls(mut self, calls: usize) -> Self {
        self.max_calls = calls.max(1);
        self
    }

    /// Only these methods, by name.
    pub fn only(mut self, methods: &[&str]) -> Self {
        self.only = methods.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Some calls carry money.
    pub fn payable(mut self) -> Self {
        self.payable = true;
        self
    }

    /// Calls come from this account (and others so named), not from all.
    pub fn from(mut self, account: impl Who) -> Self {
        self.accounts.push(account.address());
        self
    }

    /// Always the same sequences. Otherwise each run has its own, and a failure tells the seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Searches. After each call `invariant` looks at the sandbox; an error, or a panic, is a breach. The sandbox
    /// comes back as it was.
    ///
    /// # Panics
    /// If the invariant breaks: with the shortest sequence found, the trace of its last call, and the seed.
    #[track_caller]
    pub fn check(
        &self,
        sandbox: &mut Sandbox,
        invariant: impl FnMut(&mut Sandbox, &Step<'_>) -> Result<(), String>,
    ) {
        let pool = self.pool(sandbox);
        let schema = self.schema(sandbox);
        let one = calls(&schema, &pool, &self.only, self.payable);
        let sequences = prop::collection::vec(one, 1..=self.max_calls);
        let seed = self
            .seed
            .or_else(from_environment)
            .unwrap_or_else(from_clock);
        let config = Config {
            cases: self.cases,
            failure_persistence: None,
            max_shrink_iters: MAX_SHRINK_STEPS,
            ..Config::default()
        };
        let mut runner = TestRunner::new_with_rng(config, rng(seed));

        let start = sandbox.checkpoint();
        sandbox.recorder.pause(true);
        let run = RefCell::new((&mut *sandbox, invariant));
        let result = runner.run(&sequences, |sequence| {
            let mut run = run.borrow_mut();
            let (sandbox, invariant) = &mut *run;
            sandbox.revert(&start);
            let breach = play(sandbox, self.actor, &sequence, invariant);
            breach.map_or(Ok(()), |breach| Err(TestCaseError::fail(breach.why)))
        });
        let (sandbox, mut invariant) = run.into_inner();
        let told = result.err().map(|error| match error {
            TestError::Fail(why, sequence) => {
                let mut replay = |sequence: &[RandomCall]| {
                    sandbox.revert(&start);
                    play(sandbox, self.actor, sequence, &mut invariant)
                };
                let (sequence, breach) = minimise(sequence, &mut replay);
                self.tell(sandbox, &schema, &why.to_string(), &sequence, breach, seed)
            }
            TestError::Abort(why) => format!("no calls of {} could be made: {why}", schema.actor),
        });
        sandbox.revert(&start);
        sandbox.recorder.pause(false);
        if let Some(told) = told {
            panic!("{told}");
        }
    }

    /// The sandbox's accounts, and all its actors from the first that is no singleton on.
    #[track_caller]
    fn pool(&self, sandbox: &Sandbox) -> Pool {
        let made = sandbox.accounts();
        let accounts = match self.accounts.is_empty() {
            true => made,
            false => self.accounts.clone(),
        };
        let mut addresses = Vec::new();
        for account in &accounts {
            addresses.push(Address::new_id(sandbox.id(account)));
        }
        for address in sandbox.actors().into_iter().map(Address::new_id) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Pool {
            accounts,
            addresses,
            epoch: sandbox.epoch(),
        }
    }

    #[track_caller]
    fn schema(&self, sandbox: &Sandbox) -> Schema {
        let address = self.actor;
        let Some(actor) = sandbox.actor(address) else {
            panic!("there is no actor {address}: deploy it first");
        };
        let known = sandbox.directory.code(&actor.code);
        let Some(schema) = known.and_then(|known| known.schema.as_deref()) else {
            panic!("the code of {address} has no schema to make calls from");
        };
        schema.clone()
    }
}

impl Fuzz {
    /// What the author reads.
    fn tell(
        &self,
        sandbox: &Sandbox,
        schema: &Schema,
        why: &str,
        sequence: &[RandomCall],
        breach: Option<Breach>,
        seed: u64,
    ) -> String {
        let actor = &schema.actor;
        let mut text = match &breach {
            Some(breach) => format!("an invariant of {actor} broke: {}\n", breach.why),
            None => format!(
                "an invariant of {actor} broke once, and not when its calls were repeated: {why}\n"
            ),
        };
        for (index, call) in sequence.iter().enumerate() {
            let from = sandbox.directory.actor(sandbox.id(call.from), None);
            text.push_str(&format!("  {}. {from}: {call:?}\n", index + 1));
        }
        if let Some(breach) = breach {
            text.push_str(&format!("\nthe last call:\n{}", breach.trace));
        }
        text.push_str(&format!("\nto repeat the search: {SEED_VARIABLE}={seed}\n"));
        text
    }
}

/// A broken invariant.
struct Breach {
    why: String,
    /// The trace of the call that broke it.
    trace: String,
    index: usize,
}

/// Plays a sequence until the invariant breaks.
fn play(
    sandbox: &mut Sandbox,
    actor: Address,
    sequence: &[RandomCall],
    invariant: &mut impl FnMut(&mut Sandbox, &Step<'_>) -> Result<(), String>,
) -> Option<Breach> {
    for (index, call) in sequence.iter().enumerate() {
        let outcome = sandbox.call(call.from, call.to(actor));
        let step = Step {
            index,
            call,
            outcome: &outcome,
        };
        let held = quietly(|| invariant(sandbox, &step));
        let why = match held {
            Ok(Ok(())) => continue,
            Ok(Err(why)) => why,
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                text.or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_default()
            }
        };
        return Some(Breach {
            why,
            trace: outcome.trace().to_string(),
            index,
        });
    }
    None
}

/// Catches a panic without a report of it: a search panics many times on its way to the one that is told.
fn quietly<T>(f: impl FnOnce() -> T) -> std::thread::Result<T> {
    static ONCE: Once = Once::new();
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
    }
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                report(panic);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    QUIET.set(false);
    result
}

/// Leaves out calls, one or two at a time, as long as the invariant still breaks. Gives what broke it last; nothing
/// if it no longer does.
fn minimise(
    mut sequence: Vec<RandomCall>,
    replay: &mut impl FnMut(&[RandomCall]) -> Option<Breach>,
) -> (Vec<RandomCall>, Option<Breach>) {
    let Some(mut breach) = replay(&sequence) else {
        return (sequence, None);
    };
    loop {
        sequence.truncate(breach.index + 1);
        let len = sequence.len();
        let pairs = (0..len).flat_map(|i| (i..len).map(move |j| (i, j)));
        let shorter = pairs.map(|(i, j)| {
            let kept = sequence
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != i && *at != j);
            kept.map(|(_, call)| call.clone()).collect::<Vec<_>>()
        });
        let found = shorter
            .into_iter()
            .find_map(|shorter| Some((replay(&shorter)?, shorter)));
        match found {
            Some((again, shorter)) => (breach, sequence) = (again, shorter),
            None => return (sequence, Some(breach)),
        }
    }
}

fn from_environment() -> Option<u64> {
    std::env::var(SEED_VARIABLE).ok()?.parse().ok()
}

fn from_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}

fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

impl Sandbox {
    /// The accounts made so far, by their key addresses.
    fn accounts(&self) -> Vec<Address> {
        (0..self.point.accounts)
            .map(crate::account::Account::address_of)
            .collect()
    }

    /// The ids of accounts and deployed actors.
    #[track_caller]
    fn actors(&self) -> Vec<ActorID> {
        let init: (cid::Cid, ActorID, String) = self.state(filigree_state::INIT_ACTOR_ID);
        let first = filigree_state::FIRST_NON_SINGLETON_ID.max(init.1.saturating_sub(MAX_ACTORS));
        (first..init.1)
            .filter(|id| self.actor(*id).is_some())
            .collect()
    }
}

/// The newest actors are named in calls, no more than these: a fork has millions.
const MAX_ACTORS: u64 = 32;
