//! Taking datacap from a client, which the root and two verifiers must want.

use filigree_builtin::calls::account;
use filigree_builtin::ids;
use filigree_builtin::resolve::{resolve_existing, resolve_or_create};
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use super::check_root;
use crate::datacap;
use crate::params::{
    RemoveDataCapParams, RemoveDataCapProposal, RemoveDataCapRequest, RemoveDataCapReturn,
};
use crate::state::VerifiedRegistry;

/// What stands before a proposal when it is signed, so that no other signature will do.
const DOMAIN: &[u8] = b"fil_removedatacap:";

/// Destroys datacap of a client, as far as it has any.
pub(crate) fn remove_data_cap(
    ctx: &mut Context,
    params: &RemoveDataCapParams,
) -> Result<RemoveDataCapReturn> {
    let client = resolve_or_create(ctx, &params.verified_client_to_remove)?;
    let requests = [&params.verifier_request_1, &params.verifier_request_2];
    let first = resolve_existing(ctx, &requests[0].verifier)?;
    let second = resolve_existing(ctx, &requests[1].verifier)?;
    ensure!(
        first != second,
        illegal_argument,
        "two different verifiers must agree"
    );
    // Used up first, and given back if a signature is wrong: verifiers that are called may call back.
    let proposals = ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        check_root(ctx, state)?;
        ensure!(
            params.verified_client_to_remove != ids::address(ids::VERIFIED_REGISTRY),
            illegal_argument,
            "the registry's own datacap is its clients'"
        );
        state.use_proposals(ActorStore, [first, second], client)
    })?;
    let mut proposal = RemoveDataCapProposal {
        verified_client: Address::new_id(client),
        data_cap_amount: params.data_cap_amount_to_remove.clone(),
        removal_proposal_id: proposals[0],
    };
    check_agreement(ctx, requests[0], &proposal)?;
    proposal.removal_proposal_id = proposals[1];
    check_agreement(ctx, requests[1], &proposal)?;

    let removed = datacap::of(ctx, client)?.min(proposal.data_cap_amount.0);
    datacap::destroy(ctx, client, &removed)?;
    Ok(RemoveDataCapReturn {
        verified_client: proposal.verified_client,
        data_cap_removed: BigIntDe(removed),
    })
}

/// Fails unless the verifier signed the proposal.
fn check_agreement(
    ctx: &mut Context,
    request: &RemoveDataCapRequest,
    proposal: &RemoveDataCapProposal,
) -> Result<()> {
    let message = [DOMAIN, &cbor::encode(proposal)?].concat();
    let signature = request.signature.bytes().to_vec();
    let agreed = ctx.send(account::authenticate_message(
        request.verifier,
        signature,
        message,
    )?)?;
    ensure!(
        agreed,
        illegal_argument,
        "a verifier did not sign the proposal"
    );
    Ok(())
}
