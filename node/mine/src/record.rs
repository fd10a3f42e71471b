//! What became of a miner's rounds, for whoever asks: RPC, metrics, tests.

use cid::Cid;
use fvm_shared::clock::ChainEpoch;

use crate::round::{Lost, Outcome};

/// What became of a miner's rounds since the process started.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// Rounds tried.
    pub rounds: u64,
    /// Rounds that ended with a block.
    pub blocks: u64,
    /// Rounds that were lost for some trouble.
    pub lost: u64,
    /// The last epoch that was tried.
    pub last_round: Option<ChainEpoch>,
    /// The last block, and its epoch.
    pub last_block: Option<(ChainEpoch, Cid)>,
    /// The last trouble, and its epoch.
    pub last_trouble: Option<(ChainEpoch, String)>,
    /// Why the miner may not make blocks, if it may not: as of the last round.
    pub barred: Option<String>,
}

impl Record {
    pub(crate) fn note(&mut self, epoch: ChainEpoch, outcome: &Result<Outcome, Lost>) {
        self.rounds += 1;
        self.last_round = Some(epoch);
        self.barred = None;
        match outcome {
            Ok(Outcome::NotElected) => {}
            Ok(Outcome::Barred(why)) => self.barred = Some(why.to_string()),
            Ok(Outcome::Mined { block, .. }) => {
                self.blocks += 1;
                self.last_block = Some((epoch, *block));
            }
            Err(trouble) => {
                self.lost += 1;
                self.last_trouble = Some((epoch, trouble.to_string()));
            }
        }
    }
}
