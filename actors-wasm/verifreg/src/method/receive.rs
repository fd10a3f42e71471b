//! Datacap comes in, with what the client wants for it: new allocations and longer terms. Everything is done or nothing.

use filigree_builtin::calls::verifreg::{
    Allocation, AllocationRequest, AllocationRequests, AllocationsResponse, Claim,
    ClaimExtensionRequest, ClaimId,
};
use filigree_builtin::{BatchReturn, Type, ids};
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use filigree_sdk::receiver::Received;
use filigree_sdk::store::ActorStore;

use crate::nested::OpenNested;
use crate::rule::{check_extension, check_request};
use crate::state::VerifiedRegistry;
use crate::{datacap, event};

/// Makes allocations and extends claims for the tokens that came.
pub(crate) fn receive(ctx: &mut Context, received: &Received) -> Result<AllocationsResponse> {
    ctx.require_caller(&[ids::DATACAP])?;
    let tokens = received.tokens()?;
    ensure!(
        tokens.to == ctx.receiver(),
        illegal_argument,
        "the tokens are for f0{}",
        tokens.to
    );
    let client = tokens.from;
    let requests: AllocationRequests = cbor::decode(&tokens.operator_data)?;
    let allocations = new_allocations(ctx, client, requests.allocations)?;
    let extended = extended_claims(ctx, &requests.extensions)?;

    let size = |sizes: &mut dyn Iterator<Item = u64>| sizes.map(u128::from).sum::<u128>();
    let for_allocations = size(&mut allocations.iter().map(|a| a.size.0));
    let for_extensions = size(&mut extended.iter().map(|(_, claim)| claim.size.0));
    ensure!(
        datacap::is_worth(&tokens.amount, for_allocations + for_extensions),
        illegal_argument,
        "other tokens came than the requests need"
    );
    // What allocations cost is kept until they are claimed or expire.
    datacap::burn(ctx, for_extensions)?;

    let new_allocations = ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        let ids = state.insert_allocations(ActorStore, client, &allocations)?;
        for (&id, allocation) in ids.iter().zip(&allocations) {
            event::allocation(ctx, "allocation", id, allocation)?;
        }
        state.put_claims(ActorStore, &extended)?;
        for (id, claim) in &extended {
            event::claim(ctx, "claim-updated", *id, claim)?;
        }
        Ok(ids)
    })?;
    Ok(AllocationsResponse {
        allocation_results: BatchReturn::ok(allocations.len() as u32),
        extension_results: BatchReturn::ok(extended.len() as u32),
        new_allocations,
    })
}

/// The allocations that are asked for, to miners that exist: others could never claim them.
fn new_allocations(
    ctx: &Context,
    client: ActorID,
    requests: Vec<AllocationRequest>,
) -> Result<Vec<Allocation>> {
    let now = ctx.epoch()?;
    let mut known = None;
    let mut allocations = Vec::with_capacity(requests.len());
    for request in requests {
        check_request(&request, now)?;
        let provider = request.provider;
        if known != Some(provider) {
            ensure!(
                Type::of_actor(ctx, provider)? == Some(Type::Miner),
                illegal_argument,
                "f0{provider} is not a miner"
            );
            known = Some(provider);
        }
        allocations.push(Allocation {
            client,
            provider,
            data: request.data,
            size: request.size,
            term_min: request.term_min,
            term_max: request.term_max,
            expiration: request.expiration,
        });
    }
    Ok(allocations)
}

/// The claims that shall last longer, of whomever they are, with their new terms.
fn extended_claims(
    ctx: &Context,
    requests: &[ClaimExtensionRequest],
) -> Result<Vec<(ClaimId, Claim)>> {
    let mut extended = Vec::with_capacity(requests.len());
    if requests.is_empty() {
        return Ok(extended);
    }
    let now = ctx.epoch()?;
    let state: VerifiedRegistry = ctx.load()?;
    let mut claims = OpenNested::open(&state.claims, ActorStore)?;
    for request in requests {
        let claim = claims.get(request.provider, request.claim)?;
        let mut claim = claim.ok_or_else(|| {
            Error::not_found(format!(
                "f0{} has no claim {}",
                request.provider, request.claim
            ))
        })?;
        check_extension(&claim, request.term_max, now)?;
        claim.term_max = request.term_max;
        extended.push((request.claim, claim));
    }
    Ok(extended)
}
