//! What a module consists of: imports, exports, memory, and its bytes by section, crate and function.
//!
//! Sizes by crate and by function name need the name section, which `build` leaves out: inspect the artefact with
//! names for them. Without it functions go by their index. A module need not pass `check` to be inspected.

use std::collections::BTreeMap;

use filigree_schema::Schema;
use serde::Serialize;
use wasmparser::{ExternalKind, TypeRef};

use crate::layout::shown;
use crate::names::crate_of;
use crate::{Layout, Malformed, code_cid};

/// What functions without a path in their name are counted under.
const NO_CRATE: &str = "(no crate)";

/// What functions without a name are counted under.
const NO_NAME: &str = "(no names)";

/// Everything that is printed about a module.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Its code CID.
    pub code_cid: String,
    /// Its size.
    pub size_bytes: usize,
    /// Sections in order.
    pub sections: Vec<SectionSize>,
    /// What it takes from the host.
    pub imports: Vec<ImportLine>,
    /// What it offers.
    pub exports: Vec<ExportLine>,
    /// The memory it starts with.
    pub memory: Option<MemoryLine>,
    /// Elements of its table at the start.
    pub table_elements: Option<u64>,
    /// How many globals it has.
    pub globals: usize,
    /// Bytes of data segments.
    pub data_bytes: usize,
    /// Whether names of functions are in it.
    pub has_names: bool,
    /// Sizes of code by crate, largest first.
    pub crates: Vec<CrateSize>,
    /// Sizes of code by function, largest first.
    pub functions: Vec<FunctionSize>,
    /// Its schema.
    pub schema: Option<Schema>,
    /// Why its schema cannot be used, if so.
    pub schema_error: Option<String>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SectionSize {
    /// Its kind, or the own name of a custom section.
    pub name: String,
    /// Whether it is a custom section.
    pub custom: bool,
    /// Where it begins.
    pub offset: usize,
    /// Its size with its header.
    pub size_bytes: usize,
    /// How many items it lists.
    pub items: usize,
}

/// An import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportLine {
    /// The module it comes from.
    pub module: String,
    /// Its name there.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: String,
}

/// An export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportLine {
    /// Its name.
    pub name: String,
    /// Its kind, and of a function its type.
    #[serde(rename = "type")]
    pub ty: String,
}

/// A memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryLine {
    /// Pages of 64 KiB at the start.
    pub initial_pages: u64,
    /// Pages it may grow to by its own declaration.
    pub maximum_pages: Option<u64>,
}

/// The code of a crate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CrateSize {
    /// Its name.
    #[serde(rename = "crate")]
    pub krate: String,
    /// Bytes of its functions.
    pub size_bytes: usize,
    /// How many functions.
    pub functions: usize,
}

/// The code of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunctionSize {
    /// Its index, those imported included.
    pub index: u32,
    /// Its name.
    pub name: Option<String>,
    /// Where its body begins.
    pub offset: usize,
    /// The size of its body.
    pub size_bytes: usize,
}

