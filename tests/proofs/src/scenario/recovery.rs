//! A window proof that brings faulty sectors back is verified at once.

use super::{REFUSED, proven};
use crate::spoilt::spoilt;
use crate::stage::Stage;

/// Faulty sectors come back with a good proof of that day.
pub fn recovery(stage: &mut Stage) {
    let (miner, partition, yesterday) = proven(stage);
    let (deadline, index) = (partition.deadline, partition.index);
    miner.fail_and_recover(stage, deadline, index);
    assert_eq!(miner.power(stage), (0, 0));
    let close = miner.go_to_deadline(stage, deadline).close;
    let good = miner.window_proof(stage, &partition.stored);
    let before = miner.state(stage);
    for spoilt in spoilt(&good, &yesterday) {
        let outcome = miner.submit(stage, index, &spoilt.bytes);
        assert_eq!(outcome.exit_code(), REFUSED, "{}", spoilt.what);
        assert_eq!(miner.state(stage), before, "{}", spoilt.what);
    }
    miner.submit(stage, index, &good).ok();
    assert_eq!(miner.power(stage), partition.power());
    // It was verified, so that there is nothing to dispute.
    stage.go_to(close);
    let lost = miner.dispute(stage, miner.worker, deadline);
    lost.expect_exit(REFUSED, "");
}
