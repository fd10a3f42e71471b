//! Simpler branches. The compiler writes only blocks and branches out of them; a condition around code becomes
//! `block · condition · negation · br_if 0 · code · end`. Here that becomes `condition · if · code · end`, which saves the
//! negation at every pass and some bytes; and branches to where control goes anyway are left out.

use wasmparser::{
    BlockType, FrameKind, FuncValidatorAllocations, Operator, Parser, ValidPayload, Validator,
};

use crate::check::ACCEPTED;

/// An operator, and how many values lie on the stack of its block before it; `None` where it is never reached.
struct Step<'a> {
    operator: Operator<'a>,
    height: Option<usize>,
    /// The block it stands in: its kind, and how many values it leaves.
    block: FrameKind,
    results: Option<usize>,
}

/// The operators of every function of a module that the host accepts, simplified.
pub(super) fn simplify(wasm: &[u8]) -> Result<Vec<Vec<Operator<'_>>>, wasmparser::Error> {
    let mut validator = Validator::new_with_features(ACCEPTED);
    let mut allocations = FuncValidatorAllocations::default();
    let mut functions = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let ValidPayload::Func(function, body) = validator.payload(&payload?)? else {
            continue;
        };
        let results = results_of(&function);
        let mut function = function.into_validator(allocations);
        let mut reader = body.get_binary_reader();
        function.read_locals(&mut reader)?;
        let mut steps = Vec::new();
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            let frame = function.get_control_frame(0);
            let stack = function.operand_stack_height() as usize;
            steps.push(Step {
                height: frame
                    .filter(|f| !f.unreachable)
                    .and_then(|f| stack.checked_sub(f.height)),
                block: frame.map_or(FrameKind::Block, |f| f.kind),
                results: frame.and_then(|f| match f.block_type {
                    _ if function.control_stack_height() == 1 => results,
                    BlockType::Empty => Some(0),
                    BlockType::Type(_) => Some(1),
                    BlockType::FuncType(_) => None,
                }),
                operator: operator.clone(),
            });
            function.op(offset, &operator)?;
        }
        functions.push(body_of(steps));
        allocations = function.into_allocations();
    }
    Ok(functions)
}

/// How many results a function has.
fn results_of<T: wasmparser::WasmModuleResources>(
    function: &wasmparser::FuncToValidate<T>,
) -> Option<usize> {
    let ty = function.resources.sub_type_at(function.ty)?;
    match &ty.composite_type.inner {
        wasmparser::CompositeInnerType::Func(ty) => Some(ty.results().len()),
        _ => None,
    }
}