/// Inspects a module.
pub fn inspect(wasm: &[u8]) -> Result<Inspection, Malformed> {
    let layout = Layout::read(wasm)?;
    let functions = functions(&layout);
    let (schema, schema_error) = match Schema::from_wasm(wasm) {
        Ok(schema) => (schema, None),
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(Inspection {
        code_cid: code_cid(wasm).to_string(),
        size_bytes: wasm.len(),
        sections: sections(&layout),
        imports: imports(&layout),
        exports: exports(&layout),
        memory: layout.memories.first().map(|(_, memory)| MemoryLine {
            initial_pages: memory.initial,
            maximum_pages: memory.maximum,
        }),
        table_elements: layout.tables.first().map(|(_, table)| table.initial),
        globals: layout.globals.len(),
        data_bytes: layout
            .data
            .iter()
            .map(|(_, segment)| segment.data.len())
            .sum(),
        has_names: functions.iter().any(|f| f.name.is_some()),
        crates: crates(&functions),
        functions,
        schema,
        schema_error,
    })
}

fn sections(layout: &Layout<'_>) -> Vec<SectionSize> {
    let sections = layout.sections.iter();
    sections
        .map(|section| SectionSize {
            name: section.name.to_owned(),
            custom: section.is_custom,
            offset: section.range.start,
            size_bytes: section.range.len(),
            items: section.items.len(),
        })
        .collect()
}

fn imports(layout: &Layout<'_>) -> Vec<ImportLine> {
    let imports = layout.imports.iter();
    imports
        .map(|(_, import)| ImportLine {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            ty: match import.ty {
                TypeRef::Func(ty) => match layout.types.get(ty as usize) {
                    Some(Some(ty)) => shown(ty),
                    _ => "function".to_owned(),
                },
                other => format!("{other:?}"),
            },
        })
        .collect()
}

fn exports(layout: &Layout<'_>) -> Vec<ExportLine> {
    let exports = layout.exports.iter();
    exports
        .map(|(_, export)| ExportLine {
            name: export.name.to_owned(),
            ty: match export.kind {
                ExternalKind::Func | ExternalKind::FuncExact => {
                    match layout.signature(export.index) {
                        Some(ty) => shown(ty),
                        None => "function".to_owned(),
                    }
                }
                ExternalKind::Table => "table".to_owned(),
                ExternalKind::Memory => "memory".to_owned(),
                ExternalKind::Global => "global".to_owned(),
                ExternalKind::Tag => "tag".to_owned(),
            },
        })
        .collect()
}

fn functions(layout: &Layout<'_>) -> Vec<FunctionSize> {
    let functions = layout.functions.iter();
    let mut sizes: Vec<FunctionSize> = functions
        .map(|function| {
            let range = function.body.range();
            FunctionSize {
                index: function.index,
                name: function.name.clone(),
                offset: range.start,
                size_bytes: range.len(),
            }
        })
        .collect();
    sizes.sort_by_key(|f| (std::cmp::Reverse(f.size_bytes), f.index));
    sizes
}

fn crates(functions: &[FunctionSize]) -> Vec<CrateSize> {
    let mut crates: BTreeMap<&str, CrateSize> = BTreeMap::new();
    for function in functions {
        let name = match &function.name {
            Some(name) => crate_of(name).unwrap_or(NO_CRATE),
            None => NO_NAME,
        };
        let size = crates.entry(name).or_insert_with(|| CrateSize {
            krate: name.to_owned(),
            size_bytes: 0,
            functions: 0,
        });
        size.size_bytes += function.size_bytes;
        size.functions += 1;
    }
    let mut sizes: Vec<CrateSize> = crates.into_values().collect();
    sizes.sort_by(|a, b| (b.size_bytes, &a.krate).cmp(&(a.size_bytes, &b.krate)));
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"(module
        (import "gas" "available" (func $gas (param i32) (result i32)))
        (memory (export "memory") 2)
        (table 3 funcref)
        (func $token::transfer (nop) (nop) (nop))
        (func $core::fmt::write)
        (func $<token::Token_as_core::Drop>::drop (nop))
        (func (export "invoke") (param i32) (result i32) (i32.const 0))
        (data "0123456789"))"#;

    #[test]
    fn sizes_are_by_section_crate_and_function() {
        let wasm = wat::parse_str(SAMPLE).unwrap();
        let inspection = inspect(&wasm).unwrap();
        assert_eq!(inspection.size_bytes, wasm.len());
        let sum: usize = inspection.sections.iter().map(|s| s.size_bytes).sum();
        assert_eq!(sum + 8, wasm.len());
        assert_eq!(inspection.imports[0].ty, "(i32) -> (i32)");
        assert_eq!(inspection.exports[1].name, "invoke");
        assert_eq!(inspection.memory.as_ref().unwrap().initial_pages, 2);
        assert_eq!(inspection.data_bytes, 10);
        assert_eq!(
            inspection.functions[0].name.as_deref(),
            Some("token::transfer")
        );
        let crates: Vec<&str> = inspection.crates.iter().map(|c| c.krate.as_str()).collect();
        assert_eq!(crates[0], "token");
        assert!(
            crates.contains(&NO_NAME) && crates.contains(&"core"),
            "{crates:?}"
        );
        assert!(inspection.has_names && inspection.schema.is_none());
        serde_json::to_string(&inspection).unwrap();
    }

    #[test]
    fn a_broken_schema_is_told_beside_the_rest() {
        let wasm = wat::parse_str(r#"(module (@custom "filigree.schema" "?"))"#).unwrap();
        let inspection = inspect(&wasm).unwrap();
        assert!(inspection.schema_error.is_some());
        assert!(inspect(b"").is_err());
    }
}
