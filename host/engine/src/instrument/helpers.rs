//! Functions the instrumenter adds to a module for operators whose price depends on an operand.
//!
//! Each is added once, when first needed. They stand behind all other functions, so no index moves.
//! `charge` pays for `n` units and hands `n` back; `copy` and `fill` also do the work, with plain loads and
//! stores where the size is small, because the native `memory.copy` costs tens of nanoseconds to call.
//!
//! A short copy loads everything before it stores anything, so overlap is honoured. An access out of bounds
//! traps as the operator would; a part may have been written by then, which nobody can see, because a trap
//! ends the instance.

use wasm_encoder::{BlockType, Function, Instruction as I, MemArg, ValType};

/// Sizes up to this are copied and filled in place.
const SHORT_BYTES: i32 = 32;

/// A function to add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Helper {
    /// `(n: i32) -> n`, charged `unit` each.
    Charge { unit: u32 },
    /// `(to, from, n)`: `memory.copy`, charged `unit` each.
    Copy { unit: u32 },
    /// `(to, value, n)`: `memory.fill`, charged `unit` each.
    Fill { unit: u32 },
}

impl Helper {
    /// Parameters and results.
    pub(super) fn signature(self) -> (&'static [ValType], &'static [ValType]) {
        const I32X3: &[ValType] = &[ValType::I32, ValType::I32, ValType::I32];
        match self {
            Helper::Charge { .. } => (&I32X3[..1], &I32X3[..1]),
            Helper::Copy { .. } | Helper::Fill { .. } => (I32X3, &[]),
        }
    }

    /// The body, charging the global `gas`.
    pub(super) fn body(self, gas: u32) -> Function {
        let mut f = match self {
            Helper::Charge { .. } => Function::new([]),
            Helper::Copy { .. } | Helper::Fill { .. } => Function::new([(4, ValType::I64)]),
        };
        match self {
            Helper::Charge { unit } => {
                charge(&mut f, gas, 0, unit);
                emit(&mut f, &[I::LocalGet(0), I::Return]);
            }
            Helper::Copy { unit } => {
                charge(&mut f, gas, N, unit);
                copy(&mut f);
            }
            Helper::Fill { unit } => {
                charge(&mut f, gas, N, unit);
                fill(&mut f);
            }
        }
        // The block that `charge` opened ends here; only its branches get past the end.
        emit(&mut f, &[I::End, I::Unreachable, I::End]);
        f
    }
}

// Locals of `copy` and `fill`: three parameters, then four words.
const TO: u32 = 0;
const FROM: u32 = 1;
const VALUE: u32 = 1;
const N: u32 = 2;
const WORDS: [u32; 4] = [3, 4, 5, 6];

fn emit(f: &mut Function, instructions: &[I<'_>]) {
    for i in instructions {
        f.instruction(i);
    }
}

/// Charges `unit` for each of local `n`, unsigned; leaves the block it opens, to the trap behind it, when
/// the counter is or becomes negative.
///
/// The counter is looked at before as well: charges before this one need not have been checked, and from a
/// counter that is not negative one charge (below 2^63) cannot wrap.
fn charge(f: &mut Function, gas: u32, n: u32, unit: u32) {
    let negative = [I::GlobalGet(gas), I::I64Const(0), I::I64LtS, I::BrIf(0)];
    emit(f, &[I::Block(BlockType::Empty)]);
    emit(f, &negative);
    let unit = I::I64Const(i64::from(unit));
    emit(
        f,
        &[I::GlobalGet(gas), I::LocalGet(n), I::I64ExtendI32U, unit],
    );
    emit(f, &[I::I64Mul, I::I64Sub, I::GlobalSet(gas)]);
    emit(f, &negative);
}

/// `copy` and `fill` by size: each takes the widest accesses that fit, the last ones counted from the end.
const WIDTHS: [Width; 4] = [
    Width {
        more_than: 16,
        bytes: 8,
        from_start: &[0, 8],
        from_end: &[16, 8],
    },
    Width {
        more_than: 7,
        bytes: 8,
        from_start: &[0],
        from_end: &[8],
    },
    Width {
        more_than: 3,
        bytes: 4,
        from_start: &[0],
        from_end: &[4],
    },
    Width {
        more_than: 1,
        bytes: 2,
        from_start: &[0],
        from_end: &[2],
    },
];

struct Width {
    /// For sizes above this.
    more_than: i32,
    /// Bytes of one access.
    bytes: u32,
    /// Offsets of accesses from the start.
    from_start: &'static [u64],
    /// Distances of accesses from the end.
    from_end: &'static [i32],
}

/// Leaves the address of an access on the stack and returns its constant offset.
fn address(f: &mut Function, base: u32, width: &Width, access: usize) -> MemArg {
    emit(f, &[I::LocalGet(base)]);
    let offset = match width.from_start.get(access) {
        Some(offset) => *offset,
        None => {
            let back = width.from_end[access - width.from_start.len()];
            emit(
                f,
                &[I::LocalGet(N), I::I32Add, I::I32Const(back), I::I32Sub],
            );
            0
        }
    };
    MemArg {
        offset,
        align: 0,
        memory_index: 0,
    }
}

fn load(bytes: u32, at: MemArg) -> I<'static> {
    match bytes {
        8 => I::I64Load(at),
        4 => I::I64Load32U(at),
        2 => I::I64Load16U(at),
        _ => I::I64Load8U(at),
    }
}

