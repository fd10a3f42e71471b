//! What a host hears of functions while it profiles, and that nothing else changes. (That gas, ends and limits are the
//! same for all kinds of modules is tested in `reference`.)

use std::path::Path;
use std::sync::Arc;

use filigree_engine::{
    CallError, Engine, EngineConfig, HostState, InstantiateError, MemoryLimits, Module,
    PROFILE_MODULE, WasmCosts,
};
use wasmtime::{Caller, Val};

/// Every operator that costs anything costs the same.
const COST: u64 = 1_000;

struct Host {
    limits: MemoryLimits,
    /// `Some(function)` for a beginning, `None` for an end, with the milligas left.
    heard: Vec<(Option<i32>, i64)>,
}

impl HostState for Host {
    fn limits(&mut self) -> &mut MemoryLimits {
        &mut self.limits
    }
}

fn engine(profiling: bool, cache: Option<&Path>) -> Engine<Host> {
    let config = EngineConfig {
        max_stack_height: 2048,
        max_memory_bytes: 16 << 20,
        max_call_depth: 8,
        concurrency: 1,
        costs: WasmCosts {
            instruction_default: COST,
            math_default: COST,
            memory_copy_per_byte_cost: COST,
            memory_fill_per_byte_cost: COST,
            ..WasmCosts::default()
        },
        cache_dir: cache.map(Path::to_owned),
        profiling,
    };
    let made = Engine::new(config, |linker| {
        linker.func_wrap("env", "twice", |x: i32| x.wrapping_mul(2))?;
        let enter = |mut caller: Caller<'_, Host>, function: i32, gas: i64| {
            caller.data_mut().heard.push((Some(function), gas));
        };
        linker.func_wrap(PROFILE_MODULE, "enter", enter)?;
        let leave = |mut caller: Caller<'_, Host>, gas: i64| {
            caller.data_mut().heard.push((None, gas));
        };
        linker.func_wrap(PROFILE_MODULE, "leave", leave)?;
        Ok(())
    });
    made.unwrap()
}

fn load(engine: &Engine<Host>, wat: &str) -> Arc<Module<Host>> {
    let wasm = wat::parse_str(wat).unwrap();
    let key = (wasm.len() as u64).to_le_bytes();
    let module = engine.load(&key, || anyhow::Ok(Some(wasm)));
    module.unwrap().unwrap()
}

struct Ran {
    result: Result<u32, CallError>,
    gas: i64,
    heard: Vec<(Option<i32>, i64)>,
}

fn run(engine: &Engine<Host>, module: &Module<Host>) -> Ran {
    let host = Host {
        limits: MemoryLimits::new(32 << 20),
        heard: Vec::new(),
    };
    let session = engine.session();
    let mut running = engine
        .instantiate(&session, module, host)
        .map_err(|(_, e)| e)
        .unwrap();
    running.set_gas(1_000_000_000);
    let result = running
        .start()
        .and_then(|()| running.call("invoke", &[Val::I32(3)], false));
    Ran {
        result,
        gas: running.gas(),
        heard: running.into_data().heard,
    }
}

/// Functions 0 is imported; 1 is called directly, 2 by the table, 3 is the entry, 4 the start.
const CALLS: &str = r#"(module
    (import "env" "twice" (func $twice (param i32) (result i32)))
    (memory (export "memory") 1)
    (table (export "table") 1 funcref)
    (elem (i32.const 0) $indirect)
    (type $unary (func (param i32) (result i32)))
    (func $direct (param i32 i64 f64) (result i64)
        (memory.fill (i32.const 0) (i32.const 1) (local.get 0))
        (i64.extend_i32_u (call $twice (local.get 0))))
    (func $indirect (param i32) (result i32)
        (i32.wrap_i64 (call $direct (local.get 0) (i64.const 1) (f64.const 2))))
    (func $invoke (export "invoke") (param i32) (result i32)
        (drop (call $direct (i32.const 5) (i64.const 1) (f64.const 2)))
        (call_indirect (type $unary) (local.get 0) (i32.const 0)))
    (func $start)
    (start $start))"#;

#[test]
fn functions_are_heard_in_order_with_the_gas_left() {
    let profiling = engine(true, None);
    let profiled = run(&profiling, &load(&profiling, CALLS));
    let plain = engine(false, None);
    let ran = run(&plain, &load(&plain, CALLS));
    assert_eq!((profiled.result.unwrap(), profiled.gas), (6, ran.gas));
    assert_eq!(ran.result.unwrap(), 6);
    assert_eq!(ran.heard, []);

    let order: Vec<Option<i32>> = profiled.heard.iter().map(|(what, _)| *what).collect();
    let expected = [
        Some(4),
        None, // start
        Some(3),
        Some(1),
        None, // invoke, directly
        Some(2),
        Some(1),
        None,
        None,
        None, // by the table
    ];
    assert_eq!(order, expected);
    let gas: Vec<i64> = profiled.heard.iter().map(|(_, gas)| *gas).collect();
    assert!(gas.is_sorted_by(|before, after| before >= after), "{gas:?}");
    assert_eq!(gas.last(), Some(&profiled.gas));
    // The same function with 5 and with 3: two bytes less to fill. The rest is a constant of its code.
    assert_eq!((gas[3] - gas[4]) - (gas[6] - gas[7]), 2 * COST as i64);
    // Eight operators, and five bytes.
    assert_eq!(gas[3] - gas[4], 11 * COST as i64);
}

#[test]
fn a_trap_leaves_functions_open() {
    let wat = r#"(module (memory (export "memory") 1) (func $inner unreachable)
        (func (export "invoke") (param i32) (result i32) (call $inner) (i32.const 0)))"#;
    let engine = engine(true, None);
    let ran = run(&engine, &load(&engine, wat));
    assert!(matches!(ran.result, Err(CallError::Trap(_))));
    let order: Vec<Option<i32>> = ran.heard.iter().map(|(what, _)| *what).collect();
    assert_eq!(order, [Some(1), Some(0)]);
}

#[test]
fn sizes_that_prices_depend_on_are_those_without_wrappers() {
    let (plain, profiling) = (engine(false, None), engine(true, None));
    assert_eq!(
        load(&plain, CALLS).instrumented_size_bytes(),
        load(&profiling, CALLS).instrumented_size_bytes()
    );
}

#[test]
fn compiled_modules_of_either_kind_are_not_taken_for_the_other() {
    let folder = tempfile::tempdir().unwrap();
    for profiling in [true, false, true, false] {
        let engine = engine(profiling, Some(folder.path()));
        let ran = run(&engine, &load(&engine, CALLS));
        assert_eq!(ran.heard.is_empty(), !profiling);
    }
}

#[test]
fn an_actor_cannot_import_what_profiles_are_made_with() {
    let wat = format!(
        r#"(module (import "{PROFILE_MODULE}" "leave" (func (param i64)))
            (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) (i32.const 0)))"#
    );
    let engine = engine(true, None);
    let host = Host {
        limits: MemoryLimits::new(32 << 20),
        heard: Vec::new(),
    };
    let result = engine.instantiate(&engine.session(), &load(&engine, &wat), host);
    assert!(matches!(result, Err((_, InstantiateError::Unlinked(_)))));
}
