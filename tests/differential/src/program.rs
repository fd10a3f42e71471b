//! Programs for the driver actor: a small assembler.
//!
//! A program is the magic `FLG1` and a row of operations, each an 8-byte head (code u8, a u8, b u16, c u32, little endian)
//! and its payload; `actors/driver.wat` lists them. What an operation logs is returned at the end, so a wrong result or a
//! single unit of gas can be traced to the operation it came from.

use fvm_ipld_encoding::RawBytes;
use fvm_shared::version::NetworkVersion;

use crate::driver::{UPGRADE_NUMBER, find};

/// Where the driver keeps the handle of its own parameters.
pub const PARAMS_SLOT: u32 = 0x10;

/// An argument of a syscall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A number.
    Imm(u64),
    /// The 32-bit word at an address.
    Word(u32),
    /// The 64-bit word at an address.
    Long(u32),
    /// The size of memory in bytes plus an offset, wrapping.
    End(i32),
}

impl From<u64> for Arg {
    fn from(value: u64) -> Self {
        Arg::Imm(value)
    }
}

impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Arg::Imm(value.into())
    }
}

/// Log the error number of a syscall.
pub const LOG_ERRNO: u32 = 1;
/// Log the gas left after a syscall.
pub const LOG_GAS: u32 = 2;

/// A program being written.
#[derive(Clone, Debug)]
pub struct Program {
    version: NetworkVersion,
    bytes: Vec<u8>,
    /// What syscalls log.
    pub logging: u32,
}

impl Program {
    /// An empty program for drivers of `version`, logging error numbers and gas.
    pub fn new(version: NetworkVersion) -> Self {
        Self {
            version,
            bytes: b"FLG1".to_vec(),
            logging: LOG_ERRNO | LOG_GAS,
        }
    }

    /// The network version it is for.
    pub fn version(&self) -> NetworkVersion {
        self.version
    }

