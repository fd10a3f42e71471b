//! The checker and the host's engine must agree: on hand-written modules, on random ones in all features that
//! WebAssembly ever had, and on damaged ones. No code of any module runs.

use std::convert::Infallible;
use std::sync::OnceLock;

use arbitrary::{Arbitrary, Unstructured};
use filigree_abi::{WasmType, syscalls_for};
use filigree_build::{Checker, Report, Rules, Severity, check_statically};
use filigree_engine::instrument::InvalidModule;
use filigree_engine::{Engine, EngineConfig, HostState, LoadError, MemoryLimits, WasmCosts};
use filigree_gas::PriceList;
use filigree_vm::Network;
use fvm_shared::version::NetworkVersion;
use wasmtime::{FuncType, ValType};

const VERSION: u32 = 28;

struct Data(MemoryLimits);

impl HostState for Data {
    fn limits(&mut self) -> &mut MemoryLimits {
        &mut self.0
    }
}

/// An engine as the host makes it, built here without the checker's help.
fn host() -> &'static Engine<Data> {
    static HOST: OnceLock<Engine<Data>> = OnceLock::new();
    HOST.get_or_init(|| {
        let network = Network::mainnet(NetworkVersion::from(VERSION));
        let wasm = &PriceList::for_version(network.version).unwrap().wasm;
        let costs = WasmCosts {
            instruction_default: wasm.instruction_default.as_milligas(),
            math_default: wasm.math_default.as_milligas(),
            jump_unconditional: wasm.jump_unconditional.as_milligas(),
            jump_conditional: wasm.jump_conditional.as_milligas(),
            jump_indirect: wasm.jump_indirect.as_milligas(),
            call: wasm.call.as_milligas(),
            memory_fill_base_cost: wasm.memory_fill_base_cost.as_milligas(),
            memory_access_cost: wasm.memory_access_cost.as_milligas(),
            memory_copy_per_byte_cost: wasm.memory_copy_per_byte_cost.as_milligas(),
            memory_fill_per_byte_cost: wasm.memory_fill_per_byte_cost.as_milligas(),
        };
        let config = EngineConfig {
            max_stack_height: network.max_stack_height,
            max_memory_bytes: network.max_instance_memory_bytes,
            max_call_depth: 4,
            concurrency: 1,
            costs,
            cache_dir: None,
            profiling: false,
        };
        let link = |linker: &mut wasmtime::Linker<Data>| {
            for row in syscalls_for(VERSION).filter(|row| row.gate.is_none()) {
                let params = row.wasm_params().map(|ty| match ty {
                    WasmType::I32 => ValType::I32,
                    WasmType::I64 => ValType::I64,
                });
                let ty = FuncType::new(linker.engine(), params, [ValType::I32]);
                linker.func_new(row.module, row.name, ty, |_, _, _| Ok(()))?;
            }
            Ok(())
        };
        Engine::new(config, link).unwrap()
    })
}

fn checker() -> &'static Checker {
    static CHECKER: OnceLock<Checker> = OnceLock::new();
    CHECKER.get_or_init(|| Checker::new(Rules::mainnet(VERSION).unwrap()).unwrap())
}

/// What the host makes of a module.
#[derive(Debug, PartialEq)]
enum Fate {
    Refused { only_found_by_instrumenting: bool },
    NoInstance,
    Instance { has_memory: bool },
}

fn fate(wasm: &[u8]) -> Fate {
    let engine = host();
    let key = filigree_build::code_cid(wasm).to_bytes();
    let module = match engine.load(&key, || Ok::<_, Infallible>(Some(wasm.to_vec()))) {
        Ok(module) => module.unwrap(),
        Err(error) => {
            // What the first step of the checker need not find: the second asks the engine.
            let deep = matches!(
                error,
                LoadError::Invalid(
                    InvalidModule::Height { .. }
                        | InvalidModule::PriceOverflow { .. }
                        | InvalidModule::Forbidden(_)
                        | InvalidModule::TooLarge
                ) | LoadError::Compile(_)
            );
            return Fate::Refused {
                only_found_by_instrumenting: deep,
            };
        }
    };
    let data = Data(MemoryLimits::new(2 << 30));
    match engine.instantiate(&engine.session(), &module, data) {
        Ok(_) => Fate::Instance {
            has_memory: module.has_memory(),
        },
        Err(_) => Fate::NoInstance,
    }
}

