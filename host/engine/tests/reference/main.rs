//! Our instrumentation against the reference's own, executed.
//!
//! The oracle is the crate `fvm-wasm-instrument`, which the reference host runs over every module. Both
//! results are executed on the same wasmtime with the same host functions; everything a host can see must
//! be equal: the counter at each host call, at the return and at a trap, the kind of trap, the memory.
//! Every module runs under many gas limits, down to the last milligas around each observation.

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
    let mut ends = std::collections::BTreeMap::<String, u32>::new();
    let seed = count("FILIGREE_SEED", 1);
    for n in 0..count("FILIGREE_PROGRAMS", 150) {
        let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(n));
        let wasm = generate::program(&mut random);
        let pair = if n % 3 == 0 { &tight } else { &roomy };
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
    let pair = Pair::new(512, COSTS);
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
        match check_limits(&pair, &module.to_bytes(), &mut random, 6) {
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
