//! The syscall table, by module. To change the ABI from some network version on, close the old row with `until` and
//! add one with `since`; then refresh `SYSCALLS.md`.

use crate::out::{self, RANDOMNESS_LENGTH, SECP_PUB_LEN, TokenAmount};
use crate::{FIRST_NETWORK_VERSION, Gate, Param, Returns, Syscall, WasmType};

/// Every syscall in every network version, grouped by module; the versions of one follow each other.
pub static SYSCALLS: &[Syscall] = &[
    // vm
    syscall(
        "vm",
        "exit",
        "Ends the actor with an exit code, a return block (0 for none) and a message for debugging. Codes 1 to 15 \
         belong to the system and are replaced by SYS_ILLEGAL_EXIT_CODE.",
        &[i32("code"), i32("block_id"), i32("message_off"), i32("message_len")],
        Returns::Never,
    ),
    syscall(
        "vm",
        "message_context",
        "Who called, with which method, value and nonce.",
        &[],
        value::<out::vm::MessageContext>("vm::MessageContext"),
    ),
    // network
    syscall(
        "network",
        "context",
        "Epoch, time, base fee, chain id and network version.",
        &[],
        value::<out::network::NetworkContext>("network::NetworkContext"),
    ),
    syscall(
        "network",
        "tipset_cid",
        "Writes the CID of the tipset at a past epoch, not more than 899 epochs back; returns its length.",
        &[i64("epoch"), i32("cid_off"), i32("cid_len")],
        U32,
    )
    .until(20),
    syscall(
        "network",
        "tipset_cid",
        "Writes the CID of the tipset at any past epoch; returns its length.",
        &[i64("epoch"), i32("cid_off"), i32("cid_len")],
        U32,
    )
    .since(21),
    syscall(
        "network",
        "total_fil_circ_supply",
        "The circulating supply.",
        &[],
        TOKENS,
    ),
    // ipld
    syscall(
        "ipld",
        "block_open",
        "Opens a block by its CID; returns its handle, codec and length. From nv21 on, the block must be reachable.",
        &[i32("cid_off")],
        value::<out::ipld::IpldOpen>("ipld::IpldOpen"),
    ),
    syscall(
        "ipld",
        "block_create",
        "Makes a block from bytes in memory; returns its handle. From nv21 on, every block it links to must be \
         reachable.",
        &[i64("codec"), i32("data_off"), i32("data_len")],
        U32,
    ),
    syscall(
        "ipld",
        "block_read",
        "Copies bytes of an open block from an offset on; returns the length of the block minus the end of the read: \
         positive if more is left, negative if the buffer is longer than the block.",
        &[i32("block_id"), i32("offset"), i32("buffer_off"), i32("buffer_len")],
        I32,
    ),
    syscall(
        "ipld",
        "block_stat",
        "Codec and length of an open block.",
        &[i32("block_id")],
        value::<out::ipld::IpldStat>("ipld::IpldStat"),
    ),
    syscall(
        "ipld",
        "block_link",
        "Hashes an open block, stores it and writes its CID; returns the CID's length. The block is reachable from \
         then on. Only blake2b-256 with 32 bytes is allowed.",
        &[i32("block_id"), i64("hash_code"), i32("hash_len"), i32("cid_off"), i32("cid_len")],
        U32,
    ),
    // self
    syscall(
        "self",
        "root",
        "Writes the CID of the actor's state; returns its length.",
        &[i32("cid_off"), i32("cid_len")],
        U32,
    ),
    syscall(
        "self",
        "set_root",
        "Sets the CID of the actor's state. From nv21 on, it must be reachable.",
        &[i32("cid_off")],
        Returns::Nothing,
    ),
    syscall(
        "self",
        "current_balance",
        "The actor's balance, with the value just received.",
        &[],
        TOKENS,
    ),
    syscall(
        "self",
        "self_destruct",
        "Deletes the actor and sends its balance to a beneficiary, which must be another one.",
        &[i32("beneficiary_off"), i32("beneficiary_len")],
        Returns::Nothing,
    )
    .until(20),
    syscall(
        "self",
        "self_destruct",
        "Deletes the actor. A balance left is burnt if the flag is not 0, otherwise the call fails.",
        &[i32("burn_unspent")],
        Returns::Nothing,
    )
    .since(21),
    // actor
    syscall(
        "actor",
        "resolve_address",
        "The id of the actor with an address.",
        &[i32("address_off"), i32("address_len")],
        U64,
    ),
    syscall(
        "actor",
        "lookup_delegated_address",
        "Writes an actor's delegated (f4) address; returns its length, 0 if there is none.",
        &[i64("actor_id"), i32("buffer_off"), i32("buffer_len")],
        U32,
    ),
    syscall(
        "actor",
        "get_actor_code_cid",
        "Writes the CID of an actor's code; returns its length.",
        &[i64("actor_id"), i32("cid_off"), i32("cid_len")],
        U32,
    ),
    syscall(
        "actor",
        "next_actor_address",
        "Writes a new stable (f2) address for an actor about to be created; returns its length.",
        &[i32("buffer_off"), i32("buffer_len")],
        U32,
    ),
    syscall(
        "actor",
        "create_actor",
        "Creates an actor with an id, a code CID and a delegated address (length 0 for none). Only for the init actor.",
        &[i64("actor_id"), i32("code_cid_off"), i32("address_off"), i32("address_len")],
        Returns::Nothing,
    ),
    syscall(
        "actor",
        "upgrade_actor",
        "Replaces the actor's code and calls its `upgrade` with a parameter block. Does not return on success; \
         returns as a send if the new code refuses.",
        &[i32("code_cid_off"), i32("params_id")],
        value::<out::send::Send>("send::Send"),
    )
    .since(21)
    .behind(Gate::Upgrade),
    syscall(
        "actor",
        "get_builtin_actor_type",
        "The number of the built-in type of a code CID, 0 if it is not built in.",
        &[i32("code_cid_off")],
        I32,
    ),
    syscall(
        "actor",
        "get_code_cid_for_type",
        "Writes the code CID of a built-in type; returns its length.",
        &[i32("type"), i32("cid_off"), i32("cid_len")],
        U32,
    ),
    syscall(
        "actor",
        "install_actor",
        "Checks and compiles the code block with a CID. Only for the init actor.",
        &[i32("code_cid_off")],
        Returns::Nothing,
    )
    .behind(Gate::Install),
    syscall(
        "actor",
        "balance_of",
        "The balance of an actor.",
        &[i64("actor_id")],
        TOKENS,
    ),
    // crypto
    syscall(
        "crypto",
        "verify_signature",
        "Checks a signature (type 1 secp256k1, 2 BLS) of an address over a plaintext; 0 if valid, -1 if not.",
        &[
            i32("signature_type"),
            i32("signature_off"),
            i32("signature_len"),
            i32("address_off"),
            i32("address_len"),
            i32("plaintext_off"),
            i32("plaintext_len"),
        ],
        I32,
    ),
    syscall(
        "crypto",
        "verify_bls_aggregate",
        "Checks a BLS aggregate of 96 bytes: public keys of 48 bytes each, all plaintexts end to end, their lengths as \
         u32; 0 if valid, -1 if not.",
        &[
            i32("signers_count"),
            i32("signature_off"),
            i32("public_keys_off"),
            i32("plaintexts_off"),
            i32("plaintext_lens_off"),
        ],
        I32,
    )
    .since(21),
    syscall(
        "crypto",
        "recover_secp_public_key",
        "Recovers the public key from a message hash of 32 bytes and a secp256k1 signature of 65.",
        &[i32("hash_off"), i32("signature_off")],
        value::<[u8; SECP_PUB_LEN]>("[u8; 65]"),
    ),
    syscall(
        "crypto",
        "hash",
        "Hashes data with the function of a multihash code and writes as much of the digest as fits; returns the \
         length written.",
        &[i64("hash_code"), i32("data_off"), i32("data_len"), i32("digest_off"), i32("digest_len")],
        U32,
    ),
    syscall(
        "crypto",
        "compute_unsealed_sector_cid",
        "Writes the unsealed CID of a sector from its pieces (a CBOR list); returns its length.",
        &[i64("proof_type"), i32("pieces_off"), i32("pieces_len"), i32("cid_off"), i32("cid_len")],
        U32,
    ),
    syscall(
        "crypto",
        "verify_post",
        "Checks a window PoSt (CBOR WindowPoStVerifyInfo); 0 if valid, -1 if not.",
        &[i32("info_off"), i32("info_len")],
        I32,
    ),
    syscall(
        "crypto",
        "verify_consensus_fault",
        "Tells whether two block headers, with a third for parent grinding, prove a consensus fault, and whose.",
        &[i32("h1_off"), i32("h1_len"), i32("h2_off"), i32("h2_len"), i32("extra_off"), i32("extra_len")],
        value::<out::crypto::VerifyConsensusFault>("crypto::VerifyConsensusFault"),
    ),
    syscall(
        "crypto",
        "verify_aggregate_seals",
        "Checks an aggregate of seals (CBOR AggregateSealVerifyProofAndInfos); 0 if valid, -1 if not.",
        &[i32("aggregate_off"), i32("aggregate_len")],
        I32,
    ),
    syscall(
        "crypto",
        "verify_replica_update",
        "Checks a replica update (CBOR ReplicaUpdateInfo); 0 if valid, -1 if not.",
        &[i32("update_off"), i32("update_len")],
        I32,
    ),
    syscall(
        "crypto",
        "batch_verify_seals",
        "Checks seals (a CBOR list of SealVerifyInfo) and writes one byte for each, 1 if valid and 0 if not.",
        &[i32("batch_off"), i32("batch_len"), i32("results_off")],
        Returns::Nothing,
    ),
    // event
    syscall(
        "event",
        "emit_event",
        "Emits an event given as CBOR (ActorEvent).",
        &[i32("event_off"), i32("event_len")],
        Returns::Nothing,
    )
    .until(20),
    syscall(
        "event",
        "emit_event",
        "Emits an event given as entries (EventEntry, 24 bytes each), all keys end to end and all values end to end.",
        &[
            i32("entries_off"),
            i32("entries_count"),
            i32("keys_off"),
            i32("keys_len"),
            i32("values_off"),
            i32("values_len"),
        ],
        Returns::Nothing,
    )
    .since(21),
    // rand
    syscall(
        "rand",
        "get_chain_randomness",
        "Randomness of the tickets at an epoch, drawn with a domain tag and entropy.",
        &[i64("tag"), i64("epoch"), i32("entropy_off"), i32("entropy_len")],
        RANDOMNESS,
    )
    .until(20),
    syscall(
        "rand",
        "get_chain_randomness",
        "Digest of the tickets at an epoch; the actor draws from it.",
        &[i64("epoch")],
        RANDOMNESS,
    )
    .since(21),
    syscall(
        "rand",
        "get_beacon_randomness",
        "Randomness of the beacon at an epoch, drawn with a domain tag and entropy.",
        &[i64("tag"), i64("epoch"), i32("entropy_off"), i32("entropy_len")],
        RANDOMNESS,
    )
    .until(20),
    syscall(
        "rand",
        "get_beacon_randomness",
        "Digest of the beacon at an epoch; the actor draws from it.",
        &[i64("epoch")],
        RANDOMNESS,
    )
    .since(21),
    // gas
    syscall(
        "gas",
        "charge",
        "Charges whole gas under a name of the actor's choice (UTF-8).",
        &[i32("name_off"), i32("name_len"), i64("gas")],
        Returns::Nothing,
    ),
    syscall("gas", "available", "Gas left, in whole units rounded down.", &[], U64),
    // send
    syscall(
        "send",
        "send",
        "Calls a method of another actor with a parameter block (0 for none), a value of 128 bits, a gas limit (all \
         ones for none) and SendFlags; returns the exit code and the returned block.",
        &[
            i32("recipient_off"),
            i32("recipient_len"),
            i64("method"),
            i32("params_id"),
            i64("value_hi"),
            i64("value_lo"),
            i64("gas_limit"),
            i64("flags"),
        ],
        value::<out::send::Send>("send::Send"),
    ),
    // debug
    syscall(
        "debug",
        "log",
        "Logs a message (UTF-8) if debugging is on.",
        &[i32("message_off"), i32("message_len")],
        Returns::Nothing,
    ),
    syscall(
        "debug",
        "enabled",
        "Whether debugging is on: 0 if it is, -1 if not.",
        &[],
        I32,
    ),
    syscall(
        "debug",
        "store_artifact",
        "Keeps named data for the developer if debugging is on.",
        &[i32("name_off"), i32("name_len"), i32("data_off"), i32("data_len")],
        Returns::Nothing,
    ),
];

