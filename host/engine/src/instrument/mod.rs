//! From a module as an actor's author wrote it to the module that runs: checked, metered, height-limited.
//!
//! The result charges exactly what the reference charges (crate `fvm-wasm-instrument` 0.4 under the price
//! rules of `fvm`, FIP-0032 and successors), to the milligas at every host call, return and trap, and traps
//! at the same stack height; but its code is its own (see [`body`]). The gas counter is a global inside the
//! module, exported under a name no other export has, so a module can be linked once for all instances.
//!
//! # What loads
//!
//! Everything the following does not refuse. A module is refused when
//! - it is not valid WebAssembly under [`FEATURES`]: version 1 plus mutable globals, sign extension,
//!   saturating conversions, bulk memory, and `funcref` values and table operators. So no multi-value, SIMD,
//!   threads, tail calls, exceptions, GC, 64-bit or several memories, `externref`, extended constants, wide
//!   arithmetic or custom page sizes. Floats are valid; their NaNs are made canonical;
//! - a function contains `ref.null`, `ref.is_null`, `ref.func` or a typed `select`. (`ref.func` as the
//!   initial value of a global is fine, and calls through such a reference count no height.)
//! - a table segment has items written as expressions;
//! - it imports anything but functions. (A function that nobody provides fails when the module is linked.)
//! - it has no function section (it may be empty);
//! - a `memory.copy`, `fill`, `init`, `grow` or a table operator of that kind has a negative constant as its
//!   size right before it;
//! - a `br_table` has more than 131072 targets; or a function with 50000 locals has a size only known at run
//!   time (the reference needs a local there);
//! - its stack height cannot be computed in the reference's way (some unreachable code, see [`height`]);
//! - types or functions are written in forms the reference's older parser does not know (see [`shape`]);
//! - with its thunks it has more than a million functions.
//!
//! Start functions load. They do not run while the module is instantiated but as an explicit call after it
//! ([`Instrumented::start_export`]), when the counter has been set; there they are charged like any export.
//! Passive segments, declared segments, exported mutable globals and custom sections are fine.
//!
//! Not reproduced: bodies above 7.6 MB, which wasmtime 48 refuses itself; a function that uses all of 50000
//! locals and calls another; output above [`MAX_OUTPUT_BYTES`]; and a module within a few functions or
//! exports of a million, which has no room for ours.

mod blocks;
mod body;
mod height;
mod helpers;
mod price;
pub(crate) mod profile;
mod shape;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, Encode, ExportKind, ExportSection,
    RawSection, SectionId,
};
use wasmparser::{ExternalKind, Operator, Validator, WasmFeatures};

use self::blocks::{Metering, Unmeterable};
use self::body::{Context, Replacement};
use self::helpers::Helper;
use self::price::{Unpriced, counted_call};
use self::shape::{Body, Placement, Raw, Shape};
use crate::config::{EngineConfig, PAGE_BYTES};

/// Changes whenever the code this module emits changes: compiled modules of other versions are stale.
pub(crate) const VERSION: u32 = 2;

/// What WebAssembly a module may be written in.
pub(crate) const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES);

/// Largest instrumented module. One parameter list shared by many functions can make thunks explode.
pub const MAX_OUTPUT_BYTES: usize = 256 << 20;

/// Parameters and locals of one function (a limit of validation).
const MAX_LOCALS: u32 = 50_000;

const MAX_BR_TABLE_TARGETS: u32 = 128 * 1024;

const MAX_FUNCTIONS: usize = 1_000_000;

/// A module that the rules refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidModule {
    /// Not WebAssembly, or not of the accepted features.
    #[error("not a valid module: {0}")]
    Malformed(String),
    /// A function contains an operator without a price.
    #[error("function {function}: operator {operator} is not supported")]
    UnsupportedOperator {
        /// Index of the function among those the module defines.
        function: usize,
        /// The operator.
        operator: String,
    },
    /// A copy, fill or grow with a negative constant size.
    #[error("function {function}: a bulk operator has a negative constant size")]
    NegativeSize {
        /// Index of the function among those the module defines.
        function: usize,
    },
    /// The stack height of a function cannot be computed.
    #[error("function {function}: the stack height cannot be computed")]
    Height {
        /// Index of the function among those the module defines.
        function: usize,
    },
    /// The price of one block of a function exceeds 64 bits.
    #[error("function {function}: the price of a block overflows")]
    PriceOverflow {
        /// Index of the function among those the module defines.
        function: usize,
    },
    /// Valid WebAssembly, yet not accepted.
    #[error("the module has {0}")]
    Forbidden(&'static str),
    /// The instrumented module exceeds [`MAX_OUTPUT_BYTES`].
    #[error("the instrumented module is too large")]
    TooLarge,
}

