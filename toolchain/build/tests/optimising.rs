//! Optimised modules must do what the originals do: random programs are run before and after, and results, traps,
//! memory, globals and calls of the host are compared.

use std::sync::{Arc, Mutex};

use arbitrary::Unstructured;
use filigree_build::optimise;
use filigree_build::optimise::Keep;
use wasmtime::{Config, Engine, Extern, ExternType, Func, Instance, Module, Store, Val, ValType};

/// Steps after which a program is stopped; both sides must then be stopped.
const FUEL: u64 = 5_000_000;

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
}

fn engine() -> Engine {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .cranelift_nan_canonicalization(true)
        .max_wasm_stack(256 << 10);
    Engine::new(&config).unwrap()
}

/// Everything that can be seen of a module's exports, called one after the other. `None` if fuel or stack ran out,
/// which depends on how the code is written.
fn observe(engine: &Engine, wasm: &[u8]) -> Option<Vec<String>> {
    let module = Module::new(engine, wasm).unwrap();
    let mut store = Store::new(engine, ());
    store.set_fuel(FUEL).unwrap();
    let calls = Arc::new(Mutex::new(Vec::new()));
    let mut imports = Vec::new();
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else {
            return None;
        };
        let results: Vec<ValType> = ty.results().collect();
        let (name, calls) = (import.name().to_owned(), calls.clone());
        let function = Func::new(&mut store, ty, move |_, params, out| {
            calls
                .lock()
                .unwrap()
                .push(format!("host {name} {params:?}"));
            for (out, ty) in out.iter_mut().zip(&results) {
                *out = value(ty, 3)?;
            }
            Ok(())
        });
        imports.push(Extern::Func(function));
    }
    let mut seen = Vec::new();
    let instance = match Instance::new(&mut store, &module, &imports) {
        Ok(instance) => instance,
        Err(error) => return Some(vec![format!("no instance: {}", trap(&error)?)]),
    };
    let exports: Vec<String> = module.exports().map(|e| e.name().to_owned()).collect();
    for name in &exports {
        let Some(Extern::Func(function)) = instance.get_export(&mut store, name) else {
            continue;
        };
        let ty = function.ty(&store);
        // Both sides of the constants that programs compare with.
        for number in [7, 3, 0, -1, 2, 4, 6, 8] {
            let params: Result<Vec<Val>, _> = ty.params().map(|ty| value(&ty, number)).collect();
            let mut results = vec![Val::I32(0); ty.results().len()];
            match function.call(&mut store, &params.ok()?, &mut results) {
                Ok(()) => seen.push(format!("{name}({number}): {results:?}")),
                Err(error) => seen.push(format!("{name}({number}): {}", trap(&error)?)),
            }
        }
    }
    for name in &exports {
        match instance.get_export(&mut store, name) {
            Some(Extern::Global(global)) => {
                seen.push(format!("{name} = {:?}", global.get(&mut store)))
            }
            Some(Extern::Memory(memory)) => {
                let cid = filigree_build::code_cid(memory.data(&store));
                seen.push(format!("{name} = {cid}"));
            }
            _ => {}
        }
    }
    seen.append(&mut calls.lock().unwrap());
    Some(seen)
}

/// What a trap is called; `None` for those that depend on how the code is written.
fn trap(error: &wasmtime::Error) -> Option<String> {
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::OutOfFuel | wasmtime::Trap::StackOverflow) => None,
        Some(trap) => Some(trap.to_string()),
        None => Some("host".to_owned()),
    }
}

fn value(ty: &ValType, number: i64) -> wasmtime::Result<Val> {
    Ok(match ty {
        ValType::I32 => Val::I32(number as i32),
        ValType::I64 => Val::I64(number),
        ValType::F32 => Val::F32((number as f32).to_bits()),
        ValType::F64 => Val::F64((number as f64).to_bits()),
        other => return Err(wasmtime::Error::msg(format!("no value of {other}"))),
    })
}

/// A random program in what the host accepts.
fn program(random: &mut Random) -> Option<Vec<u8>> {
    let config = wasm_smith::Config {
        bulk_memory_enabled: true,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        max_memories: 1,
        max_tables: 1,
        max_tags: 0,
        memory64_enabled: false,
        multi_value_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        max_imports: 0,
        min_funcs: 4,
        max_funcs: 12,
        max_memory32_bytes: 1 << 18,
        export_everything: true,
        generate_custom_sections: true,
        ..wasm_smith::Config::default()
    };
    let bytes: Vec<u8> = (0..3000).map(|_| random.next() as u8).collect();
    let mut input = Unstructured::new(&bytes);
    Some(wasm_smith::Module::new(config, &mut input).ok()?.to_bytes())
}

