//! The sandbox itself: messages, run one by one on a state that is always a root in the store.

use std::rc::Rc;

use anyhow::{Context as _, ensure};
use cid::Cid;
use filigree_sdk::call::Call;
use filigree_state::{ActorState, Manifest, StateTree, SystemState, WriteBuffer};
use filigree_vm::native::NativeActor;
use filigree_vm::{
    Applied, Context, Engines, Kind, Machine, MachineError, Network, SharedVerifier,
};
use fvm_ipld_blockstore::Blockstore as _;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::{ActorID, METHOD_SEND};
use num_traits::Zero;
use serde::de::DeserializeOwned;

use crate::account::{Account, Who};
use crate::builder::Builder;
use crate::chain::MockChain;
use crate::deploy::deployer_schema;
use crate::directory::Directory;
use crate::engines::engines;
use crate::gas::Recorder;
use crate::genesis::First;
use crate::outcome::Outcome;
use crate::profile::Profiler;
use crate::store::Store;

/// The cron actor, which runs at the end of each epoch.
pub(crate) const CRON_ACTOR_ID: ActorID = 3;

/// The gas limit of a message that names none: that of a block.
pub(crate) const BLOCK_GAS_LIMIT: u64 = 10_000_000_000;

/// Time between epochs.
pub(crate) const EPOCH_DURATION_SECONDS: i64 = 30;

/// Unix time of epoch 0, that of mainnet.
const GENESIS_TIMESTAMP: u64 = 1_598_306_400;

/// What a signature of a key account adds to a message, in bytes: an array's head, a byte string's head, type and 65
/// bytes.
const SIGNATURE_BYTES: usize = 1 + 2 + 66;

/// What helps where the code of built-in actors is not in a file.
pub(crate) const GIVE_BUNDLE: &str =
    "give the network's bundle of actors as well (`Builder::bundle`, `--bundle FILE`)";

/// Native code that stands in for a code.
pub(crate) type Instead = (Cid, Rc<dyn NativeActor>);

/// Where a sandbox stands: all that a checkpoint keeps.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub root: Cid,
    pub epoch: ChainEpoch,
    pub genesis_timestamp: u64,
    pub base_fee: TokenAmount,
    pub network: Network,
    pub circulating_supply: TokenAmount,
    /// Accounts made so far.
    pub accounts: u64,
}

impl Point {
    /// A host that stands here, on the blocks of `store`.
    pub fn machine(
        &self,
        engines: &'static Engines,
        seed: u64,
        verifier: SharedVerifier,
        store: Store,
    ) -> Result<Machine, MachineError> {
        let mut context = Context::new(self.network.clone(), self.root);
        context.epoch = self.epoch;
        context.timestamp = self.timestamp();
        context.base_fee = self.base_fee.clone();
        context.tracing = true;
        let chain = MockChain {
            epoch: self.epoch,
            seed,
            circulating_supply: self.circulating_supply.clone(),
        };
        let (store, chain) = (Box::new(store), Box::new(chain));
        Machine::new(engines, context, store, chain, Box::new(verifier))
    }

    /// Unix time, in seconds.
    pub fn timestamp(&self) -> u64 {
        let since = self.epoch.saturating_mul(EPOCH_DURATION_SECONDS);
        self.genesis_timestamp.saturating_add_signed(since)
    }
}

/// A chain in memory, for one test. See the head of the crate.
pub struct Sandbox {
    pub(crate) store: Store,
    pub(crate) point: Point,
    pub(crate) seed: u64,
    pub(crate) verifier: SharedVerifier,
    pub(crate) directory: Rc<Directory>,
    /// The host at the point, kept from message to message; made anew where anything but the state changes.
    pub(crate) machine: Option<Machine>,
    pub(crate) recorder: Recorder,
    pub(crate) profiler: Profiler,
}

impl Default for Sandbox {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

/// Making one, and who is in it.
impl Sandbox {
    /// A sandbox at network version 28 with mainnet's limits, without fees, where actors may be upgraded.
    #[track_caller]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Settings for a sandbox.
    pub fn builder() -> Builder {
        Builder::default()
    }

    #[track_caller]
    pub(crate) fn genesis(builder: Builder) -> Self {
        let first = match First::of(&builder) {
            Ok(first) => first,
            Err(e) => panic!("the first state of the sandbox cannot be made: {e:#}"),
        };
        match Self::try_at(builder, Store::over(first.blocks), first.state) {
            Ok(sandbox) => sandbox,
            Err(e) => panic!("the first state cannot be read: {e:#}"),
        }
    }

