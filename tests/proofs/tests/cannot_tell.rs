//! A node without a key cannot tell whether a proof is valid: the message gets no receipt, as if it had never been sent.

use filigree_proofs_params::Proof;
use filigree_sdk::call::Call;
use filigree_tests_proofs::{Actors, Prover, Provider, Stage, keys, scenario};

fn stage_without(proof: Proof) -> Stage {
    let prover = Prover::recorded().unwrap();
    Stage::new(&Actors::ours(), keys::verifier_without(&[proof]), prover)
}

/// The error names the file that verifies `missing`, and the command that brings it.
#[track_caller]
fn expect_no_receipt<R>(stage: &mut Stage, miner: &Provider, call: Call<R>, missing: Proof) {
    let files = keys::selection().with_proof(missing).files();
    let [file] = files.as_slice() else {
        panic!("{files:?}")
    };
    match stage.try_call(miner.worker, call) {
        Ok(code) => panic!("exit code {code}"),
        Err(error) => {
            let error = format!("{error:#}");
            for part in ["started without", &file.name(), "filigree params generate"] {
                assert!(error.contains(part), "{error}");
            }
            assert!(error.contains(&format!("--proof {missing}")), "{error}");
        }
    }
}

#[test]
fn a_seal_without_the_key() {
    let mut stage = stage_without(Proof::Porep);
    let (miner, announced) = scenario::challenged(&mut stage);
    let mut proofs = miner.seal_proofs(&mut stage, &announced);
    // Nor is a bad one refused.
    proofs[0][0] ^= 1;
    let mut params = miner.by_own_proofs(&announced, &proofs);
    params.require_activation_success = false;
    let call = miner.client.prove_commit_sectors3(params);
    expect_no_receipt(&mut stage, &miner, call, Proof::Porep);
}

#[test]
fn an_aggregate_without_the_reference_string() {
    let mut stage = stage_without(Proof::Aggregation);
    let (miner, announced) = scenario::challenged(&mut stage);
    let aggregate = miner.aggregate(&mut stage, &announced);
    let params = miner.by_aggregate(&announced, &aggregate);
    let call = miner.client.prove_commit_sectors3(params);
    expect_no_receipt(&mut stage, &miner, call, Proof::Aggregation);
}

#[test]
fn a_disputed_window_proof_without_the_key() {
    let mut stage = stage_without(Proof::WindowPost);
    // It is believed, with a key or without.
    let (miner, partition, _) = scenario::proven(&mut stage);
    let call = miner.disputing(partition.deadline);
    expect_no_receipt(&mut stage, &miner, call, Proof::WindowPost);
}

#[test]
fn a_recovery_without_the_key() {
    let mut stage = stage_without(Proof::WindowPost);
    let (miner, partition, _) = scenario::proven(&mut stage);
    miner.fail_and_recover(&mut stage, partition.deadline, partition.index);
    miner.go_to_deadline(&mut stage, partition.deadline);
    let proof = miner.window_proof(&mut stage, &partition.stored);
    let params = miner.post(&stage, partition.index, &proof);
    let call = miner.client.submit_windowed_post(params);
    expect_no_receipt(&mut stage, &miner, call, Proof::WindowPost);
}

#[test]
fn an_update_without_the_key() {
    let mut stage = stage_without(Proof::ReplicaUpdate);
    let (miner, partition, _) = scenario::proven(&mut stage);
    miner.await_mutable(&mut stage, partition.deadline);
    let sector = partition.stored[0].sector;
    let (updated, proof) = miner.encode(&mut stage, sector, scenario::PIECE);
    let params = miner.update(&stage, sector.number, &updated, &proof);
    let call = miner.client.prove_replica_updates3(params);
    expect_no_receipt(&mut stage, &miner, call, Proof::ReplicaUpdate);
}
