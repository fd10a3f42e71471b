//! Where a function is charged, and how much: the metered blocks of the reference.
//!
//! A metered block is a stretch of code that is charged as a whole when its first operator is reached. The
//! reference closes a block at every branch, at `else`, and at the `end` of a block that something inside
//! may have left by a branch forward; a `block` continues the metered block it stands in; an `if` arm and a
//! loop body begin one of their own. Code after a branch or a trap belongs to a block like any other.
//!
//! Consensus, so its oddity stays: the *default* target of a `br_table` is not counted as a branch. Code
//! that only this target skips has been charged with the block before it.

use wasmparser::Operator;

use super::price::{Price, Unpriced, counted_call, price};
use crate::WasmCosts;

/// The charge of one metered block: `cost` milligas when the operator at `position` is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Charge {
    pub position: usize,
    pub cost: u64,
}

/// An operator whose price depends on the operand on top of the stack when it is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scaled {
    pub position: usize,
    pub unit: u32,
}

/// Everything one function charges, in order of position.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metering {
    pub charges: Vec<Charge>,
    pub scaled: Vec<Scaled>,
}

/// The function cannot be metered; the reference refuses the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmeterable {
    Operator {
        position: usize,
        reason: Unpriced,
    },
    /// A copy, fill or grow with a negative constant size.
    NegativeSize {
        position: usize,
    },
    /// The price of a block exceeds 64 bits.
    Overflow,
    /// Not a valid body.
    Malformed,
}

struct Control {
    /// Index of the outermost block that a branch forward from within this one leaves to; at most its own.
    leaves_to: usize,
    open: Charge,
    is_loop: bool,
}

#[derive(Default)]
struct Meter {
    controls: Vec<Control>,
    closed: Vec<Charge>,
}

impl Meter {
    fn top(&mut self) -> Result<&mut Control, Unmeterable> {
        self.controls.last_mut().ok_or(Unmeterable::Malformed)
    }

    fn enter(&mut self, start: usize, is_loop: bool) {
        self.controls.push(Control {
            leaves_to: self.controls.len(),
            open: Charge {
                position: start,
                cost: 0,
            },
            is_loop,
        });
    }

    fn add(&mut self, cost: u64) -> Result<(), Unmeterable> {
        let open = &mut self.top()?.open;
        open.cost = open.cost.checked_add(cost).ok_or(Unmeterable::Overflow)?;
        Ok(())
    }

    /// Ends the metered block at the operator at `cursor`; the next begins behind it.
    fn close(&mut self, cursor: usize) -> Result<(), Unmeterable> {
        let next = Charge {
            position: cursor + 1,
            cost: 0,
        };
        let done = std::mem::replace(&mut self.top()?.open, next);
        // A `block` that still is in the metered block of its parent only contributes to that.
        let parent = self.controls.len().checked_sub(2);
        if let Some(parent) = parent.and_then(|i| self.controls.get_mut(i))
            && parent.open.position == done.position
        {
            parent.open.cost = parent
                .open
                .cost
                .checked_add(done.cost)
                .ok_or(Unmeterable::Overflow)?;
        } else if done.cost > 0 {
            self.closed.push(done);
        }
        Ok(())
    }

    fn end(&mut self, cursor: usize) -> Result<(), Unmeterable> {
        self.close(cursor)?;
        let ended = self.controls.pop().ok_or(Unmeterable::Malformed)?;
        let index = self.controls.len();
        if let Some(parent) = self.controls.last_mut() {
            parent.leaves_to = parent.leaves_to.min(ended.leaves_to);
            if ended.leaves_to < index {
                self.close(cursor)?;
            }
        }
        Ok(())
    }

    fn branch(&mut self, cursor: usize, depth: u32) -> Result<(), Unmeterable> {
        self.close(cursor)?;
        self.leave(depth)
    }

    fn leave(&mut self, depth: u32) -> Result<(), Unmeterable> {
        let target = self.controls.len().checked_sub(1 + depth as usize);
        let target = target.ok_or(Unmeterable::Malformed)?;
        if !self
            .controls
            .get(target)
            .ok_or(Unmeterable::Malformed)?
            .is_loop
        {
            let top = self.top()?;
            top.leaves_to = top.leaves_to.min(target);
        }
        Ok(())
    }
}

/// Meters a valid function body. Functions below `imported` are imports, called without counting height.
pub(super) fn meter(
    ops: &[Operator<'_>],
    imported: u32,
    costs: &WasmCosts,
) -> Result<Metering, Unmeterable> {
    let mut meter = Meter::default();
    let mut scaled = Vec::new();
    let mut constant = None;
    meter.enter(0, false);
    for (position, op) in ops.iter().enumerate() {
        let known = constant.take();
        let cost = match price(op, costs) {
            Err(reason) => return Err(Unmeterable::Operator { position, reason }),
            Ok(Price::Fixed(_)) if matches!(op, Operator::Call { function_index } if *function_index >= imported) => {
                counted_call(costs)
            }
            Ok(Price::Fixed(cost)) => cost,
            Ok(Price::Linear { base, unit }) => match known {
                Some(size) => {
                    let size =
                        u64::try_from(size).map_err(|_| Unmeterable::NegativeSize { position })?;
                    let linear = size * u64::from(unit.get());
                    base.checked_add(linear).ok_or(Unmeterable::Overflow)?
                }
                None => {
                    scaled.push(Scaled {
                        position,
                        unit: unit.get(),
                    });
                    base
                }
            },
        };
        // `end` and `else` are free and close their block first.
        if !matches!(op, Operator::End | Operator::Else) {
            meter.add(cost)?;
        }
        match op {
            Operator::Block { .. } => {
                let start = meter.top()?.open.position;
                meter.enter(start, false);
            }
            Operator::If { .. } => meter.enter(position + 1, false),
            Operator::Loop { .. } => meter.enter(position + 1, true),
            Operator::End => meter.end(position)?,
            Operator::Else => meter.close(position)?,
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                meter.branch(position, *relative_depth)?;
            }
            Operator::BrTable { targets } => {
                meter.close(position)?;
                for target in targets.targets() {
                    meter.leave(target.map_err(|_| Unmeterable::Malformed)?)?;
                }
            }
            Operator::Return => {
                let outermost = u32::try_from(meter.controls.len()).unwrap_or(u32::MAX);
                meter.branch(position, outermost.saturating_sub(1))?;
            }
            Operator::I32Const { value } => constant = Some(*value),
            _ => {}
        }
    }
    let mut charges = meter.closed;
    charges.sort_by_key(|c| c.position);
    Ok(Metering { charges, scaled })
}

impl Metering {
    /// The sum of all charges that are known beforehand.
    pub(super) fn static_cost(&self) -> u64 {
        self.charges
            .iter()
            .fold(0, |sum, c| sum.saturating_add(c.cost))
    }
}
