//! Datacap on a stage: from the root to a verifier, to a client, to allocations.

use filigree_actor_datacap::{DatacapClient, TransferParams, TransferReturn};
use filigree_actor_miner::params::{PieceActivationManifest, VerifiedAllocationKey};
use filigree_actor_verifreg::{
    AllocationId, AllocationRequest, AllocationRequests, AllocationsResponse,
    ClaimExtensionRequest, VerifiedRegistry, VerifiedRegistryClient, VerifierParams,
};
use filigree_builtin::{POLICY, ids};
use filigree_sandbox::{Account, Outcome, Who};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;
use fvm_ipld_encoding::from_slice;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::piece::PaddedPieceSize;

use crate::onboard::piece_cid;
use crate::stage::Stage;

/// The account that makes verifiers.
pub(crate) const ROOT: ActorID = 80;

/// The smallest allocation, bytes.
pub(crate) const MIB: u64 = 1 << 20;

/// The verified registry.
pub(crate) fn registry() -> VerifiedRegistryClient {
    VerifiedRegistryClient::at(ids::address(ids::VERIFIED_REGISTRY))
}

/// The token of datacap.
pub(crate) fn token() -> DatacapClient {
    DatacapClient::at(ids::address(ids::DATACAP))
}

/// So many bytes of datacap for an address.
pub(crate) fn datacap_for(who: impl Who, bytes: impl Into<BigInt>) -> VerifierParams {
    VerifierParams {
        address: who.address(),
        allowance: BigIntDe(bytes.into()),
    }
}

/// A new verifier that may give away so many bytes.
#[track_caller]
pub(crate) fn verifier(stage: &mut Stage, bytes: u64) -> Account {
    let verifier = stage.account(100);
    let add = registry().add_verifier(datacap_for(verifier, bytes));
    stage.call(ROOT, add).ok();
    verifier
}

/// A new client with so many bytes of datacap.
#[track_caller]
pub(crate) fn client(stage: &mut Stage, bytes: u64) -> Account {
    let verifier = verifier(stage, bytes);
    let client = stage.account(100_000);
    let add = registry().add_verified_client(datacap_for(client, bytes));
    stage.call(verifier, add).ok();
    client
}

/// The bytes of datacap that an actor has.
pub(crate) fn datacap_of(stage: &Stage, who: ActorID) -> TokenAmount {
    let state: filigree_actor_datacap::Datacap = stage.state(ids::DATACAP);
    let balance = state.token.balance(stage.store(), who);
    balance.expect("the balances can be read")
}

/// A piece for a miner, with the longest times there are.
pub(crate) fn request(stage: &Stage, provider: ActorID, piece: u64) -> AllocationRequest {
    AllocationRequest {
        provider,
        data: piece_cid(piece),
        size: PaddedPieceSize(MIB),
        term_min: POLICY.minimum_verified_allocation_term,
        term_max: POLICY.maximum_verified_allocation_term,
        expiration: stage.epoch() + POLICY.maximum_verified_allocation_expiration,
    }
}

/// Sends tokens, whole ones, to the registry with requests.
pub(crate) fn spend(
    bytes: u64,
    allocations: Vec<AllocationRequest>,
    extensions: Vec<ClaimExtensionRequest>,
) -> Call<TransferReturn> {
    token().transfer(TransferParams {
        to: ids::address(ids::VERIFIED_REGISTRY),
        amount: TokenAmount::from_whole(bytes),
        operator_data: asked(allocations, extensions),
    })
}

/// Requests, encoded.
pub(crate) fn asked(
    allocations: Vec<AllocationRequest>,
    extensions: Vec<ClaimExtensionRequest>,
) -> RawBytes {
    let requests = AllocationRequests {
        allocations,
        extensions,
    };
    RawBytes::serialize(&requests).expect("requests encode")
}

/// What the registry answered to tokens that came with requests.
#[track_caller]
pub(crate) fn answered(outcome: Outcome<TransferReturn>) -> AllocationsResponse {
    from_slice(&outcome.ok().recipient_data).expect("what the registry answers")
}

/// Makes allocations of a client's datacap.
#[track_caller]
pub(crate) fn allocate(
    stage: &mut Stage,
    client: Account,
    requests: Vec<AllocationRequest>,
) -> Vec<AllocationId> {
    let bytes = requests.iter().map(|request| request.size.0).sum();
    let answer = answered(stage.call(client, spend(bytes, requests, Vec::new())));
    answer.new_allocations
}

/// A piece that its provider claims with its sector.
pub(crate) fn claimed_piece(
    client: Account,
    id: AllocationId,
    request: &AllocationRequest,
) -> PieceActivationManifest {
    PieceActivationManifest {
        cid: request.data,
        size: request.size,
        verified_allocation_key: Some(VerifiedAllocationKey {
            client: client.id,
            id,
        }),
        notify: Vec::new(),
    }
}

/// The registry's state.
pub(crate) fn registry_state(stage: &Stage) -> VerifiedRegistry {
    stage.state(ids::VERIFIED_REGISTRY)
}
