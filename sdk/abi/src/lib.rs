//! The ABI between Wasm actors and the FVM: the syscalls, the values they write back, and their error numbers,
//! declared once. Tests hold the functions that the host links, in each network version, against this table, and
//! `SYSCALLS.md` is printed from it.
//!
//! The ABI has versions. A syscall whose parameters changed has two rows in [`SYSCALLS`], and each row says in which
//! network versions it holds; [`syscalls_for`] gives the rows of one. The types of values have the same layout in
//! every supported version, so they are those of `fvm_shared`; [`out`] fixes their sizes.
//!
//! Left out: what a syscall does in detail and what it costs. The spec is filecoin-project/fvm-specs,
//! `08-syscalls.md`, and FIP-0030 to FIP-0032.
#![no_std]

#[cfg(test)]
extern crate std;

#[cfg(test)]
mod markdown;
pub mod out;
mod syscall;
mod table;

pub use syscall::{Gate, Param, Returns, Syscall, WasmType};
pub use table::SYSCALLS;

pub use fvm_shared::error::ErrorNumber;

/// The first network version whose ABI is described here.
pub const FIRST_NETWORK_VERSION: u32 = 18;

/// The last network version whose ABI is described here.
pub const LAST_NETWORK_VERSION: u32 = 28;

/// The syscalls of one network version, at most one for each module and name. The rows of a policy ([`Gate`]) are
/// among them: leave them out where the network does not allow what they do. None for a version that is not
/// described here.
pub fn syscalls_for(network_version: u32) -> impl Iterator<Item = &'static Syscall> {
    SYSCALLS
        .iter()
        .filter(move |syscall| syscall.exists_in(network_version))
}
