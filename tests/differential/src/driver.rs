//! The driver actor, built for the ABI of a network version, and the table of syscalls it can make.
//!
//! The table is written down here on purpose, apart from the one the host is built from: were an entry wrong in either,
//! the driver would not link.

use fvm_shared::version::NetworkVersion;

use Ty::{I32, I64};

/// A Wasm value type of a syscall parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ty {
    /// 32 bits: pointers, lengths, handles, codes.
    I32,
    /// 64 bits: ids, amounts, epochs, gas.
    I64,
}

/// Which network versions know a syscall in this shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    /// All.
    Always,
    /// 18 to 20.
    Early,
    /// 21 and later.
    Late,
}

/// One syscall: its import and its parameters after the result pointer.
#[derive(Clone, Copy, Debug)]
pub struct Syscall {
    /// Import module.
    pub module: &'static str,
    /// Import name.
    pub name: &'static str,
    /// Size of the result written through the first parameter, in bytes; 0 if there is neither.
    pub result_bytes: u32,
    /// The other parameters.
    pub params: &'static [Ty],
    /// Versions.
    pub era: Era,
}

const fn call(
    module: &'static str,
    name: &'static str,
    result_bytes: u32,
    params: &'static [Ty],
) -> Syscall {
    during(Era::Always, module, name, result_bytes, params)
}

const fn during(
    era: Era,
    module: &'static str,
    name: &'static str,
    result_bytes: u32,
    params: &'static [Ty],
) -> Syscall {
    Syscall {
        module,
        name,
        result_bytes,
        params,
        era,
    }
}

/// Every syscall of the ABI of network versions 18 to 28, as far as mainnet links it. The index is the driver's number.
#[rustfmt::skip]
pub const SYSCALLS: &[Syscall] = &[
    call("vm", "exit", 0, &[I32, I32, I32, I32]),
    call("vm", "message_context", 88, &[]),
    call("network", "context", 44, &[]),
    call("network", "tipset_cid", 4, &[I64, I32, I32]),
    call("network", "total_fil_circ_supply", 16, &[]),
    call("ipld", "block_open", 16, &[I32]),
    call("ipld", "block_create", 4, &[I64, I32, I32]),
    call("ipld", "block_read", 4, &[I32, I32, I32, I32]),
    call("ipld", "block_stat", 12, &[I32]),
    call("ipld", "block_link", 4, &[I32, I64, I32, I32, I32]),
    call("self", "root", 4, &[I32, I32]),
    call("self", "set_root", 0, &[I32]),
    call("self", "current_balance", 16, &[]),
    during(Era::Early, "self", "self_destruct", 0, &[I32, I32]),
    during(Era::Late, "self", "self_destruct", 0, &[I32]),
    call("actor", "resolve_address", 8, &[I32, I32]),
    call("actor", "lookup_delegated_address", 4, &[I64, I32, I32]),
    call("actor", "get_actor_code_cid", 4, &[I64, I32, I32]),
    call("actor", "next_actor_address", 4, &[I32, I32]),
    call("actor", "create_actor", 0, &[I64, I32, I32, I32]),
    call("actor", "get_builtin_actor_type", 4, &[I32]),
    call("actor", "get_code_cid_for_type", 4, &[I32, I32, I32]),
    call("actor", "balance_of", 16, &[I64]),
    call("crypto", "verify_signature", 4, &[I32, I32, I32, I32, I32, I32, I32]),
    call("crypto", "recover_secp_public_key", 65, &[I32, I32]),
    call("crypto", "hash", 4, &[I64, I32, I32, I32, I32]),
    call("crypto", "compute_unsealed_sector_cid", 4, &[I64, I32, I32, I32, I32]),
    call("crypto", "verify_post", 4, &[I32, I32]),
    call("crypto", "verify_consensus_fault", 20, &[I32, I32, I32, I32, I32, I32]),
    call("crypto", "verify_aggregate_seals", 4, &[I32, I32]),
    call("crypto", "verify_replica_update", 4, &[I32, I32]),
    call("crypto", "batch_verify_seals", 0, &[I32, I32, I32]),
    during(Era::Late, "crypto", "verify_bls_aggregate", 4, &[I32, I32, I32, I32, I32]),
    during(Era::Early, "event", "emit_event", 0, &[I32, I32]),
    during(Era::Late, "event", "emit_event", 0, &[I32, I32, I32, I32, I32, I32]),
    during(Era::Early, "rand", "get_chain_randomness", 32, &[I64, I64, I32, I32]),
    during(Era::Late, "rand", "get_chain_randomness", 32, &[I64]),
    during(Era::Early, "rand", "get_beacon_randomness", 32, &[I64, I64, I32, I32]),
    during(Era::Late, "rand", "get_beacon_randomness", 32, &[I64]),
    call("gas", "charge", 0, &[I32, I32, I64]),
    call("gas", "available", 8, &[]),
    call("send", "send", 20, &[I32, I32, I64, I32, I64, I64, I64, I64]),
    call("debug", "log", 0, &[I32, I32]),
    call("debug", "enabled", 4, &[]),
    call("debug", "store_artifact", 0, &[I32, I32, I32, I32]),
];

/// What networks that let actors upgrade themselves know besides, from network version 21 on. The driver's number of it is
/// the one after all others.
pub const UPGRADE: Syscall = during(Era::Late, "actor", "upgrade_actor", 20, &[I32, I32]);

/// The driver's number of [`UPGRADE`].
pub const UPGRADE_NUMBER: u8 = SYSCALLS.len() as u8;

