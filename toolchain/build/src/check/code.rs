//! Operators that the host has no price for, and so refuses, although they are valid WebAssembly.

use wasmparser::{Operator, OperatorsReader};

use super::finding::{Findings, Place, Severity};
use crate::Layout;
use crate::layout::Function;

/// A `br_table` may not have more targets.
const MAX_BR_TABLE_TARGETS: u32 = 128 * 1024;

/// Reports refused operators with their place, and notes floats. The module is valid.
pub(super) fn check(layout: &Layout<'_>, findings: &mut Findings) {
    let mut floats = Floats::default();
    for function in &layout.functions {
        // A valid body reads to its end.
        let _ = body(layout, function, findings, &mut floats);
    }
    if let Some(first) = floats.first {
        findings.push(
            Severity::Note,
            first,
            format!("{} operators on floats, the first here", floats.count),
            "they run, and their NaNs are made canonical; integers are cheaper and exact",
        );
    }
}

#[derive(Default)]
struct Floats {
    count: u64,
    first: Option<Place>,
}

fn body(
    layout: &Layout<'_>,
    function: &Function<'_>,
    findings: &mut Findings,
    floats: &mut Floats,
) -> wasmparser::Result<()> {
    let place = |offset| Place {
        offset: Some(offset),
        ..Place::function(layout, function.index)
    };
    let mut operators: OperatorsReader<'_> = function.body.get_operators_reader()?;
    let mut constant = None;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        if let Some((what, remedy)) = refused(&operator, constant.take()) {
            findings.push(Severity::Refused, place(offset), what, remedy);
        }
        if is_float(&operator) {
            floats.count += 1;
            if floats.first.is_none() {
                floats.first = Some(place(offset));
            }
        }
        if let Operator::I32Const { value } = operator {
            constant = Some(value);
        }
    }
    Ok(())
}

/// Why the host refuses a function with this operator, right behind an `i32.const` of that value.
fn refused(operator: &Operator<'_>, constant: Option<i32>) -> Option<(String, &'static str)> {
    use Operator::*;
    let name = match operator {
        RefNull { .. } => "ref.null",
        RefIsNull => "ref.is_null",
        RefFunc { .. } => "ref.func",
        TypedSelect { .. } | TypedSelectMulti { .. } => "select with a type",
        BrTable { targets } if targets.len() > MAX_BR_TABLE_TARGETS => {
            let what = format!(
                "a br_table with {} targets; 131072 are allowed",
                targets.len()
            );
            return Some((what, "split the match into several"));
        }
        MemoryCopy { .. }
        | MemoryFill { .. }
        | MemoryInit { .. }
        | MemoryGrow { .. }
        | TableCopy { .. }
        | TableFill { .. }
        | TableInit { .. }
        | TableGrow { .. }
            if constant.is_some_and(|size| size < 0) =>
        {
            let what = "a copy, fill or grow of 2 GiB or more, given as a constant".to_owned();
            return Some((what, "such a size can only be a mistake in the code"));
        }
        _ => return None,
    };
    let what = format!("the operator `{name}`, which the host does not run");
    Some((
        what,
        "do not use references to functions as values; call through tables",
    ))
}

/// Whether an operator computes with floats. Moving them around in memory and locals is no computation.
#[rustfmt::skip]
fn is_float(operator: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(
        operator,
        I32TruncF32S | I32TruncF32U | I32TruncF64S | I32TruncF64U
        | I64TruncF32S | I64TruncF32U | I64TruncF64S | I64TruncF64U
        | I32TruncSatF32S | I32TruncSatF32U | I32TruncSatF64S | I32TruncSatF64U
        | I64TruncSatF32S | I64TruncSatF32U | I64TruncSatF64S | I64TruncSatF64U
        | F32Eq | F32Ne | F32Lt | F32Gt | F32Le | F32Ge | F64Eq | F64Ne | F64Lt | F64Gt | F64Le | F64Ge
        | F32Abs | F32Neg | F32Ceil | F32Floor | F32Trunc | F32Nearest | F32Sqrt
        | F32Add | F32Sub | F32Mul | F32Div | F32Min | F32Max | F32Copysign
        | F64Abs | F64Neg | F64Ceil | F64Floor | F64Trunc | F64Nearest | F64Sqrt
        | F64Add | F64Sub | F64Mul | F64Div | F64Min | F64Max | F64Copysign
        | F32DemoteF64 | F64PromoteF32
        | F32ConvertI32S | F32ConvertI32U | F32ConvertI64S | F32ConvertI64U
        | F64ConvertI32S | F64ConvertI32U | F64ConvertI64S | F64ConvertI64U
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(functions: &str, expected: &[&str]) {
        let wat = format!("(module (memory 1) (table 1 funcref) {functions})");
        let wasm = wat::parse_str(wat).unwrap();
        let layout = Layout::read(&wasm).unwrap();
        let mut findings = Findings::default();
        check(&layout, &mut findings);
        let findings = findings.sorted();
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for (finding, part) in findings.iter().zip(expected) {
            assert!(finding.to_string().contains(part), "{finding}");
        }
    }

    #[test]
    fn refused_operators_are_found_in_their_function() {
        expect("(func (drop (i32.add (i32.const -1) (i32.const 2))))", &[]);
        expect(
            "(func) (func $bad (drop (ref.null func)) (drop (ref.is_null (ref.func 0)))) (elem declare func 0)",
            &[
                "`ref.null`, which the host does not run [function 1 (bad), byte 0x",
                "`ref.func`",
                "`ref.is_null`",
            ],
        );
        expect(
            "(func (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3))))",
            &["select with a type"],
        );
    }

    #[test]
    fn negative_sizes_count_only_right_before_the_operator() {
        expect(
            "(func (drop (memory.grow (i32.const -1))))",
            &["2 GiB or more"],
        );
        expect("(func (drop (memory.grow (i32.const 1))))", &[]);
        expect(
            "(func (memory.fill (i32.const 0) (i32.const 0) (i32.const -9)))",
            &["2 GiB or more"],
        );
        expect(
            "(func (memory.fill (i32.const 0) (i32.const -9) (i32.const 0)))",
            &[],
        );
        expect("(func i32.const -1 nop memory.grow drop)", &[]);
    }

    #[test]
    fn floats_are_counted() {
        expect(
            "(func (drop (f64.sqrt (f64.const 2)))) (func (drop (f32.abs (f32.const 2))))",
            &["2 operators on floats"],
        );
        expect("(func (param f64) (drop (local.get 0)))", &[]);
    }
}
