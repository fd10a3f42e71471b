//! A storage miner: sectors, their proofs, faults and fees, and the money behind them.
//!
//! State, from the top: [`state`] (the miner), [`deadlines`] and [`deadline`] (sectors by the time they are proven at), [`partition`]
//! (sectors that are proven together), [`expiration_queue`] and [`bitfield_queue`] (when sectors end), [`sectors`] and [`types`] (what is
//! known of a sector, and of who acts for the miner), [`vesting`] (money that is freed over time).
//!
//! Rules: [`quantize`], [`deadline_info`] and [`assignment`] (time, and which sector is proven when), [`power`] (what sectors count for),
//! [`monies`] and [`fees`] (pledge, deposits, penalties, fees), [`policy`] (limits).

pub mod assignment;
pub mod bitfield_queue;
mod block;
pub mod deadline;
pub mod deadline_info;
pub mod deadlines;
pub mod expiration_queue;
pub mod expiration_set;
pub mod extrapolate;
pub mod fees;
pub mod int;
pub mod monies;
pub mod partition;
pub mod policy;
pub mod power;
pub mod quantize;
pub mod sector_map;
pub mod sectors;
pub mod state;
pub mod termination;
pub mod types;
pub mod vesting;