/// An instrumented module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Instrumented {
    pub wasm: Vec<u8>,
    /// Bytes without what profiling adds: a price depends on them.
    pub metered_bytes: u64,
    /// Export of the gas counter: a mutable `i64`, milligas left.
    pub gas_export: String,
    /// Export of the start function, when there is one.
    pub start_export: Option<String>,
}

/// Checks and instruments a module.
pub(crate) fn instrument(
    wasm: &[u8],
    config: &EngineConfig,
) -> Result<Instrumented, InvalidModule> {
    Validator::new_with_features(FEATURES)
        .validate_all(wasm)
        .map_err(|e| InvalidModule::Malformed(e.to_string()))?;
    let shape = Shape::read(wasm)?;
    if !shape.has_function_section {
        return Err(InvalidModule::Forbidden("no function section"));
    }
    Assembly::new(wasm, shape, config)?.finish()
}

struct Assembly<'a> {
    wasm: &'a [u8],
    shape: Shape<'a>,
    config: &'a EngineConfig,
    /// Height of each defined function.
    heights: Vec<u32>,
    metering: Vec<Metering>,
    /// The thunk of each defined function that is exported, in a table, or the start function.
    thunks: BTreeMap<u32, u32>,
    helpers: Vec<Helper>,
    code: CodeSection,
}

impl<'a> Assembly<'a> {
    fn new(
        wasm: &'a [u8],
        shape: Shape<'a>,
        config: &'a EngineConfig,
    ) -> Result<Self, InvalidModule> {
        let mut assembly = Assembly {
            wasm,
            heights: Vec::with_capacity(shape.bodies.len()),
            metering: Vec::with_capacity(shape.bodies.len()),
            thunks: thunk_indices(&shape),
            shape,
            config,
            helpers: Vec::new(),
            code: CodeSection::new(),
        };
        // The reference also adds a function, for charging.
        if assembly.shape.functions.len() + assembly.thunks.len() + 1 > MAX_FUNCTIONS {
            return Err(InvalidModule::Forbidden("too many functions"));
        }
        for function in 0..assembly.shape.bodies.len() {
            assembly.measure(function)?;
        }
        Ok(assembly)
    }

    fn params(&self, function: u32) -> u32 {
        let ty = self.shape.signature(function);
        ty.map_or(0, |ty| u32::try_from(ty.params().len()).unwrap_or(u32::MAX))
    }

    fn index_of(&self, function: usize) -> u32 {
        self.shape.imported + u32::try_from(function).unwrap_or(u32::MAX)
    }

    /// Finds height and charges of a defined function.
    fn measure(&mut self, function: usize) -> Result<(), InvalidModule> {
        let body = Body::read(self.wasm, &self.shape.bodies[function])?;
        let metering = blocks::meter(&body.ops, self.shape.imported, &self.config.costs)
            .map_err(|e| unmeterable(function, &body, e))?;
        let index = self.index_of(function);
        let results = self
            .shape
            .signature(index)
            .map_or(0, |ty| ty.results().len());
        let groups = u32::try_from(body.locals.len()).unwrap_or(u32::MAX);
        let results = u32::try_from(results).unwrap_or(u32::MAX);
        let height = height::measure(&body.ops, groups, results, &self.shape)
            .map_err(|_| InvalidModule::Height { function })?;

        let wide = |op: &Operator<'_>| matches!(op, Operator::BrTable { targets } if targets.len() > MAX_BR_TABLE_TARGETS);
        if body.ops.iter().any(wide) {
            return Err(InvalidModule::Forbidden("a br_table with too many targets"));
        }
        let locals: u64 = body.locals.iter().map(|(count, _)| u64::from(*count)).sum();
        if !metering.scaled.is_empty()
            && locals + u64::from(self.params(index)) >= u64::from(MAX_LOCALS)
        {
            return Err(InvalidModule::Forbidden(
                "too many locals beside a bulk operator",
            ));
        }
        self.heights.push(height);
        self.metering.push(metering);
        Ok(())
    }

    fn finish(mut self) -> Result<Instrumented, InvalidModule> {
        let heights = std::mem::take(&mut self.heights);
        let context = Context {
            gas_global: self.shape.raw_globals.count,
            height_global: self.shape.raw_globals.count + 1,
            imported: self.shape.imported,
            max_height: self.config.max_stack_height,
            heights: &heights,
        };
        self.rewrite_bodies(&context)?;
        self.add_thunks(&context)?;
        for helper in self.helpers.clone() {
            self.code.function(&helper.body(context.gas_global));
        }
        self.assemble(&context)
    }

