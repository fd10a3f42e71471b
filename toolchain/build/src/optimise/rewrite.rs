//! Writes a module anew: functions renumbered, bodies simplified, every number as short as it can be.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, ExportSection, FunctionSection, Module, NameMap, NameSection};
use wasmparser::{
    Export, ExternalKind, FunctionBody, FunctionSectionReader, Name, Operator, Parser,
};

use super::branches;
use super::functions::Plan;
use crate::Malformed;

/// Exports that the linker adds and the host never looks at.
const LINKER_EXPORTS: &[&str] = &["__data_end", "__heap_base"];

/// The module after the plan.
pub(super) fn rewrite(wasm: &[u8], plan: &Plan) -> Result<Vec<u8>, Malformed> {
    let bodies = branches::simplify(wasm)?;
    let imported = plan.stays.len().saturating_sub(bodies.len());
    let defined = plan.stays.get(imported..).unwrap_or_default();
    let mut module = Module::new();
    let mut rewriter = Rewriter {
        plan,
        types: defined.iter(),
        bodies: bodies.into_iter().zip(defined),
    };
    rewriter
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(malformed)?;
    Ok(module.finish())
}

pub(super) fn malformed(error: Error) -> Malformed {
    match error {
        Error::ParseError(error) => error.into(),
        other => Malformed {
            offset: 0,
            message: other.to_string(),
        },
    }
}

/// Replaces the indices of functions, and nothing else.
pub(super) struct Renumber<'p>(pub &'p [u32]);

impl Reencode for Renumber<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(self.0.get(function as usize).copied().unwrap_or(function))
    }
}

struct Rewriter<'p, 'w> {
    plan: &'p Plan,
    /// Whether each function stays whose type comes next.
    types: std::slice::Iter<'p, bool>,
    /// The bodies that come next, and whether each stays.
    bodies: std::iter::Zip<std::vec::IntoIter<Vec<Operator<'w>>>, std::slice::Iter<'p, bool>>,
}

impl Reencode for Rewriter<'_, '_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Renumber(&self.plan.index).function_index(function)
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        for ty in section {
            let ty = self.type_index(ty?)?;
            if self.types.next() == Some(&true) {
                functions.function(ty);
            }
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error> {
        let Some((operators, true)) = self.bodies.next() else {
            return Ok(());
        };
        let mut function = self.new_function_with_parsed_locals(&body)?;
        for operator in operators {
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }

    fn parse_export(
        &mut self,
        exports: &mut ExportSection,
        export: Export<'_>,
    ) -> Result<(), Error> {
        if export.kind == ExternalKind::Global && LINKER_EXPORTS.contains(&export.name) {
            return Ok(());
        }
        utils::parse_export(self, exports, export)
    }

    /// Keeps the names of functions that stay; those of locals, labels and types are of no use here.
    fn parse_custom_name_subsection(
        &mut self,
        names: &mut NameSection,
        section: Name<'_>,
    ) -> Result<(), Error> {
        match section {
            Name::Module { name, .. } => names.module(name),
            Name::Function(map) => {
                let mut kept = NameMap::new();
                for naming in map {
                    let naming = naming?;
                    if self.plan.stays.get(naming.index as usize) == Some(&true) {
                        kept.append(self.function_index(naming.index)?, naming.name);
                    }
                }
                names.functions(&kept);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Keep, optimise, strip};
    use crate::Layout;

    #[test]
    fn names_follow_their_functions() {
        let wat = r#"(module
            (import "m" "f" (func $import))
            (func $unused (nop) (nop))
            (func $one (export "one") (call $import))
            (func $same (export "same") (call $import))
            (func $two (export "two") (call $one) (call $same))
            (global (export "__heap_base") i32 (i32.const 7))
            (global (export "own") i32 (i32.const 8)))"#;
        let wasm = wat::parse_str(wat).unwrap();
        let keep = Keep { names: true };
        let optimised = optimise(&wasm, keep).unwrap();
        let layout = Layout::read(&optimised).unwrap();
        let names: Vec<_> = layout
            .functions
            .iter()
            .map(|f| f.name.clone().unwrap())
            .collect();
        assert_eq!(names, ["one", "two"]);
        let exports: Vec<_> = layout
            .exports
            .iter()
            .map(|(_, e)| (e.name, e.index))
            .collect();
        assert_eq!(exports, [("one", 1), ("same", 1), ("two", 2), ("own", 1)]);
        // Without names it is the same but for the names.
        let plain = optimise(&wasm, Keep::default()).unwrap();
        assert_eq!(strip(&optimised, Keep::default()).unwrap(), plain);
        assert_eq!(optimise(&plain, Keep::default()).unwrap(), plain);
    }

    #[test]
    fn padded_numbers_become_short() {
        // call 0 written in five bytes.
        let wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x0a\x01\x08\0\x10\x80\x80\x80\x80\0\x0b";
        let optimised = optimise(wasm, Keep::default()).unwrap();
        assert_eq!(optimised.len(), wasm.len() - 4);
    }
}
