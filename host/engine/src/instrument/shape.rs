//! A validated module, taken apart into what the instrumenter needs.
//!
//! Validation accepts a few encodings that the reference's own, older parser does not know. They are
//! refused here: function types and reference types written in the long form of the GC proposal, and
//! imports of anything but functions (nothing else can ever be linked).

use wasmparser::{
    BinaryReader, BlockType, ConstExpr, Element, ElementItems, ElementKind, Export, FuncType,
    FunctionBody, Operator, Parser, Payload, SectionLimited, TypeRef,
};

use super::InvalidModule;
use super::height::Signatures;

/// A section kept as it is: how many items, and their bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Raw<'a> {
    pub count: u32,
    pub items: &'a [u8],
}

/// Where a segment of function references goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    Active { table: u32, offset: i32 },
    Passive,
    Declared,
}

#[derive(Debug)]
pub(super) struct Segment {
    pub placement: Placement,
    pub functions: Vec<u32>,
}

/// The module.
#[derive(Default)]
pub(super) struct Shape<'a> {
    pub types: Vec<FuncType>,
    pub raw_types: Raw<'a>,
    pub raw_imports: Raw<'a>,
    pub imported: u32,
    /// Type of each function, imports first.
    pub functions: Vec<u32>,
    pub has_function_section: bool,
    pub raw_functions: Raw<'a>,
    pub raw_tables: Raw<'a>,
    pub raw_memories: Raw<'a>,
    pub raw_globals: Raw<'a>,
    pub exports: Vec<Export<'a>>,
    pub start: Option<u32>,
    pub segments: Vec<Segment>,
    pub data_count: Option<u32>,
    pub bodies: Vec<FunctionBody<'a>>,
    pub raw_data: Raw<'a>,
    /// Largest size the first memory may have by its own declaration.
    pub memory_max_pages: Option<u64>,
}

fn malformed(e: wasmparser::Error) -> InvalidModule {
    InvalidModule::Malformed(e.to_string())
}

fn raw<'a, T>(wasm: &'a [u8], section: &SectionLimited<'a, T>) -> Result<Raw<'a>, InvalidModule> {
    let content = wasm.get(section.range()).unwrap_or_default();
    let mut reader = BinaryReader::new(content, 0);
    let count = reader.read_var_u32().map_err(malformed)?;
    let items = content.get(reader.current_position()..).unwrap_or_default();
    Ok(Raw { count, items })
}

/// Whether a type at `offset` is written in the long form `(ref ...)`.
pub(super) fn long_reference(wasm: &[u8], offset: usize) -> bool {
    matches!(wasm.get(offset), Some(0x63 | 0x64))
}

const LONG_REFERENCE: InvalidModule = InvalidModule::Forbidden("a reference type in long form");

