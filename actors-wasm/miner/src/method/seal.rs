//! Proofs of replication: what is checked before they are verified, and the verification by the host.

use filigree_builtin::POLICY;
use filigree_builtin::batch::BatchReturn;
use filigree_sdk::prelude::*;
use filigree_sdk::{cbor, proofs};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, RegisteredAggregateProof,
    RegisteredSealProof, SealVerifyInfo, SectorID, SectorNumber,
};

use crate::policy::max_prove_commit_duration;
use crate::types::SectorPreCommitOnChainInfo;

/// Purpose of a seal's randomness (Filecoin spec, "Domain Separation Tags").
const TAG_SEAL: i64 = 5;
/// Purpose of the randomness it is challenged with.
const TAG_INTERACTIVE_SEAL_CHALLENGE: i64 = 6;

/// What a sector's proof is about.
#[derive(Clone)]
pub(crate) struct SealInput {
    pub registered_proof: RegisteredSealProof,
    pub sector_number: SectorNumber,
    pub randomness: Randomness,
    pub interactive_randomness: Randomness,
    /// CommR.
    pub sealed_cid: Cid,
    /// CommD.
    pub unsealed_cid: Cid,
}

impl SealInput {
    /// With the sector's own proof.
    pub(crate) fn with_proof(&self, miner: ActorID, proof: &RawBytes) -> SealVerifyInfo {
        SealVerifyInfo {
            registered_proof: self.registered_proof,
            sector_id: SectorID {
                miner,
                number: self.sector_number,
            },
            deal_ids: Vec::new(),
            randomness: self.randomness.clone(),
            interactive_randomness: self.interactive_randomness.clone(),
            proof: proof.to_vec(),
            sealed_cid: self.sealed_cid,
            unsealed_cid: self.unsealed_cid,
        }
    }

    fn into_part_of_aggregate(self) -> AggregateSealVerifyInfo {
        AggregateSealVerifyInfo {
            sector_number: self.sector_number,
            randomness: self.randomness,
            interactive_randomness: self.interactive_randomness,
            sealed_cid: self.sealed_cid,
            unsealed_cid: self.unsealed_cid,
        }
    }
}

/// Randomness a sector is sealed with.
pub(crate) fn seal_randomness(
    ctx: &Context,
    epoch: ChainEpoch,
    entropy: &[u8],
) -> Result<Randomness> {
    let drawn = ctx.chain_randomness(TAG_SEAL, epoch, entropy)?;
    Ok(Randomness(drawn.into()))
}

/// What ties randomness to this miner.
pub(crate) fn entropy(ctx: &Context) -> Result<Vec<u8>> {
    cbor::encode(&Address::new_id(ctx.receiver()))
}

/// Looks whether pre-committed sectors may be proven now. Gives what becomes of each, and what its proof is about, also if it may not: an
/// aggregate is verified for all.
pub(crate) fn validate_precommits(
    ctx: &Context,
    precommits: &[SectorPreCommitOnChainInfo],
    all_or_nothing: bool,
) -> Result<(BatchReturn, Vec<SealInput>)> {
    let (epoch, entropy) = (ctx.epoch()?, entropy(ctx)?);
    let mut batch = BatchReturn::default();
    let mut inputs: Vec<SealInput> = Vec::with_capacity(precommits.len());
    for precommit in precommits {
        let info = &precommit.info;
        let duration = max_prove_commit_duration(&POLICY, info.seal_proof)
            .ok_or_else(|| Error::illegal_state("a seal proof without a time limit"))?;
        // Deals are for those who pre-committed before there were pieces.
        let is_valid = info.deal_ids.is_empty() && epoch <= precommit.pre_commit_epoch + duration;
        ensure!(
            inputs
                .last()
                .is_none_or(|last| last.registered_proof == info.seal_proof),
            illegal_state,
            "sectors with different seal proofs"
        );
        let challenge = precommit.pre_commit_epoch + POLICY.pre_commit_challenge_delay;
        ensure!(
            epoch > challenge,
            forbidden,
            "it is too early to prove sector {}",
            info.sector_number
        );
        let randomness = seal_randomness(ctx, info.seal_rand_epoch, &entropy)?;
        let interactive =
            ctx.beacon_randomness(TAG_INTERACTIVE_SEAL_CHALLENGE, challenge, &entropy)?;
        inputs.push(SealInput {
            registered_proof: info.seal_proof,
            sector_number: info.sector_number,
            randomness,
            interactive_randomness: Randomness(interactive.into()),
            sealed_cid: info.sealed_cid,
            unsealed_cid: info.unsealed_cid.get_cid(info.seal_proof)?,
        });
        note(&mut batch, info.sector_number, is_valid, all_or_nothing)?;
    }
    Ok((batch, inputs))
}

