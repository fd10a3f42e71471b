//! Calls to the verified registry, f06 (FIP-0045). Sizes and datacap are in bytes of padded data.

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::SectorNumber;

use crate::batch::BatchReturn;
use crate::ids;

/// Method ClaimAllocations.
pub const CLAIM_ALLOCATIONS: MethodNum = 9;
/// Method GetClaims.
pub const GET_CLAIMS: MethodNum = 10;

/// Names an allocation of a client; 0 is none.
pub type AllocationId = u64;

/// No allocation.
pub const NO_ALLOCATION: AllocationId = 0;

/// Names a claim of a provider: the id that its allocation had.
pub type ClaimId = u64;

/// Datacap that a client gave to a piece, until a provider claims it.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Whose datacap it is.
    pub client: ActorID,
    /// The miner that may claim it.
    pub provider: ActorID,
    /// The piece.
    pub data: Cid,
    /// Its size.
    pub size: PaddedPieceSize,
    /// How long at least the provider must commit to store the piece, epochs.
    pub term_min: ChainEpoch,
    /// How long at most the piece has a verified deal's quality, epochs.
    pub term_max: ChainEpoch,
    /// The last epoch at which it can be claimed.
    pub expiration: ChainEpoch,
}

/// Datacap at work: a piece that a provider stores.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The miner that stores the piece.
    pub provider: ActorID,
    /// Whose datacap it was.
    pub client: ActorID,
    /// The piece.
    pub data: Cid,
    /// Its size.
    pub size: PaddedPieceSize,
    /// How long at least the provider must store it, epochs from `term_start`.
    pub term_min: ChainEpoch,
    /// How long at most it has a verified deal's quality, epochs from `term_start`.
    pub term_max: ChainEpoch,
    /// When it was committed.
    pub term_start: ChainEpoch,
    /// The sector that holds it.
    pub sector: SectorNumber,
}

/// Allocations to be claimed for a sector.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorAllocationClaims {
    /// The sector.
    pub sector: SectorNumber,
    /// When it expires.
    pub expiry: ChainEpoch,
    /// What it holds.
    pub claims: Vec<AllocationClaim>,
}

/// An allocation to be claimed: all must be as the client said.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationClaim {
    /// Whose datacap it is.
    pub client: ActorID,
    /// The allocation.
    pub allocation_id: AllocationId,
    /// The piece.
    pub data: Cid,
    /// Its size.
    pub size: PaddedPieceSize,
}

/// Parameters of ClaimAllocations.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimAllocationsParams {
    /// What is claimed, sector by sector.
    pub sectors: Vec<SectorAllocationClaims>,
    /// Whether one sector that fails makes all fail. A claim that fails makes its sector fail in any case.
    pub all_or_nothing: bool,
}

/// What was claimed for a sector.
#[tuple(transparent)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectorClaimSummary {
    /// The size of its pieces.
    pub claimed_space: BigIntDe,
}

/// What ClaimAllocations returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimAllocationsReturn {
    /// What became of each sector.
    pub sector_results: BatchReturn,
    /// What was claimed for those that succeeded.
    pub sector_claims: Vec<SectorClaimSummary>,
}

/// Parameters of GetClaims.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetClaimsParams {
    /// Whose claims.
    pub provider: ActorID,
    /// Which.
    pub claim_ids: Vec<ClaimId>,
}

/// What GetClaims returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetClaimsReturn {
    /// Whether each claim was found.
    pub batch_info: BatchReturn,
    /// Those that were.
    pub claims: Vec<Claim>,
}

/// A new allocation, asked for with tokens of datacap. Fields as in [`Allocation`].
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationRequest {
    /// The miner that may claim it.
    pub provider: ActorID,
    /// The piece.
    pub data: Cid,
    /// Its size.
    pub size: PaddedPieceSize,
    /// How long at least the provider must commit to store the piece, epochs.
    pub term_min: ChainEpoch,
    /// How long at most the piece has a verified deal's quality, epochs.
    pub term_max: ChainEpoch,
    /// The last epoch at which it can be claimed.
    pub expiration: ChainEpoch,
}

/// A longer term for a claim, asked for with tokens of datacap.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimExtensionRequest {
    /// Whose claim.
    pub provider: ActorID,
    /// Which.
    pub claim: ClaimId,
    /// Its new longest term, epochs from when the term began.
    pub term_max: ChainEpoch,
}

/// What the operator of a transfer of datacap to the registry says with it.
#[tuple]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllocationRequests {
    /// Allocations for the sender.
    pub allocations: Vec<AllocationRequest>,
    /// Claims, of whomever, with a longer term.
    pub extensions: Vec<ClaimExtensionRequest>,
}

/// What the registry answers to such a transfer.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationsResponse {
    /// What became of each allocation asked for.
    pub allocation_results: BatchReturn,
    /// What became of each extension asked for.
    pub extension_results: BatchReturn,
    /// The ids of the new allocations.
    pub new_allocations: Vec<AllocationId>,
}

/// Claims allocations for the calling miner's sectors.
pub fn claim_allocations(params: &ClaimAllocationsParams) -> Result<Call<ClaimAllocationsReturn>> {
    Ok(call(CLAIM_ALLOCATIONS, encode(params)?))
}

/// Looks up a provider's claims.
pub fn get_claims(params: &GetClaimsParams) -> Result<Call<GetClaimsReturn>> {
    Ok(call(GET_CLAIMS, encode(params)?))
}

fn call<R>(method: MethodNum, params: Option<IpldBlock>) -> Call<R> {
    Call::new(ids::address(ids::VERIFIED_REGISTRY), method, params)
}
