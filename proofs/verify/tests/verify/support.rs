//! Questions to a verifier, and their public inputs.

use bellperson::groth16::aggregate::AggregateVersion;
use blstrs::Scalar;
use filecoin_proofs::constants::SectorShape2KiB;
use filecoin_proofs::parameters::{window_post_setup_params, winning_post_setup_params};
use filecoin_proofs::{as_safe_commitment, get_sector_update_inputs};
use filecoin_proofs_api::seal::get_seal_inputs;
use filecoin_proofs_api::{ProverId, SectorId};
use filigree_proofs_verify::{Limits, ProofVerifier, kinds};
use fvm_shared::address::Address;
use fvm_shared::commcid::{
    cid_to_data_commitment_v1, cid_to_replica_commitment_v1, data_commitment_v1_to_cid,
    replica_commitment_v1_to_cid,
};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, PoStProof, RegisteredAggregateProof,
    RegisteredPoStProof, RegisteredSealProof, RegisteredUpdateProof, ReplicaUpdateInfo,
    SealVerifyInfo, SectorID, SectorInfo, WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use multihash_codetable::{Code, MultihashDigest};
use storage_proofs_core::compound_proof::CompoundProof;
use storage_proofs_core::proof::ProofScheme;
use storage_proofs_post::fallback::{
    self, FallbackPoSt, FallbackPoStCompound, PublicInputs, PublicSector,
};

use crate::forge::Forge;

pub const MINER: u64 = 1_000;
pub const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;
pub const NON_INTERACTIVE: RegisteredSealProof =
    RegisteredSealProof::StackedDRG2KiBV1P2_Feat_NiPoRep;
pub const WINDOW: RegisteredPoStProof = RegisteredPoStProof::StackedDRGWindow2KiBV1P1;
pub const WINNING: RegisteredPoStProof = RegisteredPoStProof::StackedDRGWinning2KiBV1;

/// Public inputs of one Groth16 proof of each circuit.
#[derive(Debug)]
pub struct InputCounts {
    pub seal: usize,
    pub winning: usize,
    pub window: usize,
    pub update: usize,
}

/// A forge for the circuits of 2 KiB sectors.
pub fn forge() -> Forge {
    Forge::new(&InputCounts {
        seal: seal_inputs(&seal(SEAL, 1))[0].len(),
        winning: winning_inputs(&winning())[0].len(),
        window: window_inputs(&window(WINDOW, 2))[0].len(),
        update: update_inputs(&update())[0].len(),
    })
}

/// A verifier with the keys of a forge.
pub fn verifier(forge: &Forge) -> ProofVerifier {
    let limits = Limits {
        threads: 2,
        verdicts: 16,
    };
    ProofVerifier::new(forge.keys(), limits).unwrap()
}

/// A commitment of its own for each number.
pub fn commitment(number: u64) -> [u8; 32] {
    let mut commitment = [0; 32];
    commitment.copy_from_slice(Code::Sha2_256.digest(&number.to_le_bytes()).digest());
    commitment[31] &= 0x3f;
    commitment
}

pub fn sealed(number: u64) -> cid::Cid {
    replica_commitment_v1_to_cid(&commitment(number)).unwrap()
}

pub fn unsealed(number: u64) -> cid::Cid {
    data_commitment_v1_to_cid(&commitment(number + 1_000_000)).unwrap()
}

pub fn randomness(byte: u8) -> Randomness {
    Randomness(vec![byte; 32])
}

fn bytes_32(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().unwrap()
}

pub fn prover(miner: u64) -> ProverId {
    let payload = Address::new_id(miner).payload_bytes();
    let mut id = ProverId::default();
    id[..payload.len()].copy_from_slice(&payload);
    id
}

