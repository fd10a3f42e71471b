//! What requests must fulfil, with nothing but numbers: which allocations may be made and claimed, how long claims may last, what has
//! expired (FIP-0045).

mod allocation;
mod expiry;
mod extension;

pub(crate) use allocation::{can_claim, check_request};
pub(crate) use expiry::{Removed, remove_expired};
pub(crate) use extension::{check_extension, check_term};
