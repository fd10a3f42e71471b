//! A storage miner: sectors, their proofs, faults and fees, and the money behind them.
//!
//! State, from the top: [`state`] (the miner), [`deadlines`] and [`deadline`] (sectors by the time they are proven at), [`partition`]
//! (sectors that are proven together), [`expiration_queue`] and [`bitfield_queue`] (when sectors end), [`sectors`] and [`types`] (what is
//! known of a sector, and of who acts for the miner), [`vesting`] (money that is freed over time).
//!
//! Rules: [`quantize`], [`deadline_info`] and [`assignment`] (time, and which sector is proven when), [`power`] (what sectors count for),
//! [`monies`] and [`fees`] (pledge, deposits, penalties, fees), [`policy`] (limits).

pub mod bitfield_queue;
mod block;
pub mod deadline_info;
pub mod expiration_queue;
pub mod expiration_set;
pub mod int;
pub mod partition;
pub mod policy;
pub mod power;
pub mod quantize;
pub mod sectors;
pub mod termination;
pub mod types;