impl<'a> Shape<'a> {
    /// Takes a valid module apart.
    pub(super) fn read(wasm: &'a [u8]) -> Result<Shape<'a>, InvalidModule> {
        let mut shape = Shape::default();
        let mut parser = Parser::new(0);
        parser.set_features(super::FEATURES);
        for payload in parser.parse_all(wasm) {
            shape.section(wasm, payload.map_err(malformed)?)?;
        }
        Ok(shape)
    }

    fn section(&mut self, wasm: &'a [u8], payload: Payload<'a>) -> Result<(), InvalidModule> {
        match payload {
            Payload::TypeSection(section) => {
                self.raw_types = raw(wasm, &section)?;
                self.types = read_types(self.raw_types)?;
            }
            Payload::ImportSection(section) => {
                self.raw_imports = raw(wasm, &section)?;
                for import in section.into_imports() {
                    let TypeRef::Func(ty) = import.map_err(malformed)?.ty else {
                        return Err(InvalidModule::Forbidden("an import that is not a function"));
                    };
                    self.functions.push(ty);
                    self.imported += 1;
                }
            }
            Payload::FunctionSection(section) => {
                self.has_function_section = true;
                self.raw_functions = raw(wasm, &section)?;
                for ty in section {
                    self.functions.push(ty.map_err(malformed)?);
                }
            }
            Payload::TableSection(section) => {
                self.raw_tables = raw(wasm, &section)?;
                for table in section.into_iter_with_offsets() {
                    let (offset, _) = table.map_err(malformed)?;
                    if long_reference(wasm, offset) {
                        return Err(LONG_REFERENCE);
                    }
                }
            }
            Payload::MemorySection(section) => {
                self.raw_memories = raw(wasm, &section)?;
                for memory in section {
                    self.memory_max_pages = memory.map_err(malformed)?.maximum;
                }
            }
            Payload::GlobalSection(section) => {
                self.raw_globals = raw(wasm, &section)?;
                for global in section.into_iter_with_offsets() {
                    let (offset, _) = global.map_err(malformed)?;
                    if long_reference(wasm, offset) {
                        return Err(LONG_REFERENCE);
                    }
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    self.exports.push(export.map_err(malformed)?);
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(section) => {
                for element in section {
                    let segment = read_segment(wasm, element.map_err(malformed)?)?;
                    self.segments.push(segment);
                }
            }
            Payload::DataCountSection { count, .. } => self.data_count = Some(count),
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::DataSection(section) => self.raw_data = raw(wasm, &section)?,
            _ => {}
        }
        Ok(())
    }

    /// The type of function `index`.
    pub(super) fn signature(&self, index: u32) -> Option<&FuncType> {
        self.types
            .get(*self.functions.get(index as usize)? as usize)
    }
}

impl Signatures for Shape<'_> {
    fn of_function(&self, index: u32) -> Option<&FuncType> {
        self.signature(index)
    }

    fn of_type(&self, index: u32) -> Option<&FuncType> {
        self.types.get(index as usize)
    }
}

/// Reads types in the one form the reference knows: `0x60`, parameters, results, one byte a type.
fn read_types(raw: Raw<'_>) -> Result<Vec<FuncType>, InvalidModule> {
    let mut reader = BinaryReader::new(raw.items, 0);
    let mut types = Vec::new();
    for _ in 0..raw.count {
        if reader.read_u8().map_err(malformed)? != 0x60 {
            return Err(InvalidModule::Forbidden(
                "a type that is not a plain function type",
            ));
        }
        let mut lists = [Vec::new(), Vec::new()];
        for list in &mut lists {
            for _ in 0..reader.read_var_u32().map_err(malformed)? {
                if long_reference(raw.items, reader.current_position()) {
                    return Err(LONG_REFERENCE);
                }
                list.push(reader.read::<wasmparser::ValType>().map_err(malformed)?);
            }
        }
        let [params, results] = lists;
        types.push(FuncType::new(params, results));
    }
    Ok(types)
}

fn read_segment(wasm: &[u8], element: Element<'_>) -> Result<Segment, InvalidModule> {
    let functions = match element.items {
        ElementItems::Functions(items) => items
            .into_iter()
            .collect::<Result<Vec<u32>, _>>()
            .map_err(malformed)?,
        // The reference takes no item that is an expression; without items the form does not matter.
        // The type stands right before the count of the items, behind a flag or an `end`.
        ElementItems::Expressions(_, items) => {
            let before_type = items.range().start.saturating_sub(2);
            if items.count() > 0 || long_reference(wasm, before_type) {
                return Err(InvalidModule::Forbidden(
                    "a table element given by an expression",
                ));
            }
            Vec::new()
        }
    };
    let placement = match element.kind {
        ElementKind::Active {
            table_index,
            offset_expr,
        } => Placement::Active {
            table: table_index.unwrap_or(0),
            offset: constant_i32(&offset_expr)?,
        },
        ElementKind::Passive => Placement::Passive,
        ElementKind::Declared => Placement::Declared,
    };
    Ok(Segment {
        placement,
        functions,
    })
}

fn constant_i32(expr: &ConstExpr<'_>) -> Result<i32, InvalidModule> {
    match expr.get_operators_reader().read().map_err(malformed)? {
        Operator::I32Const { value } => Ok(value),
        _ => Err(InvalidModule::Forbidden("an offset that is not a constant")),
    }
}

/// The parts of one function body.
pub(super) struct Body<'a> {
    /// Groups of locals as declared: how many of which type (its one byte).
    pub locals: Vec<(u32, u8)>,
    pub ops: Vec<Operator<'a>>,
    /// Where each operator begins in the module; one more for the end of the body.
    pub offsets: Vec<usize>,
}

impl<'a> Body<'a> {
    pub(super) fn read(wasm: &'a [u8], body: &FunctionBody<'a>) -> Result<Body<'a>, InvalidModule> {
        let mut locals = Vec::new();
        let mut reader = body.get_binary_reader();
        for _ in 0..reader.read_var_u32().map_err(malformed)? {
            let count = reader.read_var_u32().map_err(malformed)?;
            if long_reference(wasm, reader.original_position()) {
                return Err(LONG_REFERENCE);
            }
            locals.push((count, reader.read_u8().map_err(malformed)?));
        }
        let mut ops = Vec::new();
        let mut offsets = Vec::new();
        let mut operators = wasmparser::OperatorsReader::new(reader);
        while !operators.eof() {
            let (op, offset) = operators.read_with_offset().map_err(malformed)?;
            let long_block_type = matches!(
                op,
                Operator::Block {
                    blockty: BlockType::Type(_)
                } | Operator::Loop {
                    blockty: BlockType::Type(_)
                } | Operator::If {
                    blockty: BlockType::Type(_)
                }
            ) && long_reference(wasm, offset + 1);
            if long_block_type {
                return Err(LONG_REFERENCE);
            }
            ops.push(op);
            offsets.push(offset);
        }
        offsets.push(operators.original_position());
        Ok(Body {
            locals,
            ops,
            offsets,
        })
    }
}
