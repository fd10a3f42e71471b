//! Claims: miners make them, clients let them last longer, anyone may look at them.

use filigree_builtin::calls::verifreg::{
    Allocation, Claim, ClaimAllocationsParams, ClaimAllocationsReturn, ClaimId, GetClaimsParams,
    GetClaimsReturn, SectorAllocationClaims, SectorClaimSummary,
};
use filigree_builtin::{BatchReturn, POLICY, Type, internal_api};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use crate::nested::OpenNested;
use crate::params::ExtendClaimTermsParams;
use crate::rule::{can_claim, check_term};
use crate::state::VerifiedRegistry;
use crate::{datacap, event};

/// Makes claims of allocations to the calling miner, and destroys their datacap. A sector whose claims are not all in order gets none.
pub(crate) fn claim_allocations(
    ctx: &mut Context,
    params: &ClaimAllocationsParams,
) -> Result<ClaimAllocationsReturn> {
    internal_api::require_type(ctx, &[Type::Miner])?;
    ensure!(
        !params.sectors.is_empty(),
        illegal_argument,
        "no sectors are named"
    );
    let (provider, now) = (ctx.caller(), ctx.epoch()?);
    let (mut sector_results, mut sector_claims) = (BatchReturn::default(), Vec::new());
    let mut total = 0;
    ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        let mut claims = OpenNested::open(&state.claims, ActorStore)?;
        let mut allocations = OpenNested::open(&state.allocations, ActorStore)?;
        for sector in &params.sectors {
            let new = match claims_of_sector(&mut allocations, sector, provider, now)? {
                Ok(new) => new,
                Err(code) => {
                    sector_results.add_fail(code);
                    continue;
                }
            };
            let mut space = 0;
            for (id, claim) in &new {
                let is_new = claims.insert(provider, *id, claim)?;
                ensure!(is_new, illegal_argument, "claim {id} exists");
                event::claim(ctx, "claim", *id, claim)?;
                allocations.remove(claim.client, *id)?;
                space += u128::from(claim.size.0);
            }
            total += space;
            sector_results.add_success();
            sector_claims.push(SectorClaimSummary {
                claimed_space: BigIntDe(space.into()),
            });
        }
        state.allocations = allocations.close()?;
        state.claims = claims.close()?;
        Ok(())
    })?;
    ensure!(
        sector_results.all_ok() || !params.all_or_nothing,
        illegal_argument,
        "not all claims are in order"
    );
    datacap::burn(ctx, total)?;
    Ok(ClaimAllocationsReturn {
        sector_results,
        sector_claims,
    })
}

/// The claims that a sector's allocations become, or why they cannot.
fn claims_of_sector<S: Blocks + Copy>(
    allocations: &mut OpenNested<S, Allocation>,
    sector: &SectorAllocationClaims,
    provider: ActorID,
    now: ChainEpoch,
) -> Result<std::result::Result<Vec<(ClaimId, Claim)>, ExitCode>> {
    let mut new = Vec::with_capacity(sector.claims.len());
    for claim in &sector.claims {
        let Some(allocation) = allocations.get(claim.client, claim.allocation_id)? else {
            return Ok(Err(ExitCode::USR_NOT_FOUND));
        };
        if !can_claim(claim, &allocation, provider, sector.expiry, now) {
            return Ok(Err(ExitCode::USR_FORBIDDEN));
        }
        let claimed = Claim {
            provider,
            client: allocation.client,
            data: allocation.data,
            size: allocation.size,
            term_min: allocation.term_min,
            term_max: allocation.term_max,
            term_start: now,
            sector: sector.sector,
        };
        new.push((claim.allocation_id, claimed));
    }
    Ok(Ok(new))
}

/// Some of a miner's claims.
pub(crate) fn get_claims(
    state: &VerifiedRegistry,
    params: &GetClaimsParams,
) -> Result<GetClaimsReturn> {
    let mut open = OpenNested::open(&state.claims, ActorStore)?;
    let (mut batch_info, mut claims) = (BatchReturn::default(), Vec::new());
    for &id in &params.claim_ids {
        match open.get(params.provider, id)? {
            Some(claim) => {
                batch_info.add_success();
                claims.push(claim);
            }
            None => batch_info.add_fail(ExitCode::USR_NOT_FOUND),
        }
    }
    Ok(GetClaimsReturn { batch_info, claims })
}

/// Lets claims of the caller's datacap last longer, even expired ones.
pub(crate) fn extend_claim_terms(
    ctx: &mut Context,
    params: &ExtendClaimTermsParams,
) -> Result<BatchReturn> {
    ctx.transaction(|state: &mut VerifiedRegistry, ctx| {
        let mut claims = OpenNested::open(&state.claims, ActorStore)?;
        let mut results = BatchReturn::default();
        for term in &params.terms {
            if term.term_max > POLICY.maximum_verified_allocation_term {
                results.add_fail(ExitCode::USR_ILLEGAL_ARGUMENT);
                continue;
            }
            let Some(mut claim) = claims.get(term.provider, term.claim_id)? else {
                results.add_fail(ExitCode::USR_NOT_FOUND);
                continue;
            };
            let code = check_term(&claim, ctx.caller(), term.term_max);
            results.add(code);
            if code.is_success() {
                claim.term_max = term.term_max;
                claims.set(term.provider, term.claim_id, &claim)?;
                event::claim(ctx, "claim-updated", term.claim_id, &claim)?;
            }
        }
        state.claims = claims.close()?;
        Ok(results)
    })
}
