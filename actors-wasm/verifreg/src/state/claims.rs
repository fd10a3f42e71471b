//! Allocations become claims, claims last longer, and both end.

use filigree_builtin::calls::verifreg::{
    Allocation, AllocationId, Claim, ClaimId, GetClaimsParams, GetClaimsReturn,
    SectorAllocationClaims, SectorClaimSummary,
};
use filigree_builtin::{BatchReturn, POLICY};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use super::VerifiedRegistry;
use crate::nested::OpenNested;
use crate::params::ClaimTerm;
use crate::rule::{Removed, can_claim, check_term, remove_expired};

/// What a provider claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// What became of each sector.
    pub results: BatchReturn,
    /// The new claims of those that succeeded.
    pub claims: Vec<(ClaimId, Claim)>,
    /// How much that is for each of them.
    pub summaries: Vec<SectorClaimSummary>,
    /// How much in all, bytes.
    pub space: u128,
}

impl VerifiedRegistry {
    /// Makes claims of a provider's allocations. A sector whose allocations cannot all be claimed gets none.
    pub(crate) fn claim_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        provider: ActorID,
        sectors: &[SectorAllocationClaims],
        now: ChainEpoch,
    ) -> Result<Claimed> {
        let mut claims = OpenNested::open(&self.claims, store)?;
        let mut allocations = OpenNested::open(&self.allocations, store)?;
        let mut claimed = Claimed::default();
        for sector in sectors {
            let new = match claims_of_sector(&mut allocations, sector, provider, now)? {
                Ok(new) => new,
                Err(code) => {
                    claimed.results.add_fail(code);
                    continue;
                }
            };
            let mut space = 0;
            for (id, claim) in &new {
                let is_new = claims.insert(provider, *id, claim)?;
                ensure!(is_new, illegal_argument, "claim {id} exists");
                allocations.remove(claim.client, *id)?;
                space += u128::from(claim.size.0);
            }
            claimed.results.add_success();
            claimed.claims.extend(new);
            claimed.summaries.push(SectorClaimSummary {
                claimed_space: BigIntDe(space.into()),
            });
            claimed.space += space;
        }
        self.allocations = allocations.close()?;
        self.claims = claims.close()?;
        Ok(claimed)
    }

    /// Lets claims of a client's datacap last longer, even expired ones; gives what became of each, and the claims that did change.
    pub(crate) fn extend_terms<S: Blocks + Copy>(
        &mut self,
        store: S,
        client: ActorID,
        terms: &[ClaimTerm],
    ) -> Result<(BatchReturn, Vec<(ClaimId, Claim)>)> {
        let mut claims = OpenNested::open(&self.claims, store)?;
        let (mut results, mut extended) = (BatchReturn::default(), Vec::new());
        for term in terms {
            if term.term_max > POLICY.maximum_verified_allocation_term {
                results.add_fail(ExitCode::USR_ILLEGAL_ARGUMENT);
                continue;
            }
            let Some(mut claim) = claims.get(term.provider, term.claim_id)? else {
                results.add_fail(ExitCode::USR_NOT_FOUND);
                continue;
            };
            let code = check_term(&claim, client, term.term_max);
            results.add(code);
            if code.is_success() {
                claim.term_max = term.term_max;
                claims.set(term.provider, term.claim_id, &claim)?;
                extended.push((term.claim_id, claim));
            }
        }
        self.claims = claims.close()?;
        Ok((results, extended))
    }

    /// Some of a provider's claims.
    pub fn claims_of<S: Blocks + Copy>(
        &self,
        store: S,
        params: &GetClaimsParams,
    ) -> Result<GetClaimsReturn> {
        let mut open = OpenNested::open(&self.claims, store)?;
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

    /// Removes a client's expired allocations: those named, or all.
    pub(crate) fn remove_allocations<S: Blocks + Copy>(
        &mut self,
        store: S,
        client: ActorID,
        named: Vec<AllocationId>,
        now: ChainEpoch,
    ) -> Result<Removed<Allocation>> {
        let mut allocations = OpenNested::open(&self.allocations, store)?;
        let removed = remove_expired(&mut allocations, client, named, now)?;
        self.allocations = allocations.close()?;
        Ok(removed)
    }

    /// Removes a provider's expired claims: those named, or all.
    pub(crate) fn remove_claims<S: Blocks + Copy>(
        &mut self,
        store: S,
        provider: ActorID,
        named: Vec<ClaimId>,
        now: ChainEpoch,
    ) -> Result<Removed<Claim>> {
        let mut claims = OpenNested::open(&self.claims, store)?;
        let removed = remove_expired(&mut claims, provider, named, now)?;
        self.claims = claims.close()?;
        Ok(removed)
    }
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
        if !can_claim(claim, &allocation, provider, sector.expiry, now)? {
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

#[cfg(test)]
mod tests;