    /// A sandbox on a state that is there.
    pub(crate) fn try_at(builder: Builder, store: Store, root: Cid) -> anyhow::Result<Self> {
        let tree = load_tree(&store, &root).with_context(|| format!("reading the state {root}"))?;
        let list = SystemState::load(&tree).context("the system actor")?;
        let list = list.builtin_actors;
        ensure!(
            store.has(&list)?,
            "the list of the network's actors, {list}, is not there: {GIVE_BUNDLE}"
        );
        let manifest = Manifest::load_from_state(&tree)
            .with_context(|| format!("the built-in actors of the state {root}"))?;
        let mut directory = Directory::of_manifest(&manifest, &store)?;
        if let Some(init) = manifest.code_named("init") {
            directory.set_deployer(*init, deployer_schema());
        }
        Ok(Self {
            directory: Rc::new(directory),
            store,
            point: Point {
                root,
                epoch: builder.epoch,
                genesis_timestamp: GENESIS_TIMESTAMP,
                base_fee: builder.base_fee,
                network: builder.network,
                circulating_supply: builder.circulating_supply,
                accounts: 0,
            },
            seed: builder.seed,
            verifier: builder.verifier,
            machine: None,
            recorder: Recorder::default(),
            profiler: Profiler::default(),
        })
    }

    /// A new account with this much money.
    #[track_caller]
    pub fn account(&mut self, balance: TokenAmount) -> Account {
        let number = self.point.accounts;
        self.point.accounts += 1;
        let address = Account::address_of(number);
        let id = self.edit(|tree, manifest| {
            let id = match tree.lookup_id(&address)? {
                Some(id) => id,
                None => tree.register_new_address(&address)?,
            };
            let state = fvm_ipld_encoding::to_vec(&(address,)).expect("an address encodes");
            let state = tree.store().write_dag_cbor(state, None);
            let actor = ActorState::new(*manifest.account_code(), state, balance, 0, None);
            tree.set_actor(id, actor);
            Ok(id)
        });
        Account::new(id, number)
    }

    /// Gives an actor a name that traces show: `sandbox.label(&alice, "alice")`.
    #[track_caller]
    pub fn label(&mut self, who: impl Who, name: &str) {
        let id = self.id(who);
        Rc::make_mut(&mut self.directory).label(id, name);
    }
}

/// Messages.
impl Sandbox {
    /// Sends a call in a message of an account, which pays for it.
    ///
    /// A call marked read-only is no message: it runs as for [`view`](Self::view), in the name of this actor, and its
    /// gas has none for inclusion in it.
    #[track_caller]
    pub fn call<R: DeserializeOwned>(&mut self, from: impl Who, call: Call<R>) -> Outcome<R> {
        if call.read_only {
            return self.ask(from, &call);
        }
        let (message, applied) = self.explicit(from, &call, None);
        self.outcome(&message, applied)
    }

    /// Runs a call for its answer alone, as a node does for a reader: nobody pays, and what would change anything fails
    /// as in every read-only call, with errno 13 or exit code 25 (USR_READ_ONLY).
    #[track_caller]
    pub fn view<R: DeserializeOwned>(&mut self, call: Call<R>) -> R {
        self.ask(filigree_state::SYSTEM_ACTOR_ID, &call).ok()
    }

    #[track_caller]
    fn ask<R: DeserializeOwned>(&mut self, from: impl Who, call: &Call<R>) -> Outcome<R> {
        let before = self.point.root;
        let message = message(from, call, 0);
        let applied = self.execute(&message, Kind::View, None);
        assert_eq!(
            self.point.root, before,
            "a read-only call changed the state"
        );
        self.outcome(&message, applied)
    }

    /// Sends money in a message of an account. An unknown key address becomes an account.
    #[track_caller]
    pub fn transfer(&mut self, from: impl Who, to: impl Who, amount: TokenAmount) -> Outcome<()> {
        self.call(
            from,
            Call::new(to.address(), METHOD_SEND, None).value(amount),
        )
    }

    /// Runs a call in the name of any actor, free and unchecked, as the protocol does for cron and rewards. Its sequence
    /// number is the epoch, as nodes have it: addresses of new actors follow from it.
    #[track_caller]
    pub fn implicit<R: DeserializeOwned>(&mut self, from: ActorID, call: Call<R>) -> Outcome<R> {
        let sequence = u64::try_from(self.point.epoch).unwrap_or_default();
        let message = message(from, &call, sequence);
        let applied = self.execute(&message, Kind::Implicit, None);
        self.outcome(&message, applied)
    }

    /// Runs a call in a message of an account.
    #[track_caller]
    pub(crate) fn explicit<R>(
        &mut self,
        from: impl Who,
        call: &Call<R>,
        instead: Option<&Instead>,
    ) -> (Message, Applied) {
        let sequence = self.actor(&from).map_or(0, |actor| actor.sequence);
        let message = message(from, call, sequence);
        let (message, applied) = self.try_explicit(message, call.gas_limit, instead);
        match applied {
            Ok(applied) => (message, applied),
            Err(e) => panic!("{e:#}\n  {message:?}"),
        }
    }