fn body_of(steps: Vec<Step<'_>>) -> Vec<Operator<'_>> {
    let mut replaced: Vec<Option<Operator<'_>>> =
        steps.iter().map(|s| Some(s.operator.clone())).collect();
    for at in 0..steps.len() {
        match &steps[at].operator {
            Operator::Block {
                blockty: BlockType::Empty,
            } => {
                if let Some(branch) = skips(&steps, at) {
                    replaced[at] = None;
                    replaced[branch - 1] = negated(&steps[branch - 1].operator).and_then(|n| n);
                    replaced[branch] = Some(Operator::If {
                        blockty: BlockType::Empty,
                    });
                }
            }
            Operator::Return | Operator::Br { relative_depth: 0 } if is_superfluous(&steps, at) => {
                replaced[at] = None
            }
            _ => {}
        }
    }
    replaced.into_iter().flatten().collect()
}

/// Where in the block that begins at `block` a branch out of it stands that skips all the rest if a negation holds.
/// Before the branch there is straight code only, and the condition is all that it leaves.
fn skips(steps: &[Step<'_>], block: usize) -> Option<usize> {
    let rest = steps.get(block + 1..)?;
    let branch = block + 1 + rest.iter().position(|step| is_control(&step.operator))?;
    let is_branch = matches!(steps[branch].operator, Operator::BrIf { relative_depth: 0 });
    let has_condition = branch > block + 1 && negated(&steps[branch - 1].operator).is_some();
    (is_branch && has_condition && steps[branch].height == Some(1)).then_some(branch)
}

/// Whether a branch goes where control goes without it.
fn is_superfluous(steps: &[Step<'_>], at: usize) -> bool {
    let step = &steps[at];
    let is_last = matches!(steps.get(at + 1).map(|s| &s.operator), Some(Operator::End));
    let leaves_exactly = step.height.is_some() && step.height == step.results;
    let goes_to_end = match step.operator {
        // The end of the function, if that is what ends here.
        Operator::Return => at + 2 == steps.len(),
        _ => step.block != FrameKind::Loop,
    };
    is_last && leaves_exactly && goes_to_end
}

/// Whether control may go on elsewhere than at the next operator, or a block begins or ends. These are all such
/// operators among those the host accepts.
fn is_control(operator: &Operator<'_>) -> bool {
    use Operator::*;
    matches!(
        operator,
        Unreachable
            | Block { .. }
            | Loop { .. }
            | If { .. }
            | Else
            | End
            | Br { .. }
            | BrIf { .. }
            | BrTable { .. }
            | Return
    )
}

/// What gives the opposite condition: another comparison, or nothing at all in place of `i32.eqz`.
fn negated<'a>(operator: &Operator<'a>) -> Option<Option<Operator<'a>>> {
    use Operator::*;
    Some(Some(match operator {
        I32Eqz => return Some(None),
        I32Eq => I32Ne,
        I32Ne => I32Eq,
        I32LtS => I32GeS,
        I32LtU => I32GeU,
        I32GtS => I32LeS,
        I32GtU => I32LeU,
        I32LeS => I32GtS,
        I32LeU => I32GtU,
        I32GeS => I32LtS,
        I32GeU => I32LtU,
        I64Eq => I64Ne,
        I64Ne => I64Eq,
        I64LtS => I64GeS,
        I64LtU => I64GeU,
        I64GtS => I64LeS,
        I64GtU => I64LeU,
        I64LeS => I64GtS,
        I64LeU => I64GtU,
        I64GeS => I64LtS,
        I64GeU => I64LtU,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts that the body of a function becomes another one.
    #[track_caller]
    fn expect(before: &str, after: &str) {
        let module = |body: &str| {
            let head = "(module (func $f (param i32 i64) (result i32) (local i32)";
            wat::parse_str(format!("{head} {body}))")).unwrap()
        };
        let (before, after) = (module(before), module(after));
        let expected = crate::Layout::read(&after).unwrap();
        let expected = expected.functions[0].body.get_operators_reader().unwrap();
        let expected: Vec<String> = expected
            .into_iter()
            .map(|o| format!("{:?}", o.unwrap()))
            .collect();
        let found: Vec<String> = simplify(&before).unwrap()[0]
            .iter()
            .map(|o| format!("{o:?}"))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_negated_condition_around_code_becomes_an_if() {
        expect(
            "block local.get 0 i32.eqz br_if 0 nop end i32.const 1",
            "local.get 0 if nop end i32.const 1",
        );
        expect(
            "block local.get 1 i64.const 7 i64.lt_u br_if 0 block br 1 end end i32.const 1",
            "local.get 1 i64.const 7 i64.ge_u if block br 1 end end i32.const 1",
        );
        expect(
            "block block i32.const 3 local.set 2 local.get 0 i32.eqz br_if 0 nop end end i32.const 1",
            "block i32.const 3 local.set 2 local.get 0 if nop end end i32.const 1",
        );
    }

    #[test]
    fn what_would_change_or_not_gain_stays() {
        for body in [
            // No negation.
            "block local.get 0 br_if 0 nop end i32.const 1",
            "block local.get 1 i64.eqz br_if 0 nop end i32.const 1",
            // A comparison of floats is not the opposite of another, for NaN.
            "block f64.const 1 f64.const 2 f64.lt br_if 0 nop end i32.const 1",
            // Another block is left, or a value stays below the condition.
            "block block local.get 0 i32.eqz br_if 1 nop end end i32.const 1",
            "block i32.const 9 local.get 0 i32.eqz br_if 0 drop end i32.const 1",
            // The block gives a value.
            "block (result i32) i32.const 9 local.get 0 i32.eqz br_if 0 end",
            // Control before the condition.
            "block local.get 0 if br 1 end local.get 0 i32.eqz br_if 0 nop end i32.const 1",
            // A loop goes on.
            "loop local.get 0 i32.eqz br_if 0 nop br 0 end i32.const 1",
        ] {
            expect(body, body);
        }
    }

    #[test]
    fn branches_to_the_next_operator_go() {
        expect(
            "block nop br 0 end i32.const 1 return",
            "block nop end i32.const 1",
        );
        expect(
            "local.get 0 if nop br 0 else nop br 0 end i32.const 1",
            "local.get 0 if nop br 0 else nop end i32.const 1",
        );
        expect(
            "block (result i32) i32.const 4 br 0 end",
            "block (result i32) i32.const 4 end",
        );
        for body in [
            "i32.const 2 i32.const 1 return",
            "block (result i32) i32.const 3 i32.const 4 br 0 end",
            "block i32.const 1 return end unreachable",
        ] {
            expect(body, body);
        }
    }
}
