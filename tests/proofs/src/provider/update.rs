//! Data for sectors that were sealed empty.

use filigree_actor_miner::deadline_info::deadline_is_mutable;
use filigree_actor_miner::params::{ProveReplicaUpdates3Params, SectorUpdateManifest};
use filigree_builtin::BatchReturn;
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;
use fvm_shared::sector::{RegisteredUpdateProof, SectorNumber};

use super::Provider;
use super::onboard::{pieces, sealed_cid};
use crate::question::{Data, Question, SealedSector, Sector};
use crate::stage::Stage;

impl Provider {
    /// Waits until the sectors of a deadline may be changed.
    #[track_caller]
    pub fn await_mutable(&self, stage: &mut Stage, deadline: u64) {
        loop {
            let now = self.now(stage);
            if deadline_is_mutable(&stage.policy, now.period_start, deadline, stage.epoch()) {
                return;
            }
            stage.go_to(now.close);
        }
    }

    /// Encodes a piece into a sealed sector, and proves that.
    #[track_caller]
    pub fn encode(&self, stage: &mut Stage, sector: Sector, data: Data) -> (SealedSector, Vec<u8>) {
        let updated = stage.prover.update(sector, data);
        let question = Question::ProveUpdate { sector, data };
        (updated, stage.prover.proof(&question))
    }

    /// Parameters that prove the update of a sector.
    pub fn update(
        &self,
        stage: &Stage,
        number: SectorNumber,
        updated: &SealedSector,
        proof: &[u8],
    ) -> ProveReplicaUpdates3Params {
        let (deadline, partition) = self.location(stage, number);
        ProveReplicaUpdates3Params {
            sector_updates: vec![SectorUpdateManifest {
                sector: number,
                deadline,
                partition,
                new_sealed_cid: sealed_cid(updated),
                pieces: pieces(updated),
            }],
            sector_proofs: vec![RawBytes::new(proof.to_vec())],
            aggregate_proof: RawBytes::default(),
            update_proofs_type: RegisteredUpdateProof::StackedDRG2KiBV1,
            aggregate_proof_type: None,
            require_activation_success: true,
            require_notification_success: true,
        }
    }

    /// Proves updates.
    #[track_caller]
    pub fn prove_update(
        &self,
        stage: &mut Stage,
        params: ProveReplicaUpdates3Params,
    ) -> Outcome<BatchReturn> {
        stage.call(self.worker, self.client.prove_replica_updates3(params))
    }
}
