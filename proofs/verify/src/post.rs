//! Proofs of spacetime: window proofs, which miner actors check, and winning proofs, which stand in block headers.

use std::collections::BTreeMap;

use filecoin_hashers::Hasher;
use filecoin_proofs::parameters::{window_post_setup_params, winning_post_setup_params};
use filecoin_proofs::{PoStConfig, as_safe_commitment};
use filecoin_proofs_api::{
    Commitment, MerkleTreeTrait, PoStType, ProverId, RegisteredPoStProof as Kind, SectorId,
};
use filigree_proofs_params::Proof;
use filigree_vm::{Verdict, VerifyError};
use fvm_shared::sector::{
    PoStProof, RegisteredPoStProof, SectorInfo, WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use storage_proofs_core::compound_proof::{CompoundProof, SetupParams};
use storage_proofs_core::multi_proof::MultiProof;
use storage_proofs_post::fallback::{
    self, ChallengeRequirements, FallbackPoStCompound, PublicInputs, PublicSector,
};

use crate::claims::{self, OrMalformed, bytes_32, ensure};
use crate::tree::with_tree;
use crate::{Keys, kinds};

/// The first of the window proofs with today's challenges.
const FIRST_WINDOW: i64 = 10;

/// Judges a window proof.
pub fn verify_window(keys: &Keys, info: &WindowPoStVerifyInfo) -> Verdict {
    let claim = Claim::read(
        &info.randomness.0,
        &info.proofs,
        &info.challenged_sectors,
        info.prover,
    )?;
    ensure(
        claim.kind.typ() == PoStType::Window,
        "this is no type of window proof",
    )?;
    // Sectors by number, each once.
    let replicas: BTreeMap<SectorId, Commitment> = claim.replicas.iter().copied().collect();
    let replicas: Vec<(SectorId, Commitment)> = replicas.into_iter().collect();
    ensure(!replicas.is_empty(), "no sectors are challenged")?;
    let config = claim.kind.as_v1_config();
    let of_one = config.sector_count;
    let partitions = Some(replicas.len().div_ceil(of_one)).filter(|count| *count > 1);
    let question = Question {
        partitions,
        replicas,
        circuit: Proof::WindowPost,
        params: window_post_setup_params(&config),
    };
    question.judge(keys, &config, &claim)
}

/// Judges a winning proof. `info.challenge_sectors` are the sectors that the block's randomness chose, in that order.
pub fn verify_winning(keys: &Keys, info: &WinningPoStVerifyInfo) -> Verdict {
    let claim = Claim::read(
        &info.randomness.0,
        &info.proofs,
        &info.challenge_sectors,
        info.prover,
    )?;
    ensure(
        claim.kind.typ() == PoStType::Winning,
        "this is no type of winning proof",
    )?;
    let config = claim.kind.as_v1_config();
    ensure(
        claim.replicas.len() == config.sector_count,
        "not as many sectors as a winning proof is about",
    )?;
    let params = winning_post_setup_params(&config).or_malformed()?;
    // Challenges are spread over as many sectors as there are challenges: here, the same one again and again.
    let replicas = vec![claim.replicas.clone(); params.sector_count].concat();
    let question = Question {
        partitions: None,
        replicas,
        circuit: Proof::WinningPost,
        params,
    };
    question.judge(keys, &config, &claim)
}

/// What a proof of spacetime claims.
struct Claim<'a> {
    kind: Kind,
    proof: &'a [u8],
    randomness: [u8; 32],
    prover: ProverId,
    replicas: Vec<(SectorId, Commitment)>,
}

impl<'a> Claim<'a> {
    fn read(
        randomness: &[u8],
        proofs: &'a [PoStProof],
        sectors: &[SectorInfo],
        prover: u64,
    ) -> Result<Self, VerifyError> {
        let [proof] = proofs else {
            let what = format!("{} proofs, where there must be one", proofs.len());
            return Err(VerifyError::Malformed(what));
        };
        let mut randomness = bytes_32(randomness, "the randomness")?;
        // As an element of the field.
        randomness[31] &= 0x3f;
        let replicas = sectors.iter().map(|sector| {
            let comm_r = claims::replica(&sector.sealed_cid)?;
            ensure(
                matches_seal(proof.post_proof, sector),
                "a sector's seal is not of the proof's type",
            )?;
            ensure(comm_r != [0; 32], "CommR is all zero")?;
            Ok((SectorId::from(sector.sector_number), comm_r))
        });
        Ok(Self {
            kind: kinds::post(proof.post_proof)?,
            proof: &proof.proof_bytes,
            randomness,
            prover: claims::prover(prover),
            replicas: replicas.collect::<Result<_, VerifyError>>()?,
        })
    }
}

/// Whether a sector sealed as it says can be proved by `proof`. The older window proofs (5 to 9) take the same sectors as
/// the newer ones, five numbers above; winning proofs are five numbers below those.
fn matches_seal(proof: RegisteredPoStProof, sector: &SectorInfo) -> bool {
    let number = i64::from(proof);
    let window = match number {
        0..FIRST_WINDOW => FIRST_WINDOW + number % 5,
        _ => number,
    };
    sector.proof.registered_window_post_proof() == Ok(RegisteredPoStProof::from(window))
}

/// What the Groth16 proofs are asked.
struct Question {
    partitions: Option<usize>,
    replicas: Vec<(SectorId, Commitment)>,
    circuit: Proof,
    params: fallback::SetupParams,
}

impl Question {
    fn judge(self, keys: &Keys, config: &PoStConfig, claim: &Claim<'_>) -> Verdict {
        let size = u64::from(config.sector_size);
        with_tree!(size, judge(self, keys, config, claim))
    }
}

fn judge<Tree: 'static + MerkleTreeTrait>(
    question: Question,
    keys: &Keys,
    config: &PoStConfig,
    claim: &Claim<'_>,
) -> Verdict {
    let setup = SetupParams {
        vanilla_params: question.params,
        partitions: question.partitions,
        priority: false,
    };
    let params = FallbackPoStCompound::<Tree>::setup(&setup).or_malformed()?;
    let sectors = question.replicas.iter().map(|(id, comm_r)| {
        let comm_r = as_safe_commitment(comm_r, "CommR").or_malformed()?;
        Ok(PublicSector { id: *id, comm_r })
    });
    type Domain<Tree> = <<Tree as MerkleTreeTrait>::Hasher as Hasher>::Domain;
    let inputs = PublicInputs::<Domain<Tree>> {
        randomness: as_safe_commitment(&claim.randomness, "the randomness").or_malformed()?,
        prover_id: as_safe_commitment(&claim.prover, "the prover").or_malformed()?,
        sectors: sectors.collect::<Result<_, VerifyError>>()?,
        k: None,
    };
    let key = keys.of(question.circuit, config.sector_size.into())?;
    let proof = MultiProof::new_from_bytes(question.partitions, claim.proof, key).or_malformed()?;
    let requirements = ChallengeRequirements {
        minimum_challenge_count: config.challenge_count * config.sector_count,
    };
    FallbackPoStCompound::verify(&params, &inputs, &proof, &requirements).or_malformed()
}
