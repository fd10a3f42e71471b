//! Validated messages a second: a tipset as a node validates it that sees it for the first time, beside its messages through the
//! bare host machine, on the same store and by turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use filigree_blocks::{BeaconEntry, ChainMessage, Tipset, TipsetKey};
use filigree_chain::Chain;
use filigree_consensus::ChainConfig;
use filigree_node_state::history::BlockMessages;
use filigree_node_state::{History, Nulls, States, Store};
use filigree_proofs_mock::MockVerifier;
use filigree_vm::SharedVerifier;
use fvm_shared::clock::ChainEpoch;
use serde::{Deserialize, Serialize};

use crate::bare;
use crate::figures::{Differ, millis};
use crate::places::Places;
use crate::world::{Miners, World};

/// How large all of it is.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// People who send.
    pub people: usize,
    /// Accounts beside theirs.
    pub crowd: u64,
    /// Payments of each tipset of such.
    pub payments: [usize; 2],
    /// Calls of the tipset of calls.
    pub calls: usize,
}

impl Sizes {
    /// As they are told.
    pub const FULL: Self = Self {
        people: 1_000,
        crowd: 100_000,
        payments: [1_000, 5_000],
        calls: 1_000,
    };
    /// For a test.
    pub const QUICK: Self = Self {
        people: 60,
        crowd: 100,
        payments: [30, 60],
        calls: 30,
    };
}

/// What a tipset took, in milliseconds, round by round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TipsetFigures {
    /// What its messages do.
    pub of: String,
    /// How many there are.
    pub messages: usize,
    /// Of these, from BLS senders: the others are from senders with secp256k1 keys.
    pub bls: usize,
    /// Gas that they use.
    pub gas: u64,
    /// The bare host: machine made, messages run, state written, machine gone.
    pub host_ms: Vec<f64>,
    /// The node's application: the same, with rewards, cron, receipts and events.
    pub apply_ms: Vec<f64>,
    /// The signatures alone.
    pub signatures_ms: Vec<f64>,
    /// The node's check of the block: signatures, senders, all rules of consensus.
    pub check_ms: Vec<f64>,
}

/// Measures tipsets of payments and of calls.
///
/// # Errors
/// When the node and the bare host do not come to the same ([`Differ`]), or something cannot be carried out.
pub fn measure(
    bundle: &std::path::Path,
    sizes: &Sizes,
    rounds: usize,
) -> Result<Vec<TipsetFigures>> {
    eprintln!("tipsets: a network with {} accounts", sizes.crowd);
    let mut world = World::found(bundle, sizes.people, sizes.crowd, Miners::OnDemand)?;
    world.mine()?;
    let mut figures = Vec::new();
    for count in sizes.payments {
        eprintln!("tipsets: {count} payments");
        let messages = world.people.payments(count)?;
        world.push(messages)?;
        figures.push(tipset("payments", &world, count, rounds)?);
    }
    eprintln!("tipsets: {} calls", sizes.calls);
    let mut places = Places::make(&mut world)?;
    let messages = places.calls(&mut world, sizes.calls)?;
    world.push(messages)?;
    figures.push(tipset("calls", &world, sizes.calls, rounds)?);
    Ok(figures)
}

