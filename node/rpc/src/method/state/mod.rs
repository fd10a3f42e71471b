//! State: what is asked of it, and what would become of it. Methods that take a tipset speak of the state that the tipset's
//! messages ran on, its parents' result, as Lotus does.
//!
//! [`call`] tries and repeats messages, [`search`] finds them on chain, [`actors`] reads any actor, [`miner`], [`sector`],
//! [`market`], [`pending`], [`pledge`] and [`network`] the built-in ones.

pub mod actors;
pub mod call;
pub mod market;
pub mod miner;
pub mod network;
pub mod pending;
pub mod pledge;
pub mod search;
pub mod sector;
