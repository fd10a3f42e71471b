//! TEMPORARY: the oracle again.
pub use crate::oracle::run;
