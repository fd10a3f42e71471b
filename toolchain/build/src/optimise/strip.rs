//! Leaves out custom sections: the host reads none, and the chain stores each byte.

use filigree_schema::SECTION;

use super::Keep;
use crate::names::NAME_SECTION;
use crate::{Layout, Malformed};

/// The module without its custom sections, except the schema and, if kept, the names.
pub fn strip(wasm: &[u8], keep: Keep) -> Result<Vec<u8>, Malformed> {
    let layout = Layout::read(wasm)?;
    let header = layout
        .sections
        .first()
        .map_or(wasm.len(), |s| s.range.start);
    let mut stripped = Vec::with_capacity(wasm.len());
    stripped.extend_from_slice(wasm.get(..header).unwrap_or_default());
    for section in &layout.sections {
        let kept = !section.is_custom
            || section.name == SECTION
            || (keep.names && section.name == NAME_SECTION);
        if kept {
            stripped.extend_from_slice(wasm.get(section.range.clone()).unwrap_or_default());
        }
    }
    Ok(stripped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_host_or_a_tool_reads_stays() {
        let wat = r#"(module
            (@custom "producers" (before first) "p")
            (func $named)
            (@custom "filigree.schema" "{}")
            (@custom ".debug_info" "d"))"#;
        let wasm = wat::parse_str(wat).unwrap();
        let names = |wasm: &[u8]| -> Vec<String> {
            let layout = Layout::read(wasm).unwrap();
            layout.sections.iter().map(|s| s.name.to_owned()).collect()
        };
        let stripped = strip(&wasm, Keep::default()).unwrap();
        assert_eq!(
            names(&stripped),
            ["type", "function", "code", "filigree.schema"]
        );
        let named = strip(&wasm, Keep { names: true }).unwrap();
        assert_eq!(names(&named).len(), 5);
        assert_eq!(strip(&named, Keep::default()).unwrap(), stripped);
        assert_eq!(strip(&stripped, Keep::default()).unwrap(), stripped);
        assert_eq!(
            strip(b"\0asm\x01\0\0\0", Keep::default()).unwrap(),
            b"\0asm\x01\0\0\0"
        );
        assert!(strip(b"", Keep::default()).is_err());
    }
}
