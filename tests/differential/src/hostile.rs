//! Good calls of every syscall, and hostile variations of them: each parameter replaced by awkward values, each pair of
//! neighbouring 32-bit parameters (pointer and length, mostly) by awkward ranges.

use fvm_shared::version::NetworkVersion;

use crate::driver::{self, Syscall, Ty};
use crate::fixtures::{BUF, Fixtures, OUT};
use crate::program::{Arg, PARAMS_SLOT, Program};
use crate::world;

/// One call to make.
#[derive(Clone, Debug)]
pub struct Call {
    /// The syscall.
    pub syscall: &'static Syscall,
    /// The driver's number of it.
    pub number: u8,
    /// The arguments.
    pub args: Vec<Arg>,
}

impl Call {
    /// Adds it to a program, with a checksum of what it wrote.
    pub fn add(&self, program: &mut Program) {
        program.raw_call(self.number, &self.args);
        program.sum(OUT, 0x200);
    }
}

/// Slots of block handles in the driver's memory: a raw block, a DAG-CBOR block with a link.
pub const RAW_SLOT: u32 = 0x60;
/// See [`RAW_SLOT`].
pub const LINK_SLOT: u32 = 0x64;

/// The start of a program: fixtures in memory, two blocks made, the state root opened.
pub fn prelude(version: NetworkVersion, fixtures: &Fixtures) -> Program {
    let mut program = Program::new(version);
    fixtures.load(&mut program);
    let (cbor, length) = fixtures.get("cbor");
    let codes = |c: u64| Arg::Imm(c);
    program.call(
        "ipld",
        "block_create",
        &[RAW_SLOT.into(), codes(0x55), cbor.into(), length.into()],
    );
    // The link in "cbor link" is the empty array: reachable once the state (the empty array) has been asked for.
    program.call("self", "root", &[OUT.into(), BUF.into(), 100u32.into()]);
    let (linked, length) = fixtures.get("cbor link");
    program.call(
        "ipld",
        "block_create",
        &[LINK_SLOT.into(), codes(0x71), linked.into(), length.into()],
    );
    program
}

/// Good calls of all syscalls of `version`; several of some.
pub fn good_calls(version: NetworkVersion, fx: &Fixtures) -> Vec<Call> {
    let mut out = Vec::new();
    for (number, syscall) in driver::known(version) {
        let mut add = |args: Vec<Arg>| {
            let mut all = Vec::new();
            if syscall.result_bytes > 0 {
                all.push(OUT.into());
            }
            all.extend(args);
            let (module, name) = (syscall.module, syscall.name);
            assert_eq!(all.len(), syscall.all_params().len(), "{module}::{name}");
            out.push(Call {
                syscall,
                number,
                args: all,
            });
        };
        let before = |name| fx.get(name);
        for args in good_args(version, syscall, &before) {
            add(args);
        }
    }
    out
}

