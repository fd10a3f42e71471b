//! The engine from outside: loading, caching, limits, and what hostile modules do to it (nothing).

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use filigree_engine::instrument::InvalidModule;
use filigree_engine::{
    CallError, Engine, EngineConfig, HostState, InstantiateError, LoadError, MemoryLimits, Module,
    Running, WasmCosts,
};
use wasmtime::{Trap, Val};

const COSTS: WasmCosts = WasmCosts {
    instruction_default: 4000,
    math_default: 4000,
    jump_unconditional: 4000,
    jump_conditional: 4000,
    jump_indirect: 4000,
    call: 0,
    memory_fill_base_cost: 0,
    memory_access_cost: 0,
    memory_copy_per_byte_cost: 400,
    memory_fill_per_byte_cost: 400,
};

struct Data(MemoryLimits);

impl HostState for Data {
    fn limits(&mut self) -> &mut MemoryLimits {
        &mut self.0
    }
}

fn config(cache: Option<&Path>) -> EngineConfig {
    EngineConfig {
        max_stack_height: 2048,
        max_memory_bytes: 16 << 20,
        max_call_depth: 8,
        concurrency: 2,
        costs: COSTS,
        cache_dir: cache.map(Path::to_owned),
        profiling: false,
    }
}

fn engine(cache: Option<&Path>) -> Engine<Data> {
    Engine::new(config(cache), |linker| {
        linker.func_wrap("env", "twice", |x: i32| x.wrapping_mul(2))?;
        Ok(())
    })
    .unwrap()
}

const GOOD: &str = r#"(module
    (import "env" "twice" (func (param i32) (result i32)))
    (memory (export "memory") 2)
    (table (export "table") 5 funcref)
    (func (export "invoke") (param i32) (result i32)
        (call 0 (i32.add (local.get 0) (i32.const 1)))))"#;

fn load(engine: &Engine<Data>, wat: &str) -> Result<Arc<Module<Data>>, LoadError<Infallible>> {
    let wasm = wat::parse_str(wat).unwrap();
    load_bytes(engine, &wasm)
}

fn load_bytes(
    engine: &Engine<Data>,
    wasm: &[u8],
) -> Result<Arc<Module<Data>>, LoadError<Infallible>> {
    // Any key will do that is the code's own.
    let key = wasm.iter().fold(wasm.len() as u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3)
    });
    engine
        .load(&key.to_le_bytes(), || Ok(Some(wasm.to_vec())))
        .map(Option::unwrap)
}

fn instantiate(
    engine: &Engine<Data>,
    module: &Module<Data>,
    limit: u64,
) -> Result<Running<Data>, InstantiateError> {
    let session = engine.session();
    let data = Data(MemoryLimits::new(limit));
    engine
        .instantiate(&session, module, data)
        .map_err(|(_, e)| e)
}

fn run(engine: &Engine<Data>, module: &Module<Data>, gas: i64) -> (Result<u32, CallError>, i64) {
    let mut running = instantiate(engine, module, 32 << 20).unwrap();
    running.set_gas(gas);
    let result = running
        .start()
        .and_then(|()| running.call("invoke", &[Val::I32(20)], false));
    (result, running.gas())
}

fn check_good(engine: &Engine<Data>) {
    let module = load(engine, GOOD).unwrap();
    let (result, gas) = run(engine, &module, 1_000_000);
    assert_eq!(result.unwrap(), 42);
    // Thunk: one argument, and a call with twelve operators around it. Body: five operators.
    assert_eq!(1_000_000 - gas, (1 + 13 + 5 - 1) * 4000);
}

#[test]
fn a_module_knows_its_sizes() {
    let engine = engine(None);
    let module = load(&engine, GOOD).unwrap();
    assert_eq!(module.min_memory_bytes(), 128 << 10);
    assert_eq!(module.table_min_elements(), Some(5));
    assert!(module.has_memory());
    assert_eq!(
        module.code_size_bytes(),
        wat::parse_str(GOOD).unwrap().len() as u64
    );
    check_good(&engine);
}

#[test]
fn an_export_that_only_sounds_like_memory_is_none() {
    let engine = engine(None);
    let wat = r#"(module (memory 1) (func (export "memory")) (global (export "table") i32 (i32.const 1)))"#;
    let module = load(&engine, wat).unwrap();
    assert!(!module.has_memory());
    assert_eq!(module.table_min_elements(), None);
    assert!(
        instantiate(&engine, &module, 1 << 20)
            .unwrap()
            .memory()
            .is_none()
    );
}

