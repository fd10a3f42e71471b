//! What a caller may choose about an engine, and the wasmtime configuration that follows from it.
//!
//! Everything here is consensus: two hosts with different values can disagree. The values come from the
//! network's rules (`host/vm`); this file only turns them into wasmtime settings. It leaves out which
//! operators are accepted (`instrument`), because that is checked before wasmtime sees a module.

use std::path::PathBuf;

use wasmparser::WasmFeatures;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

use crate::EngineError;

/// Native stack one activation of Wasm may use, in bytes.
///
/// Far above what compilers' code needs within the instrumented height limit, so that this limit, which is
/// deterministic, is the one that trips. Code written for it can still get here first: the height counts
/// groups of locals, not locals. Whoever calls into an instance sees to it that this much is free.
pub const MAX_NATIVE_STACK_BYTES: usize = 4 << 20;

/// Elements a table may ever have. A module that declares more does not load.
pub const MAX_TABLE_ELEMENTS: usize = 20_000;

/// Bytes of a Wasm page.
pub const PAGE_BYTES: u64 = 64 * 1024;

/// Instances for each session beyond the one full call stack they share. Few messages nest deeper; a session that does
/// waits until the shared ones are its own (see `pool`).
const INSTANCES_PER_SESSION: u32 = 16;

/// Memory an unused instance slot may keep, so that the next use need not fault it in again.
///
/// Measured (reward actor, make, touch and drop one instance, 600 KiB and 2 MiB touched): copy-on-write
/// images with PAGEMAP_SCAN keeping nothing 310 and 1061 us, keeping 1 MiB 22 and 573 us, keeping 4 MiB 23
/// and 117 us; without copy-on-write or without the scan slower throughout, above all for small actors (4.5
/// us against 6 to 46). All slots together keep at most this times their number: 2 GiB after a message that
/// nested 1024 large actors, a few megabytes otherwise.
const KEEP_RESIDENT_BYTES: usize = 2 << 20;

/// Each instance reserves 4 GiB of address space for its memory, and guards; a process has 128 TiB. Half of that is the
/// engine's at most.
const MAX_INSTANCES: u32 = 1 << 14;

/// Stands behind the rules of modules compiled for profiling.
const PROFILING: u64 = 1;

/// Price of each class of instructions in milligas (source: FIP-0032 and the price list of the network).
///
/// Control structure (`block`, `loop`, `else`, `end`, `return`, `nop`, `unreachable`) and `drop` are free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct WasmCosts {
    /// Constants, locals, globals, selects, casts; also part of every memory and table access.
    pub instruction_default: u64,
    /// Arithmetic, comparison, conversion.
    pub math_default: u64,
    /// `br`, and part of `call`.
    pub jump_unconditional: u64,
    /// `br_if`, `if`.
    pub jump_conditional: u64,
    /// `br_table`, `call_indirect`.
    pub jump_indirect: u64,
    /// Part of `call` and `call_indirect`.
    pub call: u64,
    /// Part of every store, fill and grow.
    pub memory_fill_base_cost: u64,
    /// Part of every load, copy and init, of `br_table` and of `call_indirect`.
    pub memory_access_cost: u64,
    /// For each byte copied; a table element counts 8 bytes.
    pub memory_copy_per_byte_cost: u64,
    /// For each byte filled or grown; a table element counts 8 bytes, a page 65536.
    pub memory_fill_per_byte_cost: u64,
}

/// The rules an engine is built for. Modules compiled under one set of rules are not valid under another.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Limit of the stack height of one instance, in values (see `instrument::height`).
    pub max_stack_height: u32,
    /// Limit of one instance's memory in bytes; a multiple of [`PAGE_BYTES`].
    pub max_memory_bytes: u64,
    /// Instances one call stack may hold.
    pub max_call_depth: u32,
    /// Sessions that may run at the same time; at least 1.
    pub concurrency: u32,
    /// Price of each instruction.
    pub costs: WasmCosts,
    /// Where compiled modules are kept between runs; `None` keeps them in memory only.
    pub cache_dir: Option<PathBuf>,
    /// Whether functions tell the host when they begin and end, through two imports that the host must define
    /// ([`PROFILE_MODULE`](crate::PROFILE_MODULE)). Gas is the same, time is not: for tools, never for a network.
    pub profiling: bool,
}

