//! What one operator costs, and which operators exist at all.
//!
//! The reference refuses a whole module when one of its functions contains an operator it does not price.
//! [`price`] is that list, written once: an operator that is not here does not run.

use std::num::NonZeroU32;

use wasmparser::Operator;

use crate::WasmCosts;
use crate::config::PAGE_BYTES;

/// Bytes a table element counts in copies and fills.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// Milligas of one operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Price {
    Fixed(u64),
    /// `base`, and `unit` for each unit of the operand on top of the stack. `unit` is below 2^31.
    Linear {
        base: u64,
        unit: NonZeroU32,
    },
}

/// Why an operator has no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpriced {
    Unsupported,
    /// The configured price of one unit does not fit 31 bits.
    UnitTooLarge,
}

fn linear(base: u64, per_byte: u64, bytes_per_unit: u64) -> Result<Price, Unpriced> {
    match u32::try_from(per_byte.saturating_mul(bytes_per_unit)) {
        Ok(unit) if unit < 1 << 31 => {
            Ok(NonZeroU32::new(unit)
                .map_or(Price::Fixed(base), |unit| Price::Linear { base, unit }))
        }
        _ => Err(Unpriced::UnitTooLarge),
    }
}

/// The price of `op`.
#[rustfmt::skip]
pub(super) fn price(op: &Operator<'_>, c: &WasmCosts) -> Result<Price, Unpriced> {
    use Operator::*;
    let plain = c.instruction_default;
    let load = plain.saturating_add(c.memory_access_cost);
    let store = plain.saturating_add(c.memory_fill_base_cost);
    let (copy_byte, fill_byte) = (c.memory_copy_per_byte_cost, c.memory_fill_per_byte_cost);
    Ok(Price::Fixed(match op {
        // Control flow. Structure is free (FIP-0032).
        Nop | Unreachable | Block { .. } | Loop { .. } | Else | End | Return | Drop => 0,
        Br { .. } => c.jump_unconditional,
        BrIf { .. } | If { .. } => c.jump_conditional,
        BrTable { .. } => c.jump_indirect.saturating_add(c.memory_access_cost),
        Call { .. } => c.jump_unconditional.saturating_add(c.call),
        CallIndirect { .. } => c.jump_indirect.saturating_add(c.memory_access_cost).saturating_add(c.call),

        // Constants, casts, variables.
        I32Const { .. } | I64Const { .. } | F32Const { .. } | F64Const { .. }
        | I64ExtendI32U | I32WrapI64
        | I32ReinterpretF32 | I64ReinterpretF64 | F32ReinterpretI32 | F64ReinterpretI64
        | LocalGet { .. } | LocalSet { .. } | LocalTee { .. }
        | GlobalGet { .. } | GlobalSet { .. } | Select
        | MemorySize { .. } | TableSize { .. } | DataDrop { .. } | ElemDrop { .. } => plain,

        // Integers.
        I32Extend8S | I32Extend16S | I64Extend8S | I64Extend16S | I64Extend32S | I64ExtendI32S
        | I32And | I32Or | I32Xor | I32Shl | I32ShrS | I32ShrU | I32Rotl | I32Rotr
        | I64And | I64Or | I64Xor | I64Shl | I64ShrS | I64ShrU | I64Rotl | I64Rotr
        | I32Eqz | I32Eq | I32Ne | I32LtS | I32LtU | I32GtS | I32GtU | I32LeS | I32LeU | I32GeS | I32GeU
        | I64Eqz | I64Eq | I64Ne | I64LtS | I64LtU | I64GtS | I64GtU | I64LeS | I64LeU | I64GeS | I64GeU
        | I32Clz | I32Ctz | I32Popcnt | I32Add | I32Sub | I32Mul | I32DivS | I32DivU | I32RemS | I32RemU
        | I64Clz | I64Ctz | I64Popcnt | I64Add | I64Sub | I64Mul | I64DivS | I64DivU | I64RemS | I64RemU
        // Floats.
        | I32TruncF32S | I32TruncF32U | I32TruncF64S | I32TruncF64U
        | I64TruncF32S | I64TruncF32U | I64TruncF64S | I64TruncF64U
        | I32TruncSatF32S | I32TruncSatF32U | I32TruncSatF64S | I32TruncSatF64U
        | I64TruncSatF32S | I64TruncSatF32U | I64TruncSatF64S | I64TruncSatF64U
        | F32Eq | F32Ne | F32Lt | F32Gt | F32Le | F32Ge
        | F64Eq | F64Ne | F64Lt | F64Gt | F64Le | F64Ge
        | F32Abs | F32Neg | F32Ceil | F32Floor | F32Trunc | F32Nearest | F32Sqrt
        | F32Add | F32Sub | F32Mul | F32Div | F32Min | F32Max | F32Copysign
        | F64Abs | F64Neg | F64Ceil | F64Floor | F64Trunc | F64Nearest | F64Sqrt
        | F64Add | F64Sub | F64Mul | F64Div | F64Min | F64Max | F64Copysign
        | F32DemoteF64 | F64PromoteF32
        | F32ConvertI32S | F32ConvertI32U | F32ConvertI64S | F32ConvertI64U
        | F64ConvertI32S | F64ConvertI32U | F64ConvertI64S | F64ConvertI64U => c.math_default,

        // Memory and tables.
        I32Load { .. } | I32Load8S { .. } | I32Load8U { .. } | I32Load16S { .. } | I32Load16U { .. }
        | I64Load { .. } | I64Load8S { .. } | I64Load8U { .. } | I64Load16S { .. } | I64Load16U { .. }
        | I64Load32S { .. } | I64Load32U { .. } | F32Load { .. } | F64Load { .. } | TableGet { .. } => load,
        I32Store { .. } | I32Store8 { .. } | I32Store16 { .. }
        | I64Store { .. } | I64Store8 { .. } | I64Store16 { .. } | I64Store32 { .. }
        | F32Store { .. } | F64Store { .. } | TableSet { .. } => store,
        MemoryInit { .. } | MemoryCopy { .. } => return linear(load, copy_byte, 1),
        MemoryFill { .. } => return linear(store, fill_byte, 1),
        MemoryGrow { .. } => return linear(store, fill_byte, PAGE_BYTES),
        TableInit { .. } | TableCopy { .. } => return linear(load, copy_byte, TABLE_ELEMENT_BYTES),
        TableFill { .. } | TableGrow { .. } => return linear(store, fill_byte, TABLE_ELEMENT_BYTES),

        // Reference operators, typed select, SIMD, atomics, exceptions, tail calls, GC, and whatever comes.
        _ => return Err(Unpriced::Unsupported),
    }))
}

/// The price of calling a function the module defines: the call itself and the twelve operators around it
/// with which the reference counts the stack height (three `global.get`, three `i32.const`, two
/// `global.set`, add, sub, compare, and an `if`).
pub(super) fn counted_call(c: &WasmCosts) -> u64 {
    c.jump_unconditional
        .saturating_add(c.call)
        .saturating_add(c.instruction_default.saturating_mul(8))
        .saturating_add(c.math_default.saturating_mul(3))
        .saturating_add(c.jump_conditional)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_beyond_31_bits_are_refused_and_zero_is_fixed() {
        assert_eq!(linear(7, 0, 65536), Ok(Price::Fixed(7)));
        let unit = NonZeroU32::new(26_214_400).unwrap();
        assert_eq!(linear(7, 400, 65536), Ok(Price::Linear { base: 7, unit }));
        assert!(linear(7, (1 << 31) - 1, 1).is_ok());
        assert_eq!(linear(7, 1 << 31, 1), Err(Unpriced::UnitTooLarge));
        assert_eq!(linear(7, u64::MAX, 8), Err(Unpriced::UnitTooLarge));
    }
}
