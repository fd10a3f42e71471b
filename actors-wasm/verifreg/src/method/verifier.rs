//! The root makes verifiers.

use filigree_builtin::resolve::{resolve_existing, resolve_or_create};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use super::{check_allowance, check_root};
use crate::params::VerifierParams;
use crate::state::VerifiedRegistry;
use crate::{datacap, event};

/// Makes a verifier, or gives one another allowance. A client cannot be one.
pub(crate) fn add_verifier(ctx: &mut Context, params: &VerifierParams) -> Result<()> {
    check_allowance(&params.allowance)?;
    let verifier = resolve_existing(ctx, &params.address)?;
    let state: VerifiedRegistry = ctx.load()?;
    check_root(ctx, &state)?;
    ensure!(
        !state.is_root(verifier),
        illegal_argument,
        "the root cannot be a verifier"
    );
    ensure!(
        !datacap::has_any(ctx, verifier)?,
        illegal_argument,
        "f0{verifier} is a client, which cannot be a verifier"
    );
    ctx.transaction(|state: &mut VerifiedRegistry, _| {
        state.put_verifier(ActorStore, verifier, &params.allowance)
    })?;
    event::verifier_balance(ctx, verifier, &params.allowance, None)
}

/// Forgets a verifier.
pub(crate) fn remove_verifier(ctx: &mut Context, verifier: &Address) -> Result<()> {
    let verifier = resolve_or_create(ctx, verifier)?;
    ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        check_root(ctx, state)?;
        state.forget_verifier(ActorStore, verifier)
    })?;
    event::verifier_balance(ctx, verifier, &BigIntDe::default(), None)
}
