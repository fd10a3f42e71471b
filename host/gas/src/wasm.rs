//! Prices of running Wasm (FIP-0032, raised by FIP-0057).
//!
//! These are classes of instructions, not instructions: `host/engine` knows which instruction belongs to which class
//! and charges them inside the module. Memory and tables present from the start are charged by `host/vm`.

use crate::Gas;

/// Bytes charged for one element of a table: a pointer of the host.
const TABLE_ELEMENT_BYTES: u64 = 8;

/// What Wasm costs. Equal for all supported network versions so far, and still data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WasmPrices {
    /// Constants, casts, locals, globals, `select`; added to every load, store and bulk instruction.
    pub instruction_default: Gas,
    /// Integer and float arithmetic, comparison, conversion.
    pub math_default: Gas,
    /// `br`, and the jump of a direct call.
    pub jump_unconditional: Gas,
    /// `br_if` and `if`.
    pub jump_conditional: Gas,
    /// `br_table`, and the jump of an indirect call.
    pub jump_indirect: Gas,
    /// A call, beside its jump.
    pub call: Gas,
    /// A memory or table write, grow or fill, once per instruction.
    pub memory_fill_base_cost: Gas,
    /// A byte filled or grown; also a byte of initial memory.
    pub memory_fill_per_byte_cost: Gas,
    /// A memory or table read or copy, once per instruction.
    pub memory_access_cost: Gas,
    /// A byte copied.
    pub memory_copy_per_byte_cost: Gas,
    /// A call from Wasm into the host.
    pub host_call_cost: Gas,
}

impl WasmPrices {
    /// The memory a module starts with.
    pub fn init_memory_gas(&self, bytes: u64) -> Gas {
        self.memory_fill_base_cost + self.memory_fill_per_byte_cost * bytes
    }

    /// Memory grown by `bytes`.
    pub fn grow_memory_gas(&self, bytes: u64) -> Gas {
        self.memory_fill_base_cost + self.memory_fill_per_byte_cost * bytes
    }

    /// The table a module starts with.
    pub fn init_table_gas(&self, elements: u64) -> Gas {
        self.memory_fill_base_cost + self.memory_fill_per_byte_cost * elements * TABLE_ELEMENT_BYTES
    }
}
