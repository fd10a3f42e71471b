//! The fork signal of a header: a number by which miners could vote on a fork. No fork was ever voted on.
//!
//! There is no rule for it: blocks with any signal are good, and it counts only in that it is signed like the rest.

/// What blocks that are made here signal: nothing.
pub const NO_SIGNAL: u64 = 0;
