//! What the host does not mind but an author may: a start function, sections nobody reads, the schema.

use filigree_schema::{SECTION, Schema};

use super::finding::{Findings, Place, Severity};
use crate::Layout;

/// Reports them.
pub(super) fn check(wasm: &[u8], layout: &Layout<'_>, findings: &mut Findings) {
    if let Some((offset, function)) = layout.start {
        let place = Place {
            offset: Some(offset),
            ..Place::function(layout, function)
        };
        findings.push(
            Severity::Warning,
            place,
            "has a start function: it runs and is paid for at every call, and syscalls in it see no memory",
            "initialise where it is needed instead",
        );
    }
    for section in layout
        .sections
        .iter()
        .filter(|s| s.is_custom && s.name != SECTION)
    {
        let size = section.range.len();
        let what = format!("the custom section `{}` takes {size} bytes", section.name);
        let remedy = "the chain stores it for nothing; `filigree-actor build` leaves it out";
        findings.push(Severity::Note, Place::at(section.range.start), what, remedy);
    }
    schema(wasm, layout, findings);
}

fn schema(wasm: &[u8], layout: &Layout<'_>, findings: &mut Findings) {
    let section = layout
        .sections
        .iter()
        .find(|s| s.is_custom && s.name == SECTION);
    let place = section.map_or(Place::whole(), |s| Place::at(s.range.start));
    match Schema::from_wasm(wasm) {
        Ok(Some(_)) => {}
        Ok(None) => findings.push(
            Severity::Note,
            place,
            "has no schema: tools cannot show parameters, returns and state of it",
            "#[actor] writes one",
        ),
        Err(error) => findings.push(
            Severity::Warning,
            place,
            format!("its schema cannot be used: {error}"),
            "build it again with the tool and SDK of one version",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn expect(rest: &str, expected: &[&str]) {
        let wasm = wat::parse_str(format!("(module (func) {rest})")).unwrap();
        let layout = Layout::read(&wasm).unwrap();
        let mut findings = Findings::default();
        check(&wasm, &layout, &mut findings);
        let findings = findings.sorted();
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for (finding, part) in findings.iter().zip(expected) {
            assert!(finding.to_string().contains(part), "{finding}");
        }
    }

    #[test]
    fn extras_are_noted() {
        expect("", &["no schema"]);
        expect("(start 0)", &["warning: has a start function", "no schema"]);
        expect(
            r#"(@custom "producers" "12")"#,
            &["`producers` takes 14 bytes", "no schema"],
        );
        expect(
            r#"(@custom "filigree.schema" "{")"#,
            &["warning: its schema cannot be used"],
        );
        let good = r#"{\"filigree\":1,\"actor\":\"A\",\"state\":null,\"methods\":[]}"#;
        expect(&format!(r#"(@custom "filigree.schema" "{good}")"#), &[]);
    }
}
