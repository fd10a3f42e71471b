//! Maps and arrays over many blocks: HAMT and AMT, bit for bit those of the network, with values that stay encoded.
//!
//! A node keeps its block and points into it. So one machine code serves all types of values, a value is decoded only when it is
//! asked for, and goes back unchanged into the next node: small Wasm and little gas in actors, few copies in the host. The crates
//! `fvm_ipld_hamt` and `fvm_ipld_amt`, which decode whole nodes into types, are the oracles in tests.
//!
//! In reading order: [`blocks`] (where nodes are, and what can be wrong with them), [`cbor`] (item heads), [`hamt`], [`amt`].

pub mod amt;
pub mod blocks;
pub mod cbor;
pub mod hamt;

pub use amt::Amt;
pub use blocks::{Blocks, Broken, Slice};
pub use hamt::Hamt;
