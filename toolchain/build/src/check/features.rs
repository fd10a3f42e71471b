//! Whether the module is WebAssembly as the host accepts it; if not, which proposals it uses, and where first.
//!
//! The set of features is that of `filigree_engine::instrument`, which documents it; a test holds the two together.

use wasmparser::{Validator, WasmFeatures};

use super::finding::{Findings, Place, Severity};

/// What a module may be written in.
pub(crate) const ACCEPTED: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES);

/// What is told apart among the rest: the flag, its name, what to do. Those that build on others come first.
const REFUSED: &[(WasmFeatures, &str, &str)] = &[
    (WasmFeatures::STACK_SWITCHING, "stack switching", COMPILER),
    (
        WasmFeatures::CUSTOM_DESCRIPTORS,
        "custom descriptors",
        COMPILER,
    ),
    (
        WasmFeatures::SHARED_EVERYTHING_THREADS,
        "shared-everything threads",
        COMPILER,
    ),
    (WasmFeatures::LEGACY_EXCEPTIONS, "legacy exceptions", PANIC),
    (WasmFeatures::EXCEPTIONS, "exceptions", PANIC),
    (WasmFeatures::GC, "garbage-collected types", COMPILER),
    (
        WasmFeatures::FUNCTION_REFERENCES,
        "typed function references",
        COMPILER,
    ),
    (WasmFeatures::GC_TYPES, "externref and its kin", COMPILER),
    (
        WasmFeatures::THREADS,
        "threads and atomics",
        "build without -C target-feature=+atomics",
    ),
    (WasmFeatures::RELAXED_SIMD, "relaxed SIMD", SIMD),
    (WasmFeatures::SIMD, "SIMD", SIMD),
    (
        WasmFeatures::TAIL_CALL,
        "tail calls",
        "build without -C target-feature=+tail-call",
    ),
    (
        WasmFeatures::MEMORY64,
        "64-bit memory or tables",
        "build for wasm32-unknown-unknown",
    ),
    (
        WasmFeatures::MULTI_MEMORY,
        "several memories",
        "keep one memory",
    ),
    (
        WasmFeatures::CUSTOM_PAGE_SIZES,
        "custom page sizes",
        COMPILER,
    ),
    (WasmFeatures::MEMORY_CONTROL, "memory control", COMPILER),
    (
        WasmFeatures::EXTENDED_CONST,
        "extended constant expressions",
        COMPILER,
    ),
    (
        WasmFeatures::WIDE_ARITHMETIC,
        "wide arithmetic",
        "build without -C target-feature=+wide-arithmetic",
    ),
    (WasmFeatures::COMPACT_IMPORTS, "compact imports", COMPILER),
    (
        WasmFeatures::MULTI_VALUE,
        "multi-value",
        "let functions and blocks have at most one result",
    ),
];

const COMPILER: &str =
    "build with `filigree-actor build`, which asks the compiler for nothing of the kind";
const PANIC: &str = "build with panic = \"abort\", as `filigree-actor build` does";
const SIMD: &str = "build without -C target-feature=+simd128 and -C target-cpu";

fn validate(wasm: &[u8], features: WasmFeatures) -> Result<(), wasmparser::Error> {
    Validator::new_with_features(features).validate_all(wasm)?;
    Ok(())
}

/// Reports what the host does not accept; true if it accepts the module so far.
pub(super) fn check(wasm: &[u8], findings: &mut Findings) -> bool {
    let Err(error) = validate(wasm, ACCEPTED) else {
        return true;
    };
    let needed = needed(wasm);
    for (flag, name, remedy) in &needed {
        let others = needed
            .iter()
            .fold(ACCEPTED, |all, (other, ..)| all | *other);
        let place = match validate(wasm, others.difference(*flag)) {
            Err(error) => Place::at(error.offset()),
            Ok(()) => Place::whole(),
        };
        let what = format!("uses {name}, which the host does not run");
        findings.push(Severity::Refused, place, what, *remedy);
    }
    if needed.is_empty() {
        findings.push(
            Severity::Refused,
            Place::at(error.offset()),
            format!("not valid WebAssembly: {}", error.message()),
            "the file is damaged or its compiler is wrong; build it again",
        );
    }
    false
}

/// The refused features without which the module is not valid; none if it is not valid with all of them either.
fn needed(wasm: &[u8]) -> Vec<(WasmFeatures, &'static str, &'static str)> {
    let mut set = REFUSED.iter().fold(ACCEPTED, |all, (flag, ..)| all | *flag);
    if validate(wasm, set).is_err() {
        return Vec::new();
    }
    let mut needed = Vec::new();
    for row in REFUSED {
        let fewer = set.difference(row.0);
        if validate(wasm, fewer).is_ok() {
            set = fewer;
        } else {
            needed.push(*row);
        }
    }
    // The one includes the other, and need not be told twice.
    if needed.iter().any(|(flag, ..)| *flag == WasmFeatures::GC) {
        needed.retain(|(flag, ..)| *flag != WasmFeatures::GC_TYPES);
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(wat: &str) -> Vec<String> {
        let wasm = wat::parse_str(wat).unwrap();
        let mut findings = Findings::default();
        let accepted = check(&wasm, &mut findings);
        let findings = findings.sorted();
        assert_eq!(accepted, findings.is_empty());
        assert!(
            findings
                .iter()
                .all(|f| f.place.offset.is_some_and(|at| at > 0 && at < wasm.len()))
        );
        findings.into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn each_feature_is_called_by_its_name() {
        let cases = [
            ("(module (func (drop (v128.const i32x4 0 0 0 0))))", "SIMD"),
            ("(module (memory 1 1 shared) (func))", "threads"),
            ("(module (memory i64 1) (func))", "64-bit"),
            ("(module (memory 1) (memory 1) (func))", "several memories"),
            ("(module (func $f (return_call $f)))", "tail calls"),
            (
                "(module (func (result i32 i32) (i32.const 1) (i32.const 2)))",
                "multi-value",
            ),
            ("(module (tag) (func (throw 0)))", "exceptions"),
            ("(module (table 1 externref) (func))", "externref"),
            (
                "(module (global i32 (i32.add (i32.const 1) (i32.const 2))) (func))",
                "extended constant",
            ),
            ("(module (type (struct)) (func))", "garbage-collected"),
        ];
        for (wat, name) in cases {
            let found = found(wat);
            assert_eq!(found.len(), 1, "{wat}: {found:?}");
            assert!(found[0].contains(name), "{wat}: {found:?}");
        }
    }

    #[test]
    fn several_features_are_all_named() {
        let wat = "(module (memory 1 1 shared) (func $f (result i32 i32) (return_call $f)))";
        assert_eq!(found(wat).len(), 3);
    }

    #[test]
    fn what_the_host_runs_is_not_reported() {
        let cases = [
            "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 9))))",
            "(module (func (drop (i32.trunc_sat_f64_s (f64.const 2)))))",
            "(module (func (drop (i64.extend32_s (i64.const 2)))))",
            "(module (table 1 funcref) (table 1 funcref) (func (drop (table.size 1))))",
        ];
        for wat in cases {
            assert!(found(wat).is_empty(), "{wat}");
        }
    }

    #[test]
    fn what_no_feature_would_mend_is_invalid() {
        let wasm = wat::parse_str("(module (func (result i32) (i64.const 1)))").unwrap();
        let mut findings = Findings::default();
        assert!(!check(&wasm, &mut findings));
        let findings = findings.sorted();
        assert!(findings[0].what.contains("type mismatch"), "{findings:?}");
    }
}
