//! Runs one module twice, instrumented by us and by the reference, and records what a host can see.

use filigree_engine::instrument::InvalidModule;
use filigree_engine::{
    CallError, Engine, EngineConfig, GasCell, HostState, InstantiateError, LoadError, MemoryLimits,
    Module, PROFILE_MODULE, WasmCosts,
};
use fvm_wasm_instrument::gas_metering::{self, InstructionCost, Operator, Rules};
use std::sync::Arc;
use wasmtime::{
    Caller, Config, Global, GlobalType, InstanceAllocationStrategy, Linker, Mutability,
    PoolingAllocationConfig, Store, Trap, Val, ValType,
};

pub const MAX_MEMORY_BYTES: u64 = 64 << 20;
pub const MAX_TOTAL_BYTES: u64 = 80 << 20;

/// The prices of mainnet, except that every class differs, so that none can stand for another.
pub const COSTS: WasmCosts = WasmCosts {
    instruction_default: 4000,
    math_default: 4003,
    jump_unconditional: 4017,
    jump_conditional: 4101,
    jump_indirect: 4507,
    call: 211,
    memory_fill_base_cost: 37,
    memory_access_cost: 53,
    memory_copy_per_byte_cost: 401,
    memory_fill_per_byte_cost: 400,
};

/// The reference's rules over the same prices.
struct ReferenceRules(WasmCosts);

impl Rules for ReferenceRules {
    fn instruction_cost(&self, op: &Operator<'_>) -> anyhow::Result<InstructionCost> {
        use InstructionCost::Fixed;
        let c = &self.0;
        // By the operator's name, to share nothing with the table under test.
        let debug = format!("{op:?}");
        let name = debug.split([' ', '{', '(']).next().unwrap_or_default();
        let linear = |base: u64, unit: u64| {
            anyhow::Ok(match std::num::NonZeroU32::new(u32::try_from(unit)?) {
                Some(unit) => InstructionCost::Linear(base, unit),
                None => Fixed(base),
            })
        };
        let load = c.instruction_default + c.memory_access_cost;
        let store = c.instruction_default + c.memory_fill_base_cost;
        let number = ["I32", "I64", "F32", "F64"]
            .iter()
            .any(|p| name.starts_with(p));
        let unsupported = [
            "V128", "x16", "x8", "x4", "x2", "Atomic", "Ref", "Typed", "Return", "Try", "Catch",
            "Throw", "Rethrow", "Delegate",
        ];
        Ok(Fixed(match name {
            "Nop" | "Block" | "Loop" | "Unreachable" | "Return" | "Else" | "End" | "Drop" => 0,
            "Br" => c.jump_unconditional,
            "BrIf" | "If" => c.jump_conditional,
            "BrTable" => c.jump_indirect + c.memory_access_cost,
            "Call" => c.jump_unconditional + c.call,
            "CallIndirect" => c.jump_indirect + c.memory_access_cost + c.call,
            "I64ExtendI32U" | "I32WrapI64" | "I32ReinterpretF32" | "I64ReinterpretF64"
            | "F32ReinterpretI32" | "F64ReinterpretI64" | "I32Const" | "I64Const" | "F32Const"
            | "F64Const" | "LocalGet" | "LocalSet" | "LocalTee" | "GlobalGet" | "GlobalSet"
            | "Select" | "DataDrop" | "ElemDrop" | "MemorySize" | "TableSize" => {
                c.instruction_default
            }
            "TableInit" | "TableCopy" => return linear(load, c.memory_copy_per_byte_cost * 8),
            "TableFill" | "TableGrow" => return linear(store, c.memory_fill_per_byte_cost * 8),
            "MemoryGrow" => return linear(store, c.memory_fill_per_byte_cost * 65536),
            "MemoryFill" => return linear(store, c.memory_fill_per_byte_cost),
            "MemoryInit" | "MemoryCopy" => return linear(load, c.memory_copy_per_byte_cost),
            "TableGet" => load,
            "TableSet" => store,
            n if unsupported.iter().any(|u| n.contains(u)) && !n.contains("Reinterpret") => {
                anyhow::bail!("unsupported {n}")
            }
            n if number && n.contains("Load") => load,
            n if number && n.contains("Store") => store,
            _ if number => c.math_default,
            n => anyhow::bail!("unsupported {n}"),
        }))
    }

