//! The bytes of a mock proof, and who makes them.
//!
//! What they bind is what the real ones bind. So a pipeline that mixes something up fails with either, and one that is right
//! passes with either: of a seal not the deals, of one without interaction not the seed; of a window the sectors with their
//! commitments, each once and by number, however often and in whatever order the actor names them.

use std::collections::BTreeMap;

use blake2b_simd::State;
use cid::Cid;
use fvm_shared::ActorID;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredPoStProof, RegisteredSealProof,
    RegisteredUpdateProof, ReplicaUpdateInfo, SealVerifyInfo, SectorID, SectorInfo, SectorNumber,
    WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};

/// What every mock proof begins with.
const MARK: &[u8] = b"MOCK proof, worthless: ";
/// Bytes of one Groth16 proof: two points of G1 and one of G2, compressed.
const GROTH16_BYTES: usize = 192;
/// Bytes of the real aggregate of two proofs, the smallest there is.
const AGGREGATE_BYTES: usize = 6_724;
/// The first seal proof without interaction, by number.
const FIRST_WITHOUT_INTERACTION: i64 = 15;
/// The first type of update of 32 GiB sectors, by number.
const FIRST_LARGE_UPDATE: i64 = 3;

/// Whether `proof` says of itself that it is a mock.
pub fn is_mock(proof: &[u8]) -> bool {
    proof.starts_with(MARK)
}

/// Makes mock proofs. Each method takes what a verifier will be asked, and ignores the proof in it.
///
/// With the feature `prover` it does the tasks of `filigree_proofs_prove` as well.
#[derive(Clone, Copy, Debug, Default)]
pub struct MockProver;

impl MockProver {
    /// Of a seal; as long as the real one of that type.
    pub fn seal(&self, info: &SealVerifyInfo) -> Vec<u8> {
        let kind = info.registered_proof;
        let id = &info.sector_id;
        let mut bound = Bound::new();
        bound.number(kind.into());
        bound.number(id.miner as i64).number(id.number as i64);
        bound.bytes(&info.randomness.0);
        if let Some(seed) = seed(kind, &info.interactive_randomness.0) {
            bound.bytes(seed);
        }
        bound.cid(&info.sealed_cid).cid(&info.unsealed_cid);
        let text = format!("seal of sector {} of miner {}", id.number, id.miner);
        bound.proof(&text, kind.proof_size().unwrap_or(GROTH16_BYTES))
    }

    /// Of a window of sectors: one Groth16 proof for each partition of sectors.
    pub fn window_post(&self, info: &WindowPoStVerifyInfo) -> Vec<u8> {
        let sectors = sectors(&info.challenged_sectors);
        let kind = info.proofs.first().map(|proof| proof.post_proof);
        window(kind, &info.randomness.0, info.prover, &sectors)
    }

    /// Of a block's right to be mined.
    pub fn winning_post(&self, info: &WinningPoStVerifyInfo) -> Vec<u8> {
        let sectors = sectors(&info.challenge_sectors);
        let kind = info.proofs.first().map(|proof| proof.post_proof);
        winning(kind, &info.randomness.0, info.prover, &sectors)
    }

    /// Of an aggregate of seals.
    pub fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Vec<u8> {
        let seals = info.infos.iter().map(|sector| {
            let seal = SealVerifyInfo {
                registered_proof: info.seal_proof,
                sector_id: SectorID {
                    miner: info.miner,
                    number: sector.sector_number,
                },
                deal_ids: Vec::new(),
                randomness: sector.randomness.clone(),
                interactive_randomness: sector.interactive_randomness.clone(),
                proof: Vec::new(),
                sealed_cid: sector.sealed_cid,
                unsealed_cid: sector.unsealed_cid,
            };
            Seal {
                sealed_cid: sector.sealed_cid,
                seed: &sector.interactive_randomness.0,
                proof: self.seal(&seal),
            }
        });
        let seals: Vec<Seal<'_>> = seals.collect();
        aggregate(info.seal_proof, info.aggregate_proof.into(), &seals)
    }

    /// Of a replica update: as many Groth16 proofs as the real one has partitions, 1 below 32 GiB and 16 from there.
    pub fn replica_update(&self, info: &ReplicaUpdateInfo) -> Vec<u8> {
        let kind = info.update_proof_type;
        let cids = [
            &info.old_sealed_cid,
            &info.new_sealed_cid,
            &info.new_unsealed_cid,
        ];
        update(kind, cids)
    }
}

