//! A module taken apart: its sections with the place of every item, its imports, exports and functions.
//!
//! Reading is tolerant of features the host does not accept (telling that is `check`'s work) and of nothing that makes
//! places ambiguous: a module that does not parse is [`Malformed`]. Nothing is validated.

use std::collections::BTreeMap;
use std::ops::Range;

use wasmparser::{
    CompositeInnerType, Data, Element, Encoding, Export, FromReader, FuncType, FunctionBody,
    Global, GlobalType, Import, MemoryType, Parser, Payload, RecGroup, SectionLimited, Table,
    TableType, ValType,
};

use crate::names;

/// The bytes are not a WebAssembly module.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a WebAssembly module: {message} (at byte {offset})")]
pub struct Malformed {
    /// Where reading stopped.
    pub offset: usize,
    /// What was wrong there.
    pub message: String,
}

impl From<wasmparser::Error> for Malformed {
    fn from(error: wasmparser::Error) -> Self {
        Malformed {
            offset: error.offset(),
            message: error.message().to_owned(),
        }
    }
}

/// One section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its kind, such as `code`, or the own name of a custom section.
    pub name: &'a str,
    /// Whether it is a custom section, which means nothing to the host.
    pub is_custom: bool,
    /// All its bytes, header included.
    pub range: Range<usize>,
    /// Its bytes behind the header; of a custom section, behind the name too.
    pub content: Range<usize>,
    /// Its items; empty for sections that are not a list.
    pub items: Vec<Range<usize>>,
}

/// A function the module defines.
#[derive(Clone, Debug)]
pub struct Function<'a> {
    /// Its index among all functions; those imported come first.
    pub index: u32,
    /// Its name in the name section, demangled.
    pub name: Option<String>,
    /// Its locals and operators.
    pub body: FunctionBody<'a>,
}

