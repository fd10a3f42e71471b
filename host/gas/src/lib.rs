//! Gas: what every action of the host costs, at every network version, and who pays.
//!
//! Nothing here executes anything. The reading order is: [`Gas`] (an amount, in milligas), [`GasCharge`] (one entry
//! of the bill), [`GasTracker`] (the running bill of a message, with nested limits), [`PriceList`] (amounts per
//! event and network version), [`GasOutputs`] (the tokens that change hands at the end).
//!
//! All of it is consensus: arithmetic saturates or is exact, and no function panics on any input.
//!
//! Left out: the price of a Wasm instruction is only named here ([`WasmPrices`]); `host/engine` charges it.

mod amount;
mod charge;
mod chargeable;
mod hash;
mod outputs;
mod price;
mod prices;
mod tracker;
mod wasm;

pub use amount::{Gas, MILLIGAS_PER_GAS};
pub use charge::GasCharge;
pub use hash::{HashAlgorithm, UnknownHashAlgorithm};
pub use outputs::GasOutputs;
pub use price::PriceList;
pub use tracker::{GasTracker, OutOfGas};
pub use wasm::WasmPrices;