#[test]
fn the_counters_name_is_never_taken() {
    let engine = engine(None);
    let wat = r#"(module (memory (export "memory") 1)
        (global (export "filigree.gas") (mut i64) (i64.const 7))
        (func (export "filigree.start"))
        (func $s (drop (i32.const 1))) (start $s)
        (func (export "invoke") (param i32) (result i32) (i32.const 9)))"#;
    let module = load(&engine, wat).unwrap();
    let (result, gas) = run(&engine, &module, 1_000_000);
    assert_eq!(result.unwrap(), 9);
    // Start: thunk 13, body 1. Invoke: thunk 14, body 1.
    assert_eq!(1_000_000 - gas, (13 + 1 + 14 + 1) * 4000);
}

#[test]
fn a_missing_function_is_told_apart() {
    let engine = engine(None);
    let module = load(&engine, r#"(module (memory (export "memory") 1) (func))"#).unwrap();
    assert!(matches!(
        run(&engine, &module, 1).0,
        Err(CallError::MissingExport)
    ));
}

#[test]
fn nothing_to_load_and_failing_to_read_are_passed_on() {
    let engine = engine(None);
    assert!(engine.load(b"k", || Ok::<_, ()>(None)).unwrap().is_none());
    assert!(matches!(
        engine.load(b"k", || Err("disk")),
        Err(LoadError::Read("disk"))
    ));
    // Neither is remembered.
    let wasm = wat::parse_str(GOOD).unwrap();
    assert!(
        engine
            .load(b"k", || Ok::<_, ()>(Some(wasm)))
            .unwrap()
            .is_some()
    );
    assert!(engine.load(b"k", || Err("not asked")).unwrap().is_some());
}

#[test]
fn two_threads_compile_once() {
    let engine = engine(None);
    let reads = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let module = engine.load(b"key", || {
                    reads.fetch_add(1, Ordering::SeqCst);
                    Ok::<_, Infallible>(Some(wat::parse_str(GOOD).unwrap()))
                });
                assert!(module.unwrap().is_some());
            });
        }
    });
    assert_eq!(reads.load(Ordering::SeqCst), 1);
}

#[test]
fn a_session_stops_at_a_full_call_depth() {
    let engine = engine(None);
    let module = load(&engine, GOOD).unwrap();
    let session = engine.session();
    let mut held = Vec::new();
    let refused = loop {
        match engine.instantiate(&session, &module, Data(MemoryLimits::new(1 << 30))) {
            Ok(running) => held.push(running),
            Err((_, e)) => break e,
        }
    };
    assert!(matches!(refused, InstantiateError::NoInstance));
    assert!(held.len() >= 8, "{}", held.len());
    drop(held);
    check_good(&engine);

    let other = self::engine(None);
    let foreign = other.session();
    let refused = engine.instantiate(&foreign, &module, Data(MemoryLimits::new(1 << 30)));
    assert!(matches!(refused, Err((_, InstantiateError::NoInstance))));
}

/// The memory and table limits, and that data comes back from a failure.
#[test]
fn limits_hold() {
    let engine = engine(None);
    let module = load(&engine, GOOD).unwrap();
    let need = (128 << 10) + 5 * 8;
    assert!(instantiate(&engine, &module, need).is_ok());
    assert!(matches!(
        instantiate(&engine, &module, need - 1),
        Err(InstantiateError::Failed(_))
    ));

    let grow = r#"(module (memory (export "memory") 1)
        (func (export "invoke") (param i32) (result i32)
            (drop (memory.grow (i32.const 3)))
            (drop (memory.grow (local.get 0)))
            (drop (memory.grow (i32.const 3)))
            (memory.size)))"#;
    let module = load(&engine, grow).unwrap();
    let mut running = instantiate(&engine, &module, 8 << 16).unwrap();
    running.set_gas(i64::MAX);
    assert_eq!(running.call("invoke", &[Val::I32(2)], false).unwrap(), 6);
    assert_eq!(running.into_data().0.used_bytes(), 6 << 16);
}

