//! What built-in actors call of each other, in one file for each actor that is called: parameters, returns, and functions that make the
//! call. Crates of actors cannot depend on each other in circles, so these stand here; each actor uses the types of its file for its own
//! methods.

pub mod account;
pub mod datacap;
pub mod init;
pub mod market;
pub mod miner;
pub mod power;
pub mod reward;
pub mod verifreg;
