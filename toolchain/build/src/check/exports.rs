//! What the host calls and looks for in a module: `invoke`, `upgrade`, `memory`.

use wasmparser::{Export, ExternalKind, ValType};

use super::finding::{Findings, Place, Severity};
use super::rules::Rules;
use crate::Layout;
use crate::layout::shown;

/// Reports exports that are missing or of another kind than the host takes them for.
pub(super) fn check(layout: &Layout<'_>, rules: &Rules, findings: &mut Findings) {
    memory(layout, findings);
    match layout.export("invoke") {
        Some((offset, export)) => {
            if let Some(what) = wrong_entry(layout, export, 1) {
                let remedy = "export `extern \"C\" fn invoke(params: u32) -> u32`; #[actor] does";
                findings.push(
                    Severity::Unusable,
                    place(layout, export, *offset),
                    what,
                    remedy,
                );
            }
        }
        None => {
            // Up to nv20 calling such an actor was fatal, since then the call fails.
            let what = "exports no `invoke`: no method of it can be called";
            let remedy = "put #[actor] on the impl block, and build with `filigree-actor build`";
            findings.push(Severity::Unusable, Place::whole(), what, remedy);
        }
    }
    if let Some((offset, export)) = layout.export("upgrade") {
        upgrade(layout, rules, *offset, export, findings);
    }
}

fn memory(layout: &Layout<'_>, findings: &mut Findings) {
    let remedy = "export the memory as `memory`; the Rust compiler does for a cdylib";
    match layout.export("memory") {
        Some((_, export)) if export.kind == ExternalKind::Memory => {}
        Some((offset, _)) => findings.push(
            Severity::Unusable,
            Place::at(*offset),
            "the export `memory` is not a memory",
            remedy,
        ),
        None => findings.push(
            Severity::Unusable,
            Place::whole(),
            "exports no `memory`: the host cannot exchange data with it",
            remedy,
        ),
    }
}

fn upgrade(
    layout: &Layout<'_>,
    rules: &Rules,
    offset: usize,
    export: &Export<'_>,
    findings: &mut Findings,
) {
    if let Some(what) = wrong_entry(layout, export, 2) {
        let remedy =
            "export `extern \"C\" fn upgrade(params: u32, info: u32) -> u32`; #[actor] does";
        findings.push(
            Severity::Warning,
            place(layout, export, offset),
            what,
            remedy,
        );
    } else if !rules.allow_upgrade {
        findings.push(
            Severity::Note,
            Place::at(offset),
            "exports `upgrade`, which mainnet's policy never calls",
            "fine for networks that allow upgrades; check for them with --allow-upgrade",
        );
    }
}

/// What is wrong with an entry point of `params` block handles that returns one, if something is.
fn wrong_entry(layout: &Layout<'_>, export: &Export<'_>, params: usize) -> Option<String> {
    let name = export.name;
    if export.kind != ExternalKind::Func {
        return Some(format!("the export `{name}` is not a function"));
    }
    let ty = layout.signature(export.index)?;
    let fits = ty.params() == vec![ValType::I32; params] && ty.results() == [ValType::I32];
    (!fits).then(|| format!("`{name}` has the type {}", shown(ty)))
}

fn place(layout: &Layout<'_>, export: &Export<'_>, offset: usize) -> Place {
    match export.kind {
        ExternalKind::Func => Place {
            offset: Some(offset),
            ..Place::function(layout, export.index)
        },
        _ => Place::at(offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(wat: &str, expected: &[&str]) {
        let wasm = wat::parse_str(wat).unwrap();
        let layout = Layout::read(&wasm).unwrap();
        let mut findings = Findings::default();
        check(&layout, &Rules::latest(), &mut findings);
        let findings = findings.sorted();
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for (finding, part) in findings.iter().zip(expected) {
            assert!(finding.to_string().contains(part), "{finding}");
        }
    }

    #[test]
    fn entry_points_have_their_types() {
        let memory = r#"(memory (export "memory") 1)"#;
        let invoke = r#"(func (export "invoke") (param i32) (result i32) (i32.const 0))"#;
        expect(&format!("(module {memory} {invoke})"), &[]);
        expect("(module (func))", &["no `memory`", "no `invoke`"]);
        let wrong = r#"(func $f (export "invoke") (param i64))"#;
        expect(
            &format!("(module {memory} {wrong})"),
            &["`invoke` has the type (i64) -> () [function 0 (f), byte"],
        );
        expect(
            &format!(r#"(module {memory} (global (export "invoke") i32 (i32.const 0)))"#),
            &["`invoke` is not a function"],
        );
        expect(
            &format!(r#"(module (memory 1) (func (export "memory")) {invoke})"#),
            &["`memory` is not a memory"],
        );
        let upgrade = r#"(func (export "upgrade") (param i32 i32) (result i32) (i32.const 0))"#;
        expect(
            &format!("(module {memory} {invoke} {upgrade})"),
            &["never calls"],
        );
        let upgrade = r#"(func (export "upgrade") (param i32))"#;
        expect(
            &format!("(module {memory} {invoke} {upgrade})"),
            &["warning: `upgrade` has"],
        );
    }
}
