//! Our instrumentation against the reference's own, executed.
//!
//! The oracle is the crate `fvm-wasm-instrument`, which the reference host runs over every module. Both
//! results are executed on the same wasmtime with the same host functions; everything a host can see must
//! be equal: the counter at each host call, at the return and at a trap, the kind of trap, the memory.
//! Every module runs under many gas limits, down to the last milligas around each observation.
//!
//! For more, or others: the environment variables `FILIGREE_PROGRAMS` and `FILIGREE_MODULES` say how many of each kind
//! are made, `FILIGREE_SEED` from which number. A failure names its own.

mod generate;
mod oracle;

use arbitrary::Unstructured;
use generate::Random;
use oracle::{COSTS, End, Loaded, Pair, Seen};

const PLENTY: i64 = 2_000_000_000;

/// Runs with plenty, then with limits around everything that was seen, and some in between.
fn check_limits(pair: &Pair, wasm: &[u8], random: &mut Random, limits: usize) -> Option<Vec<Seen>> {
    let loaded = pair.load(wasm);
    if matches!(loaded, Loaded::Neither) {
        return None;
    }
    let argument = random.next() as i32;
    let seen = pair.compare(wasm, &loaded, PLENTY, argument);
    let mut all = vec![seen.clone()];
    let mut marks: Vec<i64> = seen.calls.iter().map(|(_, _, gas)| PLENTY - gas).collect();
    if seen.end != End::OutOfGas {
        marks.push(PLENTY - seen.gas);
    }
    let total = marks.last().copied().unwrap_or(PLENTY);
    for i in 0..limits {
        let gas = match random.below(4) {
            0 if !marks.is_empty() => {
                marks[random.below(marks.len() as u64) as usize] - (i as i64 & 1)
            }
            1 => total - random.below(10_000.min(total as u64 + 1)) as i64,
            2 => random.below(200_000) as i64,
            _ => random.below(total as u64 + 1) as i64,
        };
        all.push(pair.compare(wasm, &loaded, gas.max(0), argument));
    }
    Some(all)
}

fn count(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(default)
}

/// Structured programs: nested control flow, calls, tables, bulk memory, host calls.
#[test]
fn generated_programs() {
    let tight = Pair::new(120, COSTS);
    let roomy = Pair::new(2048, COSTS);
    let profiling = Pair::profiling(2048, COSTS);
    let mut ends = std::collections::BTreeMap::<String, u32>::new();
    let seed = count("FILIGREE_SEED", 1);
    for n in 0..count("FILIGREE_PROGRAMS", 150) {
        let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(n));
        let wasm = generate::program(&mut random);
        let pair = match n % 3 {
            0 => &tight,
            1 => &profiling,
            _ => &roomy,
        };
        if let Some(seen) = check_limits(pair, &wasm, &mut random, 12) {
            for seen in seen {
                let end = format!("{:?}", seen.end);
                let end = end.split('(').next().unwrap_or_default().to_owned();
                *ends.entry(end).or_default() += 1;
            }
        } else {
            *ends.entry("Refused".into()).or_default() += 1;
        }
    }
    println!("{ends:?}");
    // The programs must reach each kind of end, or they test too little.
    for end in ["Returned", "Trapped", "OutOfGas"] {
        assert!(ends.contains_key(end), "{ends:?}");
    }
}

/// Modules of wasm-smith: every operator and section, valid but without much sense.
#[test]
fn smithed_modules() {
    let pairs = [Pair::new(512, COSTS), Pair::profiling(512, COSTS)];
    let imports = wat::parse_str(oracle::IMPORTS).unwrap();
    let exports = wat::parse_str(
        r#"(module
            (func (export "invoke") (param i32) (result i32) i32.const 0))"#,
    )
    .unwrap();
    let (mut ran, mut refused) = (0, 0);
    let mut reasons = std::collections::BTreeMap::<String, u32>::new();
    let seed = count("FILIGREE_SEED", 1);
    for n in 0..count("FILIGREE_MODULES", 150) {
        let mut random = Random::new(seed.wrapping_mul(7_000_003).wrapping_add(n));
        let bytes: Vec<u8> = (0..2000 + random.below(20_000))
            .map(|_| random.next() as u8)
            .collect();
        let strict = !n.is_multiple_of(5);
        let config = wasm_smith::Config {
            available_imports: (random.below(12) != 0).then(|| imports.clone()),
            exports: (random.below(8) != 0).then(|| exports.clone()),
            disallow_traps: random.below(3) == 0,
            max_memory32_bytes: 1 << 21,
            max_table_elements: 1000,
            max_instructions: 200,
            reference_types_enabled: random.below(3) == 0,
            allow_floats: true,
            multi_value_enabled: !strict && random.below(3) == 0,
            simd_enabled: !strict && random.below(3) == 0,
            relaxed_simd_enabled: false,
            tail_call_enabled: !strict && random.below(3) == 0,
            threads_enabled: false,
            exceptions_enabled: false,
            gc_enabled: false,
            memory64_enabled: false,
            extended_const_enabled: !strict && random.below(3) == 0,
            max_memories: 1,
            max_tables: 1,
            ..wasm_smith::Config::default()
        };
        let module = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes));
        let Ok(module) = module else { continue };
        let pair = &pairs[usize::from(n.is_multiple_of(3))];
        match check_limits(pair, &module.to_bytes(), &mut random, 6) {
            Some(_) => ran += 1,
            None => {
                refused += 1;
                let why = pair.refusal(&module.to_bytes());
                let why: String = why
                    .chars()
                    .filter(|c| !c.is_ascii_digit())
                    .take(70)
                    .collect();
                *reasons.entry(why).or_default() += 1;
            }
        }
    }
    println!("{ran} ran, {refused} refused: {reasons:#?}");
    assert!(ran > 20 && refused > 5, "{ran} ran, {refused} refused");
}

