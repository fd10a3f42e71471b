//! Window proofs are believed when they come, and verified when somebody disputes them (FIP-0010).

use filigree_sdk::prelude::*;

use super::{Partition, REFUSED, committed};
use crate::spoilt::spoilt;
use crate::stage::Stage;

/// A dispute falls to a good proof, and wins against every other.
pub fn dispute(stage: &mut Stage) {
    let (miner, announced) = committed(stage);
    let watcher = stage.account(TokenAmount::default());
    let partition = Partition::of_first(stage, &miner, &announced);
    let (deadline, index) = (partition.deadline, partition.index);
    assert_eq!((partition.stored.len(), partition.others.len()), (2, 2));
    let close = miner.go_to_deadline(stage, deadline).close;
    let good = miner.window_proof(stage, &partition.stored);
    let of_others = miner.window_proof(stage, &partition.others);
    let open = stage.checkpoint();
    for spoilt in spoilt(&good, &of_others) {
        miner.submit(stage, index, &spoilt.bytes).ok();
        assert_eq!(miner.power(stage), partition.power(), "it is believed");
        stage.go_to(close);
        miner.dispute(stage, watcher, deadline).ok();
        assert_eq!(miner.power(stage), (0, 0), "{}", spoilt.what);
        let reward = TokenAmount::from_whole(4);
        assert_eq!(stage.balance(watcher), reward, "{}", spoilt.what);
        // Only once.
        let again = miner.dispute(stage, watcher, deadline);
        assert_eq!(again.exit_code(), REFUSED, "{}", spoilt.what);
        stage.revert(&open);
    }
    miner.submit(stage, index, &good).ok();
    let early = miner.dispute(stage, watcher, deadline);
    early.expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.go_to(close);
    let lost = miner.dispute(stage, watcher, deadline);
    lost.expect_exit(REFUSED, "");
    assert_eq!(miner.power(stage), partition.power());
    assert_eq!(stage.balance(watcher), TokenAmount::default());
}
