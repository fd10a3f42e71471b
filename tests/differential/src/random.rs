//! Random cases: a random module, random programs for the drivers, random messages. All from one seed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arbitrary::Unstructured;
use fvm_ipld_encoding::to_vec;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use wasm_smith::{Config, Module};

use crate::compare::{Agreed, both_from};
use crate::driver;
use crate::fixtures::{BUF, Fixtures, OUT};
use crate::hostile::{LINK_SLOT, RAW_SLOT, good_calls, prelude, variations};
use crate::oracle::Step;
use crate::outcome::hex;
use crate::program::{Arg, PARAMS_SLOT, Program};
use crate::setup::{Account, CodeRef, Deployed, Genesis, Setup};
use crate::world::{self, DRIVER, OTHER, POOR, Sender};

/// Where the random module lives.
pub const RANDOM: u64 = 300;

/// A small, good-enough generator (SplitMix64), so that a seed means the same case everywhere.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator for `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `all`, which is not empty.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }

    /// Random bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.bits() as u8).collect()
    }
}

/// A module as random as the reference accepts: no vectors, threads, 64-bit or several memories, tail calls, multiple
/// values, exceptions, or reference types; it exports `memory` and `invoke`, and imports some syscalls.
pub fn module(rng: &mut Rng, version: NetworkVersion) -> Result<Vec<u8>> {
    loop {
        // Some shapes cannot be filled by any noise.
        if let Some(module) = shaped_module(rng, version)? {
            return Ok(module);
        }
    }
}

/// A module of one random shape.
fn shaped_module(rng: &mut Rng, version: NetworkVersion) -> Result<Option<Vec<u8>>> {
    let imports: String = driver::known(version)
        .filter(|_| rng.one_in(3))
        .map(|(_, syscall)| syscall.import() + "\n")
        .collect();
    let imports = wat::parse_str(format!("(module {imports})"))?;
    let pages = rng.below(3);
    let exports = wat::parse_str(format!(
        "(module (memory (export \"memory\") {pages} {}) (func (export \"invoke\") (param i32) (result i32) unreachable))",
        pages + rng.below(40)
    ))?;
    let config = Config {
        available_imports: Some(imports),
        exports: Some(exports),
        max_imports: 50,
        min_imports: 4,
        allow_start_export: false,
        bulk_memory_enabled: true,
        sign_extension_ops_enabled: true,
        saturating_float_to_int_enabled: true,
        allow_floats: !rng.one_in(4),
        reference_types_enabled: false,
        multi_value_enabled: false,
        simd_enabled: false,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        memory64_enabled: false,
        tail_call_enabled: false,
        exceptions_enabled: false,
        gc_enabled: false,
        custom_page_sizes_enabled: false,
        custom_descriptors_enabled: false,
        wide_arithmetic_enabled: false,
        extended_const_enabled: false,
        // Besides the exported one.
        max_memories: 0,
        max_tables: 1,
        max_table_elements: 200,
        max_funcs: 12,
        min_funcs: 1 + rng.below(6) as usize,
        max_instructions: 20 + rng.below(400) as usize,
        // A trap ends it all too soon; the reference refuses to instrument some segments.
        disallow_traps: !rng.one_in(3),
        max_data_segments: if rng.one_in(3) { 4 } else { 0 },
        max_element_segments: if rng.one_in(3) { 4 } else { 0 },
        max_type_size: 1_000,
        ..Config::default()
    };
    // Not all noise makes a module.
    for _ in 0..100 {
        let noise = rng.bytes(6_000);
        if let Ok(module) = Module::new(config.clone(), &mut Unstructured::new(&noise)) {
            return Ok(Some(module.to_bytes()));
        }
    }
    Ok(None)
}

