//! Random programs with enough sense to run for a while.
//!
//! Functions share two `i32` and two `i64` locals; statements nest blocks, loops with a counter, branches,
//! tables of branches, calls (direct, through the table, to the host), memory accesses, bulk operators with
//! constant and computed sizes, and dead code behind branches and traps.

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind,
    ExportSection, Function, FunctionSection, GlobalSection, GlobalType, ImportSection,
    Instruction as I, MemArg, MemorySection, MemoryType, Module, RefType, StartSection,
    TableSection, TableType, TypeSection, ValType,
};

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

// Types: (i32) -> i32; (i64, i32) -> i64; () -> (); (i32, i64) -> ().
const UNARY: u32 = 0;
const MIXED: u32 = 1;
const PLAIN: u32 = 2;
const TAKES: u32 = 3;
const IMPORTED: u32 = 3;
const TABLE_SIZE: u64 = 12;

struct Writer<'r> {
    random: &'r mut Random,
    f: Function,
    /// Label of each open block: whether it is a loop.
    labels: Vec<bool>,
    /// `i32` locals to read and write; counters of loops are not among them.
    ints: Vec<u32>,
    longs: Vec<u32>,
    counters: Vec<u32>,
    free_counter: usize,
    functions: Vec<u32>,
    /// Functions in the table.
    table: Vec<u32>,
    budget: u32,
    result: bool,
}

/// A module that exports `invoke (i32) -> i32` and `memory`.
pub fn program(random: &mut Random) -> Vec<u8> {
    let defined = 2 + random.below(6) as u32;
    let types: Vec<u32> = std::iter::once(UNARY)
        .chain((1..defined).map(|_| random.below(4) as u32))
        .collect();
    let mut module = Module::new();

    let mut section = TypeSection::new();
    let (i32, i64) = (ValType::I32, ValType::I64);
    section.ty().function([i32], [i32]);
    section.ty().function([i64, i32], [i64]);
    section.ty().function([], []);
    section.ty().function([i32, i64], []);
    module.section(&section);

    let mut imports = ImportSection::new();
    for (name, ty) in [("a", UNARY), ("b", MIXED), ("c", PLAIN)] {
        imports.import("env", name, EntityType::Function(ty));
    }
    module.section(&imports);

    let mut functions = FunctionSection::new();
    for ty in &types {
        functions.function(*ty);
    }
    module.section(&functions);

    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: TABLE_SIZE,
        maximum: None,
        table64: false,
        shared: false,
    });
    module.section(&tables);

    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: random.one_in(2).then_some(3),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    module.section(&memories);

    let mut globals = GlobalSection::new();
    let ty = GlobalType {
        val_type: i32,
        mutable: true,
        shared: false,
    };
    globals.global(ty, &ConstExpr::i32_const(5));
    let funcref = GlobalType {
        val_type: ValType::Ref(RefType::FUNCREF),
        ..ty
    };
    globals.global(
        funcref,
        &ConstExpr::ref_func(IMPORTED + random.below(u64::from(defined)) as u32),
    );
    module.section(&globals);

    let mut exports = ExportSection::new();
    exports.export("invoke", ExportKind::Func, IMPORTED);
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("g", ExportKind::Global, 0);
    module.section(&exports);
    let start = types
        .iter()
        .position(|ty| *ty == PLAIN)
        .filter(|_| random.one_in(3));
    if let Some(start) = start {
        module.section(&StartSection {
            function_index: IMPORTED + start as u32,
        });
    }

    let mut elements = ElementSection::new();
    let targets: Vec<u32> = (0..TABLE_SIZE - 2)
        .map(|_| random.below(u64::from(IMPORTED + defined)) as u32)
        .collect();
    let table = targets.clone();
    elements.active(
        None,
        &ConstExpr::i32_const(0),
        Elements::Functions(targets.into()),
    );
    let passive: Vec<u32> = (0..3)
        .map(|_| IMPORTED + random.below(u64::from(defined)) as u32)
        .collect();
    elements.passive(Elements::Functions(passive.into()));
    module.section(&elements);
    module.section(&wasm_encoder::DataCountSection { count: 1 });

    let all: Vec<u32> = [UNARY, MIXED, PLAIN]
        .into_iter()
        .chain(types.iter().copied())
        .collect();
    let mut code = CodeSection::new();
    for ty in &types {
        code.function(&function(random, *ty, &all, &table));
    }
    module.section(&code);
    let mut data = wasm_encoder::DataSection::new();
    data.passive((0..100u8).map(|b| b ^ 0x5a));
    module.section(&data);
    module.finish()
}

