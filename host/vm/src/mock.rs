//! Stand-ins for tests (feature `mock`). Nothing that ships enables this feature.

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CborStore, IPLD_RAW};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::commcid::data_commitment_v1_to_cid;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};
use multihash_codetable::Code;

use crate::{Chain, Verdict, Verifier, VerifyError};

/// A verifier that takes every proof for valid and gives every sector the all-zero data commitment.
#[derive(Clone, Copy, Debug, Default)]
pub struct AcceptAllVerifier;

impl Verifier for AcceptAllVerifier {
    fn unsealed_sector_cid(
        &self,
        _: RegisteredSealProof,
        _: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        data_commitment_v1_to_cid(&[0; 32]).map_err(|e| VerifyError::Malformed(e.to_owned()))
    }

    fn window_post(&self, _: &WindowPoStVerifyInfo) -> Verdict {
        Ok(true)
    }

    fn seal(&self, _: &SealVerifyInfo) -> Verdict {
        Ok(true)
    }

    fn aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Verdict {
        Ok(true)
    }

    fn replica_update(&self, _: &ReplicaUpdateInfo) -> Verdict {
        Ok(true)
    }
}

/// A chain without history: constant randomness, one tipset, no faults.
#[derive(Clone, Debug, Default)]
pub struct FixedChain {
    /// The randomness of every epoch.
    pub randomness: [u8; 32],
    /// The tipset of every epoch.
    pub tipset: Cid,
    /// The circulating supply.
    pub circulating_supply: TokenAmount,
}

impl Chain for FixedChain {
    fn chain_randomness(&self, _: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        Ok(self.randomness)
    }

    fn beacon_randomness(&self, _: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        Ok(self.randomness)
    }

    fn tipset_cid(&self, _: ChainEpoch) -> anyhow::Result<Cid> {
        Ok(self.tipset)
    }

    fn circulating_supply(&self) -> TokenAmount {
        self.circulating_supply.clone()
    }

    fn consensus_fault(
        &self,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> anyhow::Result<Option<ConsensusFault>> {
        Ok(None)
    }
}

/// The Wasm of an actor that accepts every method and returns nothing:
/// `(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) i32.const 0))`.
const ACCEPT_ALL_WASM: &[u8] = &[
    0, b'a', b's', b'm', 1, 0, 0, 0, // header
    1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, // type 0: i32 -> i32
    3, 2, 1, 0, // one function of type 0
    5, 3, 1, 0, 1, // one memory of one page
    7, 19, 2, 6, b'm', b'e', b'm', b'o', b'r', b'y', 2, 0, // export the memory
    6, b'i', b'n', b'v', b'o', b'k', b'e', 0, 0, // and the function
    10, 6, 1, 4, 0, 0x41, 0, 0x0b, // its body: i32.const 0
];

/// A bundle whose actors accept every method and do nothing, put into `store`. Gives its root.
pub fn minimal_bundle(store: &impl Blockstore) -> anyhow::Result<Cid> {
    let names = [
        "system",
        "init",
        "reward",
        "account",
        "placeholder",
        "eam",
        "ethaccount",
    ];
    let mut entries: Vec<(&str, Cid)> = Vec::new();
    for name in names {
        // A custom section with the name, so that each actor has a code CID of its own.
        let name_len = name.len() as u8;
        let mut wasm = [ACCEPT_ALL_WASM, &[0, name_len + 1, name_len]].concat();
        wasm.extend_from_slice(name.as_bytes());
        let block = fvm_ipld_blockstore::Block::new(IPLD_RAW, wasm);
        entries.push((name, store.put(Code::Blake2b256, &block)?));
    }
    let data = store.put_cbor(&entries, Code::Blake2b256)?;
    store.put_cbor(&(1u32, data), Code::Blake2b256)
}