/// The module.
#[derive(Clone, Default)]
pub struct Layout<'a> {
    /// All sections in order.
    pub sections: Vec<Section<'a>>,
    /// Function types by index; `None` for types of other kinds.
    pub types: Vec<Option<FuncType>>,
    /// Imports with their place.
    pub imports: Vec<(usize, Import<'a>)>,
    /// The type index of each function, imported ones first.
    pub function_types: Vec<u32>,
    /// How many functions are imported.
    pub imported_functions: u32,
    /// The functions the module defines.
    pub functions: Vec<Function<'a>>,
    /// Tables the module defines, with their place.
    pub tables: Vec<(usize, TableType)>,
    /// Memories the module defines, with their place.
    pub memories: Vec<(usize, MemoryType)>,
    /// Globals the module defines.
    pub globals: Vec<GlobalType>,
    /// Exports with their place.
    pub exports: Vec<(usize, Export<'a>)>,
    /// The start function, with its place.
    pub start: Option<(usize, u32)>,
    /// Element segments with their place.
    pub elements: Vec<(usize, Element<'a>)>,
    /// Data segments with their place.
    pub data: Vec<(usize, Data<'a>)>,
}

impl<'a> Layout<'a> {
    /// Takes a module apart.
    pub fn read(wasm: &'a [u8]) -> Result<Layout<'a>, Malformed> {
        if wasm.is_empty() {
            return Err(Malformed {
                offset: 0,
                message: "the file is empty".to_owned(),
            });
        }
        let mut reader = Reader::default();
        for payload in Parser::new(0).parse_all(wasm) {
            reader.payload(payload?)?;
        }
        Ok(reader.finish())
    }

    /// The content of the first custom section of that name.
    pub fn custom(&self, wasm: &'a [u8], name: &str) -> Option<&'a [u8]> {
        let section = self
            .sections
            .iter()
            .find(|s| s.is_custom && s.name == name)?;
        wasm.get(section.content.clone())
    }

    /// The type of a function, imported or not.
    pub fn signature(&self, function: u32) -> Option<&FuncType> {
        let ty = *self.function_types.get(function as usize)?;
        self.types.get(ty as usize)?.as_ref()
    }

    /// The export of that name.
    pub fn export(&self, name: &str) -> Option<&(usize, Export<'a>)> {
        self.exports.iter().find(|(_, export)| export.name == name)
    }

    /// What to call a function in a message: its name, else its index.
    pub fn function_name(&self, index: u32) -> String {
        let defined = index.checked_sub(self.imported_functions);
        let function = defined.and_then(|at| self.functions.get(at as usize));
        match function.and_then(|f| f.name.clone()) {
            Some(name) => format!("function {index} ({name})"),
            None => format!("function {index}"),
        }
    }
}

/// A function type as text: `(i32 i64) -> (i32)`.
pub(crate) fn shown(ty: &FuncType) -> String {
    let list = |types: &[ValType]| {
        let names: Vec<String> = types.iter().map(ToString::to_string).collect();
        names.join(" ")
    };
    format!("({}) -> ({})", list(ty.params()), list(ty.results()))
}

#[derive(Default)]
struct Reader<'a> {
    layout: Layout<'a>,
    bodies: Vec<FunctionBody<'a>>,
    names: BTreeMap<u32, String>,
    /// Where the last section ended.
    end: usize,
}

impl<'a> Reader<'a> {
    fn payload(&mut self, payload: Payload<'a>) -> Result<(), Malformed> {
        match payload {
            Payload::Version {
                encoding, range, ..
            } => {
                if encoding != Encoding::Module {
                    return Err(Malformed {
                        offset: range.start,
                        message: "a component; an actor is a core module".to_owned(),
                    });
                }
                self.end = range.end;
            }
            Payload::TypeSection(section) => {
                for (_, group) in self.list("type", section)? {
                    self.types(group);
                }
            }
            Payload::ImportSection(section) => {
                let imports = section.clone().into_imports_with_offsets();
                for import in imports {
                    let (offset, import) = import?;
                    if let wasmparser::TypeRef::Func(ty) = import.ty {
                        self.layout.function_types.push(ty);
                        self.layout.imported_functions += 1;
                    }
                    self.layout.imports.push((offset, import));
                }
                self.list("import", section)?;
            }
            Payload::FunctionSection(section) => {
                let types = self.list("function", section)?;
                let types = types.into_iter().map(|(_, ty)| ty);
                self.layout.function_types.extend(types);
            }
            Payload::TableSection(section) => {
                let tables = self.list("table", section)?;
                let types = tables
                    .into_iter()
                    .map(|(at, table): (_, Table<'_>)| (at, table.ty));
                self.layout.tables.extend(types);
            }
            Payload::MemorySection(section) => {
                let memories = self.list("memory", section)?;
                self.layout.memories.extend(memories);
            }
            Payload::TagSection(section) => drop(self.list("tag", section)?),
            Payload::GlobalSection(section) => {
                let globals = self.list("global", section)?;
                let types = globals
                    .into_iter()
                    .map(|(_, global): (_, Global<'_>)| global.ty);
                self.layout.globals.extend(types);
            }
            Payload::ExportSection(section) => {
                let exports = self.list("export", section)?;
                self.layout.exports.extend(exports);
            }
            Payload::StartSection { func, range } => {
                self.layout.start = Some((range.start, func));
                self.section("start", false, range.clone(), range, Vec::new());
            }
            Payload::ElementSection(section) => {
                let elements = self.list("element", section)?;
                self.layout.elements.extend(elements);
            }
            Payload::DataCountSection { range, .. } => {
                self.section("data count", false, range.clone(), range, Vec::new());
            }
            Payload::CodeSectionStart { range, .. } => {
                self.section("code", false, range.clone(), range, Vec::new());
            }
            Payload::CodeSectionEntry(body) => {
                if let Some(code) = self.layout.sections.last_mut() {
                    code.items.push(body.range());
                }
                self.bodies.push(body);
            }
            Payload::DataSection(section) => {
                let data = self.list("data", section)?;
                self.layout.data.extend(data);
            }
            Payload::CustomSection(section) => {
                let content = section.data_offset()..section.range().end;
                self.section(section.name(), true, section.range(), content, Vec::new());
                if section.name() == names::NAME_SECTION {
                    self.names.append(&mut names::read(section.data()));
                }
            }
            Payload::UnknownSection { id, range, .. } => {
                return Err(Malformed {
                    offset: range.start,
                    message: format!("a section of unknown kind {id}"),
                });
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes a section, whose header begins where the one before ended.
    fn section(
        &mut self,
        name: &'a str,
        is_custom: bool,
        range: Range<usize>,
        content: Range<usize>,
        items: Vec<Range<usize>>,
    ) {
        let start = self.end;
        self.end = range.end;
        self.layout.sections.push(Section {
            name,
            is_custom,
            range: start..range.end,
            content,
            items,
        });
    }

    /// Notes a section that is a list, and reads its items.
    fn list<T: FromReader<'a>>(
        &mut self,
        name: &'a str,
        section: SectionLimited<'a, T>,
    ) -> Result<Vec<(usize, T)>, Malformed> {
        let range = section.range();
        let items: Vec<(usize, T)> = section
            .into_iter_with_offsets()
            .collect::<Result<_, wasmparser::Error>>()?;
        let starts = items.iter().map(|(start, _)| *start);
        let ends = starts.clone().skip(1).chain([range.end]);
        let places = starts.zip(ends).map(|(start, end)| start..end).collect();
        self.section(name, false, range.clone(), range, places);
        Ok(items)
    }

    fn types(&mut self, group: RecGroup) {
        for ty in group.into_types() {
            let plain = match ty.composite_type.inner {
                CompositeInnerType::Func(ty) => Some(ty),
                _ => None,
            };
            self.layout.types.push(plain);
        }
    }

    fn finish(mut self) -> Layout<'a> {
        let first = self.layout.imported_functions;
        let functions = self.bodies.into_iter().zip(first..);
        self.layout.functions = functions
            .map(|(body, index)| Function {
                index,
                name: self.names.get(&index).map(|name| names::demangle(name)),
                body,
            })
            .collect();
        self.layout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"(module
        (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1 2)
        (table 3 funcref)
        (global (mut i32) (i32.const 7))
        (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export "invoke") (param i32) (result i32) (i32.const 0))
        (elem (i32.const 0) func $add)
        (data (i32.const 16) "abc")
        (@custom "filigree.schema" "{}"))"#;

    #[test]
    fn every_byte_belongs_to_a_section() {
        let wasm = wat::parse_str(SAMPLE).unwrap();
        let layout = Layout::read(&wasm).unwrap();
        let names: Vec<&str> = layout.sections.iter().map(|s| s.name).collect();
        assert_eq!(
            names,
            [
                "type",
                "import",
                "function",
                "table",
                "memory",
                "global",
                "export",
                "element",
                "code",
                "data",
                "filigree.schema",
                "name"
            ]
        );
        let mut end = 8;
        for section in &layout.sections {
            assert_eq!(section.range.start, end, "{}", section.name);
            end = section.range.end;
            for item in &section.items {
                assert!(section.content.start <= item.start && item.end <= section.content.end);
            }
        }
        assert_eq!(end, wasm.len());
        assert_eq!(layout.custom(&wasm, "filigree.schema"), Some(&b"{}"[..]));
        assert_eq!(layout.custom(&wasm, "none"), None);
    }

    #[test]
    fn functions_have_indices_names_and_types() {
        let wasm = wat::parse_str(SAMPLE).unwrap();
        let layout = Layout::read(&wasm).unwrap();
        assert_eq!(layout.imported_functions, 1);
        assert_eq!(layout.function_name(1), "function 1 (add)");
        assert_eq!(layout.function_name(2), "function 2");
        assert_eq!(layout.function_name(u32::MAX), "function 4294967295");
        assert_eq!(layout.signature(2).unwrap().params().len(), 1);
        assert!(layout.signature(3).is_none());
        assert_eq!(layout.export("invoke").unwrap().1.index, 2);
        assert_eq!(layout.memories[0].1.maximum, Some(2));
        assert_eq!(layout.data.len(), 1);
    }

    #[test]
    fn what_is_no_module_is_said_with_its_place() {
        let cases: [(&[u8], usize, &str); 5] = [
            (b"", 0, "empty"),
            (b"\0asm", 4, "end-of-file"),
            (b"hello, world", 0, "magic"),
            (b"\0asm\x0d\0\x01\0", 0, "component"),
            (b"\0asm\x01\0\0\0\x01\x05", 10, "end"),
        ];
        for (bytes, offset, part) in cases {
            let error = Layout::read(bytes).err().unwrap();
            assert_eq!(error.offset, offset, "{error}");
            assert!(error.message.contains(part), "{error}");
        }
    }
}