/// Compares the checker with the host on one module.
#[track_caller]
fn compare(wasm: &[u8], what: &dyn std::fmt::Display) -> Fate {
    let fate = fate(wasm);
    let report = checker().check(wasm);
    let first_step = check_statically(wasm, checker().rules());
    let context = || format!("{what}\nhost: {fate:?}\nreport: {:#?}", report.findings);
    match fate {
        Fate::Refused {
            only_found_by_instrumenting,
        } => {
            assert!(
                !report.loads(),
                "the host refuses, the check does not: {}",
                context()
            );
            assert!(
                only_found_by_instrumenting || !first_step.loads(),
                "found by the engine only: {}",
                context()
            );
        }
        Fate::NoInstance => {
            assert!(
                report.loads(),
                "the check refuses, the host loads: {}",
                context()
            );
            assert!(
                !report.passes(),
                "no instance, and the check passes: {}",
                context()
            );
        }
        Fate::Instance { has_memory } => {
            assert!(
                report.loads(),
                "the check refuses, the host loads: {}",
                context()
            );
            assert!(
                has_memory || !report.passes(),
                "no memory, and the check passes: {}",
                context()
            );
        }
    }
    for finding in &report.findings {
        let inside = finding.place.offset.is_none_or(|at| at <= wasm.len());
        assert!(inside, "{finding} is beyond the module: {}", context());
    }
    fate
}

fn compare_text(wat: &str) -> Report {
    let wasm = wat::parse_str(wat).unwrap_or_else(|e| panic!("{wat}: {e}"));
    compare(&wasm, &wat);
    checker().check(&wasm)
}

const ACTOR: &str = r#"(module
    (import "vm" "exit" (func (param i32 i32 i32 i32) (result i32)))
    (import "gas" "available" (func (param i32) (result i32)))
    (memory (export "memory") 2)
    (table 4 funcref) (elem (i32.const 1) func 2)
    (func $f (param i32 i64) (result i32)
        (memory.fill (i32.const 0) (i32.const 0) (local.get 0))
        (i32.trunc_sat_f64_u (f64.sqrt (f64.const 2))))
    (func (export "invoke") (param i32) (result i32) (call $f (local.get 0) (i64.const 7)))
    (data (i32.const 100) "some data"))"#;

#[test]
fn a_usual_actor_passes() {
    let report = compare_text(ACTOR);
    assert!(report.passes(), "{:#?}", report.findings);
    assert_eq!(report.count(Severity::Warning), 0, "{:#?}", report.findings);
}