#[test]
fn instances_begin_clean() {
    let engine = engine(None);
    let wat = r#"(module (memory (export "memory") 1) (data (i32.const 8) "\05")
        (global $g (mut i32) (i32.const 1))
        (func (export "invoke") (param i32) (result i32)
            (global.set $g (i32.add (global.get $g) (i32.load8_u (i32.const 8))))
            (i32.store8 (i32.const 8) (i32.const 99))
            (i32.store (i32.const 40000) (i32.add (i32.load (i32.const 40000)) (i32.const 1)))
            (i32.add (global.get $g) (i32.load (i32.const 40000)))))"#;
    let module = load(&engine, wat).unwrap();
    for _ in 0..20 {
        assert_eq!(run(&engine, &module, i64::MAX).0.unwrap(), 7);
    }
}

fn refused(engine: &Engine<Data>, wat: &str) -> LoadError<Infallible> {
    match load(engine, wat) {
        Ok(_) => panic!("accepted: {wat}"),
        Err(e) => e,
    }
}

#[test]
fn forbidden_features_do_not_load() {
    let engine = engine(None);
    let malformed = [
        "(module (func (result i32 i32) i32.const 1 i32.const 2))",
        "(module (func (block (param i32) (drop))))",
        "(module (func (drop (v128.const i64x2 0 0))))",
        "(module (memory i64 1))",
        "(module (memory 1) (memory 1))",
        "(module (memory 1 1 shared))",
        "(module (func $f (return_call $f)))",
        "(module (tag))",
        "(module (table 1 externref))",
        "(module (func (param externref)))",
        "(module (type (struct)))",
        "(module (rec (type (func)) (type (func))))",
        "(module (global i32 (i32.add (i32.const 1) (i32.const 2))))",
        "(module (func (param (ref func))))",
        "(module (func (param i64 i64 i64 i64) (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)) drop drop))",
        "(module (memory 0 (pagesize 1)))",
        "(module (memory 1) (func (drop (i32.atomic.load (i32.const 0)))))",
    ];
    for wat in malformed {
        let e = refused(&engine, wat);
        assert!(
            matches!(e, LoadError::Invalid(InvalidModule::Malformed(_))),
            "{wat}: {e}"
        );
    }
    let operators = [
        "(module (func (drop (ref.null func))))",
        "(module (elem declare func 0) (func (drop (ref.func 0))))",
        "(module (func (param funcref) (drop (ref.is_null (local.get 0)))))",
        "(module (func (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))))",
    ];
    for wat in operators {
        let e = refused(&engine, wat);
        let unsupported = InvalidModule::UnsupportedOperator {
            function: 0,
            operator: String::new(),
        };
        let same = matches!(&e, LoadError::Invalid(i)
            if std::mem::discriminant(i) == std::mem::discriminant(&unsupported));
        assert!(same, "{wat}: {e}");
    }
    let forbidden = [
        "(module)",
        "(module (memory 1))",
        r#"(module (import "env" "memory" (memory 1)) (func))"#,
        r#"(module (import "gas" "gas_counter" (global (mut i64))) (func))"#,
        "(module (table 1 funcref) (elem (i32.const 0) funcref (ref.func 0)) (func))",
    ];
    for wat in forbidden {
        let e = refused(&engine, wat);
        assert!(
            matches!(e, LoadError::Invalid(InvalidModule::Forbidden(_))),
            "{wat}: {e}"
        );
    }
    let e = refused(
        &engine,
        "(module (memory 1) (func (drop (memory.grow (i32.const -1)))))",
    );
    assert!(matches!(
        e,
        LoadError::Invalid(InvalidModule::NegativeSize { function: 0 })
    ));
    // Pops three of two values it believes to be there, in dead code.
    let e = refused(&engine, "(module (func unreachable drop i32.add drop))");
    assert!(
        matches!(e, LoadError::Invalid(InvalidModule::Height { function: 0 })),
        "{e}"
    );
    for wat in [
        "(module (memory 257) (func))",
        "(module (table 20001 funcref) (func))",
    ] {
        assert!(
            matches!(refused(&engine, wat), LoadError::Compile(_)),
            "{wat}"
        );
    }
    let unknown = [
        r#"(module (import "env" "none" (func)) (func))"#,
        r#"(module (import "env" "twice" (func (param i64))) (func))"#,
    ];
    for wat in unknown {
        let module = load(&engine, wat).unwrap();
        let e = instantiate(&engine, &module, 1 << 20).unwrap_err();
        assert!(matches!(e, InstantiateError::Unlinked(_)), "{wat}: {e}");
    }
    check_good(&engine);
}