/// A seal without its proof.
pub fn seal(kind: RegisteredSealProof, number: u64) -> SealVerifyInfo {
    SealVerifyInfo {
        registered_proof: kind,
        sector_id: SectorID {
            miner: MINER,
            number,
        },
        deal_ids: Vec::new(),
        randomness: randomness(3),
        interactive_randomness: randomness(4),
        proof: Vec::new(),
        sealed_cid: sealed(number),
        unsealed_cid: unsealed(number),
    }
}

pub fn seal_inputs(info: &SealVerifyInfo) -> Vec<Vec<Scalar>> {
    get_seal_inputs(
        kinds::seal(info.registered_proof).unwrap(),
        cid_to_replica_commitment_v1(&info.sealed_cid).unwrap(),
        cid_to_data_commitment_v1(&info.unsealed_cid).unwrap(),
        prover(info.sector_id.miner),
        SectorId::from(info.sector_id.number),
        bytes_32(&info.randomness.0),
        bytes_32(&info.interactive_randomness.0),
    )
    .unwrap()
}

/// A seal with a valid proof.
pub fn proved_seal(forge: &Forge, kind: RegisteredSealProof, number: u64) -> SealVerifyInfo {
    let mut info = seal(kind, number);
    let inputs = seal_inputs(&info);
    info.proof = match kind == NON_INTERACTIVE {
        false => forge.seal.prove_all(&inputs),
        true => {
            let transcript = Code::Sha2_256.digest(&commitment(number));
            forge.aggregate(&inputs, transcript.digest(), AggregateVersion::V2)
        }
    };
    info
}

/// An aggregate of `count` seals, valid.
pub fn proved_aggregate(
    forge: &Forge,
    count: u64,
    aggregate_proof: RegisteredAggregateProof,
) -> AggregateSealVerifyProofAndInfos {
    let seals: Vec<SealVerifyInfo> = (0..count).map(|number| seal(SEAL, number)).collect();
    let inputs: Vec<Vec<Scalar>> = seals.iter().flat_map(seal_inputs).collect();
    let mut transcript = Vec::new();
    for seal in &seals {
        transcript.extend_from_slice(&seal.interactive_randomness.0);
        transcript.extend(commitment(seal.sector_id.number));
    }
    let version = match aggregate_proof {
        RegisteredAggregateProof::SnarkPackV1 => AggregateVersion::V1,
        _ => AggregateVersion::V2,
    };
    let transcript = Code::Sha2_256.digest(&transcript);
    let infos = seals.into_iter().map(|seal| AggregateSealVerifyInfo {
        sector_number: seal.sector_id.number,
        randomness: seal.randomness,
        interactive_randomness: seal.interactive_randomness,
        sealed_cid: seal.sealed_cid,
        unsealed_cid: seal.unsealed_cid,
    });
    AggregateSealVerifyProofAndInfos {
        miner: MINER,
        seal_proof: SEAL,
        aggregate_proof,
        proof: forge.aggregate(&inputs, transcript.digest(), version),
        infos: infos.collect(),
    }
}

fn sectors(count: u64) -> Vec<SectorInfo> {
    let sector = |number| SectorInfo {
        proof: SEAL,
        sector_number: number,
        sealed_cid: sealed(number),
    };
    (0..count).map(sector).collect()
}

fn post_proof(kind: RegisteredPoStProof) -> Vec<PoStProof> {
    vec![PoStProof {
        post_proof: kind,
        proof_bytes: Vec::new(),
    }]
}

/// A window of `count` sectors without its proof.
pub fn window(kind: RegisteredPoStProof, count: u64) -> WindowPoStVerifyInfo {
    WindowPoStVerifyInfo {
        randomness: randomness(5),
        proofs: post_proof(kind),
        challenged_sectors: sectors(count),
        prover: MINER,
    }
}

/// A winning proof's question, about one sector.
pub fn winning() -> WinningPoStVerifyInfo {
    WinningPoStVerifyInfo {
        randomness: randomness(6),
        proofs: post_proof(WINNING),
        challenge_sectors: sectors(1),
        prover: MINER,
    }
}

