//! From an empty disk to a proven sector.

use filigree_actor_miner::params::{
    PieceActivationManifest, PreCommitSectorBatchParams2, ProveCommitSectors3Params,
    SectorActivationManifest,
};
use filigree_actor_miner::types::{CompactCommD, SectorPreCommitInfo};
use filigree_builtin::BatchReturn;
use filigree_builtin::network::EPOCHS_IN_DAY;
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;
use fvm_shared::commcid::{
    data_commitment_v1_to_cid, piece_commitment_v1_to_cid, replica_commitment_v1_to_cid,
};
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::{RegisteredAggregateProof, SectorNumber};

use super::{Provider, SEAL};
use crate::question::{Data, Piece, Question, SealedSector, Sector, Seeded};
use crate::stage::Stage;

/// Purpose of the randomness of a seal (Filecoin spec, "Domain Separation Tags").
const TAG_SEAL: i64 = 5;
/// Purpose of the randomness that it is challenged with.
const TAG_INTERACTIVE_SEAL_CHALLENGE: i64 = 6;

/// From the shortest life of a sector to what a pre-commit names: it need not be proven for thirty days.
const LONGER: ChainEpoch = 40 * EPOCHS_IN_DAY;

/// A sealed sector that was pre-committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The sector, as provers know it.
    pub sector: Sector,
    /// Its commitments.
    pub sealed: SealedSector,
}

impl Announced {
    /// Its number.
    pub fn number(&self) -> SectorNumber {
        self.sector.number
    }

    /// What activates it: its pieces, which no allocation is claimed for, and nobody is told of.
    pub fn manifest(&self) -> SectorActivationManifest {
        SectorActivationManifest {
            sector_number: self.number(),
            pieces: pieces(&self.sealed),
        }
    }
}

/// The pieces of a sector.
pub(super) fn pieces(sealed: &SealedSector) -> Vec<PieceActivationManifest> {
    let manifest = |piece: &Piece| PieceActivationManifest {
        cid: piece_commitment_v1_to_cid(&piece.comm_p).expect("a commitment"),
        size: PaddedPieceSize(piece.size_bytes),
        verified_allocation_key: None,
        notify: Vec::new(),
    };
    sealed.pieces.iter().map(manifest).collect()
}

/// CommR on chain.
pub(super) fn sealed_cid(sealed: &SealedSector) -> Cid {
    replica_commitment_v1_to_cid(&sealed.comm_r).expect("a commitment")
}

impl Provider {
    /// Seals sectors with these numbers and pieces, and pre-commits them in one message.
    #[track_caller]
    pub fn announce(
        &self,
        stage: &mut Stage,
        sectors: &[(SectorNumber, Option<Data>)],
    ) -> Vec<Announced> {
        let seal_rand_epoch = stage.epoch() - 1;
        let ticket = stage.ticket(TAG_SEAL, seal_rand_epoch, &self.entropy());
        let seal = |&(number, data): &(SectorNumber, Option<Data>)| {
            let sector = Sector {
                miner: self.id,
                number,
                ticket,
            };
            let sealed = stage.prover.seal(sector, data);
            Announced { sector, sealed }
        };
        let announced: Vec<_> = sectors.iter().map(seal).collect();
        let info = |announced: &Announced| SectorPreCommitInfo {
            seal_proof: SEAL,
            sector_number: announced.number(),
            sealed_cid: sealed_cid(&announced.sealed),
            seal_rand_epoch,
            deal_ids: Vec::new(),
            expiration: stage.epoch() + stage.policy.min_sector_expiration + LONGER,
            unsealed_cid: commd(&announced.sealed),
        };
        let params = PreCommitSectorBatchParams2 {
            sectors: announced.iter().map(info).collect(),
        };
        let call = self.client.pre_commit_sector_batch2(params);
        stage.call(self.worker, call).ok();
        announced
    }

    /// Waits until sectors that are pre-committed now can be proven.
    #[track_caller]
    pub fn await_challenge(&self, stage: &mut Stage) {
        let epoch = stage.epoch() + stage.policy.pre_commit_challenge_delay + 1;
        stage.go_to(epoch);
    }

    /// A pre-committed sector with the challenge of its proof.
    pub fn seeded(&self, stage: &Stage, announced: &Announced) -> Seeded {
        let (state, number) = (self.state(stage), announced.number());
        let found = state.get_precommitted_sector(&stage.store(), number);
        let found = found.expect("the pre-commits can be read");
        let found = found.unwrap_or_else(|| panic!("sector {number} is not pre-committed"));
        let epoch = found.pre_commit_epoch + stage.policy.pre_commit_challenge_delay;
        Seeded {
            sector: announced.sector,
            seed: stage.beacon(TAG_INTERACTIVE_SEAL_CHALLENGE, epoch, &self.entropy()),
        }
    }

    /// The proof of each sector's replication.
    #[track_caller]
    pub fn seal_proofs(&self, stage: &mut Stage, announced: &[Announced]) -> Vec<Vec<u8>> {
        let mut proofs = Vec::with_capacity(announced.len());
        for announced in announced {
            let seeded = self.seeded(stage, announced);
            proofs.push(stage.prover.proof(&Question::Commit(seeded)));
        }
        proofs
    }

    /// The aggregate of the proofs of all these sectors.
    #[track_caller]
    pub fn aggregate(&self, stage: &mut Stage, announced: &[Announced]) -> Vec<u8> {
        let seeded = announced.iter().map(|one| self.seeded(stage, one));
        let seeded = Question::Aggregate(seeded.collect());
        stage.prover.proof(&seeded)
    }

    /// Parameters that prove sectors, each by its own proof; all must be right.
    pub fn by_own_proofs(
        &self,
        announced: &[Announced],
        proofs: &[Vec<u8>],
    ) -> ProveCommitSectors3Params {
        ProveCommitSectors3Params {
            sector_activations: announced.iter().map(Announced::manifest).collect(),
            sector_proofs: proofs.iter().cloned().map(RawBytes::new).collect(),
            aggregate_proof: RawBytes::default(),
            aggregate_proof_type: None,
            require_activation_success: true,
            require_notification_success: true,
        }
    }

    /// Parameters that prove sectors by an aggregate.
    pub fn by_aggregate(
        &self,
        announced: &[Announced],
        aggregate: &[u8],
    ) -> ProveCommitSectors3Params {
        ProveCommitSectors3Params {
            sector_proofs: Vec::new(),
            aggregate_proof: RawBytes::new(aggregate.to_vec()),
            aggregate_proof_type: Some(RegisteredAggregateProof::SnarkPackV2),
            ..self.by_own_proofs(announced, &[])
        }
    }

    /// Proves pre-committed sectors.
    #[track_caller]
    pub fn prove_commit(
        &self,
        stage: &mut Stage,
        params: ProveCommitSectors3Params,
    ) -> Outcome<BatchReturn> {
        stage.call(self.worker, self.client.prove_commit_sectors3(params))
    }
}

fn commd(sealed: &SealedSector) -> CompactCommD {
    match sealed.pieces.is_empty() {
        true => CompactCommD::empty(),
        false => CompactCommD::of(data_commitment_v1_to_cid(&sealed.comm_d).expect("a commitment")),
    }
}
