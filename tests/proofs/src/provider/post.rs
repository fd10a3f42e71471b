//! Proofs of every day, and disputes of them.

use filigree_actor_miner::params::{
    DeclareFaultsParams, DeclareFaultsRecoveredParams, DisputeWindowedPoStParams,
    SectorDeclaration, SubmitWindowedPoStParams,
};
use filigree_actor_miner::types::PoStPartition;
use filigree_sandbox::{Outcome, Who};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::PoStProof;

use super::{POST, Provider};
use crate::question::{Question, Stored};
use crate::stage::Stage;

/// Purpose of the randomness that sectors are challenged with (Filecoin spec, "Domain Separation Tags").
const TAG_WINDOWED_POST_CHALLENGE: i64 = 4;
/// Purpose of the randomness that ties a proof to a chain.
const TAG_POST_CHAIN_COMMIT: i64 = 9;

impl Provider {
    /// A proof of these replicas for the deadline that is open.
    #[track_caller]
    pub fn window_proof(&self, stage: &mut Stage, stored: &[Stored]) -> Vec<u8> {
        let challenge = self.now(stage).challenge;
        let question = Question::Window {
            miner: self.id,
            randomness: stage.beacon(TAG_WINDOWED_POST_CHALLENGE, challenge, &self.entropy()),
            stored: stored.to_vec(),
        };
        stage.prover.proof(&question)
    }

    /// Parameters that prove a whole partition of the deadline that is open.
    pub fn post(&self, stage: &Stage, partition: u64, proof: &[u8]) -> SubmitWindowedPoStParams {
        let chain_commit_epoch = stage.epoch() - 1;
        let drawn = stage.ticket(TAG_POST_CHAIN_COMMIT, chain_commit_epoch, &[]);
        SubmitWindowedPoStParams {
            deadline: self.now(stage).index,
            partitions: vec![PoStPartition {
                index: partition,
                skipped: BitField::new(),
            }],
            proofs: vec![PoStProof {
                post_proof: POST,
                proof_bytes: proof.to_vec(),
            }],
            chain_commit_epoch,
            chain_commit_rand: Randomness(drawn.to_vec()),
        }
    }

    /// Submits a proof of a partition of the deadline that is open.
    #[track_caller]
    pub fn submit(&self, stage: &mut Stage, partition: u64, proof: &[u8]) -> Outcome<()> {
        let params = self.post(stage, partition, proof);
        stage.call(self.worker, self.client.submit_windowed_post(params))
    }

    /// A call that disputes the only proof of a deadline.
    pub fn disputing(&self, deadline: u64) -> Call<()> {
        let post_index = 0;
        self.client
            .dispute_windowed_post(DisputeWindowedPoStParams {
                deadline,
                post_index,
            })
    }

    /// Disputes the only proof of a deadline.
    #[track_caller]
    pub fn dispute(&self, stage: &mut Stage, by: impl Who, deadline: u64) -> Outcome<()> {
        stage.call(by, self.disputing(deadline))
    }

    /// Declares a whole partition faulty, and that it will be proven again.
    #[track_caller]
    pub fn fail_and_recover(&self, stage: &mut Stage, deadline: u64, partition: u64) {
        let sectors = self.members(stage, deadline, partition);
        let sectors = BitField::try_from_bits(sectors).expect("numbers that fit in a set");
        let declared = vec![SectorDeclaration {
            deadline,
            partition,
            sectors,
        }];
        let faults = DeclareFaultsParams {
            faults: declared.clone(),
        };
        let call = self.client.declare_faults(faults);
        stage.call(self.worker, call).ok();
        let recoveries = DeclareFaultsRecoveredParams {
            recoveries: declared,
        };
        let call = self.client.declare_faults_recovered(recoveries);
        stage.call(self.worker, call).ok();
    }
}
