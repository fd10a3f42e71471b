//! Where scenarios play: a sandbox on a bundle, and what has been recorded of it.
//!
//! In reading order: this file (making a stage, messages, looking), `time`, `back` (to how it was before).

mod back;
mod time;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, Instant};

use cid::Cid;
use filigree_actor_miner::Miner;
use filigree_actor_power::Power;
use filigree_builtin::ids;
use filigree_sandbox::{Account, Outcome, Sandbox, Who};
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

use crate::books::Books;
use crate::check;
use crate::record::{Names, Run, Step};
use crate::standing::Standings;

/// What a call returned whose return nobody asks for.
pub type Anything = serde::de::IgnoredAny;

/// The name of miners' code.
const MINER: &str = "storageminer";

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
    books: Books,
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
            books: Books {
                supply: standings.total(),
                ..Books::default()
            },
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
        let balance = TokenAmount::from_whole(fil);
        self.books.supply += &balance;
        self.sandbox.account(balance)
    }

    /// Sets an actor's balance; what it had is gone, what it has comes out of nothing.
    #[track_caller]
    pub fn set_balance(&mut self, who: impl Who + Copy, balance: TokenAmount) {
        self.books.supply -= self.sandbox.balance(who);
        self.books.supply += &balance;
        self.sandbox.set_balance(who, balance);
    }

    /// Has the power actor count pledges of miners that are not on the stage, so that there are so many in all at least; attoFIL.
    #[track_caller]
    pub(crate) fn pledge_elsewhere(&mut self, least: TokenAmount) {
        let mut power: Power = self.state(ids::POWER);
        if power.total_pledge_collateral < least {
            power.total_pledge_collateral += &least;
            self.books.pledged_elsewhere += &least;
            self.sandbox.set_state(ids::POWER, &power);
        }
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
        if self.name_of(from).as_deref() == Some(MINER) {
            self.books.impersonated.insert(from);
        }
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
        check::broken(&self.sandbox, &self.standings, &self.books, self.last_tick)
    }

    /// What is wrong with the sum of all balances, if it is not what it must be.
    pub fn unbalanced(&mut self) -> Option<String> {
        self.before();
        check::unbalanced(&self.standings, &self.books)
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
            let made = now.made_since(&self.standings, MINER);
            for miner in made.collect::<Vec<_>>() {
                let deposit = self.state::<Miner>(miner).locked_funds;
                self.books.deposits.insert(miner, deposit);
            }
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
