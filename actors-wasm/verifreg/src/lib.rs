//! The verified registry, f06: verifiers give clients datacap, clients allocate it to pieces, and miners that store the pieces claim the
//! allocations, which makes their sectors count tenfold (FIP-0003, FIP-0045). The datacap itself is tokens of the actor f07, of which
//! this actor is the governor.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00, at genesis |
//! | 2 | AddVerifier | the root key |
//! | 3 | RemoveVerifier | the root key |
//! | 4, FRC-42 | AddVerifiedClient | a verifier |
//! | 7 | RemoveVerifiedClientDataCap | the root key, with the signatures of two verifiers |
//! | 8, FRC-42 | RemoveExpiredAllocations | anyone |
//! | 9 | ClaimAllocations | a miner |
//! | 10, FRC-42 | GetClaims | anyone |
//! | 11, FRC-42 | ExtendClaimTerms | the claims' clients |
//! | 12, FRC-42 | RemoveExpiredClaims | anyone |
//! | FRC-42 | Receive | f07, when a client sends datacap with requests |
//!
//! In reading order: `state` and `nested` (maps of maps), `rule` (what requests must fulfil), `datacap` (tokens and bytes), `event`,
//! `method`.

mod datacap;
mod event;
mod invariants;
mod method;
mod nested;
mod params;
mod rule;
mod state;

pub use filigree_builtin::calls::verifreg::{
    Allocation, AllocationClaim, AllocationId, AllocationRequest, AllocationRequests,
    AllocationsResponse, Claim, ClaimAllocationsParams, ClaimAllocationsReturn,
    ClaimExtensionRequest, ClaimId, GetClaimsParams, GetClaimsReturn, SectorAllocationClaims,
    SectorClaimSummary,
};
pub use nested::{Nested, OpenNested};
pub use params::{
    ClaimTerm, ExtendClaimTermsParams, RemoveDataCapParams, RemoveDataCapProposal,
    RemoveDataCapRequest, RemoveDataCapReturn, RemoveExpiredAllocationsParams,
    RemoveExpiredAllocationsReturn, RemoveExpiredClaimsParams, RemoveExpiredClaimsReturn,
    VerifierParams,
};
pub use state::{Proposal, ProposalId, VerifiedRegistry};

use filigree_builtin::{BatchReturn, internal_api};
use filigree_sdk::prelude::*;
use filigree_sdk::receiver::Received;
use filigree_sdk::store::ActorStore;

#[actor(before = internal_api::check)]
impl VerifiedRegistry {
    /// Without verifiers; the root key makes them.
    #[constructor(by = system)]
    pub fn construct(ctx: &Context, root_key: Address) -> Result<Self> {
        let root = ctx.resolve(&root_key)?;
        let root = root.ok_or_else(|| Error::illegal_argument("the root key has no id"))?;
        Self::empty(ActorStore, Address::new_id(root))
    }

    /// Makes someone a verifier who may give away so much datacap from now on.
    #[method(2)]
    pub fn add_verifier(ctx: &mut Context, params: VerifierParams) -> Result<()> {
        method::add_verifier(ctx, &params)
    }

    /// Makes a verifier one no more.
    #[method(3)]
    pub fn remove_verifier(ctx: &mut Context, verifier: Address) -> Result<()> {
        method::remove_verifier(ctx, &verifier)
    }

    /// Gives some of the caller's datacap to a client.
    #[method(4, "AddVerifiedClient")]
    pub fn add_verified_client(ctx: &mut Context, params: VerifierParams) -> Result<()> {
        method::add_verified_client(ctx, &params)
    }

    /// Takes datacap from a client that has not allocated it.
    #[method(7)]
    pub fn remove_verified_client_data_cap(
        ctx: &mut Context,
        params: RemoveDataCapParams,
    ) -> Result<RemoveDataCapReturn> {
        method::remove_data_cap(ctx, &params)
    }

    /// Gives a client its datacap back for allocations that nobody claimed in time.
    #[method(8, "RemoveExpiredAllocations")]
    pub fn remove_expired_allocations(
        ctx: &mut Context,
        params: RemoveExpiredAllocationsParams,
    ) -> Result<RemoveExpiredAllocationsReturn> {
        method::remove_expired_allocations(ctx, params)
    }

    /// Makes claims of allocations to the caller, for pieces it has committed to sectors.
    #[method(9)]
    pub fn claim_allocations(
        ctx: &mut Context,
        params: ClaimAllocationsParams,
    ) -> Result<ClaimAllocationsReturn> {
        method::claim_allocations(ctx, &params)
    }

    /// Some of a miner's claims.
    #[view(10, "GetClaims")]
    pub fn get_claims(&self, params: GetClaimsParams) -> Result<GetClaimsReturn> {
        self.claims_of(ActorStore, &params)
    }

    /// Lets claims of the caller's datacap last longer, as long as they could have been from the start.
    #[method(11, "ExtendClaimTerms")]
    pub fn extend_claim_terms(
        ctx: &mut Context,
        params: ExtendClaimTermsParams,
    ) -> Result<BatchReturn> {
        method::extend_claim_terms(ctx, &params)
    }

    /// Forgets claims whose longest term is over.
    #[method(12, "RemoveExpiredClaims")]
    pub fn remove_expired_claims(
        ctx: &mut Context,
        params: RemoveExpiredClaimsParams,
    ) -> Result<RemoveExpiredClaimsReturn> {
        method::remove_expired_claims(ctx, params)
    }

    /// Takes datacap for new allocations and longer terms, exactly as much as they need.
    #[receive]
    pub fn receive(ctx: &mut Context, received: Received) -> Result<AllocationsResponse> {
        method::receive(ctx, &received)
    }
}

#[cfg(test)]
mod tests;
