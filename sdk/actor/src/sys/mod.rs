//! The syscalls, with slices for pointers and `Result` for error numbers: one function per row of the table of
//! `filigree_abi` (a test holds them against it). On wasm32 they are imports; natively they reach the kernel that
//! runs the actor ([`native`]).
//!
//! Rows of network versions before 21 are left out: actors built with this SDK need nv21 or later.
#![allow(
    unsafe_code,
    reason = "imports are called with pointers, out-structs are plain bytes"
)]

#[cfg(not(target_arch = "wasm32"))]
pub mod native;

use filigree_abi::out::{
    RANDOMNESS_LENGTH, SECP_PUB_LEN, TokenAmount, crypto, ipld, network, send, vm,
};
use fvm_shared::error::ErrorNumber;
use num_traits::FromPrimitive;

pub use filigree_abi::out::TokenAmount as Tokens;

/// The result of a syscall.
pub type SysResult<T> = Result<T, ErrorNumber>;

// An argument is a number (`val`), bytes with their length (`bytes`), bytes whose length the host knows (`at`: a CID tells
// its own), a buffer with its length (`out`), or a buffer whose length the host knows (`fill`).
filigree_macros::syscalls! {
    "vm" "exit" vm_exit(val code: u32, val block_id: u32, bytes message);
    "vm" "message_context" message_context() -> vm::MessageContext;

    "network" "context" network_context() -> network::NetworkContext;
    "network" "tipset_cid" tipset_cid(val epoch: i64, out cid) -> u32;
    "network" "total_fil_circ_supply" circulating_supply() -> TokenAmount;

    "ipld" "block_open" block_open(at cid) -> ipld::IpldOpen;
    "ipld" "block_create" block_create(val codec: u64, bytes data) -> u32;
    "ipld" "block_read" block_read(val id: u32, val offset: u32, out data) -> i32;
    "ipld" "block_stat" block_stat(val id: u32) -> ipld::IpldStat;
    "ipld" "block_link" block_link(val id: u32, val hash_code: u64, val hash_len: u32, out cid) -> u32;

    "self" "root" self_root(out cid) -> u32;
    "self" "set_root" self_set_root(at cid);
    "self" "current_balance" self_balance() -> TokenAmount;
    "self" "self_destruct" self_destruct(val burn_unspent: u32);

    "actor" "resolve_address" resolve_address(bytes address) -> u64;
    "actor" "lookup_delegated_address" lookup_delegated_address(val id: u64, out address) -> u32;
    "actor" "get_actor_code_cid" get_actor_code_cid(val id: u64, out cid) -> u32;
    "actor" "next_actor_address" next_actor_address(out address) -> u32;
    "actor" "create_actor" create_actor(val id: u64, at code, bytes delegated_address);
    "actor" "get_builtin_actor_type" get_builtin_actor_type(at code) -> i32;
    "actor" "get_code_cid_for_type" get_code_cid_for_type(val kind: i32, out cid) -> u32;
    "actor" "balance_of" balance_of(val id: u64) -> TokenAmount;
    "actor" "upgrade_actor" upgrade_actor(at code, val params_id: u32) -> send::Send;
    "actor" "install_actor" install_actor(at code);

    "crypto" "verify_signature" verify_signature(val kind: u32, bytes signature, bytes signer, bytes text) -> i32;
    "crypto" "verify_bls_aggregate" verify_bls_aggregate(val count: u32, at signature, at keys, at texts, at lens) -> i32;
    "crypto" "recover_secp_public_key" recover_secp_public_key(at hash, at signature) -> [u8; SECP_PUB_LEN];
    "crypto" "hash" hash(val code: u64, bytes data, out digest) -> u32;
    "crypto" "compute_unsealed_sector_cid" compute_unsealed_sector_cid(val proof: i64, bytes pieces, out cid) -> u32;
    "crypto" "verify_post" verify_post(bytes info) -> i32;
    "crypto" "verify_consensus_fault" verify_consensus_fault(bytes one, bytes two, bytes extra) -> crypto::VerifyConsensusFault;
    "crypto" "verify_aggregate_seals" verify_aggregate_seals(bytes info) -> i32;
    "crypto" "verify_replica_update" verify_replica_update(bytes info) -> i32;
    "crypto" "batch_verify_seals" batch_verify_seals(bytes batch, fill results);

    "rand" "get_chain_randomness" chain_randomness(val epoch: i64) -> [u8; RANDOMNESS_LENGTH];
    "rand" "get_beacon_randomness" beacon_randomness(val epoch: i64) -> [u8; RANDOMNESS_LENGTH];

    "event" "emit_event" emit_event(at entries, val count: u32, bytes keys, bytes values);

    "gas" "charge" charge_gas(bytes name, val gas: u64);
    "gas" "available" gas_available() -> u64;

    "send" "send" send(bytes to, val method: u64, val params_id: u32, val value_hi: u64, val value_lo: u64, val gas_limit: u64, val flags: u64) -> send::Send;

    "debug" "log" debug_log(bytes message);
    "debug" "enabled" debug_enabled() -> i32;
    "debug" "store_artifact" store_artifact(bytes name, bytes data);
}

fn error_number(number: u32) -> SysResult<()> {
    match number {
        0 => Ok(()),
        // A number newer than this SDK is an error all the same.
        number => Err(ErrorNumber::from_u32(number).unwrap_or(ErrorNumber::AssertionFailed)),
    }
}

/// Ends the actor.
pub fn exit(code: u32, block_id: u32, message: &str) -> ! {
    let _ = vm_exit(code, block_id, message.as_bytes());
    unreachable!("exit returned")
}

#[cfg(test)]
mod tests {
    use filigree_abi::{LAST_NETWORK_VERSION, WasmType, syscalls_for};

    use super::IMPORTS;

    #[test]
    fn every_syscall_of_the_newest_network_is_imported_as_declared() {
        let declared: Vec<_> = syscalls_for(LAST_NETWORK_VERSION)
            .map(|row| {
                let params: Vec<WasmType> = row.wasm_params().collect();
                let size = row.returns.size_bytes().map(|size| size as usize);
                (row.module, row.name, params, size)
            })
            .collect();
        for (module, name, params, size) in IMPORTS {
            let import = (*module, *name, params.to_vec(), *size);
            assert!(declared.contains(&import), "{import:?}");
        }
        assert_eq!(IMPORTS.len(), declared.len());
    }
}
