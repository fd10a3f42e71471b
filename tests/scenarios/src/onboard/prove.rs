//! Windowed proofs.

use filigree_actor_miner::deadline_info::DeadlineInfo;
use filigree_actor_miner::params::SubmitWindowedPoStParams;
use filigree_actor_miner::partition::Partition;
use filigree_actor_miner::types::PoStPartition;
use filigree_builtin::POLICY;
use filigree_sandbox::{MOCK_PROOF, MockChain, Outcome};
use filigree_sdk::prelude::*;
use filigree_vm::Chain as _;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::PoStProof;
use multihash_codetable::{Code, MultihashDigest};

use super::{Provider, pass};
use crate::stage::Stage;

/// Purpose of the randomness that ties a proof to a chain (Filecoin spec, "Domain Separation Tags").
const TAG_POST_CHAIN_COMMIT: i64 = 9;

/// Proofs of every day.
impl Provider {
    /// Goes on to the next time that a deadline is open; stays, if it is open now.
    pub fn go_to_deadline(&self, stage: &mut Stage, index: u64) -> DeadlineInfo {
        let next = self.next_time(stage, index);
        pass(stage, next.open);
        self.now(stage)
    }

    /// Parameters that prove partitions of the deadline that is open.
    pub fn post(&self, stage: &Stage, partitions: Vec<PoStPartition>) -> SubmitWindowedPoStParams {
        let commit_epoch = stage.epoch() - 1;
        let post = self.seal.registered_window_post_proof();
        SubmitWindowedPoStParams {
            deadline: self.now(stage).index,
            partitions,
            proofs: vec![PoStProof {
                post_proof: post.expect("a seal proof has a windowed proof"),
                proof_bytes: MOCK_PROOF.to_vec(),
            }],
            chain_commit_epoch: commit_epoch,
            chain_commit_rand: self.chain_commit_rand(stage, commit_epoch),
        }
    }

    /// The randomness of the chain that a proof names, as the mock chain draws it.
    pub fn chain_commit_rand(&self, stage: &Stage, epoch: ChainEpoch) -> Randomness {
        let chain = MockChain {
            epoch: stage.epoch(),
            seed: 0,
            circulating_supply: TokenAmount::default(),
        };
        let digest = chain.chain_randomness(epoch).expect("an epoch that was");
        let tag = TAG_POST_CHAIN_COMMIT.to_be_bytes();
        let drawn = [&tag[..], &digest, &epoch.to_be_bytes()].concat();
        Randomness(Code::Blake2b256.digest(&drawn).digest().to_vec())
    }

    /// Submits a proof.
    pub fn submit(&self, stage: &mut Stage, params: SubmitWindowedPoStParams) -> Outcome<()> {
        stage.call(self.worker, self.client.submit_windowed_post(params))
    }

    /// Goes to the deadline of a sector and proves its partition, all of it.
    pub fn prove(&self, stage: &mut Stage, number: u64) {
        let (deadline, partition) = self.location(stage, number);
        self.go_to_deadline(stage, deadline);
        let post = self.post(stage, vec![whole(partition)]);
        self.submit(stage, post).ok();
    }

    /// Proves those partitions of some sectors that are not proven yet this day.
    pub fn prove_rest(&self, stage: &mut Stage, sectors: &[u64]) {
        for number in sectors {
            let (deadline, partition) = self.location(stage, *number);
            let posted = self.deadline(stage, deadline).partitions_posted;
            if !posted.get(partition) && self.partition(stage, *number).unproven.get(*number) {
                self.prove(stage, *number);
            }
        }
    }

    /// Lets time pass until an epoch, and proves all that can be proven in each deadline.
    pub fn keep_proving(&self, stage: &mut Stage, until: ChainEpoch) {
        keep_proving(stage, &[self], until);
    }

    /// Proves all that can be proven now.
    fn prove_due(&self, stage: &mut Stage) {
        let due = self.due(stage, self.now(stage).index);
        for partitions in due.chunks(POLICY.posted_partitions_max as usize) {
            let post = self.post(stage, partitions.iter().copied().map(whole).collect());
            self.submit(stage, post).ok();
        }
    }

    /// Partitions with something to prove that is not proven yet.
    fn due(&self, stage: &Stage, index: u64) -> Vec<u64> {
        let deadline = self.deadline(stage, index);
        let mut due = Vec::new();
        let store = &stage.store();
        let partitions = deadline.partitions_amt(store);
        let visited = partitions.and_then(|partitions| {
            partitions.for_each(|index, partition: Partition| {
                let lost = &partition.faults - &partition.recoveries;
                let good = &partition.live_sectors() - &lost;
                if !good.is_empty() && !deadline.partitions_posted.get(index) {
                    due.push(index);
                }
                Ok(())
            })
        });
        visited.expect("the partitions can be read");
        due
    }
}

/// Lets time pass until an epoch, while several miners prove all that they can.
pub fn keep_proving(stage: &mut Stage, miners: &[&Provider], until: ChainEpoch) {
    while stage.epoch() < until {
        let mut next = until;
        for miner in miners {
            miner.prove_due(stage);
            next = next.min(miner.now(stage).close);
        }
        pass(stage, next);
    }
}

/// A partition of which nothing is skipped.
pub fn whole(index: u64) -> PoStPartition {
    PoStPartition {
        index,
        skipped: BitField::new(),
    }
}