/// The entry point of an upgrade: logs the upgrade's info, then runs the program in the parameters.
const UPGRADE_ENTRY: &str = "\
(func (export \"upgrade\") (param $params i32) (param $info i32) (result i32)
    (if (call $ipld_block_read (i32.const 0x20) (local.get $info) (i32.const 0) (i32.const 0x3e00) (i32.const 100))
      (then unreachable))
    (call $log32 (i32.load (i32.const 0x20)))
    (call $log_bytes (i32.const 0x3e00) (i32.const 100))
    (call $invoke (local.get $params)))";

impl Syscall {
    /// Whether `version` knows it.
    pub fn known_to(&self, version: NetworkVersion) -> bool {
        match self.era {
            Era::Always => true,
            Era::Early => version < NetworkVersion::V21,
            Era::Late => version >= NetworkVersion::V21,
        }
    }

    /// All parameters, the result pointer first.
    pub fn all_params(&self) -> Vec<Ty> {
        let result = (self.result_bytes > 0).then_some(I32);
        result
            .into_iter()
            .chain(self.params.iter().copied())
            .collect()
    }

    /// Its import, as text; every syscall returns an error number.
    pub fn import(&self) -> String {
        let params: String = self
            .all_params()
            .iter()
            .map(|ty| if *ty == I32 { " i32" } else { " i64" })
            .collect();
        let (module, name) = (self.module, self.name);
        format!(
            "(import \"{module}\" \"{name}\" (func ${module}_{name} (param{params}) (result i32)))"
        )
    }
}

/// Number and entry of the syscall `module::name` in `version`.
pub fn find(version: NetworkVersion, module: &str, name: &str) -> Option<(u8, &'static Syscall)> {
    let mut known = SYSCALLS.iter().enumerate();
    known
        .find(|(_, s)| s.known_to(version) && s.module == module && s.name == name)
        .and_then(|(index, s)| Some((u8::try_from(index).ok()?, s)))
}

/// The syscalls `version` knows, with their numbers.
pub fn known(version: NetworkVersion) -> impl Iterator<Item = (u8, &'static Syscall)> {
    let all = SYSCALLS.iter().enumerate();
    all.filter(move |(_, s)| s.known_to(version))
        .filter_map(|(index, s)| Some((u8::try_from(index).ok()?, s)))
}

/// Text of the driver for `version`, which with `upgrades` can upgrade itself and be upgraded to.
pub fn text(version: NetworkVersion, upgrades: bool) -> String {
    let all: Vec<Syscall> = SYSCALLS
        .iter()
        .chain(upgrades.then_some(&UPGRADE))
        .copied()
        .collect();
    let known = all.iter().filter(|s| s.known_to(version));
    let imports: String = known.map(|s| s.import() + "\n  ").collect();
    include_str!("../actors/driver.wat")
        .replace("@IMPORTS", &imports)
        .replace("@DISPATCH", &dispatch(version, &all))
        .replace("@UPGRADE", if upgrades { UPGRADE_ENTRY } else { "" })
}

/// A function from a syscall's number to the call, its arguments taken from the program.
fn dispatch(version: NetworkVersion, all: &[Syscall]) -> String {
    let labels: Vec<String> = (0..all.len()).map(|n| format!("$s{n}")).collect();
    let opening: String = labels
        .iter()
        .rev()
        .map(|l| format!("(block {l} "))
        .collect();
    let mut out = format!(
        "(func $dispatch (param $number i32) (result i32)\n    (block $none {opening}\n      (br_table {} $none (local.get $number)))\n",
        labels.join(" ")
    );
    for (number, syscall) in all.iter().enumerate() {
        let closing = if number + 1 == all.len() { "" } else { ")" };
        if !syscall.known_to(version) {
            out += &format!("      unreachable{closing}\n");
            continue;
        }
        let args: String = syscall
            .all_params()
            .iter()
            .enumerate()
            .map(|(i, ty)| {
                let get = if *ty == I32 { "$arg32" } else { "$arg" };
                format!(" (call {get} (i32.const {i}))")
            })
            .collect();
        let (module, name) = (syscall.module, syscall.name);
        out += &format!("      (return (call ${module}_{name}{args})){closing}\n");
    }
    out + "    )\n    unreachable)"
}

/// The driver for `version`, as Wasm. `tag` goes into a custom section, so that each tag gives another code CID.
pub fn wasm(version: NetworkVersion, tag: &str) -> anyhow::Result<Vec<u8>> {
    Ok(tagged(wat::parse_str(text(version, false))?, tag))
}

/// Like [`wasm`], for networks that let actors upgrade themselves.
pub fn upgradable(version: NetworkVersion, tag: &str) -> anyhow::Result<Vec<u8>> {
    Ok(tagged(wat::parse_str(text(version, true))?, tag))
}

/// `module` with a custom section that says `tag`.
pub fn tagged(mut module: Vec<u8>, tag: &str) -> Vec<u8> {
    let tag = &tag.as_bytes()[..tag.len().min(100)];
    let name = b"tag";
    module.push(0);
    module.push((1 + name.len() + tag.len()) as u8);
    module.push(name.len() as u8);
    module.extend_from_slice(name);
    module.extend_from_slice(tag);
    module
}

/// A manifest in which every built-in is a driver of its own code CID.
pub fn builtins(version: NetworkVersion) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let module = wat::parse_str(text(version, false))?;
    let named = crate::setup::BUILTINS.iter();
    Ok(named
        .map(|name| (name.to_string(), tagged(module.clone(), name)))
        .collect())
}