type Lookup<'a> = &'a dyn Fn(&'static str) -> (u32, u32);

fn good_args(version: NetworkVersion, syscall: &Syscall, get: Lookup<'_>) -> Vec<Vec<Arg>> {
    let imm = |v: u64| Arg::Imm(v);
    let at = |name| Arg::from(get(name).0);
    // A pointer and a length.
    let range = |name: &'static str| {
        let (at, length) = get(name);
        [Arg::from(at), Arg::from(length)]
    };
    let with = |name: &'static str, rest: &[Arg]| -> Vec<Arg> {
        range(name).iter().chain(rest).copied().collect()
    };
    let buf = [Arg::from(BUF), Arg::from(100u32)];
    let early = version < NetworkVersion::V21;
    match (syscall.module, syscall.name) {
        ("vm", "exit") => vec![
            vec![imm(40), imm(0), at("name"), imm(6)],
            vec![imm(0), Arg::Word(RAW_SLOT), imm(0), imm(0)],
            vec![imm(16), imm(0), at("name"), imm(6)],
        ],
        ("network", "tipset_cid") => [1_999, 1_102, 1_101, 1_100, 0, 2_000, 2_001, u64::MAX]
            .map(|epoch| vec![imm(epoch), buf[0], buf[1]])
            .to_vec(),
        ("ipld", "block_open") => vec![vec![Arg::from(BUF)], vec![at("empty array")]],
        ("ipld", "block_create") => [
            (0x55, "cbor"),
            (0x71, "cbor"),
            (0x51, "cbor"),
            (0x71, "cbor link"),
            (0x51, "cbor link"),
            (0x71, "bad cbor"),
            (0x71, "open cbor"),
            (0x51, "bad cbor"),
            (0x70, "cbor"),
        ]
        .map(|(codec, name)| with_front(imm(codec), &range(name)))
        .to_vec(),
        ("ipld", "block_read") => vec![
            vec![Arg::Word(RAW_SLOT), imm(0), buf[0], buf[1]],
            vec![Arg::Word(RAW_SLOT), imm(3), buf[0], imm(2)],
            vec![Arg::Word(PARAMS_SLOT), imm(100), buf[0], imm(200)],
        ],
        ("ipld", "block_stat") => vec![vec![Arg::Word(RAW_SLOT)], vec![Arg::Word(PARAMS_SLOT)]],
        ("ipld", "block_link") => vec![
            vec![Arg::Word(RAW_SLOT), imm(0xb220), imm(32), buf[0], buf[1]],
            vec![Arg::Word(LINK_SLOT), imm(0xb220), imm(32), buf[0], buf[1]],
            vec![Arg::Word(RAW_SLOT), imm(0x12), imm(32), buf[0], buf[1]],
        ],
        ("self", "root") => vec![buf.to_vec()],
        ("self", "set_root") => vec![vec![at("empty array")]],
        ("self", "self_destruct") if early => vec![with("other", &[])],
        ("self", "self_destruct") => vec![vec![imm(1)], vec![imm(0)]],
        ("actor", "resolve_address") => {
            let names = [
                "other",
                "alice key",
                "other f4",
                "new f1",
                "f2",
                "no actor",
                "bob key",
            ];
            names.map(|name| with(name, &[])).to_vec()
        }
        ("actor", "lookup_delegated_address") => [201, 203, 200, 999_999]
            .map(|id| with_front(imm(id), &buf))
            .to_vec(),
        ("actor", "get_actor_code_cid") => [200, 1, 999_999, 100]
            .map(|id| with_front(imm(id), &buf))
            .to_vec(),
        ("actor", "next_actor_address") => vec![buf.to_vec()],
        ("actor", "create_actor") => {
            let new = |id: u64, code, f4: [Arg; 2]| vec![imm(id), at(code), f4[0], f4[1]];
            let none = [imm(0), imm(0)];
            vec![
                new(5_000, "driver code", none),
                new(5_000, "driver code", none),
                new(5_001, "other code", range("new eth")),
                new(5_002, "placeholder code", none),
                new(5_003, "missing", none),
                new(200, "driver code", none),
                new(203, "driver code", none),
                new(203, "driver code", range("new eth")),
            ]
        }
        ("actor", "get_builtin_actor_type") => ["account code", "driver code", "sha256"]
            .map(|name| vec![at(name)])
            .to_vec(),
        ("actor", "get_code_cid_for_type") => [1, 4, 0, 99]
            .map(|kind| with_front(imm(kind), &buf))
            .to_vec(),
        ("actor", "balance_of") => [200, 100, 99, 999_999].map(|id| vec![imm(id)]).to_vec(),
        ("crypto", "verify_signature") => {
            let check = |kind: u64, signature, signer, text| {
                let parts = [range(signature), range(signer), range(text)];
                with_front(imm(kind), &parts.concat())
            };
            vec![
                check(1, "secp signature", "secp address", "message"),
                check(2, "bls signature", "bls address", "message"),
                check(2, "bls signature", "bls address", "messages"),
                check(1, "bls signature", "secp address", "message"),
                check(1, "secp signature", "self", "message"),
                check(2, "secp signature", "secp address", "message"),
                check(2, "bls signature", "zero f3", "message"),
                check(1, "secp signature", "other f4", "message"),
            ]
        }
        ("crypto", "recover_secp_public_key") => vec![
            vec![at("hash"), at("secp signature")],
            vec![at("secp signature"), at("hash")],
        ],
        ("crypto", "hash") => [0x12, 0xb220, 0xb240, 0x1b, 0x1053, 0x13]
            .map(|code| with_front(imm(code), &[range("message"), buf].concat()))
            .to_vec(),
        ("crypto", "compute_unsealed_sector_cid") => [
            (8, "pieces"),
            (3, "pieces"),
            (8, "bad pieces"),
            (99, "pieces"),
            (8, "no seals"),
        ]
        .map(|(kind, name)| with_front(imm(kind), &[range(name), buf].concat()))
        .to_vec(),
        ("crypto", "verify_post") => ["post", "bad post", "no post", "odd post", "bad cbor"]
            .map(|name| with(name, &[]))
            .to_vec(),
        ("crypto", "verify_consensus_fault") => ["fault", "fault 2", "no fault", "bad fault"]
            .map(|name| [range(name), range("message"), range("name")].concat())
            .to_vec(),
        ("crypto", "verify_aggregate_seals") => ["aggregate", "odd aggregate", "no seals"]
            .map(|name| with(name, &[]))
            .to_vec(),
        ("crypto", "verify_replica_update") => ["update", "odd update", "no seals"]
            .map(|name| with(name, &[]))
            .to_vec(),
        ("crypto", "batch_verify_seals") => ["seals", "no seals", "cbor"]
            .map(|name| with(name, &[Arg::from(BUF)]))
            .to_vec(),
        ("crypto", "verify_bls_aggregate") => {
            let check = |n: u64, signature, keys, texts, lengths| {
                vec![imm(n), at(signature), at(keys), at(texts), at(lengths)]
            };
            vec![
                check(2, "bls aggregate", "bls keys", "messages", "lengths"),
                check(1, "bls signature", "bls key", "message", "lengths"),
                check(2, "bls signature", "bls keys", "messages", "lengths"),
                check(0, "bls signature", "bls keys", "messages", "lengths"),
                check(1, "message", "bls key", "message", "lengths"),
            ]
        }
        ("event", "emit_event") if early => ["early event", "cbor", "bad cbor", "no seals"]
            .map(|name| with(name, &[]))
            .to_vec(),
        ("event", "emit_event") => {
            let event = |headers, count: u64, keys, values| {
                let head = [at(headers), imm(count)];
                [head, range(keys), range(values)].concat()
            };
            vec![
                event("headers", 2, "keys", "values"),
                event("headers", 1, "name", "values"),
                event("headers", 0, "keys", "values"),
                event("bad flags", 1, "keys", "values"),
                event("bad codec", 1, "keys", "values"),
                event("headers", 2, "not utf8", "values"),
            ]
        }
        ("rand", _) if early => {
            let epochs = [1_990u64, 0, 1_313, 2_000, 5_000, u64::MAX];
            let draw = |e: u64| [&[imm(7), imm(e)], &range("message")[..]].concat();
            epochs.map(draw).to_vec()
        }
        ("rand", _) => [
            1_990u64,
            0,
            1_313,
            2_000,
            5_000,
            u64::MAX,
            1_960,
            1_961,
            1_820,
        ]
        .map(|epoch| vec![imm(epoch)])
        .to_vec(),
        ("gas", "charge") => vec![
            with("name", &[imm(12_345)]),
            with("not utf8", &[imm(5)]),
            with("name", &[imm(0)]),
        ],
        ("send", "send") => sends(get),
        ("debug", "log") => ["name", "not utf8"].map(|name| with(name, &[])).to_vec(),
        ("debug", "store_artifact") => ["name", "slash name", "dot name", "not utf8", "long f4"]
            .map(|name| with(name, &range("message")))
            .to_vec(),
        _ => vec![vec![]],
    }
}