#[test]
fn allowed_features_load() {
    let engine = engine(None);
    let allowed = [
        "(module (func (drop (f64.sqrt (f64.const 2)))))",
        "(module (func (drop (i32.trunc_sat_f64_s (f64.const 2)))))",
        "(module (func (drop (i32.extend8_s (i32.const 2)))))",
        r#"(module (global (export "g") (mut i32) (i32.const 1)) (func))"#,
        r#"(module (memory 1) (data "passive") (func (data.drop 0)))"#,
        "(module (table 1 funcref) (elem func 0) (func (elem.drop 0)))",
        "(module (table 1 funcref) (elem declare func 0) (func))",
        "(module (table 1 funcref) (global funcref (ref.func 0)) (func (table.set 0 (i32.const 0) (global.get 0))))",
        "(module (table 1 funcref) (func (param funcref) (drop (table.grow (local.get 0) (i32.const 1)))))",
        "(module (func $s) (start $s))",
        r#"(module (import "env" "twice" (func (param i32) (result i32))) (export "invoke" (func 0)) (func))"#,
        "(module (table 1 funcref) (elem (i32.const 0) funcref) (func))",
    ];
    for wat in allowed {
        if let Err(e) = load(&engine, wat) {
            panic!("{wat}: {e}");
        }
    }
}

/// Encodings that validation takes and the reference's own parser does not.
#[test]
fn long_forms_do_not_load() {
    let engine = engine(None);
    let head = b"\0asm\x01\0\0\0";
    let tail: &[u8] = b"\x03\x02\x01\x00\x0a\x04\x01\x02\x00\x0b";
    let cases: [(&str, &[u8]); 4] = [
        ("a final sub type", b"\x01\x06\x01\x4f\x00\x60\x00\x00"),
        ("a parameter", b"\x01\x06\x01\x60\x01\x63\x70\x00"),
        ("a recursive group", b"\x01\x06\x01\x4e\x01\x60\x00\x00"),
        ("nothing odd", b"\x01\x04\x01\x60\x00\x00"),
    ];
    for (what, types) in cases {
        let wasm = [head, types, tail].concat();
        assert_eq!(
            load_bytes(&engine, &wasm).is_ok(),
            what == "nothing odd",
            "{what}"
        );
    }
    // A local, a block, a global and a table of `(ref null func)`.
    let types: &[u8] = b"\x01\x04\x01\x60\x00\x00\x03\x02\x01\x00";
    let cases: [(&[u8], bool); 6] = [
        (b"\x0a\x07\x01\x05\x01\x01\x63\x70\x0b", false),
        (b"\x0a\x06\x01\x04\x01\x01\x70\x0b", true),
        (b"\x0a\x09\x01\x07\x00\x02\x63\x70\x00\x0b\x1a\x0b", false),
        (b"\x0a\x08\x01\x06\x00\x02\x70\x00\x0b\x1a\x0b", true),
        (
            b"\x06\x07\x01\x63\x70\x00\xd0\x70\x0b\x0a\x04\x01\x02\x00\x0b",
            false,
        ),
        (
            b"\x06\x06\x01\x70\x00\xd0\x70\x0b\x0a\x04\x01\x02\x00\x0b",
            true,
        ),
    ];
    for (rest, accepted) in cases {
        // `unreachable` would be needed in the blocks; only the forms matter where it is missing.
        let wasm = [head, types, rest].concat();
        let valid = wasmparser::Validator::new().validate_all(&wasm).is_ok();
        if valid {
            assert_eq!(load_bytes(&engine, &wasm).is_ok(), accepted, "{rest:x?}");
        }
    }
    check_good(&engine);
}

#[test]
fn damaged_modules_do_not_load_and_harm_nothing() {
    let engine = engine(None);
    let wasm = wat::parse_str(GOOD).unwrap();
    for len in 0..wasm.len() {
        assert!(
            matches!(
                load_bytes(&engine, &wasm[..len]),
                Err(LoadError::Invalid(_))
            ),
            "{len}"
        );
    }
    for at in 0..wasm.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bad = wasm.clone();
            bad[at] ^= flip;
            let _ = load_bytes(&engine, &bad);
        }
    }
    check_good(&engine);
}

