//! One miner, one epoch.

use std::fmt;
use std::mem::{Discriminant, discriminant};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cid::Cid;
use filigree_blocks::{FullBlock, Tipset};
use filigree_chain::{Chain, ChainError, Taken};
use filigree_mempool::Pool;
use filigree_node_state::States;
use filigree_store::Durability;
use filigree_sync::{Intake, IntakeError};
use filigree_wallet::{Wallet, WalletError};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use tracing::{debug, info, warn};

use crate::beacon::{Beacon, BeaconError};
use crate::election::{Drawn, Proved, Win};
use crate::hold::Hold;
use crate::last::{LastBlocks, SecondBlock};
use crate::prover::WinningProver;
use crate::record::Record;

/// What miners work with.
pub struct Parts {
    /// The chain.
    pub chain: Arc<Chain>,
    /// What its tipsets make of state.
    pub states: States,
    /// Messages.
    pub pool: Arc<Pool>,
    /// Where blocks go.
    pub intake: Arc<Intake>,
    /// Has the keys of the miners' workers.
    pub wallet: Arc<Wallet>,
    /// What they made, of which there must be no second. The process has one.
    pub last: Arc<LastBlocks>,
    /// The random beacon.
    pub beacon: Beacon,
    /// Makes winning proofs.
    pub prover: Arc<dyn WinningProver>,
    /// Who may hold an epoch back, on a network of one's own.
    pub hold: Option<Hold>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// A miner of this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MinerIdentity {
    /// Its id.
    pub id: ActorID,
    /// The address of its worker's key (f3), which is in the wallet. Blocks are signed by the worker that state names, which is
    /// another one after the miner has changed its worker.
    pub worker: Address,
}

/// What came of a round.
#[derive(Debug)]
pub enum Outcome {
    /// Others were luckier.
    NotElected,
    /// The miner may not make blocks.
    Barred(Barred),
    /// A block.
    Mined {
        /// Its CID.
        block: Cid,
        /// Whether it made the head.
        taken: Taken,
    },
}

/// Why a miner may not make blocks.
#[derive(PartialEq, Debug, thiserror::Error)]
pub enum Barred {
    /// It is not in the state of a lookback ago, or has no power or no sector there.
    #[error("it had no power a lookback ago")]
    NoPower,
    /// Nobody has power: what is built on such a state has no weight (Filecoin spec, "Chain Weighting"), so no block becomes the head.
    #[error(
        "no sector of the network is proven any more, so no block has weight, and none can bring a proof: this chain has ended. \
         Its state can still be read and exported; begin a new network with `filigree devnet --reset`"
    )]
    DeadNetwork,
    /// A rule of consensus.
    #[error(transparent)]
    Rule(filigree_consensus::Reason),
}

/// Why an epoch was lost.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// The beacon's entries.
    #[error(transparent)]
    Beacon(#[from] BeaconError),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// State.
    #[error("state: {0}")]
    State(Box<filigree_node_state::Error>),
    /// The key of the worker.
    #[error("the worker's key {worker}: {error}")]
    Worker {
        /// The worker.
        worker: Address,
        /// Why it cannot be used.
        error: Box<WalletError>,
    },
    /// A worker's key of another kind.
    #[error("the worker {0} is no BLS key, and cannot draw")]
    NotBls(Address),
    /// The winning proof.
    #[error("the winning proof cannot be made: {0:#}")]
    Proof(anyhow::Error),
    /// The selection of messages.
    #[error("messages cannot be selected: {0:#}")]
    Selection(anyhow::Error),
    /// The block cannot be put together.
    #[error("the block cannot be put together: {0:#}")]
    Assembly(anyhow::Error),
    /// It would be a second block.
    #[error(transparent)]
    Second(#[from] SecondBlock),
    /// Our own door does not let it in.
    #[error("our own block {block} is not taken: {error}")]
    NotTaken {
        /// The block.
        block: Box<Cid>,
        /// Why.
        error: Box<IntakeError>,
    },
    /// It was called off.
    #[error("mining was stopped")]
    Stopped,
}

impl From<filigree_node_state::Error> for Lost {
    fn from(error: filigree_node_state::Error) -> Self {
        Self::State(Box::new(error))
    }
}

/// A miner at work.
pub(crate) struct Miner {
    pub identity: MinerIdentity,
    pub parts: Arc<Parts>,
    /// The last winning proof: one that was made on parents which others replaced serves again.
    pub proved: Mutex<Option<Proved>>,
    record: Mutex<Record>,
    told: Mutex<Told>,
}

/// A kind of trouble.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trouble {
    Barred(Discriminant<Barred>),
    Lost(Discriminant<Lost>),
}

