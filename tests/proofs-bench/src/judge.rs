//! Whether what was measured is right: proofs that are made must be valid.

use std::path::Path;

use anyhow::{Context, Result, bail};
use cid::Cid;
use filigree_proofs_params::{Role, SectorSize, Selection, Set};
use filigree_proofs_prove::Commitment;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_verify::{Keys, Limits, ProofVerifier};
use filigree_vm::{Verdict, Verifier};
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, PoStProof, RegisteredAggregateProof,
    RegisteredPoStProof, RegisteredSealProof, RegisteredUpdateProof, ReplicaUpdateInfo,
    SealVerifyInfo, SectorID, SectorInfo, WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};

use crate::side::{AGGREGATED, EMPTY, FULL, MINER, Made, RANDOMNESS, SEED, TICKET};
use crate::steps::Step;

/// A result that is wrong, or another than that beside it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Differ(pub String);

/// The type of the sectors, as the chain names it.
pub const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;
/// The type of aggregates.
pub const AGGREGATE: RegisteredAggregateProof = RegisteredAggregateProof::SnarkPackV2;

/// Judges what a side has made.
#[derive(Debug)]
pub struct Judge(ProofVerifier);

/// A verifier with the development keys in a directory, that remembers nothing.
pub fn verifier(keys: &Path, threads: usize) -> Result<ProofVerifier> {
    let selection = Selection::of(Set::Development, Role::Verify);
    let files = selection.with_sector_size(SectorSize::_2KiB).files();
    let keys = Keys::load(keys, &files).complete().map_err(|faults| {
        let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow::anyhow!(texts.join("; "))
    })?;
    let limits = Limits {
        threads,
        verdicts: 0,
    };
    Ok(ProofVerifier::new(keys, limits)?)
}

/// Fails unless a proof is valid.
pub fn ensure_valid(what: &str, verdict: Verdict) -> Result<()> {
    match verdict {
        Ok(true) => Ok(()),
        Ok(false) => bail!(Differ(format!("{what}: the proof is not valid"))),
        Err(why) => bail!(Differ(format!("{what}: {why}"))),
    }
}

impl Judge {
    /// With the keys that are beside the parameters.
    pub fn new(parameters: &Path) -> Result<Self> {
        Ok(Self(verifier(parameters, 0)?))
    }

    /// All proofs of a side.
    pub fn all(&self, made: &Made) -> Result<()> {
        let asked = Asked { made };
        let verdicts = [
            (Step::Commit, self.0.seal(&asked.seal()?)),
            (Step::Aggregate, self.0.aggregate_seals(&asked.aggregate()?)),
            (Step::WindowPost, self.0.window_post(&asked.window()?)),
            (Step::WinningPost, self.0.winning_post(&asked.winning()?)),
            (Step::UpdateProve, self.0.replica_update(&asked.update()?)),
        ];
        let check = |(step, verdict): (Step, Verdict)| ensure_valid(step.name(), verdict);
        verdicts.into_iter().try_for_each(check)
    }
}

/// What a verifier is asked about what a side has made.
struct Asked<'a> {
    made: &'a Made,
}

impl Asked<'_> {
    fn proof(&self, step: Step) -> Result<Vec<u8>> {
        let proof = self.made.proofs.get(&step);
        proof
            .cloned()
            .with_context(|| format!("{} gave no proof", step.name()))
    }

    fn sealed(&self, number: u64) -> Result<&Sealed> {
        let sealed = self.made.sealed.get(&number);
        sealed.with_context(|| format!("sector {number} is not sealed"))
    }

    fn seal(&self) -> Result<SealVerifyInfo> {
        let sealed = self.sealed(FULL)?;
        Ok(SealVerifyInfo {
            registered_proof: SEAL,
            sector_id: SectorID {
                miner: MINER,
                number: FULL,
            },
            deal_ids: Vec::new(),
            randomness: Randomness(TICKET.to_vec()),
            interactive_randomness: Randomness(SEED.to_vec()),
            proof: self.proof(Step::Commit)?,
            sealed_cid: replica(&sealed.comm_r)?,
            unsealed_cid: data(&sealed.comm_d)?,
        })
    }

    fn aggregate(&self) -> Result<AggregateSealVerifyProofAndInfos> {
        let seal = self.seal()?;
        let proof = self.proof(Step::Aggregate)?;
        Ok(aggregate(&[seal], AGGREGATED, proof))
    }

    fn sectors(&self, numbers: &[u64]) -> Result<Vec<SectorInfo>> {
        let info = |number: &u64| {
            Ok(SectorInfo {
                proof: SEAL,
                sector_number: *number,
                sealed_cid: replica(&self.sealed(*number)?.comm_r)?,
            })
        };
        numbers.iter().map(info).collect()
    }

    fn window(&self) -> Result<WindowPoStVerifyInfo> {
        Ok(WindowPoStVerifyInfo {
            randomness: Randomness(RANDOMNESS.to_vec()),
            proofs: vec![PoStProof {
                post_proof: RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
                proof_bytes: self.proof(Step::WindowPost)?,
            }],
            challenged_sectors: self.sectors(&[FULL, EMPTY])?,
            prover: MINER,
        })
    }

    fn winning(&self) -> Result<WinningPoStVerifyInfo> {
        Ok(WinningPoStVerifyInfo {
            randomness: Randomness(RANDOMNESS.to_vec()),
            proofs: vec![PoStProof {
                post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
                proof_bytes: self.proof(Step::WinningPost)?,
            }],
            challenge_sectors: self.sectors(&[FULL])?,
            prover: MINER,
        })
    }

    fn update(&self) -> Result<ReplicaUpdateInfo> {
        let new = self.made.updated.context("nothing is updated")?;
        Ok(ReplicaUpdateInfo {
            update_proof_type: RegisteredUpdateProof::StackedDRG2KiBV1,
            old_sealed_cid: replica(&self.sealed(EMPTY)?.comm_r)?,
            new_sealed_cid: replica(&new.comm_r)?,
            new_unsealed_cid: data(&new.comm_d)?,
            proof: self.proof(Step::UpdateProve)?,
        })
    }
}

/// The question about an aggregate of `count` seals: these, over and over.
pub fn aggregate(
    seals: &[SealVerifyInfo],
    count: usize,
    proof: Vec<u8>,
) -> AggregateSealVerifyProofAndInfos {
    let infos = seals.iter().cycle().take(count);
    let infos = infos.map(|seal| AggregateSealVerifyInfo {
        sector_number: seal.sector_id.number,
        randomness: seal.randomness.clone(),
        interactive_randomness: seal.interactive_randomness.clone(),
        sealed_cid: seal.sealed_cid,
        unsealed_cid: seal.unsealed_cid,
    });
    AggregateSealVerifyProofAndInfos {
        miner: seals.first().map_or(MINER, |seal| seal.sector_id.miner),
        seal_proof: SEAL,
        aggregate_proof: AGGREGATE,
        proof,
        infos: infos.collect(),
    }
}

fn replica(comm_r: &Commitment) -> Result<Cid> {
    replica_commitment_v1_to_cid(comm_r).map_err(anyhow::Error::msg)
}

fn data(comm_d: &Commitment) -> Result<Cid> {
    data_commitment_v1_to_cid(comm_d).map_err(anyhow::Error::msg)
}