/// Sectors by number, each once, with their commitments.
pub(crate) type Sectors = BTreeMap<SectorNumber, Cid>;

fn sectors(infos: &[SectorInfo]) -> Sectors {
    let sectors = infos.iter();
    sectors
        .map(|sector| (sector.sector_number, sector.sealed_cid))
        .collect()
}

/// See [`MockProver::window_post`].
pub(crate) fn window(
    kind: Option<RegisteredPoStProof>,
    randomness: &[u8],
    miner: ActorID,
    sectors: &Sectors,
) -> Vec<u8> {
    let of_one = kind.and_then(|kind| kind.window_post_partition_sectors().ok());
    let partitions = of_one.map_or(1, |of_one| sectors.len().div_ceil(of_one as usize).max(1));
    let text = format!("window of {} sectors of miner {miner}", sectors.len());
    let bound = spacetime(kind, randomness, miner, sectors);
    bound.proof(&text, partitions * GROTH16_BYTES)
}

/// See [`MockProver::winning_post`].
pub(crate) fn winning(
    kind: Option<RegisteredPoStProof>,
    randomness: &[u8],
    miner: ActorID,
    sectors: &Sectors,
) -> Vec<u8> {
    let text = format!("winning proof of miner {miner}");
    let bound = spacetime(kind, randomness, miner, sectors);
    bound.proof(&text, GROTH16_BYTES)
}

fn spacetime(
    kind: Option<RegisteredPoStProof>,
    randomness: &[u8],
    miner: ActorID,
    sectors: &Sectors,
) -> Bound {
    let mut bound = Bound::new();
    bound.number(kind.map_or(-1, i64::from));
    bound.bytes(randomness).number(miner as i64);
    for (number, cid) in sectors {
        bound.number(*number as i64).cid(cid);
    }
    bound
}

/// A seal that is to be one of many.
pub(crate) struct Seal<'a> {
    pub sealed_cid: Cid,
    pub seed: &'a [u8],
    pub proof: Vec<u8>,
}

/// See [`MockProver::aggregate_seals`]. `version` is the number of the way to aggregate.
pub(crate) fn aggregate(kind: RegisteredSealProof, version: i64, seals: &[Seal<'_>]) -> Vec<u8> {
    let mut bound = Bound::new();
    bound.number(kind.into()).number(version);
    for seal in seals {
        bound.cid(&seal.sealed_cid).bytes(&seal.proof);
        if let Some(seed) = seed(kind, seal.seed) {
            bound.bytes(seed);
        }
    }
    let text = format!("aggregate of {} seals", seals.len());
    bound.proof(&text, AGGREGATE_BYTES)
}

/// See [`MockProver::replica_update`]: the old replica, the new one and its data.
pub(crate) fn update(kind: RegisteredUpdateProof, cids: [&Cid; 3]) -> Vec<u8> {
    let number = i64::from(kind);
    let mut bound = Bound::new();
    bound.number(number);
    for cid in cids {
        bound.cid(cid);
    }
    let partitions = match number >= FIRST_LARGE_UPDATE {
        true => 16,
        false => 1,
    };
    bound.proof("replica update", partitions * GROTH16_BYTES)
}

/// The seed of a seal, if its type has one.
fn seed(kind: RegisteredSealProof, seed: &[u8]) -> Option<&[u8]> {
    (i64::from(kind) < FIRST_WITHOUT_INTERACTION).then_some(seed)
}

/// A hash (BLAKE2b-256) of what a proof is about; of each part its length comes first.
struct Bound(State);

impl Bound {
    fn new() -> Self {
        Self(blake2b_simd::Params::new().hash_length(32).to_state())
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn cid(&mut self, cid: &Cid) -> &mut Self {
        self.bytes(&cid.to_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// The mark, what it is, and the hash of that and of what it is about; then spaces up to `len` bytes.
    fn proof(mut self, text: &str, len: usize) -> Vec<u8> {
        self.bytes(text.as_bytes());
        let hash = hex::encode(self.0.finalize().as_bytes());
        let mut proof = MARK.to_vec();
        proof.extend_from_slice(format!("{text}, {hash}").as_bytes());
        proof.resize(len, b' ');
        proof
    }
}