impl Trouble {
    fn of(outcome: &Result<Outcome, Lost>) -> Option<Self> {
        match outcome {
            Ok(Outcome::Barred(why)) => Some(Self::Barred(discriminant(why))),
            Err(Lost::Stopped) | Ok(_) => None,
            Err(why) => Some(Self::Lost(discriminant(why))),
        }
    }
}

/// What was last said of a miner's trouble. An epoch comes every few seconds, and the same trouble need not be said in each.
#[derive(Default, Debug)]
struct Told {
    trouble: Option<Trouble>,
    epochs: u64,
}

impl Told {
    /// Whether it is to be said: in the first epoch of such trouble, the 128th, the 256th, and so on.
    fn hears(&mut self, trouble: Option<Trouble>) -> bool {
        if self.trouble != trouble {
            (self.trouble, self.epochs) = (trouble, 0);
        }
        self.epochs += 1;
        trouble.is_some() && (self.epochs == 1 || self.epochs.is_multiple_of(128))
    }
}

impl Miner {
    pub fn new(identity: MinerIdentity, parts: Arc<Parts>) -> Self {
        Self {
            identity,
            parts,
            proved: Mutex::new(None),
            record: Mutex::new(Record::default()),
            told: Mutex::default(),
        }
    }

    /// Its address, as blocks name it.
    pub fn address(&self) -> Address {
        Address::new_id(self.identity.id)
    }

    pub fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tries an epoch. `wait` is called before messages are selected and before the block goes out, and says whether to go on.
    pub fn round(&self, epoch: ChainEpoch, wait: impl Fn(Step) -> bool) -> Result<Outcome, Lost> {
        let outcome = self.try_round(epoch, wait);
        let miner = self.address();
        if let Ok(Outcome::Mined { block, taken }) = &outcome {
            info!(%miner, epoch, %block, ?taken, "mined a block");
        }
        let trouble = Trouble::of(&outcome);
        let is_said = self.told().hears(trouble);
        match &outcome {
            Ok(Outcome::Barred(why)) if is_said => {
                warn!(%miner, epoch, %why, "the miner may not make blocks")
            }
            Ok(Outcome::Barred(why)) => {
                debug!(%miner, epoch, %why, "the miner may still not make blocks")
            }
            Err(why) if is_said => warn!(%miner, epoch, %why, "the epoch is lost"),
            Err(why) => debug!(%miner, epoch, %why, "the epoch is lost, too"),
            Ok(_) => {}
        }
        self.record().note(epoch, &outcome);
        outcome
    }

    fn try_round(&self, epoch: ChainEpoch, wait: impl Fn(Step) -> bool) -> Result<Outcome, Lost> {
        let mut win = match self.draw(epoch, self.base(epoch)?)? {
            Drawn::Won(win) => win,
            Drawn::Lost(outcome) => return Ok(outcome),
        };
        go_on(wait(Step::Select))?;
        // A heavier tipset may have come meanwhile.
        let base = self.base(epoch)?;
        if base != win.parents {
            win = match self.draw(epoch, base)? {
                Drawn::Won(win) => win,
                Drawn::Lost(outcome) => return Ok(outcome),
            };
        }
        let block = self.assemble(&win)?;
        go_on(wait(Step::Release))?;
        self.release(&win, &block)
    }