/// Notes whether a sector passed; fails if it did not and all must.
pub(crate) fn note(
    batch: &mut BatchReturn,
    sector: SectorNumber,
    passed: bool,
    all_or_nothing: bool,
) -> Result<()> {
    ensure!(
        passed || !all_or_nothing,
        illegal_argument,
        "sector {sector} is invalid, and all are required"
    );
    match passed {
        true => batch.add_success(),
        false => batch.add_fail(ExitCode::USR_ILLEGAL_ARGUMENT),
    }
    Ok(())
}

/// Fails if a proof is longer than one of this type can be.
pub(crate) fn check_sizes(seal_proof: RegisteredSealProof, proofs: &[RawBytes]) -> Result<()> {
    let max_bytes = seal_proof
        .proof_size()
        .map_err(|_| Error::illegal_state("a seal proof of unknown size"))?;
    ensure!(
        proofs.iter().all(|proof| proof.len() <= max_bytes),
        illegal_argument,
        "a proof of more than {max_bytes} bytes"
    );
    Ok(())
}

/// Fails if there are too many or too few sectors for an aggregate (`limits`, both included), or it is too long.
pub(crate) fn check_aggregate(proof: &RawBytes, sectors: usize, limits: (u64, u64)) -> Result<()> {
    let (min, max) = limits;
    ensure!(
        (min..=max).contains(&(sectors as u64)),
        illegal_argument,
        "{sectors} sectors, an aggregate is of {min} to {max}"
    );
    ensure!(
        proof.len() <= POLICY.max_aggregated_proof_size,
        illegal_argument,
        "an aggregate of {} bytes, at most {} are allowed",
        proof.len(),
        POLICY.max_aggregated_proof_size
    );
    Ok(())
}

/// Fails unless an aggregate proves all of the sectors.
pub(crate) fn verify_aggregate(
    miner: ActorID,
    seal_proof: RegisteredSealProof,
    proof: &RawBytes,
    inputs: Vec<SealInput>,
) -> Result<()> {
    let aggregate = AggregateSealVerifyProofAndInfos {
        miner,
        seal_proof,
        aggregate_proof: RegisteredAggregateProof::SnarkPackV2,
        proof: proof.to_vec(),
        infos: inputs
            .into_iter()
            .map(SealInput::into_part_of_aggregate)
            .collect(),
    };
    ensure!(
        proofs::verify_aggregate_seals(&aggregate).unwrap_or(false),
        illegal_argument,
        "the aggregate proof is invalid"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregates_are_of_some_sectors_and_short() {
        let proof = RawBytes::new(vec![0; POLICY.max_aggregated_proof_size]);
        for (sectors, fits) in [(3, false), (4, true), (819, true), (820, false)] {
            assert_eq!(check_aggregate(&proof, sectors, (4, 819)).is_ok(), fits);
        }
        let long = RawBytes::new(vec![0; POLICY.max_aggregated_proof_size + 1]);
        let error = check_aggregate(&long, 4, (4, 819)).unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
    }

    #[test]
    fn a_proof_is_no_longer_than_its_type() {
        let proof = |len| RawBytes::new(vec![0; len]);
        let code = |seal_proof, proofs: &[RawBytes]| {
            check_sizes(seal_proof, proofs).map_err(|error| error.code)
        };
        let seal = RegisteredSealProof::StackedDRG32GiBV1P1;
        assert_eq!(code(seal, &[proof(0), proof(1_920)]), Ok(()));
        assert_eq!(
            code(seal, &[proof(0), proof(1_921)]),
            Err(ExitCode::USR_ILLEGAL_ARGUMENT)
        );
        assert_eq!(
            code(RegisteredSealProof::Invalid(77), &[]),
            Err(ExitCode::USR_ILLEGAL_STATE)
        );
    }

    #[test]
    fn one_that_fails_may_fail_all() {
        let mut batch = BatchReturn::default();
        assert_eq!(note(&mut batch, 1, true, true), Ok(()));
        assert_eq!(note(&mut batch, 2, false, false), Ok(()));
        assert!(note(&mut batch, 3, false, true).is_err());
        let codes = [ExitCode::OK, ExitCode::USR_ILLEGAL_ARGUMENT];
        assert_eq!(batch, BatchReturn::of(&codes));
    }
}
