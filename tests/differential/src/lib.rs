//! The host beside the reference host: same genesis, same messages, same results.

pub mod chain;
pub mod oracle;
pub mod outcome;
pub mod setup;
pub mod store;