    /// Runs a message with the fees of the network; with the gas limit a wallet would set, if it has none of its own.
    pub(crate) fn try_explicit(
        &mut self,
        mut message: Message,
        gas_limit: Option<u64>,
        instead: Option<&Instead>,
    ) -> (Message, anyhow::Result<Applied>) {
        if gas_limit.is_none() && !self.point.base_fee.is_zero() {
            match self.estimate(&message, instead) {
                Ok(limit) => message.gas_limit = limit,
                Err(e) => return (message, Err(e)),
            }
        }
        message.gas_fee_cap = self.point.base_fee.clone();
        let applied = self.try_execute(&message, Kind::Explicit, instead);
        (message, applied)
    }

    /// The gas limit a wallet would set: what the message uses now, and a quarter more.
    fn estimate(&mut self, message: &Message, instead: Option<&Instead>) -> anyhow::Result<u64> {
        let (before, fee) = (self.point.root, std::mem::take(&mut self.point.base_fee));
        self.machine = None;
        let applied = self.try_execute(message, Kind::Explicit, instead);
        self.point.base_fee = fee;
        self.go_to(before);
        let used = applied?.receipt.gas_used;
        Ok((used + used / 4).clamp(1, BLOCK_GAS_LIMIT))
    }

    #[track_caller]
    pub(crate) fn outcome<R: DeserializeOwned>(
        &mut self,
        message: &Message,
        applied: Applied,
    ) -> Outcome<R> {
        self.recorder.record(&applied.trace, &self.directory);
        if !self.recorder.is_paused() {
            let (directory, store) = (&self.directory, &self.store);
            self.profiler.record(&applied, directory, store);
        }
        Outcome::new(message, applied, Rc::clone(&self.directory))
    }

    /// Runs a message and moves on to the state it leaves. `instead` holds for this message.
    #[track_caller]
    pub(crate) fn execute(
        &mut self,
        message: &Message,
        kind: Kind,
        instead: Option<&Instead>,
    ) -> Applied {
        match self.try_execute(message, kind, instead) {
            Ok(applied) => applied,
            Err(e) => panic!("{e:#}\n  {message:?}"),
        }
    }

    /// The same, where the state may be damaged.
    pub(crate) fn try_execute(
        &mut self,
        message: &Message,
        kind: Kind,
        instead: Option<&Instead>,
    ) -> anyhow::Result<Applied> {
        let kept = match instead {
            Some(_) => None,
            None => self.machine.take(),
        };
        let mut machine = match kept {
            Some(machine) => machine,
            None => self.new_machine(instead)?,
        };
        // Dropped on an error: the host must not be used after it.
        let (applied, root) =
            run(&mut machine, message, kind).context("the host could not run this message")?;
        self.point.root = root;
        self.machine = instead.is_none().then_some(machine);
        Ok(applied)
    }

    fn new_machine(&self, instead: Option<&Instead>) -> anyhow::Result<Machine> {
        let engines = engines(self.profiler.is_on);
        let (verifier, store) = (self.verifier.clone(), self.store.clone());
        let machine = self.point.machine(engines, self.seed, verifier, store);
        let mut machine = machine.context("the host cannot start")?;
        for (code, native) in self.directory.natives() {
            machine.install_native(*code, Rc::clone(native));
        }
        if let Some((code, native)) = instead {
            machine.install_native(*code, Rc::clone(native));
        }
        Ok(machine)
    }

    /// Goes on from another state.
    pub(crate) fn go_to(&mut self, root: Cid) {
        self.point.root = root;
        self.machine = None;
    }
}

pub(crate) fn run(
    machine: &mut Machine,
    message: &Message,
    kind: Kind,
) -> Result<(Applied, Cid), filigree_vm::ExecuteError> {
    let unsigned = fvm_ipld_encoding::to_vec(message).map_or(0, |bytes| bytes.len());
    let applied = machine.execute(message, kind, unsigned + SIGNATURE_BYTES)?;
    let root = machine.flush()?;
    Ok((applied, root))
}

/// The message of a call, without fees.
pub(crate) fn message<R>(from: impl Who, call: &Call<R>, sequence: u64) -> Message {
    let params = call
        .params
        .as_ref()
        .map(|block| RawBytes::new(block.data.clone()));
    Message {
        version: 0,
        from: from.address(),
        to: call.to,
        sequence,
        value: call.value.clone(),
        method_num: call.method,
        params: params.unwrap_or_default(),
        gas_limit: call.gas_limit.unwrap_or(BLOCK_GAS_LIMIT),
        gas_fee_cap: TokenAmount::zero(),
        gas_premium: TokenAmount::zero(),
    }
}

pub(crate) fn load_tree(
    store: &Store,
    root: &Cid,
) -> Result<StateTree, filigree_state::StateError> {
    StateTree::load(Rc::new(WriteBuffer::new(Box::new(store.clone()))), root)
}