fn store(bytes: u32, at: MemArg) -> I<'static> {
    match bytes {
        8 => I::I64Store(at),
        4 => I::I64Store32(at),
        2 => I::I64Store16(at),
        _ => I::I64Store8(at),
    }
}

/// Sizes of zero and above [`SHORT_BYTES`] go to the operator itself.
fn long(f: &mut Function, operator: I<'static>) {
    let too_long = [
        I::LocalGet(N),
        I::I32Const(1),
        I::I32Sub,
        I::I32Const(SHORT_BYTES),
        I::I32GeU,
    ];
    emit(f, &too_long);
    emit(
        f,
        &[
            I::If(BlockType::Empty),
            I::LocalGet(0),
            I::LocalGet(1),
            I::LocalGet(N),
        ],
    );
    emit(f, &[operator, I::Return, I::End]);
}

fn copy(f: &mut Function) {
    long(
        f,
        I::MemoryCopy {
            src_mem: 0,
            dst_mem: 0,
        },
    );
    for width in &WIDTHS {
        emit(
            f,
            &[
                I::LocalGet(N),
                I::I32Const(width.more_than),
                I::I32GtU,
                I::If(BlockType::Empty),
            ],
        );
        let count = width.from_start.len() + width.from_end.len();
        for (access, word) in WORDS.iter().enumerate().take(count) {
            let at = address(f, FROM, width, access);
            emit(f, &[load(width.bytes, at), I::LocalSet(*word)]);
        }
        for (access, word) in WORDS.iter().enumerate().take(count) {
            let at = address(f, TO, width, access);
            emit(f, &[I::LocalGet(*word), store(width.bytes, at)]);
        }
        emit(f, &[I::Return, I::End]);
    }
    // One byte.
    let at = MemArg {
        offset: 0,
        align: 0,
        memory_index: 0,
    };
    emit(
        f,
        &[
            I::LocalGet(TO),
            I::LocalGet(FROM),
            load(1, at),
            store(1, at),
            I::Return,
        ],
    );
}

fn fill(f: &mut Function) {
    long(f, I::MemoryFill(0));
    let word = WORDS[0];
    emit(
        f,
        &[
            I::LocalGet(VALUE),
            I::I64ExtendI32U,
            I::I64Const(0xff),
            I::I64And,
        ],
    );
    emit(
        f,
        &[
            I::I64Const(0x0101_0101_0101_0101),
            I::I64Mul,
            I::LocalSet(word),
        ],
    );
    for width in &WIDTHS {
        emit(
            f,
            &[
                I::LocalGet(N),
                I::I32Const(width.more_than),
                I::I32GtU,
                I::If(BlockType::Empty),
            ],
        );
        for access in 0..width.from_start.len() + width.from_end.len() {
            let at = address(f, TO, width, access);
            emit(f, &[I::LocalGet(word), store(width.bytes, at)]);
        }
        emit(f, &[I::Return, I::End]);
    }
    let at = MemArg {
        offset: 0,
        align: 0,
        memory_index: 0,
    };
    emit(
        f,
        &[I::LocalGet(TO), I::LocalGet(word), store(1, at), I::Return],
    );
}