    fn check_size(&self) -> Result<(), InvalidModule> {
        if self.code.byte_len() > MAX_OUTPUT_BYTES {
            return Err(InvalidModule::TooLarge);
        }
        Ok(())
    }

    fn rewrite_bodies(&mut self, context: &Context<'_>) -> Result<(), InvalidModule> {
        let first_helper = self.shape.functions.len() + self.thunks.len();
        let first_helper = u32::try_from(first_helper).unwrap_or(u32::MAX);
        let short_copies = self.memory_below_4_gib();
        for function in 0..self.shape.bodies.len() {
            let body = Body::read(self.wasm, &self.shape.bodies[function])?;
            let params = self.params(self.index_of(function));
            let helpers = &mut self.helpers;
            let scaled = |op: &Operator<'_>, unit: u32| match op {
                Operator::MemoryCopy { .. } if short_copies => {
                    Replacement::Instead(first_helper + position_of(helpers, Helper::Copy { unit }))
                }
                Operator::MemoryFill { .. } if short_copies => {
                    Replacement::Instead(first_helper + position_of(helpers, Helper::Fill { unit }))
                }
                _ => Replacement::Before(
                    first_helper + position_of(helpers, Helper::Charge { unit }),
                ),
            };
            let metering = &self.metering[function];
            let code = body::rewrite(self.wasm, &body, params, metering, context, scaled)?;
            self.code.raw(&code);
            self.check_size()?;
        }
        Ok(())
    }

    /// Whether an address a little beyond the end of memory still fits 32 bits.
    fn memory_below_4_gib(&self) -> bool {
        let allowed = self.config.max_memory_bytes / PAGE_BYTES;
        let declared = self.shape.memory_max_pages.unwrap_or(u64::MAX);
        allowed.min(declared) < 1 << 16
    }

    fn add_thunks(&mut self, context: &Context<'_>) -> Result<(), InvalidModule> {
        let costs = &self.config.costs;
        for callee in self.thunks.keys() {
            let params = self.params(*callee);
            let arguments = costs.instruction_default.saturating_mul(u64::from(params));
            let cost = counted_call(costs).saturating_add(arguments);
            let height = context.heights[(*callee - context.imported) as usize];
            self.code
                .function(&body::thunk(params, *callee, height, cost, context));
            self.check_size()?;
        }
        Ok(())
    }

    fn assemble(&self, context: &Context<'_>) -> Result<Instrumented, InvalidModule> {
        let mut module = wasm_encoder::Module::new();
        let mut section = |id: SectionId, data: &[u8]| {
            module.section(&RawSection { id: id as u8, data });
        };
        let shape = &self.shape;
        let (exports, gas_export, start_export) = self.exports(context);

        section(SectionId::Type, &self.types());
        keep(&mut section, SectionId::Import, shape.raw_imports);
        section(SectionId::Function, &self.functions());
        keep(&mut section, SectionId::Table, shape.raw_tables);
        keep(&mut section, SectionId::Memory, shape.raw_memories);
        section(SectionId::Global, &globals(shape.raw_globals));
        module.section(&exports);
        module.section(&self.elements());
        if let Some(count) = shape.data_count {
            module.section(&wasm_encoder::DataCountSection { count });
        }
        module.section(&self.code);
        if shape.raw_data.count > 0 {
            let data = with_items(shape.raw_data, 0, &[]);
            module.section(&RawSection {
                id: SectionId::Data as u8,
                data: &data,
            });
        }
        let wasm = module.finish();
        if wasm.len() > MAX_OUTPUT_BYTES {
            return Err(InvalidModule::TooLarge);
        }
        let metered_bytes = wasm.len() as u64;
        let wasm = if self.config.profiling {
            let defined = u32::try_from(shape.bodies.len()).unwrap_or(u32::MAX);
            profile::wrap(&wasm, shape.imported, defined, context.gas_global)?
        } else {
            wasm
        };
        Ok(Instrumented {
            wasm,
            metered_bytes,
            gas_export,
            start_export,
        })
    }

    fn types(&self) -> Vec<u8> {
        let mut added = Vec::new();
        for helper in &self.helpers {
            let (params, results) = helper.signature();
            added.push(0x60);
            params.encode(&mut added);
            results.encode(&mut added);
        }
        with_items(self.shape.raw_types, self.helpers.len(), &added)
    }

    fn functions(&self) -> Vec<u8> {
        let mut added = Vec::new();
        for callee in self.thunks.keys() {
            self.shape.functions[*callee as usize].encode(&mut added);
        }
        for helper in 0..self.helpers.len() {
            (self.shape.types.len() + helper).encode(&mut added);
        }
        let count = self.thunks.len() + self.helpers.len();
        with_items(self.shape.raw_functions, count, &added)
    }

    fn thunk_or_self(&self, function: u32) -> u32 {
        self.thunks.get(&function).copied().unwrap_or(function)
    }

    fn exports(&self, context: &Context<'_>) -> (ExportSection, String, Option<String>) {
        let mut section = ExportSection::new();
        let mut names = BTreeSet::new();
        for export in &self.shape.exports {
            let (kind, index) = match export.kind {
                ExternalKind::Table => (ExportKind::Table, export.index),
                ExternalKind::Memory => (ExportKind::Memory, export.index),
                ExternalKind::Global => (ExportKind::Global, export.index),
                ExternalKind::Tag => (ExportKind::Tag, export.index),
                ExternalKind::Func | ExternalKind::FuncExact => {
                    (ExportKind::Func, self.thunk_or_self(export.index))
                }
            };
            names.insert(export.name);
            section.export(export.name, kind, index);
        }
        let gas_export = unused_name(&names, "filigree.gas");
        section.export(&gas_export, ExportKind::Global, context.gas_global);
        let start_export = self.shape.start.map(|start| {
            let name = unused_name(&names, "filigree.start");
            section.export(&name, ExportKind::Func, self.thunk_or_self(start));
            name
        });
        (section, gas_export, start_export)
    }

    fn elements(&self) -> ElementSection {
        let mut section = ElementSection::new();
        for segment in &self.shape.segments {
            let functions: Vec<u32> = segment
                .functions
                .iter()
                .map(|f| self.thunk_or_self(*f))
                .collect();
            let items = Elements::Functions(Cow::Owned(functions));
            match segment.placement {
                Placement::Active { table, offset } => {
                    section.active(Some(table), &ConstExpr::i32_const(offset), items);
                }
                Placement::Passive => {
                    section.passive(items);
                }
                Placement::Declared => {
                    section.declared(items);
                }
            }
        }
        section
    }
}

