//! Sealing 2 KiB sectors, interrupted and not. Proofs themselves need parameters: those tests are slow, and ignored
//! unless `cargo xtask test --slow` runs them with a directory of development parameters.

mod full;
mod interrupted;
mod pool;
mod seal;
mod slow;
mod support;
