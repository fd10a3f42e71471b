//! What is charged for: one method per chargeable event.
//!
//! One formula serves all network versions; the amounts are the fields of [`PriceList`]. Methods and charges are named
//! like those of the reference host, because the names show in traces. The schedule is FIP-0032, FIP-0057 and, from
//! nv21 on, FIP-0071 (links), FIP-0072 (events), FIP-0075 (randomness) and FIP-0079 (BLS aggregates).
//!
//! Left out: when an event is charged, and how often. `host/vm` decides that.

use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::crypto::signature::SignatureType;
use fvm_shared::event::{ActorEvent, Flags};
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, WindowPoStVerifyInfo,
};

use crate::price::{AggregatePrice, Scaled, units};
use crate::{Gas, GasCharge, HashAlgorithm, PriceList};

/// Messages and calls.
impl PriceList {
    /// Actors whose lookup and update are free.
    pub fn preloaded_actors(&self) -> &'static [ActorID] {
        self.preloaded_actors
    }

    /// A message on chain, of that many encoded bytes, and the update of its sender.
    pub fn on_chain_message(&self, message_bytes: usize) -> GasCharge {
        GasCharge::new(
            "OnChainMessage",
            self.on_chain_message_compute.of_len(message_bytes),
            self.actor_update + self.on_chain_message_storage.of_len(message_bytes),
        )
    }

    /// Moving tokens.
    pub fn on_value_transfer(&self) -> GasCharge {
        GasCharge::compute("OnValueTransfer", self.send_transfer_funds)
    }

    /// Calling a method with a parameter block of that many bytes and links. Bytes are free so far.
    pub fn on_method_invocation(&self, _params_bytes: u32, params_links: usize) -> GasCharge {
        GasCharge::compute(
            "OnMethodInvocation",
            self.send_invoke_method + self.ipld_link_tracked * units(params_links),
        )
    }

    /// A block returned from a call. `call_depth` is 1 for the message itself, whose return value goes on chain.
    /// `None` where nothing is charged, not even zero: inside a message before nv21.
    pub fn on_method_return(
        &self,
        call_depth: u32,
        return_bytes: u32,
        return_links: usize,
    ) -> Option<GasCharge> {
        if call_depth == 1 {
            let storage = self.on_chain_return_storage.of(return_bytes.into());
            return Some(GasCharge::other("OnChainReturnValue", storage));
        }
        let links = self.ipld_link_tracked * units(return_links);
        self.tracks_links
            .then(|| GasCharge::compute("OnReturnValue", links))
    }

    /// A call from Wasm into the host.
    pub fn on_syscall(&self) -> GasCharge {
        GasCharge::compute("OnSyscall", self.wasm.host_call_cost)
    }
}

/// Actors.
impl PriceList {
    /// Creating an actor; `new_address` if an address is assigned to it in the init actor's table.
    pub fn on_create_actor(&self, new_address: bool) -> GasCharge {
        let address = if new_address {
            self.address_assignment + self.address_lookup
        } else {
            Gas::ZERO
        };
        GasCharge::other("OnCreateActor", self.actor_create_storage + address)
    }

    /// Deleting an actor. Free.
    pub fn on_delete_actor(&self) -> GasCharge {
        GasCharge::compute("OnDeleteActor", Gas::ZERO)
    }

    /// Reading an actor from the state tree.
    pub fn on_actor_lookup(&self) -> GasCharge {
        GasCharge::other("OnActorLookup", self.actor_lookup)
    }

    /// Changing an actor that has been looked up.
    pub fn on_actor_update(&self) -> GasCharge {
        GasCharge::other("OnActorUpdate", self.actor_update)
    }

    /// Adding an actor that has been looked up and updated.
    pub fn on_actor_create(&self) -> GasCharge {
        GasCharge::other("OnActorCreate", self.actor_create_storage)
    }

    /// The calling actor's balance. Free.
    pub fn on_self_balance(&self) -> GasCharge {
        GasCharge::other("OnSelfBalance", Gas::ZERO)
    }

    /// Any actor's balance. Free beside the lookup.
    pub fn on_balance_of(&self) -> GasCharge {
        GasCharge::other("OnBalanceOf", Gas::ZERO)
    }