#[test]
fn random_programs_do_the_same() {
    let engine = engine();
    let mut random = Random(3);
    let (mut compared, mut before, mut after) = (0, 0, 0);
    for number in 0..400 {
        let Some(wasm) = program(&mut random) else {
            continue;
        };
        let optimised = optimise(&wasm, Keep::default()).unwrap();
        before += wasm.len();
        after += optimised.len();
        let (Some(expected), Some(found)) = (observe(&engine, &wasm), observe(&engine, &optimised))
        else {
            continue;
        };
        assert_eq!(found, expected, "program {number}");
        compared += 1;
    }
    assert!(compared > 150, "only {compared} compared");
    assert!(after < before, "{before} bytes before, {after} after");
}

/// Programs made of the shapes that are changed: conditions around code, branches to where control goes anyway, equal
/// functions, and calls between them.
#[test]
fn programs_of_conditions_do_the_same() {
    let engine = engine();
    let mut random = Random(11);
    let (mut changed, mut compared) = (0, 0);
    for number in 0..300 {
        let functions: String = (0..6).map(|at| function(at, &mut random)).collect();
        let wat = format!(
            r#"(module (import "m" "log" (func $log (param i32)))
                (memory (export "memory") 1) (table 6 funcref) (elem (i32.const 0) func 1 2 3 4 5 6)
                (global $depth (mut i32) (i32.const 0))
                (type $t (func (param i32 i64) (result i32))) {functions})"#
        );
        let wasm = wat::parse_str(&wat).unwrap_or_else(|e| panic!("{e}\n{wat}"));
        let optimised = optimise(&wasm, Keep::default()).unwrap();
        changed += usize::from(optimised.len() + 10 < wasm.len());
        let (Some(expected), Some(found)) = (observe(&engine, &wasm), observe(&engine, &optimised))
        else {
            continue;
        };
        assert_eq!(found, expected, "program {number}\n{wat}");
        compared += 1;
    }
    assert!(
        changed > 200 && compared > 200,
        "only {changed} changed, {compared} compared"
    );
}

/// A function that logs which way it goes. Every second one is a copy of the one before.
fn function(at: u64, random: &mut Random) -> String {
    let seed = random.next();
    let mut own = Random(if at % 2 == 1 { 5 } else { seed });
    let body = statements(3, &mut own, 0);
    let tail = ["", "return"][(own.next() % 2) as usize];
    // Calls nest three deep, so that every program ends.
    format!(
        r#"(func (export "f{at}") (type $t) (local i32 i32 i32 i32 i32 i32)
            global.get $depth i32.const 2 i32.gt_u if i32.const 99 return end
            global.get $depth i32.const 1 i32.add global.set $depth
            {body}
            global.get $depth i32.const 1 i32.sub global.set $depth
            local.get 2 {tail})"#
    )
}

fn statements(count: u64, random: &mut Random, depth: u32) -> String {
    (0..count).map(|_| statement(random, depth)).collect()
}

fn statement(random: &mut Random, depth: u32) -> String {
    let number = random.next() % 9;
    let log = format!("i32.const {number} call $log ");
    if depth > 3 {
        return log;
    }
    let condition = condition(random);
    let inner = statements(1 + random.next() % 2, random, depth + 1);
    let label = random.next() % u64::from(depth + 1);
    match random.next() % 7 {
        0 => format!("block {condition} br_if 0 {inner} end {log}"),
        1 => format!("block {condition} br_if 0 {inner} br 0 end "),
        2 => format!(
            "block block {condition} br_if {} {inner} br 1 end {log} end ",
            label.min(1)
        ),
        3 => format!("{condition} if {inner} else {log} br 0 end "),
        4 => {
            // A counter that nothing inside touches.
            let counter = depth + 3;
            let next = format!(
                "local.get {counter} i32.const 1 i32.add local.tee {counter} i32.const 3 i32.lt_s"
            );
            format!("i32.const 0 local.set {counter} loop {inner} {next} br_if 0 end ")
        }
        5 => format!(
            "local.get 2 local.get 1 local.get 0 i32.const 5 i32.and call_indirect (type $t) local.set 2 {log}"
        ),
        _ => format!("{log}{inner}"),
    }
}

/// One comparison of a parameter with a number, of all that there are, or a value that is none.
fn condition(random: &mut Random) -> String {
    const COMPARISONS: [&str; 10] = [
        "eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u",
    ];
    let comparison = COMPARISONS[(random.next() % 10) as usize];
    let number = random.next() % 8;
    match random.next() % 8 {
        0 => "local.get 0 i32.eqz".to_owned(),
        1 => "local.get 1 i64.eqz".to_owned(),
        2 => "local.get 0".to_owned(),
        3 => format!("i32.const 1 local.set 2 local.get 0 i32.const -1 i32.{comparison}"),
        4 => format!("local.get 2 i32.const {number} i32.{comparison}"),
        5 => format!("local.get 1 i64.const {number} i64.{comparison}"),
        _ => format!("local.get 0 i32.const {number} i32.{comparison}"),
    }
}