/// Mines the messages of the pool into one tipset, and validates that again and again.
fn tipset(of: &str, world: &World, count: usize, rounds: usize) -> Result<TipsetFigures> {
    let node = &world.node;
    let tipset = world.mine()?;
    let block = node.chain.full_block(tipset.first())?;
    let messages: Vec<ChainMessage> = node.chain.messages_of_block(tipset.first())?.to_vec();
    let mined = messages.len();
    ensure!(
        mined == count,
        "{mined} of {count} messages were mined at once"
    );
    let store = Store::from(node.db.blocks());
    let mock = || MockVerifier::for_network(&node.states.rules().network_at(0));
    let (winning, verifier): (_, SharedVerifier) = (mock()?, Arc::new(mock()?));
    let parents = node.chain.parents(&tipset)?;
    let now = node.clock.now_seconds();

    let mut figures = TipsetFigures {
        of: of.to_owned(),
        messages: mined,
        bls: block.bls.len(),
        gas: 0,
        host_ms: Vec::new(),
        apply_ms: Vec::new(),
        signatures_ms: Vec::new(),
        check_ms: Vec::new(),
    };
    // The first round warms up, and is the one that is compared.
    for round in 0..=rounds {
        let host = || {
            bare::run(
                &world.engines,
                &node.states,
                &store,
                &verifier,
                &tipset,
                &messages,
            )
        };
        let applied = || -> Result<_> {
            let states = newcomer(world, &store, &verifier);
            states.tipset_state(&parents)?;
            let (checked, check) = timed(|| {
                let verify = |info: &_| winning.winning_post(info);
                states.check_block(&block, &parents, now, &verify, &|_| false)
            });
            checked?;
            let (state, apply) = timed(|| states.tipset_state(&tipset));
            state?;
            Ok((states, check, apply))
        };
        // Who goes first is not always the same.
        let (ran, (states, check, apply)) = match round % 2 {
            0 => {
                let ran = host()?;
                (ran, applied()?)
            }
            _ => {
                let applied = applied()?;
                (host()?, applied)
            }
        };
        let signatures = bare::check_signatures(&block)?;
        if round == 0 {
            let receipts = states.receipts(&tipset)?;
            ensure!(receipts == ran.receipts, Differ(of.to_owned()));
            if let Some(failed) = receipts.iter().find(|one| !one.exit_code.is_success()) {
                let (code, gas) = (failed.exit_code, failed.gas_used);
                bail!("one of the {of} ends with {code}, after {gas} gas");
            }
            figures.gas = receipts.iter().map(|receipt| receipt.gas_used).sum();
            continue;
        }
        figures.host_ms.push(millis(ran.took));
        figures.apply_ms.push(millis(apply));
        figures.signatures_ms.push(millis(signatures));
        figures.check_ms.push(millis(check));
    }
    Ok(figures)
}

fn timed<R>(run: impl FnOnce() -> R) -> (R, Duration) {
    let start = Instant::now();
    let result = run();
    (result, start.elapsed())
}

/// States that know no results yet, on the same store.
fn newcomer(world: &World, store: &Store, verifier: &SharedVerifier) -> States {
    let states = &world.node.states;
    let history: Arc<dyn History> = Arc::new(Childless(Arc::clone(&world.node.chain)));
    let rules = states.rules().as_ref().clone();
    let engines = world.engines.clone();
    States::new(store.clone(), engines, history, verifier.clone(), rules)
}

/// A chain whose tipsets have no successors, which would tell what they lead to.
struct Childless(Arc<Chain>);

impl History for Childless {
    fn tipset(&self, key: &TipsetKey) -> Result<Tipset> {
        History::tipset(&*self.0, key)
    }

    fn tipset_at(&self, base: &Tipset, epoch: ChainEpoch, nulls: Nulls) -> Result<Tipset> {
        History::tipset_at(&*self.0, base, epoch, nulls)
    }

    fn messages(&self, tipset: &Tipset) -> Result<Vec<BlockMessages>> {
        History::messages(&*self.0, tipset)
    }

    fn chain_randomness(&self, base: &Tipset, epoch: ChainEpoch) -> Result<Option<[u8; 32]>> {
        History::chain_randomness(&*self.0, base, epoch)
    }

    fn beacon_randomness(&self, base: &Tipset, epoch: ChainEpoch) -> Result<Option<[u8; 32]>> {
        History::beacon_randomness(&*self.0, base, epoch)
    }

    fn latest_beacon(&self, tipset: &Tipset) -> Result<BeaconEntry> {
        History::latest_beacon(&*self.0, tipset)
    }

    fn child(&self, _: &Tipset) -> Result<Option<Tipset>> {
        Ok(None)
    }

    fn configure(&self, _: &ChainConfig) {}
}