/// Programs written for one peculiarity each; see `instrument` for what they are.
#[test]
fn peculiar_programs() {
    let wrapping = "(drop (memory.grow (i32.const 0x7fffffff)))".repeat(200);
    let bodies = [
        // The default of a br_table does not end a metered block.
        "(block (block (br_table 0 1 (local.get 0)) ) (call $c)) (call $c) (i32.const 1)".to_owned(),
        "(block (block (block (br_table 0 0 2 (local.get 0))) (call $c)) (call $c)) (i32.const 1)".to_owned(),
        // Charges that are large, and that wrap: subtracted as signed 64 bits.
        "(call $c) (drop (memory.grow (i32.const 0x7fffffff))) (call $c) (i32.const 1)".to_owned(),
        format!("(call $c) (if (local.get 0) (then {wrapping})) (call $c) (i32.const 1)"),
        format!("(if (local.get 0) (then (call $c) {wrapping} (call $c))) (i32.const 1)"),
        // Sizes at the edges: nothing at the very end, one beyond, all of 32 bits.
        "(memory.copy (i32.const 65536) (i32.const 65536) (i32.and (local.get 0) (i32.const 0))) (i32.const 1)".to_owned(),
        "(memory.copy (i32.const 65537) (i32.const 0) (i32.and (local.get 0) (i32.const 0))) (i32.const 1)".to_owned(),
        "(memory.fill (i32.const 65536) (i32.const 1) (i32.and (local.get 0) (i32.const 0))) (i32.const 1)".to_owned(),
        "(memory.fill (i32.const 0) (i32.const 1) (i32.or (local.get 0) (i32.const -1))) (i32.const 1)".to_owned(),
        "(drop (memory.grow (i32.or (local.get 0) (i32.const -1)))) (call $c) (i32.const 1)".to_owned(),
        // Recursion to the height limit, directly and through the table, with and without thunks.
        "(call $deep) (i32.const 1)".to_owned(),
        "(call_indirect (i32.const 0)) (i32.const 1)".to_owned(),
        "(table.set (i32.const 0) (global.get $f)) (call_indirect (i32.const 0)) (i32.const 1)".to_owned(),
        // A trap with the counter used up, and one just before.
        "(call $c) (unreachable)".to_owned(),
        "(drop (i32.div_u (i32.const 1) (i32.and (local.get 0) (i32.const 0)))) (call $c) (i32.const 1)".to_owned(),
    ];
    let pairs = [Pair::new(300, COSTS), Pair::profiling(300, COSTS)];
    for start in ["", "(start $s)", "(start $trap)"] {
        for (n, body) in bodies.iter().enumerate() {
            let wat = format!(
                r#"(module (import "env" "c" (func $c)) (memory (export "memory") 1) (table 2 funcref)
                    (elem (i32.const 0) $deep $s) (global $f funcref (ref.func $deep))
                    (func $deep (local i32 i64) (call $c) (call_indirect (i32.const 0)))
                    (func $s (call $c) (drop (i32.const 1))) (func $trap (call $c) unreachable) {start}
                    (func (export "invoke") (param i32) (result i32) {body}))"#
            );
            let wasm = wat::parse_str(&wat).unwrap();
            let mut random = Random::new(n as u64);
            for pair in &pairs {
                let seen = check_limits(pair, &wasm, &mut random, 40);
                assert!(seen.is_some(), "{wat}");
            }
        }
    }
}

/// Every short size, with every overlap: the bytes of the result must be the operator's.
#[test]
fn short_copies_and_fills() {
    let pair = Pair::new(300, COSTS);
    let loop_over = |operation: &str| {
        format!(
            r#"(module (memory (export "memory") 1) (data (i32.const 0) "{}")
                (func (export "invoke") (param i32) (result i32) (local i32 i32)
                    (loop
                        {operation}
                        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
                        (br_if 0 (i32.lt_u (local.get 1) (i32.const 70)))
                        (local.set 1 (i32.const 0))
                        (local.set 2 (i32.add (local.get 2) (i32.const 1)))
                        (br_if 0 (i32.lt_u (local.get 2) (i32.const 70))))
                    (i32.const 0)))"#,
            (0..150)
                .map(|b| format!("\\{:02x}", (b * 7 + 1) % 256))
                .collect::<String>()
        )
    };
    let at_end = "(i32.sub (i32.const 65536) (local.get 1))";
    for operation in [
        "(memory.copy (local.get 2) (i32.const 35) (local.get 1))".to_owned(),
        "(memory.copy (i32.const 35) (local.get 2) (local.get 1))".to_owned(),
        "(memory.fill (local.get 2) (i32.mul (local.get 1) (i32.const 0x1357)) (local.get 1))"
            .to_owned(),
        format!("(memory.copy {at_end} (local.get 2) (local.get 1))"),
        format!("(memory.copy (local.get 2) {at_end} (local.get 1))"),
        format!("(memory.fill {at_end} (local.get 2) (local.get 1))"),
        // One beyond the end at some size: the trap and the counter at it.
        format!(
            "(memory.copy (i32.add {at_end} (i32.gt_u (local.get 1) (local.get 2))) (i32.const 0) (local.get 1))"
        ),
    ] {
        let wasm = wat::parse_str(loop_over(&operation)).unwrap();
        let loaded = pair.load(&wasm);
        pair.compare(&wasm, &loaded, PLENTY, 0);
    }
}
