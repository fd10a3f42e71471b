//! What the methods do, beyond what their state does.

mod claim;
mod client;
mod expired;
mod receive;
mod removal;
mod verifier;

pub(crate) use claim::{claim_allocations, extend_claim_terms};
pub(crate) use client::add_verified_client;
pub(crate) use expired::{remove_expired_allocations, remove_expired_claims};
pub(crate) use receive::receive;
pub(crate) use removal::remove_data_cap;
pub(crate) use verifier::{add_verifier, remove_verifier};

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use crate::state::VerifiedRegistry;

/// Fails if datacap is less than the smallest allocation needs.
fn check_allowance(allowance: &BigIntDe) -> Result<()> {
    ensure!(
        allowance.0 >= BigInt::from(POLICY.minimum_verified_allocation_size),
        illegal_argument,
        "less datacap than any allocation needs"
    );
    Ok(())
}

/// Fails unless the root called.
fn check_root(ctx: &Context, state: &VerifiedRegistry) -> Result<()> {
    let caller = ctx.caller();
    ensure!(
        state.is_root(caller),
        forbidden,
        "f0{caller} is not the root"
    );
    Ok(())
}
