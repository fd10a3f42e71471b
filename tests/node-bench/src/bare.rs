//! The messages of a tipset without the node: in a machine of the host on the same state and the same store, and their signatures
//! by the functions that check one.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use cid::Cid;
use filigree_blocks::{ChainMessage, FullBlock, Tipset, message_cid};
use filigree_keys::{verify_aggregate, verify_message};
use filigree_node_state::{States, Store};
use filigree_vm::{Chain, Context, Engines, Kind, Machine, SharedVerifier};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;
use fvm_shared::receipt::Receipt;

use crate::world::CHAIN_ID;

/// What the host made of messages.
pub struct Ran {
    /// From a new machine to the state written, and the machine gone.
    pub took: Duration,
    /// Their receipts.
    pub receipts: Vec<Receipt>,
}

/// Runs a tipset's messages, and writes the state: no rewards, no cron, nothing that a node does beside. Messages are given
/// decoded.
///
/// # Errors
/// When one cannot be run.
pub fn run(
    engines: &Engines,
    states: &States,
    store: &Store,
    verifier: &SharedVerifier,
    tipset: &Tipset,
    messages: &[ChainMessage],
) -> Result<Ran> {
    let root = tipset.parent_state();
    let epoch = tipset.height();
    let supply = states.circulation(&states.view(&root)?, epoch)?.circulating;
    let start = Instant::now();
    let mut context = Context::new(states.rules().network_at(epoch), root);
    context.epoch = epoch;
    context.timestamp = tipset.min_timestamp_seconds();
    context.base_fee = tipset.parent_base_fee().clone();
    let mut machine = Machine::new(
        engines,
        context,
        Box::new(store.clone()),
        Box::new(Nothing { supply }),
        Box::new(verifier.clone()),
    )?;
    let mut receipts = Vec::with_capacity(messages.len());
    for message in messages {
        let bytes = message.chain_length_bytes();
        let applied = machine.execute(message.message(), Kind::Explicit, bytes)?;
        receipts.push(applied.receipt);
    }
    machine.flush()?;
    // A node gives back the memory of its machine, too.
    drop(machine);
    let took = start.elapsed();
    Ok(Ran { took, receipts })
}

/// Checks the signatures of a block: the aggregate of BLS senders, and those of the others one after the other.
///
/// # Errors
/// When one does not hold.
pub fn check_signatures(block: &FullBlock) -> Result<Duration> {
    let start = Instant::now();
    let keys = block.bls.iter().map(|message| {
        let key: Option<[u8; 48]> = message.from.payload_bytes().try_into().ok();
        key.context("a BLS message of no BLS address")
    });
    let keys: Vec<_> = keys.collect::<Result<_>>()?;
    let texts = block
        .bls
        .iter()
        .map(|message| message_cid(message).to_bytes());
    let texts: Vec<Vec<u8>> = texts.collect();
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    let aggregate = block.header.bls_aggregate.as_ref();
    let aggregate = aggregate.context("a block without an aggregate")?;
    ensure!(
        verify_aggregate(aggregate, &keys, &texts),
        "the aggregate does not hold"
    );
    for signed in &block.signed {
        verify_message(signed, &signed.message.from, CHAIN_ID)?;
    }
    Ok(start.elapsed())
}

/// A chain of which these messages ask nothing.
struct Nothing {
    supply: TokenAmount,
}

impl Chain for Nothing {
    fn chain_randomness(&self, _: ChainEpoch) -> Result<[u8; 32]> {
        bail!("there is no chain here")
    }

    fn beacon_randomness(&self, _: ChainEpoch) -> Result<[u8; 32]> {
        bail!("there is no chain here")
    }

    fn tipset_cid(&self, _: ChainEpoch) -> Result<Cid> {
        bail!("there is no chain here")
    }

    fn circulating_supply(&self) -> TokenAmount {
        self.supply.clone()
    }

    fn consensus_fault(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<Option<ConsensusFault>> {
        bail!("there is no chain here")
    }
}
