//! Whether the host has what the module imports, at this network version and with this type.

use filigree_abi::{FIRST_NETWORK_VERSION, LAST_NETWORK_VERSION, SYSCALLS, Syscall, WasmType};
use wasmparser::{FuncType, Import, TypeRef, ValType};

use super::finding::{Findings, Place, Severity};
use super::rules::Rules;
use crate::Layout;
use crate::layout::shown;

/// Reports every import that does not link.
pub(super) fn check(layout: &Layout<'_>, rules: &Rules, findings: &mut Findings) {
    for (offset, import) in &layout.imports {
        let problem = match import.ty {
            TypeRef::Func(ty) => {
                let ty = layout.types.get(ty as usize).and_then(Option::as_ref);
                ty.and_then(|ty| function(import, ty, rules))
            }
            _ => Some((
                "is no function; the host provides functions only".to_owned(),
                "define memory, tables and globals in the module (no -C link-arg=--import-memory)"
                    .to_owned(),
            )),
        };
        if let Some((what, remedy)) = problem {
            // A module with a function that is not there loads, but has no instance.
            let severity = match import.ty {
                TypeRef::Func(_) => Severity::Unusable,
                _ => Severity::Refused,
            };
            let what = format!("import {}::{} {what}", import.module, import.name);
            findings.push(severity, Place::at(*offset), what, remedy);
        }
    }
}

/// What is wrong with an imported function and what to do, if something is.
fn function(import: &Import<'_>, ty: &FuncType, rules: &Rules) -> Option<(String, String)> {
    let version = rules.network_version;
    let rows: Vec<&Syscall> = SYSCALLS
        .iter()
        .filter(|row| (row.module, row.name) == (import.module, import.name))
        .collect();
    if rows.is_empty() {
        return Some(("is no syscall".to_owned(), nearest(import)));
    }
    let Some(here) = rows.iter().find(|row| row.exists_in(version)) else {
        let remedy = format!("it exists {}", all_versions(&rows));
        return Some((
            format!("does not exist at network version {version}"),
            remedy,
        ));
    };
    if !rules.allows(here.gate) {
        let gate = here.gate.map_or("", |gate| gate.name());
        return Some((
            "exists only on networks whose policy allows it; mainnet does not".to_owned(),
            format!("leave it out, or check with --allow-{gate} for a network that has it"),
        ));
    }
    if has_type(here, ty) {
        return None;
    }
    let what = format!(
        "has the type {}, but is {} at network version {version}",
        shown(ty),
        declared(here)
    );
    let other = rows.iter().find(|row| has_type(row, ty));
    let remedy = match other {
        Some(other) => format!(
            "this is its form {}; build for version {version}",
            versions(other)
        ),
        None => format!("declare it as: {}", signature(here)),
    };
    Some((what, remedy))
}

/// Advice for a name that no version has.
fn nearest(import: &Import<'_>) -> String {
    if let Some(row) = SYSCALLS.iter().find(|row| row.name == import.name) {
        return format!("there is {}::{}; is it meant?", row.module, row.name);
    }
    let mut names: Vec<&str> = SYSCALLS
        .iter()
        .filter(|row| row.module == import.module)
        .map(|row| row.name)
        .collect();
    names.dedup();
    if names.is_empty() {
        return match import.module {
            "env" => "a function was declared but not defined; link the library that defines it".to_owned(),
            "wasi_snapshot_preview1" => "there is no WASI; build for wasm32-unknown-unknown".to_owned(),
            _ if import.module.starts_with("__wbindgen") => {
                "a dependency uses wasm-bindgen; switch that feature of it off".to_owned()
            }
            _ => "the modules are vm, network, ipld, self, actor, crypto, event, rand, gas, send, debug".to_owned(),
        };
    }
    format!("the module {} has: {}", import.module, names.join(", "))
}

fn has_type(row: &Syscall, ty: &FuncType) -> bool {
    let params = row.wasm_params().map(value_type);
    ty.params().iter().copied().eq(params) && ty.results() == [value_type(row.wasm_result())]
}

fn value_type(ty: WasmType) -> ValType {
    match ty {
        WasmType::I32 => ValType::I32,
        WasmType::I64 => ValType::I64,
    }
}

fn declared(row: &Syscall) -> String {
    let params: Vec<&str> = row.wasm_params().map(WasmType::name).collect();
    format!("({}) -> ({})", params.join(" "), row.wasm_result().name())
}

