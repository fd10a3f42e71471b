//! The stack height of a function: what one activation of it counts against the limit.
//!
//! Consensus: this must give the reference's number for every valid function, including where the
//! reference is odd. Its oddities, all kept: a function counts its *groups* of locals (not the locals, not
//! the parameters); an `else` begins at the height where the `then` ended; in unreachable code an operator
//! pops what is there, below its block if need be, and a function whose count would fall under zero is
//! refused. Values in unreachable code do not raise the maximum, but a block opened there counts again.

use wasmparser::{BlockType, FuncType, Operator};

/// Height of an activation before it has pushed anything.
const ACTIVATION: u32 = 2;

/// The function cannot be measured; the reference refuses the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unmeasurable;

struct Frame {
    unreachable: bool,
    /// Values on the stack after the frame's `end`.
    results: u32,
    /// Values a branch to the frame takes.
    branch_values: u32,
    start: u32,
}

struct Stack {
    height: u32,
    frames: Vec<Frame>,
}

impl Stack {
    fn frame(&self, depth: u32) -> Result<&Frame, Unmeasurable> {
        let index = self.frames.len().checked_sub(1 + depth as usize);
        index.and_then(|i| self.frames.get(i)).ok_or(Unmeasurable)
    }

    fn open(&mut self, results: u32, branch_values: u32, start: u32) {
        self.frames.push(Frame {
            unreachable: false,
            results,
            branch_values,
            start,
        });
    }

    fn pop(&mut self, count: u32) -> Result<(), Unmeasurable> {
        if count == 0 {
            return Ok(());
        }
        let frame = self.frame(0)?;
        if self.height == frame.start {
            return if frame.unreachable {
                Ok(())
            } else {
                Err(Unmeasurable)
            };
        }
        self.height = self.height.checked_sub(count).ok_or(Unmeasurable)?;
        Ok(())
    }

    fn push(&mut self, count: u32) -> Result<(), Unmeasurable> {
        self.height = self.height.checked_add(count).ok_or(Unmeasurable)?;
        Ok(())
    }

    fn apply(&mut self, pops: u32, pushes: u32) -> Result<(), Unmeasurable> {
        self.pop(pops)?;
        self.push(pushes)
    }

    fn call(&mut self, ty: &FuncType) -> Result<(), Unmeasurable> {
        self.apply(arity(ty.params()), arity(ty.results()))
    }

    fn leave(&mut self) -> Result<(), Unmeasurable> {
        self.frames.last_mut().ok_or(Unmeasurable)?.unreachable = true;
        Ok(())
    }
}

fn arity<T>(values: &[T]) -> u32 {
    u32::try_from(values.len()).unwrap_or(u32::MAX)
}

fn block_results(ty: &BlockType) -> u32 {
    u32::from(*ty != BlockType::Empty)
}

/// The types a function body refers to.
pub(super) trait Signatures {
    fn of_function(&self, index: u32) -> Option<&FuncType>;
    fn of_type(&self, index: u32) -> Option<&FuncType>;
}

