//! What is done with real proofs, and what must come of it. Exit codes are those that the official actors give (builtin-actors v18.0.0):
//! whatever is wrong with a proof, `USR_ILLEGAL_ARGUMENT`.

mod aggregate;
mod dispute;
mod recovery;
mod seal;
mod update;

use filigree_sdk::prelude::*;

use crate::provider::{Announced, Provider, SECTOR_BYTES};
use crate::question::{Data, Stored};
use crate::stage::Stage;

pub use aggregate::aggregate;
pub use dispute::dispute;
pub use recovery::recovery;
pub use seal::seal;
pub use update::update;

/// A scenario: its name, and what it does. It panics if something comes out otherwise.
pub type Scenario = (&'static str, fn(&mut Stage));

/// All of them.
pub const ALL: [Scenario; 5] = [
    ("seal", seal),
    ("aggregate", aggregate),
    ("dispute", dispute),
    ("recovery", recovery),
    ("update", update),
];

/// What the actor exits with for a proof that is none.
const REFUSED: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

/// A piece of half a sector.
pub const PIECE: Data = Data {
    byte: 0x5a,
    piece_bytes: 1 << 10,
};

/// A miner and its sectors 1 to 4, the last of which has a piece: sealed, pre-committed, challenged, and to be proven now.
#[track_caller]
pub fn challenged(stage: &mut Stage) -> (Provider, Vec<Announced>) {
    let miner = Provider::create(stage);
    let sectors = [(1, None), (2, None), (3, None), (4, Some(PIECE))];
    let announced = miner.announce(stage, &sectors);
    miner.await_challenge(stage);
    (miner, announced)
}

/// The same, proven.
#[track_caller]
pub fn committed(stage: &mut Stage) -> (Provider, Vec<Announced>) {
    let (miner, announced) = challenged(stage);
    let proofs = miner.seal_proofs(stage, &announced);
    let params = miner.by_own_proofs(&announced, &proofs);
    assert!(miner.prove_commit(stage, params).ok().all_ok());
    (miner, announced)
}

/// A partition of a miner.
#[derive(Clone, Debug)]
pub struct Partition {
    /// Its deadline.
    pub deadline: u64,
    /// Its place there.
    pub index: u64,
    /// The first replicas of its sectors.
    pub stored: Vec<Stored>,
    /// The first replicas of all other sectors.
    pub others: Vec<Stored>,
}

impl Partition {
    /// The partition of the first of some sectors.
    pub fn of_first(stage: &Stage, miner: &Provider, announced: &[Announced]) -> Self {
        let (deadline, index) = miner.location(stage, announced[0].number());
        let members = miner.members(stage, deadline, index);
        let stored = announced.iter().map(|announced| Stored {
            sector: announced.sector,
            update: None,
        });
        let (stored, others) = stored.partition(|one| members.contains(&one.sector.number));
        Self {
            deadline,
            index,
            stored,
            others,
        }
    }

    /// Raw and quality-adjusted power of its sectors, which have no verified data; bytes.
    pub fn power(&self) -> (u64, u64) {
        let power = self.stored.len() as u64 * SECTOR_BYTES;
        (power, power)
    }
}

/// A miner whose sectors are committed, with a partition whose deadline is over: it was proven by that proof.
#[track_caller]
pub fn proven(stage: &mut Stage) -> (Provider, Partition, Vec<u8>) {
    let (miner, announced) = committed(stage);
    let partition = Partition::of_first(stage, &miner, &announced);
    let close = miner.go_to_deadline(stage, partition.deadline).close;
    let proof = miner.window_proof(stage, &partition.stored);
    miner.submit(stage, partition.index, &proof).ok();
    stage.go_to(close);
    assert_eq!(miner.power(stage), partition.power());
    (miner, partition, proof)
}