impl EngineConfig {
    /// How many instances may live at once.
    pub(crate) fn instance_count(&self) -> u32 {
        INSTANCES_PER_SESSION
            .saturating_mul(self.concurrency)
            .saturating_add(self.max_call_depth)
            .min(MAX_INSTANCES)
    }

    /// The rules as bytes, for the name of a cache entry. Leaves out what does not shape the code.
    pub(crate) fn rule_bytes(&self) -> Vec<u8> {
        let c = &self.costs;
        let mut rules = vec![
            u64::from(self.max_stack_height),
            self.max_memory_bytes,
            c.instruction_default,
            c.math_default,
            c.jump_unconditional,
            c.jump_conditional,
            c.jump_indirect,
            c.call,
            c.memory_fill_base_cost,
            c.memory_access_cost,
            c.memory_copy_per_byte_cost,
            c.memory_fill_per_byte_cost,
        ];
        if self.profiling {
            rules.push(PROFILING);
        }
        rules.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    fn check(&self) -> Result<(), EngineError> {
        if self.concurrency == 0 {
            return Err(EngineError::Config("concurrency must be at least 1"));
        }
        if self.max_call_depth == 0 || self.max_call_depth > MAX_INSTANCES {
            return Err(EngineError::Config("max_call_depth must be in 1..=16384"));
        }
        if !self.max_memory_bytes.is_multiple_of(PAGE_BYTES) {
            return Err(EngineError::Config(
                "max_memory_bytes must be a multiple of 65536",
            ));
        }
        if self.max_memory_bytes > 1 << 32 {
            return Err(EngineError::Config(
                "max_memory_bytes must be at most 4 GiB",
            ));
        }
        Ok(())
    }

    /// The deterministic wasmtime configuration.
    pub(crate) fn wasmtime(&self) -> Result<Config, EngineError> {
        self.check()?;
        let mut c = Config::new();
        c.allocation_strategy(InstanceAllocationStrategy::Pooling(self.pool()));

        // Modules are validated against `instrument::FEATURES` first; this says it a second time.
        for (flag, _) in WasmFeatures::all().iter_names() {
            if let Some(feature) = WasmFeatures::from_name(flag)
                && !crate::instrument::FEATURES.contains(feature)
            {
                c.wasm_features(feature, false);
            }
        }

        c.cranelift_nan_canonicalization(true);
        c.cranelift_opt_level(OptLevel::Speed);
        c.max_wasm_stack(MAX_NATIVE_STACK_BYTES);
        // Nothing runs on an async stack, but its size bounds the other.
        c.async_stack_size(MAX_NATIVE_STACK_BYTES);
        c.memory_may_move(false);
        c.memory_init_cow(true);
        c.guard_before_linear_memory(true);
        c.parallel_compilation(true);
        c.macos_use_mach_ports(false);

        // Gas is our own; nothing needs a map from machine code back to Wasm.
        c.consume_fuel(false);
        c.epoch_interruption(false);
        c.debug_info(false);
        c.generate_address_map(false);
        c.native_unwind_info(false);
        c.wasm_backtrace_max_frames(None);
        c.wasm_backtrace_details(WasmBacktraceDetails::Disable);
        Ok(c)
    }

    fn pool(&self) -> PoolingAllocationConfig {
        let count = self.instance_count();
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(count);
        pool.total_memories(count);
        pool.total_tables(count);
        pool.max_memories_per_module(1);
        pool.max_tables_per_module(1);
        pool.table_elements(MAX_TABLE_ELEMENTS);
        pool.max_memory_size(usize::try_from(self.max_memory_bytes).unwrap_or(usize::MAX));
        pool.linear_memory_keep_resident(KEEP_RESIDENT_BYTES);
        pool.table_keep_resident(64 << 10);
        pool.pagemap_scan(Enabled::Auto);
        pool.max_unused_warm_slots(64);
        pool
    }
}