    /// Resolving an address. Free beside the lookup.
    pub fn on_resolve_address(&self) -> GasCharge {
        GasCharge::other("OnResolveAddress", Gas::ZERO)
    }

    /// An actor's delegated address. Free beside the lookup.
    pub fn on_lookup_delegated_address(&self) -> GasCharge {
        GasCharge::other("OnLookupAddress", Gas::ZERO)
    }

    /// An actor's code CID. Free beside the lookup.
    pub fn on_get_actor_code_cid(&self) -> GasCharge {
        GasCharge::other("OnGetActorCodeCid", Gas::ZERO)
    }

    /// The built-in type of a code CID.
    pub fn on_get_builtin_actor_type(&self) -> GasCharge {
        GasCharge::compute("OnGetBuiltinActorType", self.builtin_actor_manifest_lookup)
    }

    /// The code CID of a built-in type.
    pub fn on_get_code_cid_for_type(&self) -> GasCharge {
        GasCharge::compute("OnGetCodeCidForType", self.builtin_actor_manifest_lookup)
    }

    /// Installing code of that many bytes.
    pub fn on_install_actor(&self, wasm_bytes: usize) -> GasCharge {
        GasCharge::compute(
            "OnInstallActor",
            self.install_wasm_per_byte * units(wasm_bytes),
        )
    }
}

/// State and blocks.
impl PriceList {
    /// Reading the state root (charged from nv21 on).
    pub fn on_get_root(&self) -> GasCharge {
        GasCharge::compute("OnActorGetRoot", self.ipld_link_tracked)
    }

    /// Setting the state root (charged from nv21 on).
    pub fn on_set_root(&self) -> GasCharge {
        GasCharge::compute("OnActorSetRoot", self.ipld_link_checked)
    }

    /// Finding a block, whatever its size.
    pub fn on_block_open_base(&self) -> GasCharge {
        GasCharge::new(
            "OnBlockOpenBase",
            self.ipld_link_checked,
            self.block_open.flat,
        )
    }

    /// Loading a found block of that many bytes and links.
    pub fn on_block_open(&self, data_bytes: usize, links: usize) -> GasCharge {
        let load = self.copy_of(units(data_bytes));
        let open = self.block_open.per_unit * units(data_bytes);
        let track = self.ipld_link_tracked * units(links);
        let retention = self.retention_above(data_bytes, load + open + track);
        if self.tracks_links {
            GasCharge::new("OnBlockOpen", track, load + open + retention)
        } else {
            GasCharge::new("OnBlockOpenPerByte", load, open + retention)
        }
    }

    /// Copying that many bytes of an open block to Wasm.
    pub fn on_block_read(&self, data_bytes: usize) -> GasCharge {
        GasCharge::compute("OnBlockRead", self.block_memcpy.of_len(data_bytes))
    }

    /// Making a block of that many bytes and links.
    pub fn on_block_create(&self, data_bytes: usize, links: usize) -> GasCharge {
        let make = self.copy_of(units(data_bytes)) + self.ipld_link_checked * units(links);
        GasCharge::new(
            "OnBlockCreate",
            make,
            self.retention_above(data_bytes, make),
        )
    }

    /// Hashing a block and writing it to the state.
    pub fn on_block_link(&self, hash: HashAlgorithm, data_bytes: usize) -> GasCharge {
        GasCharge::new(
            "OnBlockLink",
            self.copy_of(units(data_bytes))
                + self.hashing(hash).of_len(data_bytes)
                + self.ipld_link_tracked,
            self.block_persist_compute + self.block_persist_storage.of_len(data_bytes),
        )
    }

    /// Codec and size of an open block. Free.
    pub fn on_block_stat(&self) -> GasCharge {
        GasCharge::other("OnBlockStat", Gas::ZERO)
    }

    /// One copy into new memory.
    fn copy_of(&self, bytes: u64) -> Gas {
        self.block_memcpy.of(bytes) + self.block_allocate.of(bytes)
    }

    /// What is missing from `paid` to the least that keeping a block in memory costs.
    fn retention_above(&self, data_bytes: usize, paid: Gas) -> Gas {
        self.block_memory_retention_minimum.of_len(data_bytes) - paid
    }
}

