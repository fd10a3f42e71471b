//! Which functions stay: of equal ones the first, and of all what something reaches.
//!
//! Functions are equal when their types and their code are, calls of equal functions counting as equal. The compiler
//! makes such functions of generic code for types that look the same to Wasm.

use std::collections::{BTreeSet, HashMap};

use wasm_encoder::Encode;
use wasm_encoder::reencode::Reencode;
use wasmparser::{ElementItems, ExternalKind, FuncType, Operator, ValType};

use super::rewrite::{Renumber, malformed};
use crate::{Layout, Malformed};

/// Merging makes more functions equal; this often at most.
const MAX_ROUNDS: usize = 16;

/// What becomes of each function.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The new index of every function, imported ones first. Of one that goes it is that of its equal, if any.
    pub index: Vec<u32>,
    /// Whether a function stays.
    pub stays: Vec<bool>,
}

impl Plan {
    /// Decides for a valid module.
    pub fn of(layout: &Layout<'_>) -> Result<Plan, Malformed> {
        let equal = equal(layout)?;
        let reached = reached(layout, &equal)?;
        let stays: Vec<bool> = (0..equal.len())
            .map(|f| {
                f < layout.imported_functions as usize
                    || (equal[f] as usize == f && reached.contains(&(f as u32)))
            })
            .collect();
        let mut count = 0;
        let numbers: Vec<u32> = stays
            .iter()
            .map(|stays| {
                let number = count;
                count += u32::from(*stays);
                number
            })
            .collect();
        Ok(Plan {
            index: equal.iter().map(|first| numbers[*first as usize]).collect(),
            stays,
        })
    }
}

/// The first function equal to each function.
fn equal(layout: &Layout<'_>) -> Result<Vec<u32>, Malformed> {
    let count = u32::try_from(layout.function_types.len()).unwrap_or(u32::MAX);
    let mut first: Vec<u32> = (0..count).collect();
    for _ in 0..MAX_ROUNDS {
        let mut known: HashMap<(Option<&FuncType>, Vec<u8>), u32> = HashMap::new();
        let mut next = first.clone();
        for function in &layout.functions {
            let key = (layout.signature(function.index), code(function, &first)?);
            let same = *known.entry(key).or_insert(function.index);
            next[function.index as usize] = same;
        }
        if next == first {
            break;
        }
        first = next;
    }
    Ok(first)
}

/// The code of a function, calls going to the first of equal functions.
fn code(function: &crate::layout::Function<'_>, first: &[u32]) -> Result<Vec<u8>, Malformed> {
    let mut renumber = Renumber(first);
    let mut encoded = renumber
        .new_function_with_parsed_locals(&function.body)
        .map_err(malformed)?;
    for operator in function.body.get_operators_reader()? {
        encoded.instruction(&renumber.instruction(operator?).map_err(malformed)?);
    }
    let mut bytes = Vec::new();
    encoded.encode(&mut bytes);
    Ok(bytes)
}

/// The functions that an export, the start, a table or another reached function leads to.
fn reached(layout: &Layout<'_>, first: &[u32]) -> Result<BTreeSet<u32>, Malformed> {
    let all = || (0..first.len()).map(|f| f as u32).collect();
    // References that are values can come from anywhere.
    let is_reference = |ty: &ValType| matches!(ty, ValType::Ref(_));
    if layout
        .globals
        .iter()
        .any(|global| is_reference(&global.content_type))
    {
        return Ok(all());
    }
    let exports = layout.exports.iter().map(|(_, export)| export);
    let mut open: Vec<u32> = exports
        .filter(|export| export.kind == ExternalKind::Func)
        .map(|export| export.index)
        .chain(layout.start.map(|(_, function)| function))
        .collect();
    for (_, element) in &layout.elements {
        match &element.items {
            ElementItems::Functions(items) => {
                for function in items.clone() {
                    open.push(function?);
                }
            }
            ElementItems::Expressions(..) => return Ok(all()),
        }
    }
    let mut reached = BTreeSet::new();
    while let Some(function) = open.pop() {
        let Some(&function) = first.get(function as usize) else {
            continue;
        };
        if !reached.insert(function) {
            continue;
        }
        let defined = function.checked_sub(layout.imported_functions);
        let Some(function) = defined.and_then(|at| layout.functions.get(at as usize)) else {
            continue;
        };
        for operator in function.body.get_operators_reader()? {
            match operator? {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => open.push(function_index),
                _ => {}
            }
        }
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(functions: &str) -> (Vec<u32>, Vec<bool>) {
        let wasm = wat::parse_str(format!("(module {functions} (table 9 funcref))")).unwrap();
        let plan = Plan::of(&Layout::read(&wasm).unwrap()).unwrap();
        (plan.index, plan.stays)
    }

    #[test]
    fn equal_functions_become_one_also_through_calls() {
        let functions = r#"(import "m" "f" (func $i))
            (func $a (call $i)) (func $b (call $a)) (func $c (call $i)) (func $d (call $c)) (func $e (param i32) (call $i))
            (export "x" (func $b)) (export "y" (func $d)) (export "z" (func $e))"#;
        let (index, stays) = plan(functions);
        assert_eq!(stays, [true, true, true, false, false, true]);
        assert_eq!(index, [0, 1, 2, 1, 2, 3]);
    }

    #[test]
    fn what_nothing_reaches_goes() {
        let functions = r#"(func $unused (call $only_by_unused)) (func $only_by_unused (nop)) (func $by_table (drop (i32.const 1)))
            (func $start (drop (i32.const 2))) (elem (i32.const 0) func $by_table) (start $start)"#;
        assert_eq!(plan(functions).1, [false, false, true, true]);
    }

    #[test]
    fn where_references_are_values_all_stay() {
        let functions = "(func $f (nop)) (func $g) (global funcref (ref.func $f))";
        assert_eq!(plan(functions).1, [true, true]);
        assert_eq!(
            plan("(func $f (nop)) (elem funcref (ref.func $f))").1,
            [true]
        );
    }

    #[test]
    fn functions_that_call_themselves_are_compared_by_what_they_are() {
        let functions = r#"(func $a (call $a)) (func $b (call $b)) (func $c (call $a))
            (export "a" (func $a)) (export "b" (func $b)) (export "c" (func $c))"#;
        // Each calls another function, so by code they differ; $c calls $a as $a does.
        assert_eq!(plan(functions).1, [true, true, false]);
    }
}
