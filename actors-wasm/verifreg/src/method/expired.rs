//! Allocations that nobody claimed in time, and claims whose time is over.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use crate::params::{
    RemoveExpiredAllocationsParams, RemoveExpiredAllocationsReturn, RemoveExpiredClaimsParams,
    RemoveExpiredClaimsReturn,
};
use crate::state::VerifiedRegistry;
use crate::{datacap, event};

/// Removes a client's expired allocations and gives the client its datacap back.
pub(crate) fn remove_expired_allocations(
    ctx: &mut Context,
    params: RemoveExpiredAllocationsParams,
) -> Result<RemoveExpiredAllocationsReturn> {
    let (now, client) = (ctx.epoch()?, params.client);
    let ended = ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        let ended = state.remove_allocations(ActorStore, client, params.allocation_ids, now)?;
        for (id, allocation) in &ended.removed {
            event::allocation(ctx, "allocation-removed", *id, allocation)?;
        }
        Ok(ended)
    })?;
    let recovered = ended.removed.iter().map(|(_, a)| u128::from(a.size.0));
    let recovered = recovered.sum();
    datacap::transfer(ctx, client, recovered)?;
    Ok(RemoveExpiredAllocationsReturn {
        considered: ended.considered,
        results: ended.results,
        datacap_recovered: BigIntDe(recovered.into()),
    })
}

/// Removes a provider's expired claims.
pub(crate) fn remove_expired_claims(
    ctx: &mut Context,
    params: RemoveExpiredClaimsParams,
) -> Result<RemoveExpiredClaimsReturn> {
    let (now, provider) = (ctx.epoch()?, params.provider);
    ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        let ended = state.remove_claims(ActorStore, provider, params.claim_ids, now)?;
        for (id, claim) in &ended.removed {
            event::claim(ctx, "claim-removed", *id, claim)?;
        }
        Ok(RemoveExpiredClaimsReturn {
            considered: ended.considered,
            results: ended.results,
        })
    })
}