/// Cryptography and proofs.
impl PriceList {
    /// Checking a signature over that many bytes.
    pub fn on_verify_signature(&self, signature: SignatureType, data_bytes: usize) -> GasCharge {
        let price = match signature {
            SignatureType::Secp256k1 => self.secp256k1_signature,
            SignatureType::BLS => self.bls_signature,
        };
        GasCharge::compute("OnVerifySignature", price.of_len(data_bytes))
    }

    /// Checking a BLS aggregate of that many signatures over that many bytes in all (from nv21 on). One pairing for
    /// each signature and one for the aggregate.
    pub fn on_verify_aggregate_signature(&self, signatures: usize, data_bytes: usize) -> GasCharge {
        let pairings = self.bls_pairing * units(signatures).saturating_add(1);
        GasCharge::compute(
            "OnVerifyBlsAggregateSignature",
            pairings + self.bls_hashing.of_len(data_bytes),
        )
    }

    /// Recovering the public key of a secp256k1 signature.
    pub fn on_recover_secp_public_key(&self) -> GasCharge {
        GasCharge::compute("OnRecoverSecpPublicKey", self.secp256k1_recover)
    }

    /// Hashing that many bytes.
    pub fn on_hashing(&self, hash: HashAlgorithm, data_bytes: usize) -> GasCharge {
        GasCharge::compute("OnHashing", self.hashing(hash).of_len(data_bytes))
    }

    /// Computing an unsealed sector CID; the same for any proof and number of pieces.
    pub fn on_compute_unsealed_sector_cid(&self) -> GasCharge {
        GasCharge::compute(
            "OnComputeUnsealedSectorCid",
            self.compute_unsealed_sector_cid,
        )
    }

    /// Checking one seal of a batch.
    pub fn on_verify_seal(&self) -> GasCharge {
        GasCharge::compute("OnVerifySeal", self.verify_seal)
    }

    /// Checking an aggregate of seals.
    pub fn on_verify_aggregate_seals(
        &self,
        aggregate: &AggregateSealVerifyProofAndInfos,
    ) -> GasCharge {
        let price = self.aggregate(aggregate.seal_proof);
        let gas = price.of(units(aggregate.infos.len()));
        GasCharge::compute("OnVerifyAggregateSeals", gas)
    }

    /// Checking a replica update.
    pub fn on_verify_replica_update(&self) -> GasCharge {
        GasCharge::compute("OnVerifyReplicaUpdate", self.verify_replica_update)
    }

    /// Checking a window PoSt.
    pub fn on_verify_post(&self, info: &WindowPoStVerifyInfo) -> GasCharge {
        let gas = self.verify_post.of_len(info.challenged_sectors.len());
        GasCharge::compute("OnVerifyPost", gas)
    }

    /// Checking a consensus fault, whatever the size of the headers.
    pub fn on_verify_consensus_fault(&self) -> GasCharge {
        GasCharge::other("OnVerifyConsensusFault", self.verify_consensus_fault)
    }

    fn hashing(&self, hash: HashAlgorithm) -> Scaled {
        match hash {
            HashAlgorithm::Sha2_256 => self.sha2_256,
            HashAlgorithm::Blake2b256 | HashAlgorithm::Blake2b512 => self.blake2b,
            HashAlgorithm::Keccak256 => self.keccak256,
            HashAlgorithm::Ripemd160 => self.ripemd160,
        }
    }

    fn aggregate(&self, seal: RegisteredSealProof) -> &AggregatePrice {
        match seal {
            RegisteredSealProof::StackedDRG64GiBV1P1 => &self.aggregate_64gib,
            RegisteredSealProof::StackedDRG32GiBV1P2_Feat_NiPoRep => &self.aggregate_ni_32gib,
            RegisteredSealProof::StackedDRG64GiBV1P2_Feat_NiPoRep => &self.aggregate_ni_64gib,
            _ => &self.aggregate_32gib,
        }
    }
}