fn with_front(first: Arg, rest: &[Arg]) -> Vec<Arg> {
    std::iter::once(first).chain(rest.iter().copied()).collect()
}

fn sends(get: Lookup<'_>) -> Vec<Vec<Arg>> {
    // To, method, value, gas limit, flags.
    let all = u64::MAX;
    let cases: &[(&'static str, u64, u64, u64, u64)] = &[
        ("other", 0, 5, all, 0),
        ("other", 2, 0, all, 0),
        ("other", 2, 0, all, 1),
        ("other", 0, 1, all, 1),
        ("self", 0, 5, all, 0),
        ("self", 2, 0, all, 0),
        ("alice key", 0, 7, all, 0),
        ("new f1", 0, 7, all, 0),
        ("new f3", 0, 0, all, 0),
        ("zero f3", 0, 7, all, 0),
        ("new eth", 0, 7, all, 0),
        ("new eth", 2, 7, all, 0),
        ("foreign f4", 0, 7, all, 0),
        ("f2", 0, 7, all, 0),
        ("no actor", 0, 7, all, 0),
        ("no actor", 0, 0, all, 0),
        ("codeless", 0, 7, all, 0),
        ("placeholder", 0, 7, all, 0),
        ("placeholder", 2, 0, all, 0),
        ("init", 2, 0, all, 0),
        ("new f1", 0, 0, all, 1),
        ("other", 2, 0, 0, 0),
        ("other", 2, 0, 1_000, 0),
        ("other", 2, 0, 400_000, 0),
        ("other", 2, 0, all - 1, 0),
        ("other", 0, u64::MAX, all, 0),
        ("other", 2, 0, all, 2),
        ("new f1", 3, 7, 2_000_000, 0),
        ("eth account", 2, 1, all, 0),
    ];
    let send = |&(to, method, value, gas, flags): &(&'static str, u64, u64, u64, u64)| {
        let (at, length) = get(to);
        vec![
            at.into(),
            length.into(),
            Arg::Imm(method),
            Arg::Imm(0),
            Arg::Imm(0),
            Arg::Imm(value),
            Arg::Imm(gas),
            Arg::Imm(flags),
        ]
    };
    let mut out: Vec<Vec<Arg>> = cases.iter().map(send).collect();
    // With parameters: a raw block, which is no program, so the receiver takes it for its state.
    let (at, length) = get("other");
    let to = [Arg::from(at), Arg::from(length)];
    let rest = [0, 0, all, 0].map(Arg::Imm);
    out.push([&to[..], &[Arg::Imm(2), Arg::Word(RAW_SLOT)], &rest].concat());
    out.push([&to[..], &[Arg::Imm(2), Arg::Word(LINK_SLOT)], &rest].concat());
    out
}

/// Awkward 32-bit values.
const AWKWARD_32: [Arg; 15] = [
    Arg::Imm(0),
    Arg::Imm(1),
    Arg::Imm(2),
    Arg::Imm(31),
    Arg::Imm(33),
    Arg::Imm(0x3ff8),
    Arg::End(0),
    Arg::End(1),
    Arg::End(-1),
    Arg::End(-7),
    Arg::End(-34),
    Arg::End(-96),
    Arg::Imm(0x7fff_ffff),
    Arg::Imm(0x8000_0000),
    Arg::Imm(0xffff_ffff),
];

/// Awkward 64-bit values.
const AWKWARD_64: [Arg; 12] = [
    Arg::Imm(0),
    Arg::Imm(1),
    Arg::Imm(2),
    Arg::Imm(0x55),
    Arg::Imm(0x71),
    Arg::Imm(99),
    Arg::Imm(201),
    Arg::Imm(0xffff_ffff),
    Arg::Imm(1 << 40),
    Arg::Imm(i64::MAX as u64),
    Arg::Imm(i64::MIN as u64),
    Arg::Imm(u64::MAX - 1),
];

/// Awkward ranges.
const AWKWARD_RANGES: [(Arg, Arg); 11] = [
    (Arg::End(-4), Arg::Imm(4)),
    (Arg::End(-4), Arg::Imm(5)),
    (Arg::End(0), Arg::Imm(0)),
    (Arg::End(0), Arg::Imm(1)),
    (Arg::End(1), Arg::Imm(0)),
    (Arg::Imm(0xffff_ffff), Arg::Imm(0)),
    (Arg::Imm(0xffff_ffff), Arg::Imm(1)),
    (Arg::Imm(0xffff_ffff), Arg::Imm(0xffff_ffff)),
    (Arg::Imm(1), Arg::End(-1)),
    (Arg::Imm(1), Arg::End(0)),
    (Arg::Imm(OUT as u64), Arg::Imm(8)),
];

/// Variations of `call`: one parameter, or two neighbouring 32-bit ones, made awkward.
pub fn variations(call: &Call) -> Vec<Call> {
    let types = call.syscall.all_params();
    let mut out = Vec::new();
    let mut vary = |changes: &[(usize, Arg)]| {
        let mut varied = call.clone();
        for (index, arg) in changes {
            varied.args[*index] = *arg;
        }
        out.push(varied);
    };
    for (index, ty) in types.iter().enumerate() {
        let values: &[Arg] = match ty {
            Ty::I32 => &AWKWARD_32,
            Ty::I64 => &AWKWARD_64,
        };
        for value in values {
            vary(&[(index, *value)]);
        }
        if *ty == Ty::I32 && types.get(index + 1) == Some(&Ty::I32) {
            for (pointer, length) in AWKWARD_RANGES {
                vary(&[(index, pointer), (index + 1, length)]);
            }
        }
    }
    out
}

/// Which actor a syscall is best tried in: the init actor for creating actors, the driver otherwise.
pub fn home(syscall: &Syscall) -> u64 {
    match syscall.name {
        "create_actor" => 1,
        _ => world::DRIVER,
    }
}