/// The thunk index of every function that is reached other than by a direct call.
fn thunk_indices(shape: &Shape<'_>) -> BTreeMap<u32, u32> {
    let exported = shape.exports.iter().filter_map(|e| match e.kind {
        ExternalKind::Func => Some(e.index),
        _ => None,
    });
    let in_tables = shape
        .segments
        .iter()
        .flat_map(|s| s.functions.iter().copied());
    let reached: BTreeSet<u32> = exported
        .chain(in_tables)
        .chain(shape.start)
        .filter(|f| *f >= shape.imported)
        .collect();
    let first = u32::try_from(shape.functions.len()).unwrap_or(u32::MAX);
    reached.into_iter().zip(first..).collect()
}

fn position_of(helpers: &mut Vec<Helper>, helper: Helper) -> u32 {
    let position = helpers
        .iter()
        .position(|h| *h == helper)
        .unwrap_or_else(|| {
            helpers.push(helper);
            helpers.len() - 1
        });
    u32::try_from(position).unwrap_or(u32::MAX)
}

fn unmeterable(function: usize, body: &Body<'_>, why: Unmeterable) -> InvalidModule {
    match why {
        Unmeterable::Operator {
            reason: Unpriced::UnitTooLarge,
            ..
        }
        | Unmeterable::Overflow => InvalidModule::PriceOverflow { function },
        Unmeterable::Operator {
            position,
            reason: Unpriced::Unsupported,
        } => {
            let operator = body.ops.get(position).map(|op| format!("{op:?}"));
            InvalidModule::UnsupportedOperator {
                function,
                operator: operator.unwrap_or_default(),
            }
        }
        Unmeterable::NegativeSize { .. } => InvalidModule::NegativeSize { function },
        Unmeterable::Malformed => InvalidModule::Malformed(format!("function {function}")),
    }
}

/// A section's content with more items behind its own.
fn with_items(raw: Raw<'_>, count: usize, items: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(raw.items.len() + items.len() + 5);
    (raw.count as usize + count).encode(&mut data);
    data.extend_from_slice(raw.items);
    data.extend_from_slice(items);
    data
}

fn keep(section: &mut impl FnMut(SectionId, &[u8]), id: SectionId, raw: Raw<'_>) {
    if raw.count > 0 {
        section(id, &with_items(raw, 0, &[]));
    }
}

/// The globals, then the gas counter (`i64`) and the stack height (`i32`), both mutable and zero.
fn globals(raw: Raw<'_>) -> Vec<u8> {
    let added = [0x7e, 1, 0x42, 0, 0x0b, 0x7f, 1, 0x41, 0, 0x0b];
    with_items(raw, 2, &added)
}

fn unused_name(names: &BTreeSet<&str>, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    while names.contains(name.as_str()) {
        name.push('_');
    }
    name
}
