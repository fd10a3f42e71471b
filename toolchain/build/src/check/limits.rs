//! Sizes: memory, tables, the segments that fill them, and what the initial memory costs at every call.

use filigree_engine::{MAX_TABLE_ELEMENTS, PAGE_BYTES};
use wasmparser::{ConstExpr, DataKind, ElementItems, ElementKind, Operator};

use super::finding::{Findings, Place, Severity};
use super::rules::Rules;
use crate::Layout;

/// From this much initial memory on, its price is worth a note.
const LARGE_MEMORY_BYTES: u64 = 256 << 10;

/// Reports what exceeds a limit.
pub(super) fn check(wasm: &[u8], layout: &Layout<'_>, rules: &Rules, findings: &mut Findings) {
    memory(layout, rules, findings);
    tables(layout, findings);
    data(layout, findings);
    elements(layout, findings);
    if !layout
        .sections
        .iter()
        .any(|s| s.name == "function" && !s.is_custom)
    {
        let what = "has no function section; the host refuses such modules";
        findings.push(
            Severity::Refused,
            Place::whole(),
            what,
            "define at least one function",
        );
    }
    if wasm.len() > rules.max_block_bytes() {
        let what = format!(
            "has {} bytes, more than fit into one block ({})",
            wasm.len(),
            rules.max_block_bytes()
        );
        let remedy = "it can be deployed in a bundle, but not installed by a message";
        findings.push(Severity::Note, Place::whole(), what, remedy);
    }
}

fn memory(layout: &Layout<'_>, rules: &Rules, findings: &mut Findings) {
    for (offset, memory) in &layout.memories {
        let bytes = memory.initial.saturating_mul(PAGE_BYTES);
        if bytes > rules.max_instance_memory_bytes() {
            let what = format!(
                "starts with {bytes} bytes of memory; one actor may have {}",
                rules.max_instance_memory_bytes()
            );
            let remedy = "make the stack and static data smaller";
            findings.push(Severity::Refused, Place::at(*offset), what, remedy);
        } else if bytes > LARGE_MEMORY_BYTES {
            let what = format!(
                "starts with {bytes} bytes of memory, for which every call pays {} gas",
                rules.initial_memory_gas(bytes)
            );
            let remedy =
                "set stack-size-bytes in [package.metadata.filigree], make static data smaller";
            findings.push(Severity::Note, Place::at(*offset), what, remedy);
        }
    }
}

fn tables(layout: &Layout<'_>, findings: &mut Findings) {
    for (number, (offset, table)) in layout.tables.iter().enumerate() {
        if number == 1 {
            let what = "has several tables; the host runs modules with one";
            let remedy = "keep one table";
            findings.push(Severity::Refused, Place::at(*offset), what, remedy);
        }
        if table.initial > MAX_TABLE_ELEMENTS as u64 {
            let what = format!(
                "has a table of {} elements; {MAX_TABLE_ELEMENTS} are allowed",
                table.initial
            );
            let remedy = "call fewer functions through pointers and trait objects";
            findings.push(Severity::Refused, Place::at(*offset), what, remedy);
        }
    }
}

/// Segments that do not fit make each call fail before it begins.
fn data(layout: &Layout<'_>, findings: &mut Findings) {
    let Some((_, memory)) = layout.memories.first() else {
        return;
    };
    let size = memory.initial.saturating_mul(PAGE_BYTES);
    for (offset, segment) in &layout.data {
        let DataKind::Active { offset_expr, .. } = &segment.kind else {
            continue;
        };
        let start = constant(offset_expr);
        if start.is_some_and(|start| start.saturating_add(segment.data.len() as u64) > size) {
            let what = "a data segment lies outside of the initial memory: every call fails";
            let remedy = "let the memory start large enough for the static data";
            findings.push(Severity::Unusable, Place::at(*offset), what, remedy);
        }
    }
}

fn elements(layout: &Layout<'_>, findings: &mut Findings) {
    for (offset, segment) in &layout.elements {
        let count = match &segment.items {
            ElementItems::Functions(items) => items.count(),
            ElementItems::Expressions(_, items) if items.count() > 0 => {
                let what = "a table segment is written as expressions; the host takes indices only";
                let remedy = "list functions by index (the compiler does without typed references)";
                findings.push(Severity::Refused, Place::at(*offset), what, remedy);
                continue;
            }
            ElementItems::Expressions(..) => 0,
        };
        let ElementKind::Active {
            table_index,
            offset_expr,
        } = &segment.kind
        else {
            continue;
        };
        let table = layout.tables.get(table_index.unwrap_or(0) as usize);
        let size = table.map_or(0, |(_, table)| table.initial);
        let start = constant(offset_expr);
        if start.is_some_and(|start| start.saturating_add(u64::from(count)) > size) {
            let what = "a table segment lies outside of the initial table: every call fails";
            let remedy = "let the table start large enough for its elements";
            findings.push(Severity::Unusable, Place::at(*offset), what, remedy);
        }
    }
}

/// The value of an offset that is a plain constant.
fn constant(expr: &ConstExpr<'_>) -> Option<u64> {
    match expr.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(u64::from(value.cast_unsigned())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(wat: &str, expected: &[(Severity, &str)]) {
        let wasm = wat::parse_str(wat).unwrap();
        let layout = Layout::read(&wasm).unwrap();
        let mut findings = Findings::default();
        check(&wasm, &layout, &Rules::latest(), &mut findings);
        let findings = findings.sorted();
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for (finding, (severity, part)) in findings.iter().zip(expected) {
            assert_eq!(finding.severity, *severity);
            assert!(finding.to_string().contains(part), "{finding}");
        }
    }

    #[test]
    fn sizes_have_limits() {
        use Severity::{Note, Refused, Unusable};
        expect("(module (memory 1) (table 9 funcref) (func))", &[]);
        expect(
            "(module (memory 8193) (func))",
            &[(Refused, "536936448 bytes of memory")],
        );
        // 0.4 gas a byte, and the base.
        expect(
            "(module (memory 17) (func))",
            &[(Note, "every call pays 445")],
        );
        expect(
            "(module (table 20001 funcref) (func))",
            &[(Refused, "20001 elements")],
        );
        expect(
            "(module (table 1 funcref) (table 1 funcref) (func))",
            &[(Refused, "several tables")],
        );
        expect("(module)", &[(Refused, "no function section")]);
        expect(
            r#"(module (memory 1) (func) (data (i32.const 65535) "ab"))"#,
            &[(Unusable, "outside of the initial memory")],
        );
        expect(
            r#"(module (memory 1) (func) (data (i32.const -1) ""))"#,
            &[(Unusable, "outside of the initial memory")],
        );
        expect(
            "(module (table 1 funcref) (func) (elem (i32.const 1) func 0))",
            &[(Unusable, "outside of the initial table")],
        );
        expect(
            "(module (table 1 funcref) (func) (elem (i32.const 0) funcref (ref.func 0)))",
            &[(Refused, "as expressions")],
        );
    }
}
