//! The syscalls by name: bound to the Wasm imports, and called for native actors.

use fvm_shared::randomness::RANDOMNESS_LENGTH;
use fvm_shared::sys;
use fvm_shared::sys::out::{crypto as out_crypto, ipld as out_ipld, network as out_network};
use wasmtime::{Caller, Linker};

#[cfg(feature = "native")]
use super::{Context, run_native, run_native_out};
use super::{
    actor, crypto, debug, event, gas, ipld, network, proofs, rand, run, run_out, self_, send, vm,
};
use crate::frame::Frame;
use crate::network::{Network, Rules};
#[cfg(feature = "native")]
use crate::stop::Outcome;

/// Which optional or versioned parts of the ABI to bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Abi {
    /// The ABI of nv18–20.
    pub early: bool,
    /// `actor::upgrade_actor`.
    pub upgrade: bool,
    /// `actor::install_actor`.
    pub install: bool,
}

impl Abi {
    /// The ABI of a network.
    pub fn of(network: &Network, rules: &Rules) -> Self {
        Self {
            early: rules.early_abi,
            // There is no early ABI for it.
            upgrade: network.allow_upgrade && !rules.early_abi,
            install: network.allow_install,
        }
    }

    fn always(self) -> bool {
        true
    }

    fn early(self) -> bool {
        self.early
    }

    fn late(self) -> bool {
        !self.early
    }

    fn upgrade(self) -> bool {
        self.upgrade
    }

    fn install(self) -> bool {
        self.install
    }
}

/// Every syscall, by the part of the ABI it belongs to, handed to the macro `$then`:
/// `"module" "name" (arguments) [-> value] = function;`.
macro_rules! with_syscalls {
    ($then:ident) => { $then! {
    always {
        "vm" "exit" (code: u32, block: u32, message: u32, message_len: u32) = vm::exit;
        "vm" "message_context" () -> sys::out::vm::MessageContext = vm::message_context;
        "network" "context" () -> out_network::NetworkContext = network::context;
        "network" "tipset_cid" (epoch: i64, out_buf: u32, len: u32) -> u32 = network::tipset_cid;
        "network" "total_fil_circ_supply" () -> sys::TokenAmount = network::total_fil_circ_supply;
        "ipld" "block_open" (cid: u32) -> out_ipld::IpldOpen = ipld::block_open;
        "ipld" "block_create" (codec: u64, data: u32, len: u32) -> u32 = ipld::block_create;
        "ipld" "block_read" (id: u32, offset: u32, buf: u32, len: u32) -> i32 = ipld::block_read;
        "ipld" "block_stat" (id: u32) -> out_ipld::IpldStat = ipld::block_stat;
        "ipld" "block_link" (id: u32, hash: u64, hash_len: u32, cid: u32, len: u32) -> u32 = ipld::block_link;
        "self" "root" (cid: u32, len: u32) -> u32 = self_::root;
        "self" "set_root" (cid: u32) = self_::set_root;
        "self" "current_balance" () -> sys::TokenAmount = self_::current_balance;
        "actor" "resolve_address" (address: u32, len: u32) -> u64 = actor::resolve_address;
        "actor" "lookup_delegated_address" (id: u64, buf: u32, len: u32) -> u32 = actor::lookup_delegated_address;
        "actor" "get_actor_code_cid" (id: u64, buf: u32, len: u32) -> u32 = actor::get_actor_code_cid;
        "actor" "next_actor_address" (buf: u32, len: u32) -> u32 = actor::next_actor_address;
        "actor" "create_actor" (id: u64, code: u32, address: u32, len: u32) = actor::create_actor;
        "actor" "get_builtin_actor_type" (code: u32) -> i32 = actor::get_builtin_actor_type;
        "actor" "get_code_cid_for_type" (typ: i32, buf: u32, len: u32) -> u32 = actor::get_code_cid_for_type;
        "actor" "balance_of" (id: u64) -> sys::TokenAmount = actor::balance_of;
        "crypto" "verify_signature" (typ: u32, sig: u32, sig_len: u32, address: u32, address_len: u32, text: u32, text_len: u32) -> i32 = crypto::verify_signature;
        "crypto" "recover_secp_public_key" (hash: u32, sig: u32) -> [u8; 65] = crypto::recover_secp_public_key;
        "crypto" "hash" (code: u64, data: u32, data_len: u32, digest: u32, digest_len: u32) -> u32 = crypto::hash;
        "crypto" "compute_unsealed_sector_cid" (proof: i64, pieces: u32, pieces_len: u32, cid: u32, cid_len: u32) -> u32 = proofs::compute_unsealed_sector_cid;
        "crypto" "verify_post" (info: u32, len: u32) -> i32 = proofs::verify_post;
        "crypto" "verify_consensus_fault" (h1: u32, h1_len: u32, h2: u32, h2_len: u32, extra: u32, extra_len: u32) -> out_crypto::VerifyConsensusFault = proofs::verify_consensus_fault;
        "crypto" "verify_aggregate_seals" (info: u32, len: u32) -> i32 = proofs::verify_aggregate_seals;
        "crypto" "verify_replica_update" (info: u32, len: u32) -> i32 = proofs::verify_replica_update;
        "crypto" "batch_verify_seals" (batch: u32, len: u32, results: u32) = proofs::batch_verify_seals;
        "gas" "charge" (name: u32, name_len: u32, gas: u64) = gas::charge;
        "gas" "available" () -> u64 = gas::available;
        "send" "send" (to: u32, to_len: u32, method: u64, params: u32, value_hi: u64, value_lo: u64, gas_limit: u64, flags: u64) -> sys::out::send::Send = send::send;
        "debug" "log" (message: u32, len: u32) = debug::log;
        "debug" "enabled" () -> i32 = debug::enabled;
        "debug" "store_artifact" (name: u32, name_len: u32, data: u32, data_len: u32) = debug::store_artifact;
    }
    early {
        "self" "self_destruct" (beneficiary: u32, len: u32) = self_::self_destruct_to;
        "event" "emit_event" (event: u32, len: u32) = event::emit_encoded;
        "rand" "get_chain_randomness" (tag: i64, epoch: i64, entropy: u32, len: u32) -> [u8; RANDOMNESS_LENGTH] = rand::draw_chain;
        "rand" "get_beacon_randomness" (tag: i64, epoch: i64, entropy: u32, len: u32) -> [u8; RANDOMNESS_LENGTH] = rand::draw_beacon;
    }
    late {
        "self" "self_destruct" (burn_unspent: u32) = self_::self_destruct;
        "event" "emit_event" (entries: u32, count: u32, keys: u32, keys_len: u32, values: u32, values_len: u32) = event::emit;
        "rand" "get_chain_randomness" (epoch: i64) -> [u8; RANDOMNESS_LENGTH] = rand::chain;
        "rand" "get_beacon_randomness" (epoch: i64) -> [u8; RANDOMNESS_LENGTH] = rand::beacon;
        "crypto" "verify_bls_aggregate" (signers: u32, sig: u32, keys: u32, texts: u32, text_lens: u32) -> i32 = crypto::verify_bls_aggregate;
    }
    upgrade {
        "actor" "upgrade_actor" (code: u32, params: u32) -> sys::out::send::Send = actor::upgrade_actor;
    }
    install {
        "actor" "install_actor" (code: u32) = actor::install_actor;
    }
    } };
}