/// One change of the actor at a time: what is replaced, and whether it still passes.
#[test]
fn hand_written_modules() {
    let cases = [
        (r#""available""#, r#""unavailable""#, false),
        ("(param i32 i32 i32 i32)", "(param i32 i32 i32 i64)", false),
        (r#"(memory (export "memory") 2)"#, "(memory 2)", false),
        (
            r#"(memory (export "memory") 2)"#,
            r#"(memory (export "memory") 8193)"#,
            false,
        ),
        (
            r#"(memory (export "memory") 2)"#,
            r#"(memory (export "memory") 8192)"#,
            true,
        ),
        (
            r#"(memory (export "memory") 2)"#,
            r#"(memory (export "memory") 1 65536)"#,
            true,
        ),
        ("(table 4 funcref)", "(table 20000 funcref)", true),
        ("(table 4 funcref)", "(table 20001 funcref)", false),
        ("(table 4 funcref)", "(table 4 60000 funcref)", true),
        (
            "(table 4 funcref)",
            "(table 4 funcref) (table 4 funcref)",
            false,
        ),
        ("(table 4 funcref)", "(table 1 funcref)", false),
        (
            "(elem (i32.const 1) func 2)",
            "(elem (i32.const 1) funcref (ref.func 2))",
            false,
        ),
        ("(elem (i32.const 1) func 2)", "(elem declare func 2)", true),
        ("(elem (i32.const 1) func 2)", "(elem func 2)", true),
        ("(i32.const 100) \"some", "(i32.const 131064) \"some", false),
        ("(i32.const 100) \"some", "(i32.const 131063) \"some", true),
        ("(func $f", "(start 4) (func) (func $f", false),
        ("(data (i32", "(start 4) (func) (data (i32", true),
        ("(local.get 0))\n", "(i32.const -1))\n", false),
        (
            r#"(export "invoke") (param i32) (result i32) (call $f (local.get 0)"#,
            r#"(export "invoke") (param i64) (result i32) (call $f (i32.const 0)"#,
            false,
        ),
    ];
    for (from, to, passes) in cases {
        let changed = ACTOR.replacen(from, to, 1);
        assert_ne!(changed, ACTOR, "{from}");
        let Ok(wasm) = wat::parse_str(&changed) else {
            panic!("{from} -> {to} does not parse");
        };
        compare(&wasm, &to);
        let report = checker().check(&wasm);
        assert_eq!(
            report.passes(),
            passes,
            "{from} -> {to}: {:#?}",
            report.findings
        );
    }
}

/// Refused by the host in its own words only.
#[test]
fn what_only_the_engine_finds_is_reported_with_its_function() {
    let wat = r#"(module (func $good) (func $bad unreachable drop i32.add drop))"#;
    let report = compare_text(wat);
    let finding = &report.findings[0];
    assert_eq!(finding.severity, Severity::Refused);
    assert!(
        finding.to_string().contains("function 1 (bad)"),
        "{finding}"
    );
    assert!(finding.what.contains("height"), "{finding}");
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// A valid module in a random selection of features.
fn random_module(random: &mut Random) -> Option<Vec<u8>> {
    let bits = random.next();
    // Most modules use few features, so that many load.
    let with = |bit: u32| (bits >> bit) & 31 == 0;
    let config = wasm_smith::Config {
        bulk_memory_enabled: !with(0),
        custom_page_sizes_enabled: with(3),
        exceptions_enabled: with(6),
        extended_const_enabled: with(9),
        gc_enabled: with(12),
        max_memories: if with(15) { 3 } else { 1 },
        max_tables: if with(18) { 3 } else { 1 },
        max_tags: if with(6) { 5 } else { 0 },
        memory64_enabled: with(21),
        multi_value_enabled: with(24),
        reference_types_enabled: (bits >> 27) & 3 == 0,
        relaxed_simd_enabled: with(30),
        simd_enabled: with(30) || with(33),
        tail_call_enabled: with(36),
        threads_enabled: with(39),
        wide_arithmetic_enabled: with(42),
        max_imports: if with(45) { 4 } else { 0 },
        generate_custom_sections: with(48),
        min_funcs: 1,
        max_funcs: 6,
        max_memory32_bytes: 1 << 20,
        max_table_elements: 30_000,
        export_everything: with(51),
        ..wasm_smith::Config::default()
    };
    let size = 200 + (random.next() % 2000) as usize;
    let bytes = random.bytes(size);
    let mut input = Unstructured::new(&bytes);
    let seed = Arbitrary::arbitrary(&mut input);
    seed.and_then(|()| wasm_smith::Module::new(config, &mut input))
        .ok()
        .map(|module| module.to_bytes())
}

#[test]
fn random_modules() {
    let mut random = Random(28);
    let (mut refused, mut loaded) = (0, 0);
    for number in 0..600 {
        let Some(wasm) = random_module(&mut random) else {
            continue;
        };
        match compare(&wasm, &format!("module {number}")) {
            Fate::Refused { .. } => refused += 1,
            _ => loaded += 1,
        }
    }
    // Both ends of the scale must be there for the comparison to mean something.
    assert!(
        refused > 100 && loaded > 100,
        "{refused} refused, {loaded} loaded"
    );
}

#[test]
fn damaged_modules() {
    let wasm = wat::parse_str(ACTOR).unwrap();
    for length in 0..wasm.len() {
        compare(&wasm[..length], &format!("cut to {length}"));
    }
    let mut random = Random(7);
    for at in 0..wasm.len() {
        for flip in [1, 0x80, random.next() as u8] {
            let mut damaged = wasm.clone();
            damaged[at] ^= flip;
            compare(&damaged, &format!("byte {at} with {flip:#x}"));
        }
    }
}

#[test]
fn random_bytes() {
    let mut random = Random(1);
    for _ in 0..300 {
        let size = (random.next() % 300) as usize;
        let bytes = random.bytes(size);
        compare(&bytes, &"random bytes");
        compare(
            &[b"\0asm\x01\0\0\0", &bytes[..]].concat(),
            &"random bytes behind a header",
        );
    }
}
