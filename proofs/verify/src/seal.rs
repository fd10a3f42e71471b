//! One seal: a proof of replication. Interactive and synthetic ones are Groth16 proofs, one for each partition; those
//! without interaction (FIP-0092) are an aggregate already.

use bellperson::groth16::aggregate::AggregateVersion;
use filecoin_hashers::Hasher;
use filecoin_proofs::constants::{DefaultPieceDomain, DefaultPieceHasher};
use filecoin_proofs::parameters::setup_params;
use filecoin_proofs::{PoRepConfig, as_safe_commitment, get_seal_inputs};
use filecoin_proofs_api::{ApiFeature, Commitment, MerkleTreeTrait, ProverId, SectorId, Ticket};
use filigree_proofs_params::Proof;
use filigree_vm::{Verdict, VerifyError};
use fvm_shared::sector::SealVerifyInfo;
use storage_proofs_core::compound_proof::{CompoundProof, SetupParams};
use storage_proofs_core::multi_proof::MultiProof;
use storage_proofs_porep::stacked::{
    ChallengeRequirements, PublicInputs, StackedCompound, Tau, generate_replica_id,
};

use crate::Keys;
use crate::aggregate::{self, Aggregate};
use crate::claims::{self, OrMalformed, bytes_32, ensure};
use crate::kinds;
use crate::tree::with_tree;

/// What a seal is about.
pub struct Sector {
    pub comm_r: Commitment,
    pub comm_d: Commitment,
    pub prover: ProverId,
    pub number: SectorId,
    pub ticket: Ticket,
    pub seed: Ticket,
}

/// Judges one seal.
pub fn verify(keys: &Keys, info: &SealVerifyInfo) -> Verdict {
    let sector = Sector {
        comm_r: claims::replica(&info.sealed_cid)?,
        comm_d: claims::data(&info.unsealed_cid)?,
        prover: claims::prover(info.sector_id.miner),
        number: SectorId::from(info.sector_id.number),
        ticket: bytes_32(&info.randomness.0, "the ticket")?,
        seed: bytes_32(&info.interactive_randomness.0, "the seed")?,
    };
    let config = kinds::seal(info.registered_proof)?.as_v1_config();
    let size = u64::from(config.sector_size);
    with_tree!(size, verify_with(keys, &config, &sector, &info.proof))
}

fn verify_with<Tree: 'static + MerkleTreeTrait>(
    keys: &Keys,
    config: &PoRepConfig,
    sector: &Sector,
    proof: &[u8],
) -> Verdict {
    if config.feature_enabled(ApiFeature::NonInteractivePoRep) {
        let inputs = inputs::<Tree>(config, sector)?;
        return aggregate::verify_with::<Tree>(
            keys,
            config,
            Aggregate {
                proof,
                comm_rs: &[sector.comm_r],
                seeds: &[sector.seed],
                inputs,
                version: AggregateVersion::V2,
            },
        );
    }
    ensure(sector.comm_d != [0; 32], "CommD is all zero")?;
    ensure(sector.comm_r != [0; 32], "CommR is all zero")?;
    ensure(!proof.is_empty(), "the proof is empty")?;
    let comm_r: <Tree::Hasher as Hasher>::Domain =
        as_safe_commitment(&sector.comm_r, "CommR").or_malformed()?;
    let comm_d: DefaultPieceDomain = as_safe_commitment(&sector.comm_d, "CommD").or_malformed()?;
    let replica_id = generate_replica_id::<Tree::Hasher, _>(
        &sector.prover,
        sector.number.into(),
        &sector.ticket,
        comm_d,
        &config.porep_id,
    );
    let partitions = usize::from(config.partitions);
    let setup = SetupParams {
        vanilla_params: setup_params(config).or_malformed()?,
        partitions: Some(partitions),
        priority: false,
    };
    let params = StackedCompound::<Tree, DefaultPieceHasher>::setup(&setup).or_malformed()?;
    let inputs = PublicInputs {
        replica_id,
        tau: Some(Tau { comm_d, comm_r }),
        seed: Some(sector.seed),
        k: None,
    };
    let key = keys.of(Proof::Porep, config.sector_size.into())?;
    let proof = MultiProof::new_from_bytes(Some(partitions), proof, key).or_malformed()?;
    let requirements = ChallengeRequirements {
        minimum_challenges: config.minimum_challenges(),
    };
    StackedCompound::verify(&params, &inputs, &proof, &requirements).or_malformed()
}

/// The public inputs of a sector's Groth16 proofs, one vector for each partition.
pub fn inputs<Tree: 'static + MerkleTreeTrait>(
    config: &PoRepConfig,
    sector: &Sector,
) -> Result<Vec<Vec<blstrs::Scalar>>, VerifyError> {
    get_seal_inputs::<Tree>(
        config,
        sector.comm_r,
        sector.comm_d,
        sector.prover,
        sector.number,
        sector.ticket,
        sector.seed,
    )
    .or_malformed()
}
