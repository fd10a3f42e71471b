//! Claims: miners make them, clients let them last longer.

use filigree_builtin::calls::verifreg::{ClaimAllocationsParams, ClaimAllocationsReturn};
use filigree_builtin::{BatchReturn, Type, internal_api};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use crate::params::ExtendClaimTermsParams;
use crate::state::VerifiedRegistry;
use crate::{datacap, event};

/// Makes claims of allocations to the calling miner, and destroys their datacap.
pub(crate) fn claim_allocations(
    ctx: &mut Context,
    params: &ClaimAllocationsParams,
) -> Result<ClaimAllocationsReturn> {
    internal_api::require_type(ctx, &[Type::Miner])?;
    let (provider, sectors) = (ctx.caller(), &params.sectors);
    ensure!(
        !sectors.is_empty(),
        illegal_argument,
        "no sectors are named"
    );
    let now = ctx.epoch()?;
    let claimed = ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        let claimed = state.claim_sectors(ActorStore, provider, sectors, now)?;
        for (id, claim) in &claimed.claims {
            event::claim(ctx, "claim", *id, claim)?;
        }
        Ok(claimed)
    })?;
    ensure!(
        claimed.results.all_ok() || !params.all_or_nothing,
        illegal_argument,
        "not all claims are in order"
    );
    datacap::burn(ctx, claimed.space)?;
    Ok(ClaimAllocationsReturn {
        sector_results: claimed.results,
        sector_claims: claimed.summaries,
    })
}

/// Lets claims of the caller's datacap last longer.
pub(crate) fn extend_claim_terms(
    ctx: &mut Context,
    params: &ExtendClaimTermsParams,
) -> Result<BatchReturn> {
    ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        let (results, extended) = state.extend_terms(ActorStore, ctx.caller(), &params.terms)?;
        for (id, claim) in &extended {
            event::claim(ctx, "claim-updated", *id, claim)?;
        }
        Ok(results)
    })
}