#[test]
fn what_may_run_unpaid_is_bounded() {
    let engine = engine(None);
    // A leaf of 400 additions, called again and again without a loop: each call is checked, since the leaf costs much.
    let leaf = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))".repeat(400);
    let calls = "(drop (call $leaf (call $count (i32.const 0))))".repeat(1_000);
    let wat = format!(
        r#"(module (memory (export "memory") 1) (global $calls (export "calls") (mut i32) (i32.const 0))
            (func $count (param i32) (result i32)
                (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (local.get 0))
            (func $leaf (param i32) (result i32) {leaf} (local.get 0))
            (func (export "invoke") (param i32) (result i32) {calls} (i32.const 0)))"#
    );
    let module = load(&engine, &wat).unwrap();
    let mut running = instantiate(&engine, &module, 32 << 20).unwrap();
    // Enough for the entry of `invoke`, which pays for all of its own code (about 108 million), and a few leaves.
    running.set_gas(150_000_000);
    assert!(running.call("invoke", &[Val::I32(0)], false).is_err());
    let gas = running.gas();
    assert!((-10_000_000..0).contains(&gas), "{gas}");
}

#[test]
fn what_never_ends_is_stopped() {
    let engine = engine(None);
    let cases = [
        ("(loop (br 0))", None),
        ("(loop (loop (br 1)))", None),
        ("(block (loop (br_if 1 (i32.const 0)) (br 0)))", None),
        ("(call $twice)", None),
        ("(call $forever)", Some(Trap::UnreachableCodeReached)),
        ("(call_indirect (i32.const 0))", None),
        (
            "(memory.fill (i32.const 0) (i32.const 0) (local.get 0))",
            None,
        ),
        ("unreachable", Some(Trap::UnreachableCodeReached)),
    ];
    for (body, trap) in cases {
        let wat = format!(
            r#"(module (memory (export "memory") 1) (table funcref (elem $loop))
                (func $twice (call $leaf) (call $leaf) (loop (br 0)))
                (func $leaf)
                (func $loop (loop (br 0)))
                (func $forever (call $forever))
                (func (export "invoke") (param i32) (result i32) {body} (i32.const 0)))"#
        );
        let module = load(&engine, &wat).unwrap();
        let gas = if body.contains("fill") {
            7_000
        } else {
            100_000_000
        };
        let (result, gas) = run(&engine, &module, gas);
        match (result, trap) {
            (Err(CallError::Trap(t)), Some(trap)) => {
                assert_eq!(t, trap, "{body}");
                assert!(gas > 0, "{body}");
            }
            (Err(CallError::Trap(_)), None) => assert!(gas < 0, "{body}: {gas}"),
            (other, _) => panic!("{body}: {other:?}"),
        }
        check_good(&engine);
    }
}

/// A tree of calls, exponentially many, none in a loop: the entry of functions must check.
#[test]
fn a_tree_of_calls_is_stopped() {
    let engine = engine(None);
    let mut functions = String::new();
    for i in 1..60 {
        functions += &format!("(func $f{i} (call $f{0}) (call $f{0}))", i - 1);
    }
    let wat = format!(
        r#"(module (memory (export "memory") 1) (func $f0) {functions}
            (func (export "invoke") (param i32) (result i32) (call $f59) (i32.const 0)))"#
    );
    let module = load(&engine, &wat).unwrap();
    assert!(run(&engine, &module, 1_000_000_000).1 < 0);
}

/// One long parameter list, shared by many functions, would make thunks of gigabytes.
#[test]
fn thunks_cannot_explode() {
    let engine = engine(None);
    let params = "i64 ".repeat(1000);
    let functions = "(func (type $t))".repeat(120_000);
    let names: Vec<String> = (0..120_000).map(|i| i.to_string()).collect();
    let wat = format!(
        "(module (type $t (func (param {params}))) (table 120000 funcref) {functions} (elem (i32.const 0) func {}))",
        names.join(" ")
    );
    let e = refused(&engine, &wat);
    assert!(
        matches!(e, LoadError::Invalid(InvalidModule::TooLarge)),
        "{e}"
    );
    check_good(&engine);
}

