//! The bytes of a mock proof, and who makes them.

use fvm_ipld_encoding::to_vec;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, ReplicaUpdateInfo, SealVerifyInfo, WindowPoStVerifyInfo,
    WinningPoStVerifyInfo,
};
use serde::Serialize;

/// What every mock proof begins with.
const MARK: &[u8] = b"MOCK proof, worthless: ";
/// Bytes of one Groth16 proof: two points of G1 and one of G2, compressed.
const GROTH16_BYTES: usize = 192;
/// Bytes of the real aggregate of two proofs, the smallest there is.
const AGGREGATE_BYTES: usize = 6_724;

/// Whether `proof` says of itself that it is a mock.
pub fn is_mock(proof: &[u8]) -> bool {
    proof.starts_with(MARK)
}

/// Makes mock proofs. Each method takes what a verifier will be asked, and ignores the proof in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct MockProver;

impl MockProver {
    /// Of a seal; as long as the real one of that type.
    pub fn seal(&self, info: &SealVerifyInfo) -> Vec<u8> {
        let mut about = info.clone();
        about.proof = Vec::new();
        let len = info.registered_proof.proof_size().unwrap_or(GROTH16_BYTES);
        let text = format!(
            "seal of sector {} of miner {}",
            info.sector_id.number, info.sector_id.miner
        );
        make(&text, &about, len)
    }

    /// Of a window of sectors: one Groth16 proof for each partition of sectors.
    pub fn window_post(&self, info: &WindowPoStVerifyInfo) -> Vec<u8> {
        let mut about = info.clone();
        for proof in &mut about.proofs {
            proof.proof_bytes = Vec::new();
        }
        let sectors = info.challenged_sectors.len();
        let kind = info.proofs.first().map(|proof| proof.post_proof);
        let of_one = kind.and_then(|kind| kind.window_post_partition_sectors().ok());
        let partitions = of_one.map_or(1, |count| sectors.div_ceil(count as usize).max(1));
        let text = format!("window of {sectors} sectors of miner {}", info.prover);
        make(&text, &about, partitions * GROTH16_BYTES)
    }

    /// Of a block's right to be mined.
    pub fn winning_post(&self, info: &WinningPoStVerifyInfo) -> Vec<u8> {
        let mut about = info.clone();
        for proof in &mut about.proofs {
            proof.proof_bytes = Vec::new();
        }
        let text = format!("winning proof of miner {}", info.prover);
        make(&text, &about, GROTH16_BYTES)
    }

    /// Of an aggregate of seals.
    pub fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Vec<u8> {
        let mut about = info.clone();
        about.proof = Vec::new();
        let text = format!(
            "aggregate of {} seals of miner {}",
            info.infos.len(),
            info.miner
        );
        make(&text, &about, AGGREGATE_BYTES)
    }

    /// Of a replica update: as many Groth16 proofs as the real one has partitions, 1 below 32 GiB and 16 from there.
    pub fn replica_update(&self, info: &ReplicaUpdateInfo) -> Vec<u8> {
        let mut about = info.clone();
        about.proof = Vec::new();
        let number = i64::from(info.update_proof_type);
        let partitions = if number >= 3 { 16 } else { 1 };
        make("replica update", &about, partitions * GROTH16_BYTES)
    }
}

/// The mark, what it is, and a hash (BLAKE2b-256) of all that it is about; then spaces up to `len` bytes.
fn make(text: &str, about: &impl Serialize, len: usize) -> Vec<u8> {
    // What a verifier is asked was decoded from CBOR, or is made of parts that can be encoded.
    let bytes = to_vec(about).unwrap_or_default();
    let mut hash = blake2b_simd::Params::new().hash_length(32).to_state();
    hash.update(text.as_bytes()).update(&bytes);
    let hash = hex::encode(hash.finalize().as_bytes());
    let mut proof = MARK.to_vec();
    proof.extend_from_slice(format!("{text}, {hash}").as_bytes());
    proof.resize(len, b' ');
    proof
}