pub fn window_inputs(info: &WindowPoStVerifyInfo) -> Vec<Vec<Scalar>> {
    let config = kinds::post(info.proofs[0].post_proof)
        .unwrap()
        .as_v1_config();
    let partitions = info.challenged_sectors.len().div_ceil(config.sector_count);
    let params = window_post_setup_params(&config);
    let sectors = &info.challenged_sectors;
    post_inputs(
        &info.randomness,
        info.prover,
        sectors,
        1,
        &params,
        partitions,
    )
}

pub fn winning_inputs(info: &WinningPoStVerifyInfo) -> Vec<Vec<Scalar>> {
    let config = kinds::post(WINNING).unwrap().as_v1_config();
    let params = winning_post_setup_params(&config).unwrap();
    let (sectors, repeat) = (&info.challenge_sectors, params.sector_count);
    post_inputs(&info.randomness, info.prover, sectors, repeat, &params, 1)
}

fn post_inputs(
    randomness: &Randomness,
    miner: u64,
    sectors: &[SectorInfo],
    repeat: usize,
    params: &fallback::SetupParams,
    partitions: usize,
) -> Vec<Vec<Scalar>> {
    let mut randomness = bytes_32(&randomness.0);
    randomness[31] &= 0x3f;
    let sector = |info: &SectorInfo| PublicSector {
        id: SectorId::from(info.sector_number),
        comm_r: as_safe_commitment(
            &cid_to_replica_commitment_v1(&info.sealed_cid).unwrap(),
            "CommR",
        )
        .unwrap(),
    };
    let mut inputs = PublicInputs {
        randomness: as_safe_commitment(&randomness, "randomness").unwrap(),
        prover_id: as_safe_commitment(&prover(miner), "prover").unwrap(),
        sectors: Vec::new(),
        k: None,
    };
    for _ in 0..repeat {
        inputs.sectors.extend(sectors.iter().map(sector));
    }
    let params = FallbackPoSt::<SectorShape2KiB>::setup(params).unwrap();
    let of = |k| {
        FallbackPoStCompound::<SectorShape2KiB>::generate_public_inputs(&inputs, &params, Some(k))
            .unwrap()
    };
    (0..partitions).map(of).collect()
}

/// A window of `count` sectors with a valid proof.
pub fn proved_window(forge: &Forge, kind: RegisteredPoStProof, count: u64) -> WindowPoStVerifyInfo {
    let mut info = window(kind, count);
    info.proofs[0].proof_bytes = forge.window.prove_all(&window_inputs(&info));
    info
}

/// A valid winning proof.
pub fn proved_winning(forge: &Forge) -> WinningPoStVerifyInfo {
    let mut info = winning();
    info.proofs[0].proof_bytes = forge.winning.prove_all(&winning_inputs(&info));
    info
}

/// A replica update without its proof.
pub fn update() -> ReplicaUpdateInfo {
    ReplicaUpdateInfo {
        update_proof_type: RegisteredUpdateProof::StackedDRG2KiBV1,
        old_sealed_cid: sealed(1),
        new_sealed_cid: sealed(2),
        new_unsealed_cid: unsealed(2),
        proof: Vec::new(),
    }
}

pub fn update_inputs(info: &ReplicaUpdateInfo) -> Vec<Vec<Scalar>> {
    let config = kinds::update(info.update_proof_type)
        .unwrap()
        .as_v1_config();
    get_sector_update_inputs::<SectorShape2KiB>(
        &config,
        cid_to_replica_commitment_v1(&info.old_sealed_cid).unwrap(),
        cid_to_replica_commitment_v1(&info.new_sealed_cid).unwrap(),
        cid_to_data_commitment_v1(&info.new_unsealed_cid).unwrap(),
    )
    .unwrap()
}

/// A valid replica update.
pub fn proved_update(forge: &Forge) -> ReplicaUpdateInfo {
    let mut info = update();
    info.proof = forge.update.prove_all(&update_inputs(&info));
    info
}