/// The height of a valid function with `local_groups` groups of locals and `results` results.
pub(super) fn measure(
    ops: &[Operator<'_>],
    local_groups: u32,
    results: u32,
    signatures: &impl Signatures,
) -> Result<u32, Unmeasurable> {
    let mut stack = Stack {
        height: ACTIVATION,
        frames: Vec::new(),
    };
    stack.open(results, results, 0);
    let mut max = 0;
    for op in ops {
        if stack.height > max && !stack.frame(0)?.unreachable {
            max = stack.height;
        }
        step(&mut stack, op, results, signatures)?;
    }
    local_groups.checked_add(max).ok_or(Unmeasurable)
}

fn step(
    stack: &mut Stack,
    op: &Operator<'_>,
    function_results: u32,
    signatures: &impl Signatures,
) -> Result<(), Unmeasurable> {
    use Operator::*;
    match op {
        Block { blockty } => {
            let results = block_results(blockty);
            stack.open(results, results, stack.height);
        }
        Loop { blockty } => stack.open(block_results(blockty), 0, stack.height),
        If { blockty } => {
            stack.pop(1)?;
            let results = block_results(blockty);
            stack.open(results, results, stack.height);
        }
        End => {
            let frame = stack.frames.pop().ok_or(Unmeasurable)?;
            stack.height = frame.start;
            stack.push(frame.results)?;
        }
        Unreachable => stack.leave()?,
        Br { relative_depth } => {
            let values = stack.frame(*relative_depth)?.branch_values;
            stack.pop(values)?;
            stack.leave()?;
        }
        BrIf { relative_depth } => {
            let values = stack.frame(*relative_depth)?.branch_values;
            stack.pop(values)?;
            stack.apply(1, values)?;
        }
        BrTable { targets } => {
            let values = stack.frame(targets.default())?.branch_values;
            for target in targets.targets() {
                let target = target.map_err(|_| Unmeasurable)?;
                if stack.frame(target)?.branch_values != values {
                    return Err(Unmeasurable);
                }
            }
            stack.pop(values)?;
            stack.leave()?;
        }
        Return => {
            stack.pop(function_results)?;
            stack.leave()?;
        }
        Call { function_index } => {
            stack.call(
                signatures
                    .of_function(*function_index)
                    .ok_or(Unmeasurable)?,
            )?;
        }
        CallIndirect { type_index, .. } => {
            stack.pop(1)?;
            stack.call(signatures.of_type(*type_index).ok_or(Unmeasurable)?)?;
        }
        Select => {
            stack.pop(2)?;
            stack.apply(1, 1)?;
        }
        other => {
            let (pops, pushes) = effect(other);
            stack.apply(pops, pushes)?;
        }
    }
    Ok(())
}

/// Values popped and pushed by a priced operator without control flow.
#[rustfmt::skip]
fn effect(op: &Operator<'_>) -> (u32, u32) {
    use Operator::*;
    match op {
        Nop | Else | DataDrop { .. } | ElemDrop { .. } => (0, 0),

        I32Const { .. } | I64Const { .. } | F32Const { .. } | F64Const { .. }
        | LocalGet { .. } | GlobalGet { .. } | MemorySize { .. } | TableSize { .. } => (0, 1),

        Drop | LocalSet { .. } | GlobalSet { .. } => (1, 0),

        I32Store { .. } | I32Store8 { .. } | I32Store16 { .. }
        | I64Store { .. } | I64Store8 { .. } | I64Store16 { .. } | I64Store32 { .. }
        | F32Store { .. } | F64Store { .. } | TableSet { .. } => (2, 0),

        MemoryInit { .. } | MemoryCopy { .. } | MemoryFill { .. }
        | TableInit { .. } | TableCopy { .. } | TableFill { .. } => (3, 0),

        I32Eq | I32Ne | I32LtS | I32LtU | I32GtS | I32GtU | I32LeS | I32LeU | I32GeS | I32GeU
        | I64Eq | I64Ne | I64LtS | I64LtU | I64GtS | I64GtU | I64LeS | I64LeU | I64GeS | I64GeU
        | F32Eq | F32Ne | F32Lt | F32Gt | F32Le | F32Ge | F64Eq | F64Ne | F64Lt | F64Gt | F64Le | F64Ge
        | I32Add | I32Sub | I32Mul | I32DivS | I32DivU | I32RemS | I32RemU
        | I32And | I32Or | I32Xor | I32Shl | I32ShrS | I32ShrU | I32Rotl | I32Rotr
        | I64Add | I64Sub | I64Mul | I64DivS | I64DivU | I64RemS | I64RemU
        | I64And | I64Or | I64Xor | I64Shl | I64ShrS | I64ShrU | I64Rotl | I64Rotr
        | F32Add | F32Sub | F32Mul | F32Div | F32Min | F32Max | F32Copysign
        | F64Add | F64Sub | F64Mul | F64Div | F64Min | F64Max | F64Copysign
        | TableGrow { .. } => (2, 1),

        // Loads, unary operators, conversions, `local.tee`, `memory.grow`, `table.get`.
        _ => (1, 1),
    }
}