/// A random program for a driver.
pub fn program(rng: &mut Rng, version: NetworkVersion, fixtures: &Fixtures, depth: u32) -> Vec<u8> {
    let mut p = prelude(version, fixtures);
    let calls = good_calls(version, fixtures);
    for _ in 0..2 + rng.below(12) {
        match rng.below(16) {
            0..=6 => {
                let mut call = rng.pick(&calls).clone();
                // Ending early is possible, but not the rule.
                if ["exit", "charge"].contains(&call.syscall.name) && !rng.one_in(6) {
                    continue;
                }
                if rng.one_in(3) {
                    let varied = variations(&call);
                    if !varied.is_empty() {
                        call = rng.pick(&varied).clone();
                    }
                }
                call.add(&mut p);
            }
            7 | 8 if depth > 0 => nest(rng, &mut p, version, fixtures, depth - 1),
            9 => {
                let bytes = rng.below(60) as usize;
                let bytes = rng.bytes(bytes);
                p.data(BUF + rng.below(0x700) as u32, &bytes);
            }
            10 => {
                p.grow(rng.below(5) as u32).size();
            }
            11 => {
                p.spin(rng.below(3_000) as u32);
            }
            12 => {
                p.floats(rng.bits() as i32);
            }
            13 => {
                p.dive(rng.below(200) as u32);
            }
            14 if rng.one_in(4) => {
                p.trap(rng.below(12) as u8);
            }
            _ => {
                let start = p.here();
                let codec = *rng.pick(&[0x55u64, 0x71, 0x51]);
                let count = 1 + rng.below(4);
                let data = rng.pick(&fixtures.blobs).clone();
                p.call(
                    "ipld",
                    "block_create",
                    &[
                        LINK_SLOT.into(),
                        codec.into(),
                        data.at.into(),
                        data.len().into(),
                    ],
                );
                p.call(
                    "ipld",
                    "block_link",
                    &[
                        OUT.into(),
                        Arg::Word(LINK_SLOT),
                        Arg::Imm(0xb220),
                        Arg::Imm(32),
                        BUF.into(),
                        Arg::Imm(100),
                    ],
                );
                p.repeat(start, 0x3f00, count as u32);
            }
        }
    }
    if rng.one_in(5) {
        let handles = [
            Arg::Word(RAW_SLOT),
            Arg::Word(LINK_SLOT),
            Arg::Word(PARAMS_SLOT),
            Arg::Imm(9),
        ];
        p.ret(*rng.pick(&handles));
    }
    p.finish()
}

/// A send with a random program, or without parameters, to a random actor.
fn nest(rng: &mut Rng, p: &mut Program, version: NetworkVersion, fixtures: &Fixtures, depth: u32) {
    let child = program(rng, version, fixtures, depth);
    let to = *rng.pick(&[DRIVER, OTHER, POOR, 1, RANDOM, RANDOM, RANDOM, world::ALICE]);
    let address = Address::new_id(to).to_bytes();
    p.data(BUF, &address);
    p.block(0x55, &child, 0x38000, 0x6c);
    let gas = match rng.below(4) {
        0 => rng.below(20_000_000),
        _ => u64::MAX,
    };
    let value = if rng.one_in(3) { rng.below(1_000) } else { 0 };
    let flags = u64::from(rng.one_in(6));
    let params = *rng.pick(&[Arg::Word(0x6c), Arg::Word(0x6c), Arg::Imm(0)]);
    p.call(
        "send",
        "send",
        &[
            OUT.into(),
            BUF.into(),
            (address.len() as u32).into(),
            Arg::Imm(rng.below(4)),
            params,
            Arg::Imm(0),
            Arg::Imm(value),
            Arg::Imm(gas),
            Arg::Imm(flags),
        ],
    );
    p.log(OUT, 20);
    p.call(
        "ipld",
        "block_read",
        &[
            OUT.into(),
            Arg::Word(OUT + 4),
            Arg::Imm(0),
            BUF.into(),
            Arg::Imm(512),
        ],
    );
    p.sum(BUF, 512);
}

/// One random case.
pub struct Case {
    /// The seed it was made from.
    pub seed: u64,
    /// The world.
    pub setup: Setup,
    /// Its genesis.
    pub genesis: Genesis,
    /// The random module in it.
    pub wasm: Vec<u8>,
    /// The messages.
    pub steps: Vec<Step>,
}