    /// The parents of a block at an epoch: the last tipset of the heaviest chain before it. Where the head is of that epoch
    /// already, this block will stand beside its blocks.
    fn base(&self, epoch: ChainEpoch) -> Result<Tipset, ChainError> {
        let mut base = self.parts.chain.head();
        while base.height() >= epoch && base.height() > 0 {
            base = self.parts.chain.parents(&base)?;
        }
        Ok(base)
    }

    /// Writes down that there is a block, and shows it.
    fn release(&self, win: &Win, block: &FullBlock) -> Result<Outcome, Lost> {
        let (chain, intake) = (&self.parts.chain, &self.parts.intake);
        let cid = block.header.cid();
        let miner = self.identity.id;
        let is_stored = |block: &Cid| is_stored(chain, block);
        let last = &self.parts.last;
        let claimed = last.claim(miner, win.epoch, cid, &win.parents, is_stored);
        if let Err(SecondBlock::Parents { block, .. } | SecondBlock::LeftOut { block, .. }) =
            &claimed
        {
            // It is good and not in the chain: something went wrong, or the head was set back.
            self.show_again(block);
            self.show_last_again();
        }
        claimed?;
        let taken = intake.submit(block);
        let taken = taken.map_err(|error| Lost::NotTaken {
            block: Box::new(cid),
            error: Box::new(error),
        })?;
        self.note_shown(win.epoch, taken);
        Ok(Outcome::Mined { block: cid, taken })
    }

    /// Takes down that a block was shown. Until then it counts as seen for as long as it is in the store.
    fn note_shown(&self, epoch: ChainEpoch, taken: Taken) {
        let durability = match taken {
            // The block itself is on disk now, and after a loss of power it is shown again.
            Taken::Head => Durability::Buffered,
            _ => Durability::Synced,
        };
        if let Err(error) = self.parts.last.show(self.identity.id, epoch, durability) {
            warn!(miner = %self.address(), epoch, %error, "that a block was shown is not taken down");
        }
    }

    /// Shows the last block again, if it was stored: a kill may have come before the chain took it.
    pub fn show_last_again(&self) {
        if let Ok(Some(last)) = self.parts.last.get(self.identity.id) {
            self.show_again(&last.block);
        }
    }

    fn show_again(&self, block: &Cid) {
        let chain = &self.parts.chain;
        let found = chain.block(block);
        let Ok(full) = found.and_then(|header| chain.full_block(&header)) else {
            return;
        };
        let epoch = full.header.height;
        match self.parts.intake.submit(&full) {
            Ok(taken) => self.note_shown(epoch, taken),
            Err(error) => {
                let miner = self.address();
                warn!(%miner, epoch, %block, %error, "a block of the miner is not taken again");
            }
        }
    }
}

/// Whether a block is in the store. That it cannot be read does not say that it is not.
pub(crate) fn is_stored(chain: &Chain, block: &Cid) -> Result<bool, ChainError> {
    match chain.block(block) {
        Ok(_) => Ok(true),
        Err(ChainError::Missing { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a round waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The time to select messages.
    Select,
    /// The time at which the block goes out.
    Release,
}

fn go_on(waited: bool) -> Result<(), Lost> {
    if waited { Ok(()) } else { Err(Lost::Stopped) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_trouble_is_not_said_in_each_epoch() {
        let mut told = Told::default();
        let barred = Trouble::of(&Ok(Outcome::Barred(Barred::DeadNetwork)));
        let said = (1..=256).filter(|_| told.hears(barred)).count();
        assert_eq!(said, 3);
        let other = Trouble::of(&Err(Lost::Proof(anyhow::anyhow!("damaged"))));
        assert!(told.hears(other) && !told.hears(other));
        assert!(!told.hears(Trouble::of(&Ok(Outcome::NotElected))));
        assert!(told.hears(other), "it is there again");
        assert!(!told.hears(Trouble::of(&Err(Lost::Stopped))));
    }
}