const U32: Returns = value::<u32>("u32");
const I32: Returns = value::<i32>("i32");
const U64: Returns = value::<u64>("u64");
const TOKENS: Returns = value::<TokenAmount>("TokenAmount");
const RANDOMNESS: Returns = value::<[u8; RANDOMNESS_LENGTH]>("[u8; 32]");

/// A row that holds in all versions and is open to all.
const fn syscall(
    module: &'static str,
    name: &'static str,
    doc: &'static str,
    params: &'static [Param],
    returns: Returns,
) -> Syscall {
    Syscall {
        module,
        name,
        doc,
        params,
        returns,
        since: FIRST_NETWORK_VERSION,
        until: None,
        gate: None,
    }
}

impl Syscall {
    const fn since(mut self, version: u32) -> Self {
        self.since = version;
        self
    }

    const fn until(mut self, version: u32) -> Self {
        self.until = Some(version);
        self
    }

    const fn behind(mut self, gate: Gate) -> Self {
        self.gate = Some(gate);
        self
    }
}

const fn i32(name: &'static str) -> Param {
    Param {
        name,
        ty: WasmType::I32,
    }
}

const fn i64(name: &'static str) -> Param {
    Param {
        name,
        ty: WasmType::I64,
    }
}

const fn value<T>(name: &'static str) -> Returns {
    Returns::Value {
        name,
        size_bytes: size_of::<T>() as u32,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::string::String;
    use std::vec::Vec;

    use super::*;
    use crate::{LAST_NETWORK_VERSION, syscalls_for};

    /// The Wasm type of each syscall of a version, as `module.name(params)`, gated ones left out.
    fn imports(version: u32) -> BTreeSet<String> {
        let signature = |syscall: &Syscall| {
            let params: Vec<_> = syscall.wasm_params().map(WasmType::name).collect();
            std::format!("{}.{}({})", syscall.module, syscall.name, params.join(" "))
        };
        syscalls_for(version)
            .filter(|syscall| syscall.gate.is_none())
            .map(signature)
            .collect()
    }

    fn strings(all: &[&str]) -> Vec<String> {
        all.iter().map(|s| String::from(*s)).collect()
    }

    #[test]
    fn a_version_has_each_syscall_once() {
        for version in FIRST_NETWORK_VERSION..=LAST_NETWORK_VERSION {
            let mut seen = BTreeSet::new();
            for syscall in syscalls_for(version) {
                let new = seen.insert((syscall.module, syscall.name));
                assert!(
                    new,
                    "nv{version} has {}.{} twice",
                    syscall.module, syscall.name
                );
            }
        }
    }

    #[test]
    fn versions_outside_the_range_have_none() {
        for version in [
            0,
            FIRST_NETWORK_VERSION - 1,
            LAST_NETWORK_VERSION + 1,
            u32::MAX,
        ] {
            assert_eq!(syscalls_for(version).count(), 0, "nv{version}");
        }
    }

    #[test]
    fn nv18_to_nv20_are_one_abi_and_nv21_to_nv28_another() {
        assert_eq!(imports(18).len(), 40);
        assert_eq!(imports(21).len(), 41);
        for version in 18..=20 {
            assert_eq!(imports(version), imports(18), "nv{version}");
        }
        for version in 21..=28 {
            assert_eq!(imports(version), imports(21), "nv{version}");
        }
    }

    #[test]
    fn nv21_changed_four_syscalls_and_brought_one() {
        let (old, new) = (imports(18), imports(21));
        let gone: Vec<_> = old.difference(&new).cloned().collect();
        let come: Vec<_> = new.difference(&old).cloned().collect();
        assert_eq!(
            gone,
            strings(&[
                "event.emit_event(i32 i32)",
                "rand.get_beacon_randomness(i32 i64 i64 i32 i32)",
                "rand.get_chain_randomness(i32 i64 i64 i32 i32)",
                "self.self_destruct(i32 i32)",
            ])
        );
        assert_eq!(
            come,
            strings(&[
                "crypto.verify_bls_aggregate(i32 i32 i32 i32 i32 i32)",
                "event.emit_event(i32 i32 i32 i32 i32 i32)",
                "rand.get_beacon_randomness(i32 i64)",
                "rand.get_chain_randomness(i32 i64)",
                "self.self_destruct(i32)",
            ])
        );
    }

    #[test]
    fn gates_are_on_what_mainnet_does_not_have() {
        let gated = |version| -> Vec<_> {
            syscalls_for(version)
                .filter_map(|syscall| Some((syscall.name, syscall.gate?)))
                .collect()
        };
        assert_eq!(gated(18), [("install_actor", Gate::Install)]);
        assert_eq!(
            gated(28),
            [
                ("upgrade_actor", Gate::Upgrade),
                ("install_actor", Gate::Install)
            ]
        );
    }

    #[test]
    fn modules_are_grouped_and_rows_are_closed_before_they_change() {
        let mut closed = BTreeSet::new();
        for pair in SYSCALLS.windows(2) {
            let (this, next) = (&pair[0], &pair[1]);
            if this.module != next.module {
                closed.insert(this.module);
                assert!(
                    !closed.contains(next.module),
                    "module {} is in two places",
                    next.module
                );
            }
            let same = (this.module, this.name) == (next.module, next.name);
            if same {
                assert_eq!(this.until.map(|v| v + 1), Some(next.since), "{}", this.name);
            }
        }
    }
}
