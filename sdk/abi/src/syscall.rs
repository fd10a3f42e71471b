//! One row of the syscall table, and how it maps to a Wasm import.

use crate::LAST_NETWORK_VERSION;

/// A syscall, as it is in some network versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syscall {
    /// The Wasm module it is imported from.
    pub module: &'static str,
    /// The name it is imported by.
    pub name: &'static str,
    /// What it does, in a sentence or two.
    pub doc: &'static str,
    /// The parameters, without the out-pointer. See [`Syscall::wasm_params`].
    pub params: &'static [Param],
    /// What it gives back beside the error number.
    pub returns: Returns,
    /// The first network version with this row. 18 also stands for older ones.
    pub since: u32,
    /// The last network version with this row; `None` if it still holds.
    pub until: Option<u32>,
    /// The policy that must allow it, if any.
    pub gate: Option<Gate>,
}

/// A parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name. `_off` is an offset in the actor's memory, `_len` a length in bytes, `_count` a number of elements.
    pub name: &'static str,
    /// Its type.
    pub ty: WasmType,
}

/// The type of a Wasm parameter. The ABI has no floats and no vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmType {
    /// 32 bits: an offset, length, handle or small number.
    I32,
    /// 64 bits: an actor id, method, epoch or multicodec.
    I64,
}

/// What a syscall gives back. Its Wasm result is always one i32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// It does not return; the i32 is never seen.
    Never,
    /// Nothing but the error number, 0 for success.
    Nothing,
    /// A value in the actor's memory. The host writes it, on success only, to the out-pointer: an i32 that comes
    /// before the other Wasm parameters. The value is packed, little-endian, and needs no alignment.
    Value {
        /// The type in Rust.
        name: &'static str,
        /// Its size.
        size_bytes: u32,
    },
}

/// A policy of the network. What it does not allow is not linked, so that a module importing it does not load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Actors may replace their own code. Off on mainnet.
    Upgrade,
    /// The init actor may install code. Off on mainnet.
    Install,
}

impl Returns {
    /// Bytes of the value, if there is one.
    pub const fn size_bytes(&self) -> Option<u32> {
        match self {
            Self::Value { size_bytes, .. } => Some(*size_bytes),
            Self::Never | Self::Nothing => None,
        }
    }
}

impl Syscall {
    /// Whether this row holds in that network version.
    pub const fn exists_in(&self, network_version: u32) -> bool {
        let until = match self.until {
            Some(until) => until,
            None => LAST_NETWORK_VERSION,
        };
        self.since <= network_version && network_version <= until
    }

    /// The parameters of the Wasm import, in order: the out-pointer if there is a value to write, then
    /// [`Syscall::params`].
    pub fn wasm_params(&self) -> impl Iterator<Item = WasmType> {
        let out_pointer = match self.returns {
            Returns::Value { .. } => Some(WasmType::I32),
            Returns::Never | Returns::Nothing => None,
        };
        out_pointer
            .into_iter()
            .chain(self.params.iter().map(|param| param.ty))
    }

    /// The result of the Wasm import: 0 or an [`ErrorNumber`](crate::ErrorNumber).
    pub const fn wasm_result(&self) -> WasmType {
        WasmType::I32
    }
}

impl WasmType {
    /// The name in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
        }
    }
}

impl Gate {
    /// A word for documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Install => "install",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    const ROW: Syscall = Syscall {
        module: "m",
        name: "n",
        doc: "",
        params: &[Param {
            name: "id",
            ty: WasmType::I64,
        }],
        returns: Returns::Nothing,
        since: 20,
        until: Some(21),
        gate: None,
    };

    #[test]
    fn a_row_holds_from_its_first_to_its_last_version() {
        let holds = |row: Syscall| (0..40).filter(|v| row.exists_in(*v)).collect::<Vec<_>>();
        assert_eq!(holds(ROW), [20, 21]);
        let open = Syscall { until: None, ..ROW };
        assert_eq!(holds(open), [20, 21, 22, 23, 24, 25, 26, 27, 28]);
    }

    #[test]
    fn the_out_pointer_comes_first() {
        use WasmType::{I32, I64};
        let params = |returns| Syscall { returns, ..ROW }.wasm_params().collect::<Vec<_>>();
        assert_eq!(params(Returns::Never), [I64]);
        assert_eq!(params(Returns::Nothing), [I64]);
        let value = Returns::Value {
            name: "u32",
            size_bytes: 4,
        };
        assert_eq!(params(value), [I32, I64]);
    }
}