/// A syscall with the names of its parameters.
fn signature(row: &Syscall) -> String {
    let has_out = row.wasm_params().count() > row.params.len();
    let out = has_out.then(|| "out: i32".to_owned());
    let params = row
        .params
        .iter()
        .map(|p| format!("{}: {}", p.name, p.ty.name()));
    let params: Vec<String> = out.into_iter().chain(params).collect();
    format!("{}({}) -> i32", row.name, params.join(", "))
}

fn versions(row: &Syscall) -> String {
    match row.until {
        None => format!("from network version {} on", row.since),
        Some(until) if row.since <= FIRST_NETWORK_VERSION => {
            format!("up to network version {until}")
        }
        Some(until) => format!("at network versions {} to {until}", row.since),
    }
}

fn all_versions(rows: &[&Syscall]) -> String {
    let since = rows
        .iter()
        .map(|row| row.since)
        .min()
        .unwrap_or(FIRST_NETWORK_VERSION);
    let until = rows
        .iter()
        .map(|row| row.until.unwrap_or(LAST_NETWORK_VERSION))
        .max();
    match until {
        Some(until) if until < LAST_NETWORK_VERSION => {
            format!("at network versions {since} to {until}")
        }
        _ => format!("from network version {since} on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asserts what is reported for one import: a part of the text, or nothing.
    #[track_caller]
    fn expect(version: u32, module: &str, name: &str, ty: &str, part: Option<&str>) {
        let wat = format!(r#"(module (import "{module}" "{name}" {ty}) (func))"#);
        let wasm = wat::parse_str(wat).unwrap();
        let layout = Layout::read(&wasm).unwrap();
        let mut findings = Findings::default();
        check(&layout, &Rules::mainnet(version).unwrap(), &mut findings);
        let findings = findings.sorted();
        match (part, findings.as_slice()) {
            (None, []) => {}
            (Some(part), [finding]) => assert!(finding.to_string().contains(part), "{finding}"),
            (_, found) => panic!("{module}::{name} at {version}: {found:?}"),
        }
    }

    #[test]
    fn imports_of_the_version_are_fine() {
        expect(
            28,
            "vm",
            "exit",
            "(func (param i32 i32 i32 i32) (result i32))",
            None,
        );
        expect(
            18,
            "self",
            "self_destruct",
            "(func (param i32 i32) (result i32))",
            None,
        );
        expect(
            21,
            "self",
            "self_destruct",
            "(func (param i32) (result i32))",
            None,
        );
    }

    #[test]
    fn imports_of_other_versions_are_said_to_be() {
        let (old, new) = (
            "(func (param i32 i32) (result i32))",
            "(func (param i32) (result i32))",
        );
        expect(
            28,
            "self",
            "self_destruct",
            old,
            Some("up to network version 20"),
        );
        expect(
            18,
            "self",
            "self_destruct",
            new,
            Some("from network version 21 on"),
        );
        let bls = "(func (param i32 i32 i32 i32 i32 i32) (result i32))";
        expect(
            20,
            "crypto",
            "verify_bls_aggregate",
            bls,
            Some("it exists from network version 21 on"),
        );
        expect(21, "crypto", "verify_bls_aggregate", bls, None);
    }

    #[test]
    fn wrong_types_are_shown_beside_the_right_ones() {
        expect(
            28,
            "gas",
            "available",
            "(func (result i64))",
            Some("() -> (i64), but is (i32) -> (i32)"),
        );
        expect(
            28,
            "gas",
            "available",
            "(func (result i64))",
            Some("available(out: i32) -> i32"),
        );
        expect(
            28,
            "gas",
            "charge",
            "(func (param i32 i32 f64) (result i32))",
            Some("gas: i64"),
        );
    }

    #[test]
    fn unknown_names_come_with_advice() {
        let ty = "(func)";
        expect(28, "env", "gas", ty, Some("declared but not defined"));
        expect(
            28,
            "vm",
            "leave",
            ty,
            Some("the module vm has: exit, message_context"),
        );
        expect(28, "actor", "set_root", ty, Some("there is self::set_root"));
        expect(
            28,
            "wasi_snapshot_preview1",
            "fd_write",
            ty,
            Some("no WASI"),
        );
        expect(
            28,
            "__wbindgen_placeholder__",
            "x",
            ty,
            Some("wasm-bindgen"),
        );
        expect(28, "x", "y", ty, Some("the modules are"));
        expect(28, "env", "memory", "(memory 1)", Some("no function"));
    }

    #[test]
    fn policies_are_named() {
        let ty = "(func (param i32 i32 i32) (result i32))";
        expect(28, "actor", "upgrade_actor", ty, Some("--allow-upgrade"));
    }
}
