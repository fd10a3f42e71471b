//! The Wasm engines of a process: one per set of network rules, shared by all machines and threads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use filigree_engine::{Engine, EngineConfig, EngineError, WasmCosts};
use filigree_gas::WasmPrices;

use crate::frame::Frame;
use crate::network::{Network, Rules};
use crate::profile;
use crate::syscall::{self, Abi};

/// What makes compiled code differ.
#[derive(Clone, PartialEq)]
struct Key {
    abi: Abi,
    max_call_depth: u32,
    max_stack_height: u32,
    max_instance_memory_bytes: u64,
    prices: WasmPrices,
}

struct Shared {
    concurrency: u32,
    profiling: bool,
    cache_dir: Option<PathBuf>,
    engines: Mutex<Vec<(Key, Engine<Frame>)>>,
}

/// A handle to the engines; clones share them.
#[derive(Clone)]
pub struct Engines(Arc<Shared>);

impl Engines {
    /// Engines for up to `concurrency` messages at a time (at least 1). With `cache_dir`, compiled modules are kept
    /// there from run to run; the folder may be deleted at any time.
    pub fn new(concurrency: u32, cache_dir: Option<PathBuf>) -> Self {
        Self::of(concurrency, cache_dir, false)
    }

    /// Engines that also record a [`Profile`](crate::Profile) of every message. Messages come to the same, more slowly:
    /// for tools of actor authors, never for a node. The folder may be that of other engines.
    pub fn for_profiles(concurrency: u32, cache_dir: Option<PathBuf>) -> Self {
        Self::of(concurrency, cache_dir, true)
    }

    fn of(concurrency: u32, cache_dir: Option<PathBuf>, profiling: bool) -> Self {
        Self(Arc::new(Shared {
            concurrency: concurrency.max(1),
            profiling,
            cache_dir,
            engines: Mutex::default(),
        }))
    }

    /// The engine of a network, made at first use.
    pub(crate) fn get(
        &self,
        network: &Network,
        rules: &Rules,
    ) -> Result<Engine<Frame>, EngineError> {
        let key = Key {
            abi: Abi::of(network, rules),
            max_call_depth: network.max_call_depth,
            max_stack_height: network.max_stack_height,
            max_instance_memory_bytes: network.max_instance_memory_bytes,
            prices: rules.prices.wasm,
        };
        let mut engines = self
            .0
            .engines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, engine)) = engines.iter().find(|(k, _)| *k == key) {
            return Ok(engine.clone());
        }
        let config = EngineConfig {
            max_stack_height: key.max_stack_height,
            max_memory_bytes: key.max_instance_memory_bytes,
            max_call_depth: key.max_call_depth,
            concurrency: self.0.concurrency,
            costs: costs(&key.prices),
            cache_dir: self.0.cache_dir.clone(),
            profiling: self.0.profiling,
        };
        let engine = Engine::new(config, |linker| {
            syscall::link(linker, key.abi)?;
            match self.0.profiling {
                true => profile::link(linker),
                false => Ok(()),
            }
        })?;
        engines.push((key, engine.clone()));
        Ok(engine)
    }
}

/// The engine's costs, in milligas.
fn costs(prices: &WasmPrices) -> WasmCosts {
    WasmCosts {
        instruction_default: prices.instruction_default.as_milligas(),
        math_default: prices.math_default.as_milligas(),
        jump_unconditional: prices.jump_unconditional.as_milligas(),
        jump_conditional: prices.jump_conditional.as_milligas(),
        jump_indirect: prices.jump_indirect.as_milligas(),
        call: prices.call.as_milligas(),
        memory_fill_base_cost: prices.memory_fill_base_cost.as_milligas(),
        memory_access_cost: prices.memory_access_cost.as_milligas(),
        memory_copy_per_byte_cost: prices.memory_copy_per_byte_cost.as_milligas(),
        memory_fill_per_byte_cost: prices.memory_fill_per_byte_cost.as_milligas(),
    }
}