fn function(random: &mut Random, ty: u32, all: &[u32], table: &[u32]) -> Function {
    let (params, int_params, long_params): (u32, &[u32], &[u32]) = match ty {
        UNARY => (1, &[0], &[]),
        MIXED => (2, &[1], &[0]),
        PLAIN => (0, &[], &[]),
        _ => (2, &[0], &[1]),
    };
    let (p, mut ints, mut longs) = (params, int_params.to_vec(), long_params.to_vec());
    ints.extend([p, p + 1]);
    longs.extend([p + 5, p + 6]);
    // Split the groups now and then: groups count in the height.
    let groups: &[(u32, ValType)] = if random.one_in(2) {
        &[(5, ValType::I32), (2, ValType::I64)]
    } else {
        &[
            (2, ValType::I32),
            (3, ValType::I32),
            (0, ValType::F64),
            (2, ValType::I64),
        ]
    };
    let mut w = Writer {
        f: Function::new(groups.iter().copied()),
        labels: Vec::new(),
        ints,
        longs,
        counters: vec![p + 2, p + 3, p + 4],
        free_counter: 0,
        functions: all.to_vec(),
        table: table.to_vec(),
        budget: 5 + random.below(60) as u32,
        result: ty == UNARY || ty == MIXED,
        random,
    };
    w.statements();
    match ty {
        UNARY => w.int(2),
        MIXED => w.long(2),
        _ => {}
    }
    w.emit(I::End);
    w.f
}