/// Binds every syscall of `abi` to its Wasm import.
pub(crate) fn link(linker: &mut Linker<Frame>, abi: Abi) -> wasmtime::Result<()> {
    macro_rules! bind_all {
        ($($part:ident { $($module:literal $name:literal ($($arg:ident: $ty:ty),*) $(-> $out:ty)? = $function:path;)* })*) => {
            $(if abi.$part() {
                $(bind!($module, $name, ($($arg: $ty),*), $function $(, $out)?);)*
            })*
        };
    }
    macro_rules! bind {
        ($module:literal, $name:literal, ($($arg:ident: $ty:ty),*), $function:path) => {
            linker.func_wrap($module, $name, |mut caller: Caller<'_, Frame>, $($arg: $ty),*| {
                run(&mut caller, ($module, $name), |context| $function(context, $($arg),*))
            })?;
        };
        ($module:literal, $name:literal, ($($arg:ident: $ty:ty),*), $function:path, $out:ty) => {
            linker.func_wrap($module, $name, |mut caller: Caller<'_, Frame>, out: u32, $($arg: $ty),*| {
                run_out::<$out>(&mut caller, ($module, $name), out, |context| $function(context, $($arg),*))
            })?;
        };
    }
    with_syscalls!(bind_all);
    Ok(())
}

