//! One function body, rewritten: the reference's charges and height checks, done with less.
//!
//! What anyone can see of gas is the counter when a host function is called, when a call returns and when
//! it traps; and a negative counter always means "out of gas", whatever happened. So each charge is made
//! where the reference makes it, inline, but the counter is only *looked at* where code could otherwise run
//! on for long: at the header of a loop, at the entry of a function that calls others or costs much, and at
//! a charge so large that it could wrap.
//!
//! Height: the module has a global that holds, when a function begins, the height with that function on
//! top. The callee checks it and keeps it in a local; before a call the caller stores its own height plus
//! the callee's. Nothing is restored after a call. An activation that the reference would refuse before the
//! call traps here at the entry of the callee, before any charge of its own: the counter is the same.
//!
//! All traps of a body branch to one `unreachable` behind it, to keep the straight path straight: the body
//! stands in a block of its own, and branches to the function's label go one further out.

use wasm_encoder::{BlockType, Encode, Instruction as I, ValType};
use wasmparser::Operator;

use super::blocks::Metering;
use super::shape::Body;
use super::{InvalidModule, MAX_LOCALS};

/// From this many milligas on, a charge is checked at once: fewer of them cannot wrap between two checks.
const LARGE_CHARGE: u64 = 1 << 32;

/// A function that calls no other and costs less is not checked at entry. It bounds what may run unpaid before the
/// caller's next check: this much for each call instruction of a straight run of code.
const UNCHECKED_COST: u64 = 1 << 20;

/// What a body needs to know of its module.
pub(super) struct Context<'c> {
    pub gas_global: u32,
    pub height_global: u32,
    pub imported: u32,
    pub max_height: u32,
    /// Height of each defined function.
    pub heights: &'c [u32],
}

impl Context<'_> {
    fn height_of(&self, function: u32) -> Option<u32> {
        let defined = function.checked_sub(self.imported)?;
        self.heights.get(defined as usize).copied()
    }
}

/// How an operator with a run-time price is replaced.
pub(super) enum Replacement {
    /// Call this function before the operator; it passes the operand through.
    Before(u32),
    /// Call this function instead of the operator.
    Instead(u32),
}

