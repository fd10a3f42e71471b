//! Prints the table as a page. The page is committed beside this crate so that one can read the ABI, and see in a diff
//! when it changes, without running anything.

use std::fmt::{self, Write as _};
use std::string::String;

use crate::{ErrorNumber, FIRST_NETWORK_VERSION, LAST_NETWORK_VERSION, Returns, SYSCALLS, Syscall};

const INTRODUCTION: &str = "\
<!-- Printed from src/table.rs. Refresh: UPDATE_GOLDEN=1 cargo test -p filigree-abi -->

# FVM syscalls

An actor is a Wasm module. It exports its memory as `memory` and the function `invoke(params_id: i32) -> i32`; both
numbers are block handles, 0 for no block. It imports the syscalls below, by module and name.

- Every syscall has one Wasm result, an i32: 0, or an error number.
- A syscall that returns a value has one more parameter, an i32 before all others: where in the actor's memory the
  value goes. It is written on success only. Values are packed and little-endian and need no alignment.
- Offsets and lengths are unsigned. `_off` is an offset in memory, `_len` a length in bytes, `_count` a number of
  elements.
- Handles of blocks (`block_id`, `params_id`) belong to one invocation.
- A CID is read without a length, because it tells its own.
- A syscall with a gate is linked only where the network's policy allows it; mainnet allows none.

";

/// The documentation page of the whole table.
fn to_markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    render(&mut page).expect("writing to a string does not fail");
    page
}

fn render(page: &mut String) -> fmt::Result {
    let mut module = "";
    for syscall in SYSCALLS {
        if syscall.module != module {
            module = syscall.module;
            writeln!(page, "## {module}\n")?;
        }
        render_syscall(page, syscall)?;
    }
    render_errors(page)
}

fn render_syscall(page: &mut String, syscall: &Syscall) -> fmt::Result {
    write!(page, "### `{}(", syscall.name)?;
    for (i, param) in syscall.params.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        write!(page, "{comma}{}: {}", param.name, param.ty.name())?;
    }
    match syscall.returns {
        Returns::Never => writeln!(page, ") -> !`\n")?,
        Returns::Nothing => writeln!(page, ")`\n")?,
        Returns::Value { name, .. } => writeln!(page, ") -> {name}`\n")?,
    }
    writeln!(page, "{}\n", syscall.doc)?;

    write!(page, "{}", versions(syscall))?;
    if let Returns::Value { size_bytes, .. } = syscall.returns {
        let unit = if size_bytes == 1 { "byte" } else { "bytes" };
        write!(page, "; value of {size_bytes} {unit}")?;
    }
    if let Some(gate) = syscall.gate {
        write!(page, "; gate: {}", gate.name())?;
    }
    write!(page, "; Wasm `(")?;
    for (i, ty) in syscall.wasm_params().enumerate() {
        let space = if i == 0 { "" } else { " " };
        write!(page, "{space}{}", ty.name())?;
    }
    writeln!(page, ") -> {}`.\n", syscall.wasm_result().name())
}

fn versions(syscall: &Syscall) -> String {
    let since = syscall.since;
    match (since == FIRST_NETWORK_VERSION, syscall.until) {
        (true, None) => "All versions".into(),
        (true, Some(until)) => std::format!("Up to nv{until}"),
        (false, None) => std::format!("From nv{since} on"),
        (false, Some(until)) => std::format!("nv{since} to nv{until}"),
    }
}

fn render_errors(page: &mut String) -> fmt::Result {
    writeln!(page, "## Error numbers\n\n| number | name |\n|---|---|")?;
    for error in ERRORS {
        writeln!(page, "| {} | {error:?} |", *error as u32)?;
    }
    writeln!(
        page,
        "\nDescribed here: nv{FIRST_NETWORK_VERSION} to nv{LAST_NETWORK_VERSION}."
    )
}

/// Every error number, in order.
const ERRORS: &[ErrorNumber] = &[
    ErrorNumber::IllegalArgument,
    ErrorNumber::IllegalOperation,
    ErrorNumber::LimitExceeded,
    ErrorNumber::AssertionFailed,
    ErrorNumber::InsufficientFunds,
    ErrorNumber::NotFound,
    ErrorNumber::InvalidHandle,
    ErrorNumber::IllegalCid,
    ErrorNumber::IllegalCodec,
    ErrorNumber::Serialization,
    ErrorNumber::Forbidden,
    ErrorNumber::BufferTooSmall,
    ErrorNumber::ReadOnly,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/SYSCALLS.md");
        let page = to_markdown();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &page).expect("SYSCALLS.md can be written");
            return;
        }
        let committed = std::fs::read_to_string(path).expect("SYSCALLS.md can be read");
        for (line, (committed, printed)) in committed.lines().zip(page.lines()).enumerate() {
            assert_eq!(
                committed,
                printed,
                "SYSCALLS.md:{} is not what the table says; if the table is right, \
                 UPDATE_GOLDEN=1 cargo test -p filigree-abi",
                line + 1
            );
        }
        assert_eq!(committed, page, "SYSCALLS.md ends elsewhere than the table");
    }

    #[test]
    fn errors_are_numbered_from_one_on() {
        let numbers = ERRORS.iter().map(|error| *error as u32);
        assert!(numbers.eq(1..=13));
    }
}