    fn gas_charge_cost(&self) -> u64 {
        0
    }

    fn linear_calc_cost(&self) -> u64 {
        0
    }
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    NoInstance,
    OutOfGas,
    Returned(u32),
    Trapped(Trap),
    Host(String),
}

/// What a host saw of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub end: End,
    /// The counter at the end; meaningless when out of gas.
    pub gas: i64,
    /// Each host call: which, its arguments, the counter.
    pub calls: Vec<(u32, u64, i64)>,
    /// Memory and tables in use after the run, when it was not out of gas.
    pub used_bytes: u64,
    /// Checksum of the memory after a return.
    pub memory: u64,
}

#[derive(Debug, Default)]
pub struct Host {
    limits: Option<MemoryLimits>,
    ours: Option<GasCell>,
    theirs: Option<Global>,
    calls: Vec<(u32, u64, i64)>,
}

impl Host {
    fn new() -> Host {
        Host {
            limits: Some(MemoryLimits::new(MAX_TOTAL_BYTES)),
            ..Host::default()
        }
    }
}

impl HostState for Host {
    fn limits(&mut self) -> &mut MemoryLimits {
        self.limits.as_mut().unwrap()
    }
}

fn host_call(caller: &mut Caller<'_, Host>, which: u32, argument: u64) -> wasmtime::Result<u64> {
    let (ours, theirs) = (caller.data().ours, caller.data().theirs);
    let gas = match (ours, theirs) {
        (Some(cell), _) => cell.get(&mut *caller),
        (_, Some(global)) => global.get(&mut *caller).unwrap_i64(),
        _ => unreachable!(),
    };
    if gas < 0 {
        return Err(wasmtime::Error::msg("out of gas"));
    }
    let host = caller.data_mut();
    host.calls.push((which, argument, gas));
    let count = host.calls.len() as u64;
    if host.calls.len() > 10_000 {
        return Err(wasmtime::Error::msg("too many host calls"));
    }
    let left = gas - i64::from(which) * 100;
    match (ours, theirs) {
        (Some(cell), _) => cell.set(&mut *caller, left),
        (_, Some(global)) => global.set(&mut *caller, Val::I64(left))?,
        _ => unreachable!(),
    }
    if left < 0 {
        return Err(wasmtime::Error::msg("out of gas"));
    }
    Ok(argument
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(17)
        .wrapping_add(count))
}

fn link(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.func_wrap("env", "a", |mut c: Caller<'_, Host>, x: i32| {
        host_call(&mut c, 1, x as u64).map(|v| v as i32)
    })?;
    linker.func_wrap("env", "b", |mut c: Caller<'_, Host>, x: i64, y: i32| {
        host_call(&mut c, 2, x as u64 ^ y as u64).map(|v| v as i64)
    })?;
    linker.func_wrap("env", "c", |mut c: Caller<'_, Host>| {
        host_call(&mut c, 3, 0).map(|_| ())
    })?;
    Ok(())
}

fn link_ours(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    link(linker)?;
    linker.func_wrap(PROFILE_MODULE, "enter", |_: i32, _: i64| {})?;
    linker
        .func_wrap(PROFILE_MODULE, "leave", |_: i64| {})
        .map(drop)
}

/// The imports above, as a module for wasm-smith to choose from.
pub const IMPORTS: &str = r#"(module
    (import "env" "a" (func (param i32) (result i32)))
    (import "env" "b" (func (param i64 i32) (result i64)))
    (import "env" "c" (func)))"#;

/// Both sides of the comparison, for one stack height.
pub struct Pair {
    pub ours: Engine<Host>,
    theirs: wasmtime::Engine,
    max_height: u32,
    costs: WasmCosts,
}

pub enum Loaded {
    Both(Arc<Module<Host>>, wasmtime::Module),
    Neither,
}

impl Pair {
    pub fn new(max_height: u32, costs: WasmCosts) -> Pair {
        Pair::of(max_height, costs, false)
    }

    /// Our side with wrappers for profiles: nothing else may be told apart.
    pub fn profiling(max_height: u32, costs: WasmCosts) -> Pair {
        Pair::of(max_height, costs, true)
    }

