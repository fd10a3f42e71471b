//! Parameters and returns that no other actor knows. Datacap is in bytes.

use filigree_builtin::BatchReturn;
use filigree_builtin::calls::verifreg::{AllocationId, ClaimId};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::crypto::signature::Signature;

use crate::state::ProposalId;

/// Parameters of AddVerifier and AddVerifiedClient.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierParams {
    /// The verifier or the client.
    pub address: Address,
    /// How much datacap it gets.
    pub allowance: BigIntDe,
}

/// Parameters of RemoveVerifiedClientDataCap.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveDataCapParams {
    /// Whose datacap.
    pub verified_client_to_remove: Address,
    /// How much.
    pub data_cap_amount_to_remove: BigIntDe,
    /// A verifier who agrees.
    pub verifier_request_1: RemoveDataCapRequest,
    /// Another.
    pub verifier_request_2: RemoveDataCapRequest,
}

/// A verifier's agreement.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveDataCapRequest {
    /// The verifier.
    pub verifier: Address,
    /// Its signature of `fil_removedatacap:` and the [`RemoveDataCapProposal`].
    pub signature: Signature,
}

/// What verifiers sign to take datacap away.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveDataCapProposal {
    /// Whose datacap, by its id.
    pub verified_client: Address,
    /// How much.
    pub data_cap_amount: BigIntDe,
    /// How many such proposals the verifier had agreed to for this client: each is good for once.
    pub removal_proposal_id: ProposalId,
}

/// What RemoveVerifiedClientDataCap returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveDataCapReturn {
    /// Whose datacap, by its id.
    pub verified_client: Address,
    /// How much there was to take away.
    pub data_cap_removed: BigIntDe,
}

/// Parameters of RemoveExpiredAllocations.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveExpiredAllocationsParams {
    /// Whose allocations.
    pub client: ActorID,
    /// Which; all that have expired if there are none.
    pub allocation_ids: Vec<AllocationId>,
}

/// What RemoveExpiredAllocations returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveExpiredAllocationsReturn {
    /// Those that were named or found.
    pub considered: Vec<AllocationId>,
    /// What became of each.
    pub results: BatchReturn,
    /// What the client got back.
    pub datacap_recovered: BigIntDe,
}

/// Parameters of RemoveExpiredClaims.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveExpiredClaimsParams {
    /// Whose claims.
    pub provider: ActorID,
    /// Which; all that have expired if there are none.
    pub claim_ids: Vec<ClaimId>,
}

/// What RemoveExpiredClaims returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveExpiredClaimsReturn {
    /// Those that were named or found.
    pub considered: Vec<ClaimId>,
    /// What became of each.
    pub results: BatchReturn,
}

/// Parameters of ExtendClaimTerms.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendClaimTermsParams {
    /// Claims and their new terms.
    pub terms: Vec<ClaimTerm>,
}

/// A new term for a claim.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimTerm {
    /// Whose claim.
    pub provider: ActorID,
    /// Which.
    pub claim_id: ClaimId,
    /// Its new longest term, epochs from when the term began.
    pub term_max: ChainEpoch,
}