    /// Offset of the next operation, for loops and branches.
    pub fn here(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// The finished program.
    pub fn finish(mut self) -> Vec<u8> {
        self.head(0, 0, 0, 0);
        self.bytes.extend_from_slice(&[0; 8]);
        self.bytes
    }

    fn head(&mut self, code: u8, a: u8, b: u16, c: u32) {
        self.bytes.push(code);
        self.bytes.push(a);
        self.bytes.extend_from_slice(&b.to_le_bytes());
        self.bytes.extend_from_slice(&c.to_le_bytes());
    }

    fn words(&mut self, words: &[u32]) {
        for word in words {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
    }

    fn arg(&mut self, arg: Arg) {
        let (kind, value) = match arg {
            Arg::Imm(v) => (0, v),
            Arg::Word(at) => (1, at.into()),
            Arg::Long(at) => (2, at.into()),
            Arg::End(offset) => (3, u64::from(offset as u32)),
        };
        self.words(&[kind]);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Makes syscall number `number`.
    pub fn raw_call(&mut self, number: u8, args: &[Arg]) -> &mut Self {
        self.head(1, number, args.len() as u16, self.logging);
        for arg in args {
            self.arg(*arg);
        }
        self
    }

    /// Makes the syscall `module::name`. Panics if this version does not know it or takes other arguments: tests only.
    pub fn call(&mut self, module: &str, name: &str, args: &[Arg]) -> &mut Self {
        let found = find(self.version, module, name);
        let Some((number, syscall)) = found else {
            panic!("no syscall {module}::{name} in {}", self.version);
        };
        let expected = syscall.all_params().len();
        assert_eq!(args.len(), expected, "arguments of {module}::{name}");
        self.raw_call(number, args)
    }

    /// Upgrades the actor to the code whose CID is at `code`; only drivers that know how. A failure's 20-byte result goes
    /// to `out`.
    pub fn upgrade(&mut self, out: u32, code: u32, params: Arg) -> &mut Self {
        self.raw_call(UPGRADE_NUMBER, &[out.into(), code.into(), params])
    }

    /// Puts bytes at an address.
    pub fn data(&mut self, at: u32, bytes: &[u8]) -> &mut Self {
        self.head(2, 0, 0, at);
        self.words(&[bytes.len() as u32]);
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Logs bytes of memory.
    pub fn log(&mut self, at: u32, length: u32) -> &mut Self {
        self.head(3, 0, 0, at);
        self.words(&[length]);
        self
    }

    /// Traps: 0 unreachable, 1 division by the word at 0x3ffc (zero), 2 integer overflow, 3 load out of bounds, 4 null
    /// entry, 5 wrong signature, 6 table index, 7 stack overflow, 8 float conversion, 9 fill out of bounds; more: none.
    pub fn trap(&mut self, kind: u8) -> &mut Self {
        self.head(4, kind, 0, 0);
        self
    }

    /// Counts the word at `slot` up, and goes back to `target` while it is below `count`.
    pub fn repeat(&mut self, target: u32, slot: u32, count: u32) -> &mut Self {
        self.head(5, 0, 0, target);
        self.words(&[slot, count]);
        self
    }

    /// Grows memory, logs the result.
    pub fn grow(&mut self, pages: u32) -> &mut Self {
        self.head(6, 0, 0, pages);
        self
    }

    /// Goes to `target` if the word at `at` equals `value`.
    pub fn branch(&mut self, at: u32, value: u32, target: u32) -> &mut Self {
        self.head(7, 0, 0, target);
        self.words(&[at, value]);
        self
    }

    /// Returns a block handle.
    pub fn ret(&mut self, handle: Arg) -> &mut Self {
        self.head(8, 0, 0, 0);
        self.arg(handle);
        self
    }

    /// Fills memory.
    pub fn fill(&mut self, at: u32, byte: u8, length: u32) -> &mut Self {
        self.head(9, byte, 0, at);
        self.words(&[length]);
        self
    }

    /// Copies memory.
    pub fn copy(&mut self, to: u32, from: u32, length: u32) -> &mut Self {
        self.head(10, 0, 0, to);
        self.words(&[from, length]);
        self
    }

    /// Runs an empty loop.
    pub fn spin(&mut self, count: u32) -> &mut Self {
        self.head(11, 0, 0, count);
        self
    }

    /// Logs a checksum of memory.
    pub fn sum(&mut self, at: u32, length: u32) -> &mut Self {
        self.head(12, 0, 0, at);
        self.words(&[length]);
        self
    }

    /// Logs the size of memory in pages.
    pub fn size(&mut self) -> &mut Self {
        self.head(13, 0, 0, 0);
        self
    }

    /// Logs some float results.
    pub fn floats(&mut self, x: i32) -> &mut Self {
        self.head(14, 0, 0, x as u32);
        self
    }

    /// Recurses `depth` times and logs the depth.
    pub fn dive(&mut self, depth: u32) -> &mut Self {
        self.head(15, 0, 0, depth);
        self
    }

    /// Makes a block of `bytes` (put at `at`); its handle goes to the word at `slot`.
    pub fn block(&mut self, codec: u64, bytes: &[u8], at: u32, slot: u32) -> &mut Self {
        self.data(at, bytes);
        self.call(
            "ipld",
            "block_create",
            &[
                slot.into(),
                codec.into(),
                at.into(),
                (bytes.len() as u32).into(),
            ],
        )
    }

    /// Sends to the address at `to`, with plain defaults; the 20-byte result goes to `out`.
    pub fn send(
        &mut self,
        out: u32,
        to: (u32, u32),
        method: u64,
        params: Arg,
        value: u64,
    ) -> &mut Self {
        self.send_with(out, to, method, params, [value, u64::MAX, 0])
    }

    /// Sends to the address at `to` with this value, gas limit and flags; the 20-byte result goes to `out`.
    pub fn send_with(
        &mut self,
        out: u32,
        to: (u32, u32),
        method: u64,
        params: Arg,
        rest: [u64; 3],
    ) -> &mut Self {
        let [value, gas, flags] = rest.map(Arg::Imm);
        let high = Arg::Imm(0);
        let [at, length] = [to.0, to.1].map(Arg::from);
        let args = [
            out.into(),
            at,
            length,
            method.into(),
            params,
            high,
            value,
            gas,
            flags,
        ];
        self.call("send", "send", &args)
    }

    /// Emits an event of equal entries with keys and values of these lengths, as drivers of this version do.
    pub fn event(&mut self, entries: usize, key: usize, value: usize) -> &mut Self {
        const AT: u32 = 0x20000;
        let name = "k".repeat(key);
        if self.version < NetworkVersion::V21 {
            let value = RawBytes::new(vec![9; value]);
            let all: Vec<_> = (0..entries)
                .map(|_| (1u64, name.clone(), 0x55u64, value.clone()))
                .collect();
            let bytes = fvm_ipld_encoding::to_vec(&all).unwrap_or_default();
            self.data(AT, &bytes);
            let length = bytes.len() as u32;
            return self.call("event", "emit_event", &[AT.into(), length.into()]);
        }
        let mut headers = Vec::new();
        for _ in 0..entries {
            headers.extend(2u64.to_le_bytes());
            headers.extend(0x55u64.to_le_bytes());
            headers.extend((key as u32).to_le_bytes());
            headers.extend((value as u32).to_le_bytes());
        }
        let (keys, values) = (name.repeat(entries), vec![9; value * entries]);
        let at_keys = AT + headers.len() as u32;
        let at_values = at_keys + keys.len() as u32;
        self.data(AT, &headers)
            .data(at_keys, keys.as_bytes())
            .data(at_values, &values);
        self.call(
            "event",
            "emit_event",
            &[
                AT.into(),
                (entries as u32).into(),
                at_keys.into(),
                (keys.len() as u32).into(),
                at_values.into(),
                (values.len() as u32).into(),
            ],
        )
    }
}