    fn of(max_height: u32, costs: WasmCosts, profiling: bool) -> Pair {
        let config = EngineConfig {
            max_stack_height: max_height,
            max_memory_bytes: MAX_MEMORY_BYTES,
            max_call_depth: 4,
            concurrency: 1,
            costs,
            cache_dir: None,
            profiling,
        };
        let mut theirs = Config::new();
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(4)
            .total_memories(4)
            .total_tables(4);
        pool.max_memory_size(MAX_MEMORY_BYTES as usize)
            .table_elements(20_000);
        theirs.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        theirs.cranelift_nan_canonicalization(true);
        theirs.wasm_backtrace_max_frames(None);
        theirs.async_stack_size(8 << 20);
        theirs.max_wasm_stack(4 << 20);
        theirs.memory_may_move(false);
        theirs.cranelift_opt_level(wasmtime::OptLevel::Speed);
        Pair {
            ours: Engine::new(config, link_ours).unwrap(),
            theirs: wasmtime::Engine::new(&theirs).unwrap(),
            max_height,
            costs,
        }
    }

    fn reference(&self, wasm: &[u8]) -> anyhow::Result<Vec<u8>> {
        use wasmparser::WasmFeatures as F;
        let features = F::MUTABLE_GLOBAL
            | F::FLOATS
            | F::SIGN_EXTENSION
            | F::SATURATING_FLOAT_TO_INT
            | F::BULK_MEMORY
            | F::REFERENCE_TYPES;
        wasmparser::Validator::new_with_features(features).validate_all(wasm)?;
        let limited = fvm_wasm_instrument::stack_limiter::inject(wasm, self.max_height)?;
        gas_metering::inject(&limited, &ReferenceRules(self.costs), "gas")
    }

