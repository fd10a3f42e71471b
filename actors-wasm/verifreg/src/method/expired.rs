//! Allocations that nobody claimed in time, and claims whose time is over.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use crate::nested::OpenNested;
use crate::params::{
    RemoveExpiredAllocationsParams, RemoveExpiredAllocationsReturn, RemoveExpiredClaimsParams,
    RemoveExpiredClaimsReturn,
};
use crate::rule::expired;
use crate::state::VerifiedRegistry;
use crate::{datacap, event};

/// Removes a client's expired allocations and gives the client its datacap back.
pub(crate) fn remove_expired_allocations(
    ctx: &mut Context,
    params: RemoveExpiredAllocationsParams,
) -> Result<RemoveExpiredAllocationsReturn> {
    let (now, client) = (ctx.epoch()?, params.client);
    let (considered, results, recovered) =
        ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
            let mut allocations = OpenNested::open(&state.allocations, ActorStore)?;
            let (considered, results) =
                expired(&mut allocations, client, params.allocation_ids, now)?;
            let mut recovered = 0;
            for &id in results.successes(&considered) {
                let removed = allocations.remove(client, id)?.ok_or_else(named_twice)?;
                event::allocation(ctx, "allocation-removed", id, &removed)?;
                recovered += u128::from(removed.size.0);
            }
            state.allocations = allocations.close()?;
            Ok((considered, results, recovered))
        })?;
    datacap::transfer(ctx, client, recovered)?;
    Ok(RemoveExpiredAllocationsReturn {
        considered,
        results,
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
        let mut claims = OpenNested::open(&state.claims, ActorStore)?;
        let (considered, results) = expired(&mut claims, provider, params.claim_ids, now)?;
        for &id in results.successes(&considered) {
            let removed = claims.remove(provider, id)?.ok_or_else(named_twice)?;
            event::claim(ctx, "claim-removed", id, &removed)?;
        }
        state.claims = claims.close()?;
        Ok(RemoveExpiredClaimsReturn {
            considered,
            results,
        })
    })
}

/// What release 18 takes for a bug of its own.
fn named_twice() -> Error {
    Error::assertion_failed("an id is named twice")
}
