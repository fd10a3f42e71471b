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

/// Not a test: the time of an exported function under each instrumentation.
/// `FILIGREE_BENCH_WASM=file cargo test --release ... speed -- --ignored --nocapture`.
#[test]
#[ignore = "measures"]
fn speed() {
    let wasm = std::fs::read(std::env::var("FILIGREE_BENCH_WASM").unwrap()).unwrap();
    let pair = Pair::new(2048, COSTS);
    let loaded = pair.load(&wasm);
    for argument in 0..5 {
        pair.compare(&wasm, &loaded, i64::MAX / 2, argument);
        let Loaded::Both(ours, theirs) = &loaded else {
            panic!()
        };
        let (mut a, mut b, mut c) = (f64::MAX, f64::MAX, f64::MAX);
        for _ in 0..15 {
            a = a.min(pair.time_ours(ours, argument));
            b = b.min(pair.time_theirs(theirs, argument));
            c = c.min(pair.time_bare(&wasm, argument));
        }
        println!(
            "{argument}: ours {a:.3} ms, reference {b:.3} ms, bare {c:.3} ms: {:.2}x, overhead {:.0} %",
            b / a,
            (a / c - 1.0) * 100.0
        );
    }
}

#[test]
#[ignore = "temporary"]
fn bundles() {
    let pair = Pair::new(2048, COSTS);
    let dir = std::env::var("FILIGREE_BUNDLES").unwrap();
    for d in std::fs::read_dir(dir).unwrap() {
        let d = d.unwrap().path();
        let cache = tempfile::tempdir().unwrap();
        let (mut t_inst, mut n, mut size) = (0.0, 0, 0);
        let mut store = |pass: usize| {
            let engine = pair.bundle_engine(cache.path());
            let start = std::time::Instant::now();
            for f in std::fs::read_dir(&d).unwrap() {
                let f = f.unwrap().path();
                let wasm = std::fs::read(&f).unwrap();
                if pass == 0 {
                    let t = std::time::Instant::now();
                    size += Pair::instrument_only(&pair, &wasm).unwrap();
                    t_inst += t.elapsed().as_secs_f64();
                    n += 1;
                }
                engine
                    .load(f.to_str().unwrap().as_bytes(), || anyhow::Ok(Some(wasm)))
                    .unwrap();
            }
            start.elapsed().as_secs_f64()
        };
        let (cold, warm) = (store(0), store(1));
        println!(
            "{}: {n} modules, cold {cold:.2} s (reference instrument only {t_inst:.2} s, {size} bytes), cached {:.1} ms: 1/{:.0}",
            d.display(),
            warm * 1000.0,
            cold / warm
        );
    }
}

#[test]
#[ignore = "temporary"]
fn instances() {
    let wasm = std::fs::read(std::env::var("FILIGREE_BENCH_WASM").unwrap()).unwrap();
    let pair = Pair::new(2048, COSTS);
    let cache = tempfile::tempdir().unwrap();
    let engine = pair.bundle_engine(cache.path());
    let module = engine
        .load(b"x", || anyhow::Ok(Some(wasm)))
        .unwrap()
        .unwrap();
    println!("min memory {}", module.min_memory_bytes());
    for touched in [0usize, 100 << 10, 600 << 10, 2 << 20] {
        let mut best = f64::MAX;
        for _ in 0..7 {
            let t = std::time::Instant::now();
            for _ in 0..200 {
                pair.touch(&engine, &module, touched);
            }
            best = best.min(t.elapsed().as_secs_f64() / 200.0 * 1e6);
        }
        println!("{touched} bytes touched: {best:.1} us");
    }
}