    /// Loads a module on both sides; panics when only one accepts it.
    pub fn load(&self, wasm: &[u8]) -> Loaded {
        let theirs = self.reference(wasm).and_then(|wasm| {
            wasmtime::Module::from_binary(&self.theirs, &wasm).map_err(|e| anyhow::anyhow!("{e}"))
        });
        let key: [u8; 8] = std::array::from_fn(|i| (fnv(wasm) >> (8 * i)) as u8);
        let ours = self.ours.load(&key, || anyhow::Ok(Some(wasm.to_vec())));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                let (ours, session) = (ours.unwrap(), self.ours.session());
                // Random imports: there is nothing to run.
                match self.ours.instantiate(&session, &ours, Host::new()) {
                    Err((_, InstantiateError::Unlinked(_))) => Loaded::Neither,
                    _ => Loaded::Both(ours, theirs),
                }
            }
            (Err(LoadError::Invalid(InvalidModule::Forbidden(what))), Ok(_))
                if what.contains("import") =>
            {
                Loaded::Neither
            }
            (Err(_), Err(_)) => Loaded::Neither,
            (Ok(_), Err(e)) => panic!(
                "we accept what the reference refuses: {e:?}\n{}",
                text(wasm)
            ),
            (Err(e), Ok(_)) => panic!(
                "we refuse what the reference accepts: {e:?}\n{}",
                text(wasm)
            ),
        }
    }

    /// Why we refuse a module.
    pub fn refusal(&self, wasm: &[u8]) -> String {
        match self
            .ours
            .load(b"refusal", || anyhow::Ok(Some(wasm.to_vec())))
        {
            Ok(_) => "nothing".into(),
            Err(e) => e.to_string(),
        }
    }

    pub fn run_ours(&self, module: &Module<Host>, gas: i64, argument: i32) -> Seen {
        let session = self.ours.session();
        let mut running = match self.ours.instantiate(&session, module, Host::new()) {
            Ok(running) => running,
            Err((host, InstantiateError::Failed(_))) => {
                return host.seen(End::NoInstance, gas, 0);
            }
            Err((_, e)) => panic!("{e}"),
        };
        let cell = running.gas_cell();
        running.data_mut().ours = Some(cell);
        running.set_gas(gas);
        let mut result = running.start().map(|()| 0);
        let started = result.is_ok();
        if started {
            result = running.call("invoke", &[Val::I32(argument)], false);
        }
        let left = running.gas();
        let end = match result {
            _ if left < 0 => End::OutOfGas,
            Err(_) if !started => End::NoInstance,
            Ok(value) => End::Returned(value),
            Err(CallError::Trap(trap)) => End::Trapped(trap),
            Err(CallError::Host(e)) => End::Host(e.to_string()),
            Err(e) => End::Host(e.to_string()),
        };
        let memory = running.memory().map_or(0, |m| fnv(m.data(running.store())));
        running.into_data().seen(end, left, memory)
    }

    pub fn run_theirs(&self, module: &wasmtime::Module, gas: i64, argument: i32) -> Seen {
        let mut store = Store::new(&self.theirs, Host::new());
        store.limiter(|host| host.limits());
        let ty = GlobalType::new(ValType::I64, Mutability::Var);
        let counter = Global::new(&mut store, ty, Val::I64(gas)).unwrap();
        store.data_mut().theirs = Some(counter);
        let mut linker = Linker::new(&self.theirs);
        link(&mut linker).unwrap();
        linker
            .define(&store, "gas", "gas_counter", counter)
            .unwrap();
        let instance = linker.instantiate(&mut store, module);
        let (result, memory) = match instance {
            Err(_) => (None, None),
            Ok(instance) => {
                let memory = instance.get_memory(&mut store, "memory");
                let result = match instance.get_func(&mut store, "invoke") {
                    None => Err(wasmtime::Error::msg(CallError::MissingExport.to_string())),
                    Some(f) => {
                        let mut out = [Val::I32(0)];
                        f.call(&mut store, &[Val::I32(argument)], &mut out)
                            .map(|()| out[0].i32().unwrap_or_default() as u32)
                    }
                };
                (Some(result), memory)
            }
        };
        let left = counter.get(&mut store).unwrap_i64();
        let end = match result {
            _ if left < 0 => End::OutOfGas,
            None => End::NoInstance,
            Some(Ok(value)) => End::Returned(value),
            Some(Err(e)) => match e.downcast_ref::<Trap>() {
                Some(trap) => End::Trapped(*trap),
                None => End::Host(CallError::from(e).to_string().replace("host error: ", "")),
            },
        };
        let memory = memory.map_or(0, |m| fnv(m.data(&store)));
        store.into_data().seen(end, left, memory)
    }

    /// Runs on both sides and panics on any difference; returns what was seen.
    pub fn compare(&self, wasm: &[u8], loaded: &Loaded, gas: i64, argument: i32) -> Seen {
        let Loaded::Both(ours, theirs) = loaded else {
            unreachable!()
        };
        let ours = self.run_ours(ours, gas, argument);
        let theirs = self.run_theirs(theirs, gas, argument);
        if ours != theirs {
            let path = std::env::temp_dir().join("filigree-engine-mismatch.wasm");
            std::fs::write(&path, wasm).unwrap();
            panic!(
                "gas limit {gas}, argument {argument}, module in {}:\nours:   {}\ntheirs: {}",
                path.display(),
                ours.brief(),
                theirs.brief(),
            );
        }
        ours
    }
}

impl Host {
    fn seen(self, end: End, gas: i64, memory: u64) -> Seen {
        let out = end == End::OutOfGas;
        let returned = matches!(end, End::Returned(_));
        Seen {
            gas: if out { -1 } else { gas },
            calls: self.calls,
            used_bytes: if out {
                0
            } else {
                self.limits.unwrap().used_bytes()
            },
            memory: if returned { memory } else { 0 },
            end,
        }
    }
}

impl Seen {
    fn brief(&self) -> String {
        let tail = self.calls.len().saturating_sub(5);
        format!(
            "{:?}, gas {}, {} bytes, memory {:x}, {} calls ending {:?}",
            self.end,
            self.gas,
            self.used_bytes,
            self.memory,
            self.calls.len(),
            &self.calls[tail..]
        )
    }
}

pub fn fnv(bytes: &[u8]) -> u64 {
    // Words, for speed; memories are whole pages.
    let (words, rest) = bytes.as_chunks::<8>();
    let step = |h: u64, v: u64| (h ^ v).wrapping_mul(0x0100_0000_01b3).rotate_left(29);
    let hash = words.iter().fold(0xcbf2_9ce4_8422_2325, |h, w| {
        step(h, u64::from_le_bytes(*w))
    });
    rest.iter().fold(hash, |h, b| step(h, u64::from(*b)))
}

fn text(wasm: &[u8]) -> String {
    let path = std::env::temp_dir().join("filigree-engine-mismatch.wasm");
    std::fs::write(&path, wasm).unwrap();
    format!("module in {}", path.display())
}
