//! Runs one vector: its messages in order, then compares receipts and state root.

use std::fmt;
use std::time::{Duration, Instant};

use cid::Cid;
use filigree_vm::{Applied, Context, Engines, Kind, Machine, Network};
use fvm_shared::address::Protocol;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

use crate::bundle::{Bundle, NoActors, store_of};
use crate::chain::ReplayChain;
use crate::diff::{Difference, compare_states};
use crate::store::LayeredStore;
use crate::vector::{ExpectedReceipt, Selector, Variant, Vector};
use crate::verifier::VectorVerifier;

/// Length of an epoch.
const EPOCH_DURATION_SECONDS: ChainEpoch = 30;

/// What a secp256k1 signature adds to a message on chain: 65 bytes, its type, and three bytes of CBOR around them.
const SECP256K1_SIGNATURE_BYTES: usize = 65 + 1 + 3;

/// Base fee of a vector that names none, attoFIL per gas.
const DEFAULT_BASE_FEE: u128 = 100;

/// Network versions that the host runs.
const NETWORK_VERSIONS: std::ops::RangeInclusive<u32> = 18..=28;

/// Vectors that cannot pass: the file's folders or the end of its name, and the reason.
const IMPOSSIBLE: &[(&str, &str, &str)] = &[(
    "DisputeWindowedPoSt/Ok/",
    "DisputeWindowedPoSt-Ok-",
    "the dispute succeeded on mainnet because the disputed window PoSt was invalid, but vectors run with every proof valid",
)];

/// How a vector ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was as expected.
    Passed,
    /// Something was not.
    Failed(Vec<Difference>),
    /// It was not run.
    Skipped(Skip),
}

