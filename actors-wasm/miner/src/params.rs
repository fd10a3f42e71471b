//! What methods take and return. Where others need the types too, they stand in `filigree_builtin::calls::miner`; those that are state as
//! well stand with the state.
//!
//! In reading order: `info` (who acts for the miner, and who earns), `sectors` (commitments, their data, their end), `proving` (windowed
//! proofs and faults), `status` (where a sector is and how it does), `funds`.

mod funds;
mod info;
mod proving;
mod sectors;
mod status;

pub use filigree_builtin::calls::miner::{
    ApplyRewardParams, DeferredCronEventParams, GetControlAddressesReturn, MinerConstructorParams,
};
pub use funds::*;
pub use info::*;
pub use proving::*;
pub use sectors::*;
pub use status::*;
