//! Aggregates of seals (SnarkPack; FIP-0013, and FIP-0092 for seals without interaction).

use std::io::Cursor;

use bellperson::groth16::aggregate::{AggregateProof, AggregateVersion};
use blstrs::{Bls12, Scalar};
use filecoin_proofs::PoRepConfig;
use filecoin_proofs::constants::DefaultPieceHasher;
use filecoin_proofs_api::{
    ApiFeature, Commitment, MerkleTreeTrait, RegisteredAggregationProof, SectorId, Ticket,
};
use filigree_proofs_params::Proof;
use filigree_vm::{Verdict, VerifyError};
use fvm_shared::sector::AggregateSealVerifyProofAndInfos;
use multihash_codetable::{Code, MultihashDigest};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use storage_proofs_core::compound_proof::CompoundProof;
use storage_proofs_porep::stacked::StackedCompound;

use crate::claims::{self, OrMalformed, bytes_32, ensure};
use crate::seal::{self, Sector};
use crate::tree::with_tree;
use crate::{Keys, kinds};

/// An aggregate and what it is about.
pub struct Aggregate<'a> {
    pub proof: &'a [u8],
    pub comm_rs: &'a [Commitment],
    pub seeds: &'a [Ticket],
    /// Public inputs of all partitions of all sectors, in order.
    pub inputs: Vec<Vec<Scalar>>,
    pub version: AggregateVersion,
}

/// Judges an aggregate of seals.
pub fn verify(keys: &Keys, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
    ensure(!info.infos.is_empty(), "an aggregate of no seals")?;
    let config = kinds::seal(info.seal_proof)?.as_v1_config();
    let prover = claims::prover(info.miner);
    let sectors: Vec<Sector> = info
        .infos
        .iter()
        .map(|seal| {
            Ok(Sector {
                comm_r: claims::replica(&seal.sealed_cid)?,
                comm_d: claims::data(&seal.unsealed_cid)?,
                prover,
                number: SectorId::from(seal.sector_number),
                ticket: bytes_32(&seal.randomness.0, "a ticket")?,
                seed: bytes_32(&seal.interactive_randomness.0, "a seed")?,
            })
        })
        .collect::<Result<_, VerifyError>>()?;
    let version = match kinds::aggregate(info.aggregate_proof)? {
        RegisteredAggregationProof::SnarkPackV1 => AggregateVersion::V1,
        RegisteredAggregationProof::SnarkPackV2 => AggregateVersion::V2,
    };
    let size = u64::from(config.sector_size);
    with_tree!(
        size,
        verify_sectors(keys, &config, &sectors, &info.proof, version)
    )
}

fn verify_sectors<Tree: 'static + MerkleTreeTrait>(
    keys: &Keys,
    config: &PoRepConfig,
    sectors: &[Sector],
    proof: &[u8],
    version: AggregateVersion,
) -> Verdict {
    let inputs = sectors
        .par_iter()
        .map(|sector| seal::inputs::<Tree>(config, sector))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    let comm_rs: Vec<Commitment> = sectors.iter().map(|sector| sector.comm_r).collect();
    let seeds: Vec<Ticket> = sectors.iter().map(|sector| sector.seed).collect();
    let aggregate = Aggregate {
        proof,
        comm_rs: &comm_rs,
        seeds: &seeds,
        inputs,
        version,
    };
    verify_with::<Tree>(keys, config, aggregate)
}

/// Judges an aggregate whose inputs are known.
pub fn verify_with<Tree: 'static + MerkleTreeTrait>(
    keys: &Keys,
    config: &PoRepConfig,
    aggregate: Aggregate<'_>,
) -> Verdict {
    let proof: AggregateProof<Bls12> =
        AggregateProof::read(Cursor::new(aggregate.proof)).or_malformed()?;
    let proofs = proof.tmipp.gipa.nproofs as usize;
    ensure(
        proofs > 1 && proofs.is_power_of_two(),
        "the number of aggregated proofs is no power of two above one",
    )?;
    let inputs = pad(aggregate.inputs, proofs)?;
    let key = keys.of(Proof::Porep, config.sector_size.into())?;
    let srs = keys.srs(proofs)?;
    // Seals without interaction have no seed.
    let seeds: &[Ticket] = match config.feature_enabled(ApiFeature::NonInteractivePoRep) {
        true => &[],
        false => aggregate.seeds,
    };
    let transcript = transcript(aggregate.comm_rs, seeds);
    StackedCompound::<Tree, DefaultPieceHasher>::verify_aggregate_proofs(
        &srs,
        key,
        &transcript,
        &inputs,
        &proof,
        aggregate.version,
    )
    .or_malformed()
}

/// Repeats the last inputs until there are as many as proofs, which the aggregator did with its last proof.
fn pad(mut inputs: Vec<Vec<Scalar>>, proofs: usize) -> Result<Vec<Vec<Scalar>>, VerifyError> {
    let Some(last) = inputs.last().cloned() else {
        return Err(VerifyError::Malformed("no inputs".to_owned()));
    };
    // Two is the smallest aggregate, also of one proof.
    let expected = inputs.len().next_power_of_two().max(2);
    ensure(
        expected == proofs,
        "the aggregate has another number of proofs than the sectors have",
    )?;
    inputs.resize(proofs, last);
    Ok(inputs)
}

/// What the aggregate's challenges are bound to beside the proofs: SHA2-256 of each sector's seed and CommR.
fn transcript(comm_rs: &[Commitment], seeds: &[Ticket]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(64 * comm_rs.len());
    for (index, comm_r) in comm_rs.iter().enumerate() {
        bytes.extend(seeds.get(index).into_iter().flatten());
        bytes.extend(comm_r);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(Code::Sha2_256.digest(&bytes).digest());
    digest
}
