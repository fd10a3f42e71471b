//! Profiling: functions that tell the host when they begin and end, and how much gas is left then.
//!
//! Each function the author wrote moves to the end of the module. At its index stands a wrapper: it calls
//! `enter` with the function's index, the function itself, and `leave`. So all calls lead through wrappers,
//! direct ones as well as those by thunks and tables. Wrappers charge nothing and count no height: gas, exit and
//! limits are those of the module as it runs without them.
//!
//! Gas of a thunk counts for the caller, and that of a bulk operator's helper for the function the operator is
//! in. What is not the same: the native stack, of which a wrapper takes a little; and a module within two
//! functions and types of the limits of validation does not load.

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, EntityType, Function, FunctionSection, ImportSection, Instruction as I, Module,
    SectionId, TypeSection,
};
use wasmparser::{
    CodeSectionReader, FuncType, FunctionBody, FunctionSectionReader, ImportSectionReader, Imports,
    Parser, Payload, TypeSectionReader,
};

use super::InvalidModule;

/// The module the two functions are imported from: `enter(function: i32, gas: i64)` and `leave(gas: i64)`.
///
/// `function` is an index of the module as its author wrote it, imports included; `gas` are milligas left.
pub const PROFILE_MODULE: &str = "filigree.profile";

/// What a module's own import of that name is called, so that it is linked as little as without profiling.
const NOT_LINKED: &str = "filigree.profile (an actor's)";

/// How many functions are imported beyond the module's own.
const ADDED: u32 = 2;

/// Wraps the first `defined` functions of an instrumented module with the gas counter `gas_global`.
pub(super) fn wrap(
    wasm: &[u8],
    imported: u32,
    defined: u32,
    gas_global: u32,
) -> Result<Vec<u8>, InvalidModule> {
    let shape = Shape::read(wasm).map_err(|e| InvalidModule::Malformed(e.to_string()))?;
    let mut wrapper = Wrapper {
        imported,
        defined,
        gas_global,
        shape: &shape,
        moved: Vec::new(),
        bodies: 0,
    };
    let mut module = Module::new();
    wrapper
        .parse_core_module(&mut module, Parser::new(0), wasm)
        .map_err(|e| InvalidModule::Malformed(e.to_string()))?;
    Ok(module.finish())
}

/// Types of the module and of its functions.
#[derive(Default)]
struct Shape {
    types: Vec<FuncType>,
    /// The type of each defined function.
    functions: Vec<u32>,
    has_imports: bool,
}

impl Shape {
    fn read(wasm: &[u8]) -> wasmparser::Result<Self> {
        let mut shape = Shape::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(section) => {
                    shape.types = section
                        .into_iter_err_on_gc_types()
                        .collect::<wasmparser::Result<_>>()?;
                }
                Payload::ImportSection(_) => shape.has_imports = true,
                Payload::FunctionSection(section) => {
                    shape.functions = section.into_iter().collect::<wasmparser::Result<_>>()?;
                }
                _ => {}
            }
        }
        Ok(shape)
    }

    fn type_count(&self) -> u32 {
        u32::try_from(self.types.len()).unwrap_or(u32::MAX)
    }

    /// The type index of a wrapped function, and how many parameters it has.
    fn of_defined(&self, defined: u32) -> (u32, u32) {
        let ty = self.functions.get(defined as usize).copied();
        let ty = ty.unwrap_or_default();
        let params = self
            .types
            .get(ty as usize)
            .map_or(0, |ty| ty.params().len());
        (ty, u32::try_from(params).unwrap_or(u32::MAX))
    }
}

struct Wrapper<'s> {
    imported: u32,
    /// How many functions are wrapped.
    defined: u32,
    gas_global: u32,
    shape: &'s Shape,
    /// The wrapped functions, to be written behind all others.
    moved: Vec<Function>,
    /// Bodies seen.
    bodies: u32,
}

impl Wrapper<'_> {
    fn enter(&self) -> u32 {
        self.imported
    }

    fn leave(&self) -> u32 {
        self.imported + 1
    }

    fn write_imports(&self, imports: &mut ImportSection) {
        let first = self.shape.type_count();
        imports.import(PROFILE_MODULE, "enter", EntityType::Function(first));
        imports.import(PROFILE_MODULE, "leave", EntityType::Function(first + 1));
    }

    /// The function that stands at the index of a moved one.
    fn wrapper(&self, defined: u32) -> Function {
        let all = u32::try_from(self.shape.functions.len()).unwrap_or(u32::MAX);
        let moved_to = self.imported + ADDED + all + defined;
        let (_, params) = self.shape.of_defined(defined);
        let mut f = Function::new([]);
        f.instruction(&I::I32Const((self.imported + defined).cast_signed()));
        f.instruction(&I::GlobalGet(self.gas_global));
        f.instruction(&I::Call(self.enter()));
        for param in 0..params {
            f.instruction(&I::LocalGet(param));
        }
        f.instruction(&I::Call(moved_to));
        f.instruction(&I::GlobalGet(self.gas_global));
        f.instruction(&I::Call(self.leave()));
        f.instruction(&I::End);
        f
    }
}

impl Reencode for Wrapper<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(match function < self.imported {
            true => function,
            false => function + ADDED,
        })
    }

    fn parse_type_section(
        &mut self,
        types: &mut TypeSection,
        section: TypeSectionReader<'_>,
    ) -> Result<(), Error> {
        use wasm_encoder::ValType::{I32, I64};
        utils::parse_type_section(self, types, section)?;
        types.ty().function([I32, I64], []);
        types.ty().function([I64], []);
        Ok(())
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_import_section(self, imports, section)?;
        self.write_imports(imports);
        Ok(())
    }

    fn parse_imports(
        &mut self,
        imports: &mut ImportSection,
        mut own: Imports<'_>,
    ) -> Result<(), Error> {
        if let Imports::Single(_, import) = &mut own
            && import.module == PROFILE_MODULE
        {
            import.module = NOT_LINKED;
        }
        utils::parse_imports(self, imports, own)
    }

    /// A module without imports gets its section here.
    fn intersperse_section_hook(
        &mut self,
        module: &mut Module,
        after: Option<SectionId>,
        _: Option<SectionId>,
    ) -> Result<(), Error> {
        if after == Some(SectionId::Type) && !self.shape.has_imports {
            let mut imports = ImportSection::new();
            self.write_imports(&mut imports);
            module.section(&imports);
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_function_section(self, functions, section)?;
        for defined in 0..self.defined {
            functions.function(self.shape.of_defined(defined).0);
        }
        Ok(())
    }

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        for operator in body.get_operators_reader()? {
            function.instruction(&self.instruction(operator?)?);
        }
        if self.bodies < self.defined {
            code.function(&self.wrapper(self.bodies));
            self.moved.push(function);
        } else {
            code.function(&function);
        }
        self.bodies += 1;
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        utils::parse_code_section(self, code, section)?;
        for function in self.moved.drain(..) {
            code.function(&function);
        }
        Ok(())
    }
}
