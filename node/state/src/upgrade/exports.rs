//! Whether code takes over the state of the code before it.

use wasmparser::{ExternalKind, Parser, Payload};

/// The export that does.
const UPGRADE: &str = "upgrade";

/// Whether Wasm exports a function called `upgrade`.
///
/// # Errors
/// If it is no Wasm.
pub(super) fn has_upgrade(wasm: &[u8]) -> Result<bool, String> {
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::ExportSection(exports) = payload.map_err(|e| e.to_string())? else {
            continue;
        };
        for export in exports {
            let export = export.map_err(|e| e.to_string())?;
            if export.name == UPGRADE && export.kind == ExternalKind::Func {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_function_of_that_name_counts() {
        let has = |export: &str| {
            let text = format!("(module (memory 1) (func) {export})");
            has_upgrade(&wat::parse_str(text).unwrap()).unwrap()
        };
        assert!(has("(export \"upgrade\" (func 0))"));
        assert!(has(
            "(export \"invoke\" (func 0)) (export \"upgrade\" (func 0))"
        ));
        assert!(!has("(export \"invoke\" (func 0))"));
        assert!(!has("(export \"upgrade\" (memory 0))"));
        assert!(!has(""));
        assert!(has_upgrade(b"no wasm").is_err());
    }
}