/// Makes a syscall for a native actor; `None` if `abi` has no such syscall.
#[cfg(feature = "native")]
pub(crate) fn call(
    abi: Abi,
    context: &mut Context<'_>,
    (module, name): (&str, &str),
    args: &[u64],
) -> Option<Outcome<u32>> {
    let mut args = args.iter().copied();
    // The shim passes what the import takes; a missing argument is a zero.
    let mut next = || args.next().unwrap_or(0);
    macro_rules! call_all {
        ($($part:ident { $($module:literal $name:literal ($($arg:ident: $ty:ty),*) $(-> $out:ty)? = $function:path;)* })*) => {
            $(if abi.$part() {
                match (module, name) {
                    $(($module, $name) => return Some(call!($module, $name, ($($arg: $ty),*), $function $(, $out)?)),)*
                    _ => {}
                }
            })*
        };
    }
    macro_rules! call {
        ($module:literal, $name:literal, ($($arg:ident: $ty:ty),*), $function:path) => {{
            $(let $arg = next() as $ty;)*
            run_native(context, ($module, $name), |context| $function(context, $($arg),*))
        }};
        ($module:literal, $name:literal, ($($arg:ident: $ty:ty),*), $function:path, $out:ty) => {{
            let out = next() as u32;
            $(let $arg = next() as $ty;)*
            run_native_out::<$out>(context, ($module, $name), out, |context| $function(context, $($arg),*))
        }};
    }
    with_syscalls!(call_all);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigree_abi::{Gate, SYSCALLS, Syscall, WasmType};
    use wasmtime::{Engine, Module};

    /// Whether a module with this one import can be linked.
    fn links(engine: &Engine, linker: &Linker<Frame>, syscall: &Syscall) -> bool {
        let name = |ty: WasmType| match ty {
            WasmType::I32 => "i32",
            WasmType::I64 => "i64",
        };
        let params: Vec<&str> = syscall.wasm_params().map(name).collect();
        let module = format!(
            r#"(module (import "{}" "{}" (func (param {}) (result {}))))"#,
            syscall.module,
            syscall.name,
            params.join(" "),
            name(syscall.wasm_result()),
        );
        let module = Module::new(engine, wat::parse_str(module).unwrap()).unwrap();
        linker.instantiate_pre(&module).is_ok()
    }

    #[test]
    fn a_network_version_links_the_rows_it_has_and_no_others() {
        let engine = Engine::default();
        for version in 18..=28 {
            for gated in [false, true] {
                let early = version < 21;
                let abi = Abi {
                    early,
                    upgrade: gated && !early,
                    install: gated,
                };
                let mut linker = Linker::new(&engine);
                link(&mut linker, abi).unwrap();
                let allowed = |syscall: &Syscall| match syscall.gate {
                    None => true,
                    Some(Gate::Upgrade) => abi.upgrade,
                    Some(Gate::Install) => abi.install,
                };
                for syscall in SYSCALLS {
                    // A row of another version may look the same to Wasm: only its meaning changed.
                    let declared = SYSCALLS.iter().any(|row| {
                        row.exists_in(version)
                            && allowed(row)
                            && (row.module, row.name) == (syscall.module, syscall.name)
                            && row.wasm_params().eq(syscall.wasm_params())
                    });
                    assert_eq!(
                        links(&engine, &linker, syscall),
                        declared,
                        "{}::{} at nv{version}, gated: {gated}",
                        syscall.module,
                        syscall.name
                    );
                }
            }
        }
    }

    /// Module, name and bytes of the value of every syscall that is bound.
    fn bound(abi: Abi) -> Vec<(&'static str, &'static str, Option<u32>)> {
        let mut bound = Vec::new();
        macro_rules! list_all {
            ($($part:ident { $($module:literal $name:literal ($($arg:ident: $ty:ty),*) $(-> $out:ty)? = $function:path;)* })*) => {
                $(if abi.$part() {
                    $(
                        #[allow(unused_mut, unused_assignments)]
                        let mut size = None;
                        $(size = Some(size_of::<$out>() as u32);)?
                        bound.push(($module, $name, size));
                    )*
                })*
            };
        }
        with_syscalls!(list_all);
        bound.sort_unstable();
        bound
    }

    #[test]
    fn what_is_bound_is_in_the_table_with_values_of_that_size() {
        for version in 18..=28 {
            let early = version < 21;
            let abi = Abi {
                early,
                upgrade: !early,
                install: true,
            };
            let rows = SYSCALLS
                .iter()
                .filter(|row| row.exists_in(version))
                .filter(|row| row.gate != Some(Gate::Upgrade) || abi.upgrade);
            let mut declared: Vec<_> = rows
                .map(|row| (row.module, row.name, row.returns.size_bytes()))
                .collect();
            declared.sort_unstable();
            assert_eq!(bound(abi), declared, "nv{version}");
        }
    }
}