/// A module whose loading costs the reader: counts how often it is asked for the code.
fn load_counting(engine: &Engine<Data>) -> u32 {
    let mut reads = 0;
    let module = engine.load(b"\x01\x55key", || {
        reads += 1;
        Ok::<_, Infallible>(Some(wat::parse_str(GOOD).unwrap()))
    });
    let module = module.unwrap().unwrap();
    assert_eq!(run(engine, &module, 1_000_000).0.unwrap(), 42);
    assert_eq!(module.table_min_elements(), Some(5));
    assert!(module.instrumented_size_bytes() > module.code_size_bytes());
    reads
}

fn only_file(folder: &Path) -> std::path::PathBuf {
    let list = |folder: &Path| {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().path())
    };
    // One level down: in the folder of this version.
    let files: Vec<_> = list(folder).flat_map(|version| list(&version)).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn the_disk_cache_serves_and_survives_damage() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("made/when/needed");
    assert_eq!(load_counting(&engine(Some(&cache))), 1);
    assert_eq!(load_counting(&engine(Some(&cache))), 0);

    let file = only_file(&cache);
    let intact = std::fs::read(&file).unwrap();
    let mut damages: Vec<Vec<u8>> = [0, 1, 16, 40, 60, 100, intact.len() / 2, intact.len() - 1]
        .iter()
        .map(|len| intact[..*len].to_vec())
        .collect();
    for at in [0, 20, 50, 90, 200, intact.len() / 2, intact.len() - 1] {
        let mut damaged = intact.clone();
        damaged[at] ^= 0x40;
        damages.push(damaged);
    }
    damages.push([intact.clone(), vec![0]].concat());
    damages.push(b"someone else's file".to_vec());
    for (n, damaged) in damages.iter().enumerate() {
        std::fs::write(&file, damaged).unwrap();
        assert_eq!(load_counting(&engine(Some(&cache))), 1, "damage {n}");
        // Made anew, and as before.
        assert_eq!(load_counting(&engine(Some(&cache))), 0, "damage {n}");
    }
    only_file(&cache);
}

#[test]
fn other_rules_and_other_keys_do_not_take_a_file() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(load_counting(&engine(Some(folder.path()))), 1);
    let file = only_file(folder.path());

    // Another price: another file.
    let mut rules = config(Some(folder.path()));
    rules.costs.math_default += 1;
    let other = Engine::new(rules, |linker| {
        linker.func_wrap("env", "twice", |x: i32| x.wrapping_mul(2))?;
        Ok(())
    })
    .unwrap();
    assert_eq!(load_counting(&other), 1);
    let version = file.parent().unwrap();
    assert_eq!(std::fs::read_dir(version).unwrap().count(), 2);

    // Its file under our name is intact, and still not ours.
    let mut theirs = std::fs::read_dir(version)
        .unwrap()
        .map(|f| f.unwrap().path());
    let theirs = theirs.find(|f| *f != file).unwrap();
    std::fs::copy(theirs, &file).unwrap();
    assert_eq!(load_counting(&engine(Some(folder.path()))), 1);

    // So is ours under another key.
    let name = file.file_name().unwrap().to_str().unwrap();
    let moved = name.replacen("0155", "0156", 1);
    assert_ne!(name, moved);
    std::fs::copy(&file, version.join(moved)).unwrap();
    let engine = engine(Some(folder.path()));
    let mut asked = false;
    let _ = engine.load(b"\x01\x56key", || {
        asked = true;
        Ok::<_, Infallible>(None)
    });
    assert!(asked);
}

#[test]
fn what_another_version_left_is_dropped_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let stale = folder
        .path()
        .join("engine-00112233445566778899aabbccddeeff");
    let other = folder.path().join("notes");
    for folder in [&stale, &other] {
        std::fs::create_dir(folder).unwrap();
        std::fs::write(folder.join("file"), b"old").unwrap();
    }
    assert_eq!(load_counting(&engine(Some(folder.path()))), 1);
    assert!(!stale.exists());
    assert!(other.join("file").exists());
    assert_eq!(load_counting(&engine(Some(folder.path()))), 0);
}

#[test]
fn without_a_place_to_write_modules_still_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    assert_eq!(load_counting(&engine(Some(&file.join("below")))), 1);
    assert_eq!(load_counting(&engine(Some(Path::new("/dev/full/x")))), 1);
}
