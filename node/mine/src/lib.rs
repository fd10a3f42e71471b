//! Making blocks (Filecoin spec, "Block Producer"; Lotus, `miner`).
//!
//! Each miner of this process tries its luck once in every epoch: it takes the heaviest tipset of an earlier epoch as the parents,
//! draws, and if it has won shows the sectors it is asked for, puts messages into a block, signs it, and hands it to the node's
//! one door for blocks, as a block from elsewhere would come in ([`filigree_sync::Intake`]). Miners that share a process share
//! nothing but chain, pool and wallet: when a second one wins the same epoch, the head goes from {A} to {A, B}, which is a
//! reorganisation like any other.
//!
//! An epoch that goes wrong, because a proof fails or state cannot be computed, is lost, with the reason in the log and in
//! [`Mining::records`]; the next is tried.
//!
//! In reading order: [`clock`] (what time it is, and for whom), [`pace`] (when in an epoch what is done), [`beacon`],
//! [`prover`]; [`hold`] (what keeps time from passing); [`round`] (one miner, one epoch) with `election` and `assemble`; [`last`] (never two blocks where one is allowed), [`guard`] (not over RPC either);
//! [`record`] (what became of rounds); `wall` (rounds by the clock on the wall), [`mining`] (all of it, and rounds on demand),
//! `instant` (rounds when a message comes), `stop`.

mod assemble;
pub mod beacon;
pub mod clock;
mod election;
pub mod guard;
pub mod hold;
mod instant;
pub mod last;
pub mod mining;
pub mod pace;
pub mod prover;
pub mod record;
pub mod round;
mod stop;
mod wall;

pub use beacon::{Beacon, BeaconError};
pub use clock::Clock;
pub use guard::{Guard, GuardError, GuardParts};
pub use hold::Hold;
pub use last::LastBlocks;
pub use mining::{AdvanceError, Hook, InstantError, Mining, StartError};
pub use prover::{MockWinning, WinningProver};
pub use record::Record;
pub use round::{Barred, Lost, MinerIdentity, Outcome, Parts};