/// Why a vector was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// A class that is not run.
    #[error("class `{0}`, only `message` vectors are run")]
    Class(String),
    /// It cannot pass.
    #[error("cannot pass: {0}")]
    Impossible(&'static str),
    /// Needs what is not here.
    #[error("needs {0}")]
    Selector(&'static str),
    /// For a network version the host does not know.
    #[error("network version {0} is not supported, only 18 to 28")]
    NetworkVersion(u32),
    /// Messages at several epochs.
    #[error("message {0} is at another epoch, and only one epoch is run")]
    EpochOffset(usize),
    /// No bundle with its actors.
    #[error(transparent)]
    Actors(#[from] NoActors),
}

/// Gas of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gas {
    /// In the vector.
    pub expected: u64,
    /// From the host; absent if it gave no receipt.
    pub actual: Option<u64>,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// How it ended.
    pub outcome: Outcome,
    /// Gas of each message; empty if it was not run.
    pub gas: Vec<Gas>,
    /// Time of executing the messages and flushing the state.
    pub elapsed: Duration,
}

impl Run {
    fn skipped(skip: impl Into<Skip>) -> Self {
        Self {
            outcome: Outcome::Skipped(skip.into()),
            gas: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }
}

/// Runs vectors on shared engines; may be used from several threads at once.
#[derive(Clone)]
pub struct Runner {
    engines: Engines,
    bundles: Vec<Bundle>,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bundles: Vec<Cid> = self.bundles.iter().map(|bundle| bundle.manifest).collect();
        f.debug_struct("Runner")
            .field("bundles", &bundles)
            .finish_non_exhaustive()
    }
}

impl Runner {
    /// A runner for vectors that were recorded with one of `bundles`.
    pub fn new(engines: Engines, bundles: Vec<Bundle>) -> Self {
        Self { engines, bundles }
    }

    /// Runs one variant of a vector.
    pub fn run(&self, vector: &Vector, variant: &Variant) -> Run {
        self.run_and_show(vector, variant, None)
    }

    /// The same with traces: `seen` is told what each message did, in order.
    pub fn run_traced(
        &self,
        vector: &Vector,
        variant: &Variant,
        seen: &mut dyn FnMut(&Applied),
    ) -> Run {
        self.run_and_show(vector, variant, Some(seen))
    }

    fn run_and_show(
        &self,
        vector: &Vector,
        variant: &Variant,
        seen: Option<&mut dyn FnMut(&Applied)>,
    ) -> Run {
        if let Some(skip) = reason_to_skip(vector, variant) {
            return Run::skipped(skip);
        }
        let store = match store_of(vector, &self.bundles) {
            Ok(store) => store,
            Err(no_actors) => return Run::skipped(no_actors),
        };
        let mut run = Run {
            outcome: Outcome::Passed,
            gas: Vec::new(),
            elapsed: Duration::ZERO,
        };
        let mut differences = Vec::new();
        let executed = self.execute(vector, variant, &store, &mut run, &mut differences, seen);
        if let Err(error) = executed {
            differences.push(Difference::Host { error });
        }
        for receipt in vector
            .file
            .postconditions
            .receipts
            .iter()
            .skip(run.gas.len())
        {
            run.gas.push(Gas {
                expected: receipt.gas_used,
                actual: None,
            });
        }
        if !differences.is_empty() {
            run.outcome = Outcome::Failed(differences);
        }
        run
    }

    fn execute(
        &self,
        vector: &Vector,
        variant: &Variant,
        store: &LayeredStore,
        run: &mut Run,
        differences: &mut Vec<Difference>,
        mut seen: Option<&mut dyn FnMut(&Applied)>,
    ) -> Result<(), String> {
        let mut context = context(vector, variant);
        context.tracing = seen.is_some();
        let mut machine = Machine::new(
            &self.engines,
            context,
            Box::new(store.clone()),
            Box::new(ReplayChain::new(vector)),
            Box::new(VectorVerifier),
        )
        .map_err(|e| e.to_string())?;
        machine.preload().map_err(|e| e.to_string())?;

        let start = Instant::now();
        for (index, message) in vector.messages.iter().enumerate() {
            let encoded_bytes = vector.file.apply_messages[index].bytes.len();
            let length_bytes = length_on_chain(message, encoded_bytes);
            let applied = machine
                .execute(message, Kind::Explicit, length_bytes)
                .map_err(|e| format!("message {index}: {e}"))?;
            let expected = &vector.file.postconditions.receipts[index];
            run.gas.push(Gas {
                expected: expected.gas_used,
                actual: Some(applied.receipt.gas_used),
            });
            compare_receipts(index, expected, &applied, differences);
            if let Some(seen) = &mut seen {
                seen(&applied);
            }
        }
        let actual = machine.flush().map_err(|e| format!("flush: {e}"))?;
        run.elapsed = start.elapsed();

        let expected = vector.file.postconditions.state_tree.root_cid;
        if actual != expected {
            differences.push(Difference::State {
                expected,
                actual,
                detail: compare_states(store, &expected, &actual),
            });
        }
        Ok(())
    }
}

/// Where a variant runs: mainnet, at the variant's epoch.
pub fn context(vector: &Vector, variant: &Variant) -> Context {
    let preconditions = &vector.file.preconditions;
    let version = NetworkVersion::from(variant.nv);
    Context {
        network: Network::mainnet(version),
        epoch: variant.epoch,
        timestamp: timestamp(variant.epoch),
        base_fee: TokenAmount::from_atto(preconditions.basefee.unwrap_or(DEFAULT_BASE_FEE)),
        state_root: preconditions.state_tree.root_cid,
        tracing: false,
        trace_limit_bytes: usize::MAX,
        manifest: None,
    }
}

/// Time of an epoch. A vector records none; its runners agree on a genesis at zero.
fn timestamp(epoch: ChainEpoch) -> u64 {
    u64::try_from(epoch.saturating_mul(EPOCH_DURATION_SECONDS)).unwrap_or(0)
}

/// Bytes a message takes on chain. Vectors hold it without its signature: a BLS signature is aggregated and takes none.
pub fn length_on_chain(message: &Message, encoded_bytes: usize) -> usize {
    match message.from.protocol() {
        Protocol::Secp256k1 => encoded_bytes + SECP256K1_SIGNATURE_BYTES,
        _ => encoded_bytes,
    }
}

/// Why a variant is not run, whatever the host.
pub fn reason_to_skip(vector: &Vector, variant: &Variant) -> Option<Skip> {
    for (folder, id, reason) in IMPOSSIBLE {
        if vector.name.contains(folder) || vector.name.contains(id) || vector.id().contains(id) {
            return Some(Skip::Impossible(reason));
        }
    }
    if let Some(selector) = &vector.file.selector
        && let Some(need) = unmet(selector)
    {
        return Some(Skip::Selector(need));
    }
    if !NETWORK_VERSIONS.contains(&variant.nv) {
        return Some(Skip::NetworkVersion(variant.nv));
    }
    let offsets = vector
        .file
        .apply_messages
        .iter()
        .map(|message| message.epoch_offset);
    let moved = offsets
        .map(|offset| offset.unwrap_or(0))
        .position(|offset| offset != 0);
    moved.map(Skip::EpochOffset)
}

fn unmet(selector: &Selector) -> Option<&'static str> {
    let set = |value: &Option<String>| value.as_deref() == Some("true");
    if set(&selector.chaos_actor) {
        return Some("the chaos actor");
    }
    if set(&selector.consensus_fault) {
        return Some("consensus faults to be found");
    }
    None
}

fn compare_receipts(
    message: usize,
    expected: &ExpectedReceipt,
    applied: &Applied,
    differences: &mut Vec<Difference>,
) {
    let receipt = &applied.receipt;
    let exit_code = ExitCode::new(expected.exit_code);
    if receipt.exit_code != exit_code {
        differences.push(Difference::ExitCode {
            message,
            expected: exit_code,
            actual: receipt.exit_code,
            failure: applied.failure.as_ref().map(ToString::to_string),
        });
    }
    if receipt.return_data.bytes() != expected.return_data {
        differences.push(Difference::Return {
            message,
            expected: expected.return_data.clone(),
            actual: receipt.return_data.to_vec(),
        });
    }
    if receipt.gas_used != expected.gas_used {
        differences.push(Difference::Gas {
            message,
            expected: expected.gas_used,
            actual: receipt.gas_used,
        });
    }
    if let Some(events_root) = expected.events_root
        && receipt.events_root != events_root
    {
        differences.push(Difference::Events {
            message,
            expected: events_root,
            actual: receipt.events_root,
        });
    }
}