impl Writer<'_> {
    fn emit(&mut self, i: I<'_>) {
        self.f.instruction(&i);
    }

    fn pick(&mut self, from: &[u32]) -> u32 {
        from[self.random.below(from.len() as u64) as usize]
    }

    fn an_int(&mut self) -> u32 {
        let ints = self.ints.clone();
        self.pick(&ints)
    }

    fn a_long(&mut self) -> u32 {
        let longs = self.longs.clone();
        self.pick(&longs)
    }

    fn at(&mut self, align: u32) -> MemArg {
        let offset = if self.random.one_in(60) {
            65_530
        } else {
            self.random.below(64)
        };
        MemArg {
            offset,
            align: self.random.below(u64::from(align) + 1) as u32,
            memory_index: 0,
        }
    }

    /// An address, mostly in bounds.
    fn address(&mut self) {
        self.int(1);
        if !self.random.one_in(60) {
            self.emit(I::I32Const(0x3fff));
            self.emit(I::I32And);
        }
    }

    /// Leaves an `i32`.
    fn int(&mut self, depth: u32) {
        match self.random.below(if depth == 0 { 3 } else { 16 }) {
            0 | 1 => {
                let local = self.an_int();
                self.emit(I::LocalGet(local));
            }
            2 => {
                let value = self.random.next() as i32 >> self.random.below(32);
                self.emit(I::I32Const(value));
            }
            3 => {
                self.address();
                let at = self.at(2);
                self.emit(I::I32Load(at));
            }
            4 => {
                self.address();
                let at = self.at(0);
                self.emit(I::I32Load8S(at));
            }
            5 => {
                self.long(depth - 1);
                self.emit(I::I32WrapI64);
            }
            6 => {
                self.int(depth - 1);
                self.emit(I::I32Eqz);
            }
            7 => {
                self.int(depth - 1);
                let local = self.an_int();
                self.emit(I::LocalTee(local));
            }
            8 => self.emit(I::GlobalGet(0)),
            9 => self.emit(I::MemorySize(0)),
            10 => {
                self.int(depth - 1);
                self.int(depth - 1);
                self.int(depth - 1);
                self.emit(I::Select);
            }
            11 => {
                // Division traps now and then.
                self.int(depth - 1);
                self.int(depth - 1);
                if !self.random.one_in(15) {
                    self.emit(I::I32Const(1));
                    self.emit(I::I32Or);
                }
                self.emit(I::I32RemU);
            }
            12 => self.call(UNARY),
            13 => {
                self.int(depth - 1);
                self.emit(I::If(BlockType::Result(ValType::I32)));
                self.labels.push(true); // not a target: a branch would need a value
                self.int(depth - 1);
                self.emit(I::Else);
                self.int(depth - 1);
                self.labels.pop();
                self.emit(I::End);
            }
            _ => {
                self.int(depth - 1);
                self.int(depth - 1);
                let ops = [
                    I::I32Add,
                    I::I32Sub,
                    I::I32Mul,
                    I::I32Xor,
                    I::I32LtU,
                    I::I32ShrS,
                ];
                let op = ops[self.random.below(6) as usize].clone();
                self.emit(op);
            }
        }
    }

    /// Leaves an `i64`.
    fn long(&mut self, depth: u32) {
        match self.random.below(if depth == 0 { 2 } else { 7 }) {
            0 => {
                let local = self.a_long();
                self.emit(I::LocalGet(local));
            }
            1 => {
                let value = self.random.next() as i64 >> self.random.below(64);
                self.emit(I::I64Const(value));
            }
            2 => {
                self.address();
                let at = self.at(3);
                self.emit(I::I64Load(at));
            }
            3 => {
                self.int(depth - 1);
                self.emit(I::I64ExtendI32U);
            }
            4 => self.call(MIXED),
            5 => {
                self.int(depth - 1);
                self.emit(I::F64ConvertI32S);
                self.emit(I::F64Sqrt);
                self.emit(I::I64TruncSatF64S);
            }
            _ => {
                self.long(depth - 1);
                self.long(depth - 1);
                let rare = if self.random.one_in(8) {
                    I::I64DivS
                } else {
                    I::I64ShrU
                };
                let ops = [I::I64Add, I::I64Mul, I::I64Xor, rare];
                let op = ops[self.random.below(4) as usize].clone();
                self.emit(op);
            }
        }
    }

    /// Calls something of a type, with its arguments; leaves its result.
    fn call(&mut self, ty: u32) {
        match ty {
            UNARY => self.int(1),
            MIXED => {
                self.long(1);
                self.int(1);
            }
            PLAIN => {}
            _ => {
                self.int(1);
                self.long(1);
            }
        }
        if self.random.one_in(3) {
            let fits = |f: &u32| self.functions[*f as usize] == ty;
            let slot = self.table.iter().position(fits);
            if let Some(slot) = slot.filter(|_| !self.random.one_in(12)) {
                self.emit(I::I32Const(slot as i32));
            } else {
                self.int(1);
                self.emit(I::I32Const(7));
                self.emit(I::I32And);
            }
            self.emit(I::CallIndirect {
                type_index: ty,
                table_index: 0,
            });
            return;
        }
        let fitting: Vec<u32> = (0..self.functions.len() as u32)
            .filter(|f| self.functions[*f as usize] == ty)
            .collect();
        if fitting.is_empty() {
            self.emit(I::I32Const(3));
            self.emit(I::CallIndirect {
                type_index: ty,
                table_index: 0,
            });
            return;
        }
        let callee = self.pick(&fitting);
        self.emit(I::Call(callee));
    }

    fn statements(&mut self) {
        for _ in 0..1 + self.random.below(6) {
            if self.budget == 0 {
                return;
            }
            self.budget -= 1;
            self.statement();
        }
    }

    /// The label of an open block whose branch takes no value; loops only when `back`.
    fn label(&mut self, back: bool) -> Option<u32> {
        let count = self.labels.len() as u64;
        if count == 0 {
            return None;
        }
        let depth = self.random.below(count) as u32;
        let is_loop = self.labels[self.labels.len() - 1 - depth as usize];
        (back || !is_loop).then_some(depth)
    }

    fn size(&mut self) {
        match self.random.below(6) {
            0 => {
                let size = self.random.below(300) as i32;
                self.emit(I::I32Const(size));
            }
            1 => {
                // A negative constant makes the module unacceptable.
                let least = if self.random.one_in(40) { -1 } else { 0 };
                let size = self.random.below(20) as i32 - 1;
                self.emit(I::I32Const(size.max(least)));
            }
            2 if self.random.one_in(6) => self.int(1),
            _ => {
                self.int(1);
                let mask = [1, 3, 7, 15, 31, 63, 511][self.random.below(7) as usize];
                self.emit(I::I32Const(mask));
                self.emit(I::I32And);
            }
        }
    }

    #[allow(clippy::too_many_lines)]
    fn statement(&mut self) {
        match self.random.below(26) {
            0 => {
                self.emit(I::Block(BlockType::Empty));
                self.labels.push(false);
                self.statements();
                self.labels.pop();
                self.emit(I::End);
            }
            1 => {
                self.int(2);
                self.emit(I::If(BlockType::Empty));
                self.labels.push(false);
                self.statements();
                if self.random.one_in(2) {
                    self.emit(I::Else);
                    self.statements();
                }
                self.labels.pop();
                self.emit(I::End);
            }
            2 | 3 if self.free_counter < self.counters.len() => {
                let counter = self.counters[self.free_counter];
                self.free_counter += 1;
                let times = 1 + self.random.below(12) as i32;
                self.emit(I::I32Const(times));
                self.emit(I::LocalSet(counter));
                self.emit(I::Loop(BlockType::Empty));
                self.labels.push(true);
                self.statements();
                self.emit(I::LocalGet(counter));
                self.emit(I::I32Const(1));
                self.emit(I::I32Sub);
                self.emit(I::LocalTee(counter));
                self.emit(I::BrIf(0));
                self.labels.pop();
                self.emit(I::End);
                self.free_counter -= 1;
            }
            4 | 5 => {
                let back = self.random.one_in(8);
                if let Some(label) = self.label(back) {
                    self.int(2);
                    self.emit(I::BrIf(label));
                }
            }
            6 if self.random.one_in(3) => {
                let back = self.random.one_in(30);
                if let Some(label) = self.label(back) {
                    self.emit(I::Br(label));
                }
            }
            7 => {
                let labels: Vec<u32> = (0..1 + self.random.below(4))
                    .filter_map(|_| self.label(false))
                    .collect();
                if let Some(default) = self.label(false) {
                    self.int(1);
                    self.emit(I::I32Const(3));
                    self.emit(I::I32And);
                    self.emit(I::BrTable(labels.into(), default));
                }
            }
            8 if self.random.one_in(25) => self.emit(I::Unreachable),
            9 if self.random.one_in(5) => {
                let ty = if self.result { None } else { Some(()) };
                if ty.is_some() {
                    self.emit(I::Return);
                }
            }
            10 => {
                self.call(PLAIN);
            }
            11 => self.call(TAKES),
            12 => {
                self.address();
                self.int(2);
                let at = self.at(2);
                self.emit(I::I32Store(at));
            }
            13 => {
                self.address();
                self.long(2);
                let at = self.at(3);
                self.emit(I::I64Store(at));
            }
            14 | 15 => {
                self.address();
                self.address();
                self.size();
                self.emit(I::MemoryCopy {
                    src_mem: 0,
                    dst_mem: 0,
                });
            }
            16 | 17 => {
                self.address();
                self.int(1);
                self.size();
                self.emit(I::MemoryFill(0));
            }
            18 => {
                self.address();
                self.emit(I::I32Const(0));
                self.size();
                self.emit(I::MemoryInit {
                    mem: 0,
                    data_index: 0,
                });
            }
            19 => {
                self.int(1);
                self.emit(I::I32Const(1));
                self.emit(I::I32And);
                self.emit(I::MemoryGrow(0));
                let local = self.an_int();
                self.emit(I::LocalSet(local));
            }
            20 => {
                for limit in [7, 1, 1] {
                    self.int(1);
                    self.emit(I::I32Const(limit));
                    self.emit(I::I32And);
                }
                if self.random.one_in(2) {
                    self.emit(I::TableCopy {
                        src_table: 0,
                        dst_table: 0,
                    });
                } else {
                    self.emit(I::TableInit {
                        elem_index: 1,
                        table: 0,
                    });
                }
            }
            21 => {
                let slot = self.random.below(TABLE_SIZE) as i32;
                self.emit(I::I32Const(slot));
                self.emit(I::GlobalGet(1));
                if self.random.one_in(2) {
                    self.emit(I::TableSet(0));
                } else {
                    self.emit(I::I32Const(2));
                    self.emit(I::TableFill(0));
                }
            }
            22 => {
                self.emit(I::GlobalGet(1));
                self.int(1);
                self.emit(I::I32Const(3));
                self.emit(I::I32And);
                self.emit(I::TableGrow(0));
                self.emit(I::GlobalSet(0));
            }
            23 => {
                self.int(2);
                self.emit(I::GlobalSet(0));
            }
            24 => {
                self.long(3);
                let local = self.a_long();
                self.emit(I::LocalSet(local));
            }
            _ => {
                self.int(3);
                let local = self.an_int();
                self.emit(I::LocalSet(local));
            }
        }
    }
}