impl Case {
    /// The case of `seed` at `version`.
    pub fn new(seed: u64, version: NetworkVersion) -> Result<Self> {
        let mut rng = Rng::new(seed ^ (u64::from(u32::from(version)) << 56));
        let wasm = module(&mut rng, version)?;
        let mut setup = world::setup(version)?;
        setup.codes.push(wasm.clone());
        setup.deployed.push(Deployed {
            id: RANDOM,
            code: CodeRef::Custom(setup.codes.len() - 1),
            state: vec![0x80],
            balance: TokenAmount::from_atto(rng.below(10_000)),
            delegated: None,
        });
        // Each message has its own sender: whether one uses up its nonce must not decide about the next.
        let senders: Vec<_> = (0..4 + rng.below(4)).map(|n| 110 + n as u8).collect();
        setup.accounts.extend(senders.iter().map(|number| Account {
            id: u64::from(*number),
            key: world::key(*number),
            balance: TokenAmount::from_whole(10),
        }));
        // Tracing must not change a result; what else is set here may, but on both sides alike.
        setup.tracing = rng.one_in(4);
        setup.debugging = rng.one_in(20);
        if rng.one_in(8) {
            setup.max_memory_bytes = rng.below(3 << 20);
        }
        let genesis = setup.genesis()?;
        let fixtures = Fixtures::new(&genesis);
        let steps = senders
            .iter()
            .map(|number| message(&mut rng, world::key(*number), version, &fixtures))
            .collect();
        Ok(Self {
            seed,
            setup,
            genesis,
            wasm,
            steps,
        })
    }

    /// Runs it in both hosts; an error says what differs.
    pub fn run(&self) -> Result<Agreed> {
        both_from(&self.setup, &self.genesis, &self.steps)
            .with_context(|| format!("seed {} at {}", self.seed, self.setup.version))
    }

    /// Writes the module, the messages and what differs into a new folder under `parent`.
    pub fn save(&self, parent: &Path, report: &str) -> Result<PathBuf> {
        let folder = parent.join(format!("case-{}-{}", self.setup.version, self.seed));
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("module.wasm"), &self.wasm)?;
        let mut text = format!("seed {} at {}\n\n{report}\n", self.seed, self.setup.version);
        for (number, step) in self.steps.iter().enumerate() {
            let kind = if step.implicit {
                "implicit"
            } else {
                "explicit"
            };
            let bytes = to_vec(&step.message)?;
            writeln!(text, "message {number} ({kind}), CBOR: {}", hex(&bytes))?;
        }
        std::fs::write(folder.join("case.txt"), text)?;
        Ok(folder)
    }
}

fn message(rng: &mut Rng, from: Address, version: NetworkVersion, fixtures: &Fixtures) -> Step {
    let mut sender = Sender {
        from,
        ..Sender::alice()
    };
    let to = match rng.below(8) {
        0..=3 => RANDOM,
        4 => 1,
        5 => *rng.pick(&[OTHER, POOR, world::PLACEHOLDER, world::CODELESS, 999]),
        _ => DRIVER,
    };
    let params = match to {
        RANDOM => {
            let count = rng.below(200) as usize;
            rng.bytes(count)
        }
        _ => program(rng, version, fixtures, 2),
    };
    let method = *rng.pick(&[2u64, 2, 2, 2, 1, 3, u64::MAX, 0]);
    let mut message = sender.message(Address::new_id(to), method, params);
    message.gas_limit = match rng.below(6) {
        0 => 1 + rng.below(10_000_000),
        _ => 20_000_000 + rng.below(150_000_000),
    };
    if rng.one_in(4) {
        message.value = TokenAmount::from_atto(rng.below(1_000_000));
    }
    if rng.one_in(40) {
        message.sequence = rng.below(9);
    }
    match rng.one_in(12) {
        true => Step::implicit(message),
        false => Step::explicit(message),
    }
}