/// Rewrites a body. `params` counts parameters; `scaled` names the helper of an operator by its unit.
pub(super) fn rewrite(
    wasm: &[u8],
    body: &Body<'_>,
    params: u32,
    metering: &Metering,
    context: &Context<'_>,
    scaled: impl FnMut(&Operator<'_>, u32) -> Replacement,
) -> Result<Vec<u8>, InvalidModule> {
    let calls = Calls::of(body, context);
    let mut locals = body.locals.clone();
    let height_local = if calls.counted {
        Some(add_local(&mut locals, params, body)?)
    } else {
        None
    };
    let mut rewriter = Rewriter {
        wasm,
        body,
        context,
        height_local,
        check_entry: calls.counted || metering.static_cost() >= UNCHECKED_COST,
        out: Vec::with_capacity(body.ops.len() * 4),
        depth: 0,
        copied_to: 0,
    };
    rewriter.locals(&locals);
    rewriter.enter();
    rewriter.operators(metering, scaled);
    Ok(rewriter.out)
}

/// What a body calls.
struct Calls {
    /// Some function that counts height, or a table entry.
    counted: bool,
}

impl Calls {
    fn of(body: &Body<'_>, context: &Context<'_>) -> Calls {
        let counted = body.ops.iter().any(|op| match op {
            Operator::Call { function_index } => *function_index >= context.imported,
            Operator::CallIndirect { .. } => true,
            _ => false,
        });
        Calls { counted }
    }
}

/// Adds a local of type `i32` and returns its index. At the limit, takes one that the body never uses.
fn add_local(
    locals: &mut Vec<(u32, u8)>,
    params: u32,
    body: &Body<'_>,
) -> Result<u32, InvalidModule> {
    const I32: u8 = 0x7f;
    let declared: u32 = locals.iter().map(|(count, _)| count).sum();
    let total = params + declared;
    if total < MAX_LOCALS {
        locals.push((1, I32));
        return Ok(total);
    }
    let mut used = vec![false; total as usize];
    for op in &body.ops {
        if let Operator::LocalGet { local_index }
        | Operator::LocalSet { local_index }
        | Operator::LocalTee { local_index } = op
            && let Some(used) = used.get_mut(*local_index as usize)
        {
            *used = true;
        }
    }
    let free = (params..total).find(|i| !used[*i as usize]);
    let free = free.ok_or(InvalidModule::Forbidden(
        "a function that uses 50000 locals",
    ))?;
    let mut types: Vec<u8> = Vec::with_capacity(declared as usize);
    for (count, ty) in locals.iter() {
        types.extend(std::iter::repeat_n(*ty, *count as usize));
    }
    types[(free - params) as usize] = I32;
    *locals = types
        .chunk_by(|a, b| a == b)
        .map(|run| (run.len() as u32, run[0]))
        .collect();
    Ok(free)
}

struct Rewriter<'r, 'c> {
    wasm: &'r [u8],
    body: &'r Body<'r>,
    context: &'r Context<'c>,
    height_local: Option<u32>,
    check_entry: bool,
    out: Vec<u8>,
    /// Blocks open around the operator, without the function and the block for traps.
    depth: u32,
    /// Operators before this one have been written.
    copied_to: usize,
}

impl Rewriter<'_, '_> {
    fn emit(&mut self, instructions: &[I<'_>]) {
        for i in instructions {
            i.encode(&mut self.out);
        }
    }

    fn locals(&mut self, locals: &[(u32, u8)]) {
        locals.len().encode(&mut self.out);
        for (count, ty) in locals {
            count.encode(&mut self.out);
            self.out.push(*ty);
        }
    }

    /// Opens the block for traps and checks the height.
    fn enter(&mut self) {
        self.emit(&[
            I::Block(BlockType::Empty),
            I::GlobalGet(self.context.height_global),
        ]);
        if let Some(local) = self.height_local {
            self.emit(&[I::LocalTee(local)]);
        }
        let limit = I::I32Const(self.context.max_height.cast_signed());
        self.emit(&[limit, I::I32GtU, I::BrIf(0)]);
    }

    fn trap_if_out_of_gas(&mut self) {
        let gas = self.context.gas_global;
        self.emit(&[
            I::GlobalGet(gas),
            I::I64Const(0),
            I::I64LtS,
            I::BrIf(self.depth),
        ]);
    }

    fn charge(&mut self, cost: u64, check: bool) {
        let large = cost >= LARGE_CHARGE;
        if large {
            self.trap_if_out_of_gas();
        }
        let gas = self.context.gas_global;
        // The reference subtracts the same 64 bits, as a signed number.
        let cost = I::I64Const(cost.cast_signed());
        self.emit(&[I::GlobalGet(gas), cost, I::I64Sub, I::GlobalSet(gas)]);
        if check || large {
            self.trap_if_out_of_gas();
        }
    }

    /// Writes the operators up to `position` as they are.
    fn copy_up_to(&mut self, position: usize) {
        let from = self.body.offsets[self.copied_to];
        let to = self.body.offsets[position];
        self.out.extend_from_slice(&self.wasm[from..to]);
        self.copied_to = position;
    }

    fn operators(
        &mut self,
        metering: &Metering,
        mut replacement: impl FnMut(&Operator<'_>, u32) -> Replacement,
    ) {
        let mut charges = metering.charges.iter().peekable();
        let mut scaled = metering.scaled.iter().peekable();
        let mut after_loop = false;
        let body = self.body;
        for (position, op) in body.ops.iter().enumerate() {
            let at_entry = position == 0 && self.check_entry;
            if let Some(charge) = charges.next_if(|c| c.position == position) {
                self.copy_up_to(position);
                self.charge(charge.cost, at_entry || after_loop);
            } else if at_entry || after_loop {
                self.copy_up_to(position);
                self.trap_if_out_of_gas();
            }
            after_loop = matches!(op, Operator::Loop { .. });

            if let Some(s) = scaled.next_if(|s| s.position == position) {
                self.copy_up_to(position);
                match replacement(op, s.unit) {
                    Replacement::Before(helper) => self.emit(&[I::Call(helper)]),
                    Replacement::Instead(helper) => {
                        self.emit(&[I::Call(helper)]);
                        self.copied_to = position + 1;
                    }
                }
            }
            self.operator(position, op);
        }
        self.emit(&[I::Return, I::End, I::Unreachable, I::End]);
    }

    fn operator(&mut self, position: usize, op: &Operator<'_>) {
        match op {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => self.depth += 1,
            Operator::End if self.depth == 0 => {
                // The function's own `end`: what follows it here is written by the caller.
                self.copy_up_to(position);
                self.copied_to = position + 1;
            }
            Operator::End => self.depth -= 1,
            Operator::Br { relative_depth } if *relative_depth == self.depth => {
                self.replace(position, &I::Br(self.depth + 1));
            }
            Operator::BrIf { relative_depth } if *relative_depth == self.depth => {
                self.replace(position, &I::BrIf(self.depth + 1));
            }
            Operator::BrTable { targets } => {
                let outward = |d: u32| if d == self.depth { d + 1 } else { d };
                let labels: Vec<u32> = targets
                    .targets()
                    .map_while(Result::ok)
                    .map(outward)
                    .collect();
                let default = outward(targets.default());
                self.replace(position, &I::BrTable(labels.into(), default));
            }
            Operator::Call { function_index } => {
                if let (Some(local), Some(height)) =
                    (self.height_local, self.context.height_of(*function_index))
                {
                    self.copy_up_to(position);
                    let height = I::I32Const(height.cast_signed());
                    let global = I::GlobalSet(self.context.height_global);
                    self.emit(&[I::LocalGet(local), height, I::I32Add, global]);
                }
            }
            Operator::CallIndirect { .. } => {
                if let Some(local) = self.height_local {
                    self.copy_up_to(position);
                    let global = I::GlobalSet(self.context.height_global);
                    self.emit(&[I::LocalGet(local), global]);
                }
            }
            _ => {}
        }
    }

    fn replace(&mut self, position: usize, with: &I<'_>) {
        self.copy_up_to(position);
        with.encode(&mut self.out);
        self.copied_to = position + 1;
    }
}

/// The function that stands for `callee` in exports and tables: it adds the callee's height, for a caller
/// that cannot know it, and takes it off again, so that a caller outside always begins at zero.
pub(super) fn thunk(
    params: u32,
    callee: u32,
    height: u32,
    cost: u64,
    context: &Context<'_>,
) -> wasm_encoder::Function {
    let mut f = wasm_encoder::Function::new([(1, ValType::I32)]);
    let (gas, global) = (context.gas_global, context.height_global);
    if cost > 0 {
        // Not checked: the callee either checks, or is small.
        let cost = I::I64Const(cost.cast_signed());
        for i in [I::GlobalGet(gas), cost, I::I64Sub, I::GlobalSet(gas)] {
            f.instruction(&i);
        }
    }
    let height = I::I32Const(height.cast_signed());
    for i in [
        I::GlobalGet(global),
        I::LocalTee(params),
        height,
        I::I32Add,
        I::GlobalSet(global),
    ] {
        f.instruction(&i);
    }
    for param in 0..params {
        f.instruction(&I::LocalGet(param));
    }
    for i in [
        I::Call(callee),
        I::LocalGet(params),
        I::GlobalSet(global),
        I::End,
    ] {
        f.instruction(&i);
    }
    f
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(ops: Vec<Operator<'static>>, locals: Vec<(u32, u8)>) -> Body<'static> {
        Body {
            locals,
            ops,
            offsets: vec![],
        }
    }

    #[test]
    fn at_the_limit_of_locals_an_unused_one_serves() {
        let uses = |i| Operator::LocalGet { local_index: i };
        let full = body(vec![uses(2), uses(3)], vec![(MAX_LOCALS - 2, 0x7e)]);
        let mut locals = full.locals.clone();
        assert_eq!(add_local(&mut locals, 2, &full).unwrap(), 4);
        assert_eq!(locals, [(2, 0x7e), (1, 0x7f), (MAX_LOCALS - 5, 0x7e)]);

        let room = body(vec![], vec![(MAX_LOCALS - 3, 0x7e)]);
        let mut locals = room.locals.clone();
        assert_eq!(add_local(&mut locals, 2, &room).unwrap(), MAX_LOCALS - 1);
        assert_eq!(locals.last(), Some(&(1, 0x7f)));

        let all_used = body(
            (0..MAX_LOCALS).map(uses).collect(),
            vec![(MAX_LOCALS, 0x7e)],
        );
        assert!(add_local(&mut all_used.locals.clone(), 0, &all_used).is_err());
    }
}
