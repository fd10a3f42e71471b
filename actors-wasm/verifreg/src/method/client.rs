//! Verifiers give datacap to clients.

use filigree_builtin::resolve::resolve_existing;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::check_allowance;
use crate::params::VerifierParams;
use crate::state::VerifiedRegistry;
use crate::{datacap, event};

/// Takes datacap from the calling verifier and mints it for the client.
pub(crate) fn add_verified_client(ctx: &mut Context, params: &VerifierParams) -> Result<()> {
    check_allowance(&params.allowance)?;
    let client = resolve_existing(ctx, &params.address)?;
    ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        let verifier = ctx.caller();
        let left = state.give(ActorStore, verifier, client, &params.allowance)?;
        event::verifier_balance(ctx, verifier, &left, Some(client))
    })?;
    datacap::mint(ctx, client, &params.allowance.0)
}