/// The chain and the context.
impl PriceList {
    /// Randomness from `lookback` epochs ago, drawn with that many bytes of entropy. Up to nv20 the entropy counts
    /// and the lookback does not; from nv21 on it is the other way round. A negative lookback, which is the future,
    /// is too expensive for any message.
    pub fn on_get_randomness(&self, entropy_bytes: usize, lookback: ChainEpoch) -> GasCharge {
        // Drawing hashes the entropy after a tag of 8 bytes, a digest of 32 and an epoch of 8.
        let hashed = units(entropy_bytes).saturating_add(8 + 32 + 8);
        GasCharge::other(
            "OnGetRandomness",
            self.randomness_seed
                + self.randomness_draw.of(hashed)
                + self.lookback.of(lookback as u64),
        )
    }

    /// The CID of the tipset `lookback` epochs ago; `lookback` is positive.
    pub fn on_tipset_cid(&self, lookback: ChainEpoch) -> GasCharge {
        let fixed = if lookback > 1 {
            self.tipset_cid_historical
        } else {
            self.tipset_cid_latest
        };
        GasCharge::other("OnTipsetCid", fixed + self.lookback.of(lookback as u64))
    }

    /// The network context.
    pub fn on_network_context(&self) -> GasCharge {
        GasCharge::compute("OnNetworkContext", self.network_context)
    }

    /// The message context.
    pub fn on_message_context(&self) -> GasCharge {
        GasCharge::compute("OnMessageContext", self.message_context)
    }
}

/// Events.
impl PriceList {
    /// Decoding an event of that many bytes of CBOR (up to nv20).
    pub fn on_actor_event_validate(&self, event_bytes: usize) -> GasCharge {
        let copy = self.copy_of(units(event_bytes));
        let validate = self.event_validation.of_len(event_bytes);
        GasCharge::compute("OnActorEventValidate", copy + validate)
    }

    /// Keeping a decoded event of that many bytes of CBOR (up to nv20).
    pub fn on_actor_event_accept(&self, event: &ActorEvent, event_bytes: usize) -> GasCharge {
        /// The emitter and the framing that stamping adds, in bytes.
        const STAMP_BYTES: u64 = 12;
        let bytes = units(event_bytes).saturating_add(STAMP_BYTES);
        let memcpy = self.block_memcpy.of(bytes);
        let allocate = self.block_allocate.of(bytes);
        // One copy now. Into the AMT a copy in new memory, to the client a copy, and the hash of the AMT node.
        let later = memcpy * 2 + allocate + self.blake2b.of(bytes);
        GasCharge::new(
            "OnActorEventAccept",
            memcpy + allocate,
            self.index_of(event) + later,
        )
    }

    /// An event of that many entries, with that many bytes of keys and values in all (from nv21 on).
    pub fn on_actor_event(
        &self,
        entries: usize,
        keys_bytes: usize,
        values_bytes: usize,
    ) -> GasCharge {
        /// The most that CBOR adds to an event and to each of its entries, in bytes.
        const EVENT_BYTES: u64 = 12;
        const ENTRY_BYTES: u64 = 9;
        let bytes = units(entries)
            .saturating_mul(ENTRY_BYTES)
            .saturating_add(EVENT_BYTES)
            .saturating_add(units(keys_bytes))
            .saturating_add(units(values_bytes));
        let copy = self.copy_of(bytes);
        let check = self.event_per_entry.of_len(entries) + self.utf8_validation.of_len(keys_bytes);
        // Kept and serialized now; later hashed into the AMT and copied to the client.
        GasCharge::new(
            "OnActorEvent",
            copy * 2 + check,
            self.blake2b.of(bytes) + copy,
        )
    }

    /// Checking that many bytes to be UTF-8.
    pub fn on_utf8_validation(&self, bytes: usize) -> GasCharge {
        GasCharge::compute("OnUtf8Validation", self.utf8_validation.of_len(bytes))
    }

    fn index_of(&self, event: &ActorEvent) -> Gas {
        let mut gas = Gas::ZERO;
        for entry in &event.entries {
            if entry.flags.contains(Flags::FLAG_INDEXED_KEY) {
                gas += self.event_index.of_len(entry.key.len());
            }
            if entry.flags.contains(Flags::FLAG_INDEXED_VALUE) {
                gas += self.event_index.of_len(entry.value.len());
            }
        }
        gas
    }
}
