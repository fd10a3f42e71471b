//! Datacap is taken from a client, which the root and two verifiers must want.

use filigree_actor_verifreg::{
    ProposalId, RemoveDataCapParams, RemoveDataCapProposal, RemoveDataCapRequest,
    RemoveDataCapReturn,
};
use filigree_builtin::ids;
use filigree_sandbox::{Account, Outcome};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::crypto::signature::{Signature, SignatureType};

use super::{FORBIDDEN, ILLEGAL, LOST};
use crate::malformed::refuse_malformed;
use crate::onboard::Provider;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{MIB, ROOT, allocate, client, datacap_of, registry, request, verifier};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "verifreg/datacap-is-taken-away",
        run: datacap_is_taken_away,
    },
    Scenario {
        name: "verifreg/removals-that-are-refused",
        run: removals_that_are_refused,
    },
    Scenario {
        name: "verifreg/removals-of-those-who-are-no-clients",
        run: removals_of_those_who_are_no_clients,
    },
];

/// What a verifier signs for the `id`th removal that it agrees to of a client's datacap.
fn agreement(by: Account, client: ActorID, bytes: u64, id: u64) -> RemoveDataCapRequest {
    let proposal = RemoveDataCapProposal {
        verified_client: Address::new_id(client),
        data_cap_amount: BigIntDe(bytes.into()),
        removal_proposal_id: ProposalId { id },
    };
    let proposal = RawBytes::serialize(&proposal).expect("a proposal encodes");
    let message = [&b"fil_removedatacap:"[..], &proposal].concat();
    RemoveDataCapRequest {
        verifier: by.address,
        signature: by.sign(&message),
    }
}

fn removal(
    client: Address,
    bytes: u64,
    agreements: [RemoveDataCapRequest; 2],
) -> RemoveDataCapParams {
    let [verifier_request_1, verifier_request_2] = agreements;
    RemoveDataCapParams {
        verified_client_to_remove: client,
        data_cap_amount_to_remove: BigIntDe(bytes.into()),
        verifier_request_1,
        verifier_request_2,
    }
}

fn by_root(stage: &mut Stage, params: RemoveDataCapParams) -> Outcome<RemoveDataCapReturn> {
    stage.call(ROOT, registry().remove_verified_client_data_cap(params))
}

fn datacap_is_taken_away(stage: &mut Stage) {
    let (first, second) = (verifier(stage, 10 * MIB), verifier(stage, 10 * MIB));
    let third = verifier(stage, 10 * MIB);
    let alice = client(stage, 100 * MIB);
    let provider = Provider::new(stage);
    let both = |client: Account, bytes, ids: [u64; 2]| {
        [
            agreement(first, client.id, bytes, ids[0]),
            agreement(second, client.id, bytes, ids[1]),
        ]
    };
    let params = removal(alice.address, 30 * MIB, both(alice, 30 * MIB, [0, 0]));
    let done = by_root(stage, params.clone()).ok();
    assert_eq!(done.verified_client, Address::new_id(alice.id));
    assert_eq!(done.data_cap_removed.0, BigInt::from(30 * MIB));
    assert_eq!(
        datacap_of(stage, alice.id),
        TokenAmount::from_whole(70 * MIB)
    );
    // Signatures are good for once.
    by_root(stage, params).expect_exit(ILLEGAL, "");
    let id = Address::new_id(alice.id);
    by_root(stage, removal(id, MIB, both(alice, MIB, [1, 1]))).ok();
    // Each verifier counts for itself, and for each client.
    let other = [
        agreement(third, alice.id, MIB, 0),
        agreement(first, alice.id, MIB, 2),
    ];
    by_root(stage, removal(id, MIB, other)).ok();
    let bob = client(stage, 5 * MIB);
    by_root(stage, removal(bob.address, 0, both(bob, 0, [0, 0]))).ok();
    // What is allocated stays; of the rest no more can be taken than there is.
    let asked = request(stage, provider.id, 1);
    allocate(stage, bob, vec![asked]);
    let done = by_root(
        stage,
        removal(bob.address, 50 * MIB, both(bob, 50 * MIB, [1, 1])),
    )
    .ok();
    assert_eq!(done.data_cap_removed.0, BigInt::from(4 * MIB));
    assert!(datacap_of(stage, bob.id).is_zero());
    let done = by_root(stage, removal(bob.address, 1, both(bob, 1, [2, 2]))).ok();
    assert_eq!(done.data_cap_removed.0, BigInt::from(0));
    stage.check_invariants();
}

fn removals_that_are_refused(stage: &mut Stage) {
    let (first, second) = (verifier(stage, 10 * MIB), verifier(stage, 10 * MIB));
    let stranger = stage.account(10);
    let alice = client(stage, 100 * MIB);
    let of = |by: Account, id| agreement(by, alice.id, MIB, id);
    let good = removal(alice.address, MIB, [of(first, 0), of(second, 0)]);
    // Nobody but the root.
    for who in [alice, first, stranger] {
        let call = registry().remove_verified_client_data_cap(good.clone());
        stage.call(who, call).expect_exit(FORBIDDEN, "");
    }
    let claimed_by = |signed: Account, by: Account| RemoveDataCapRequest {
        verifier: by.address,
        ..of(signed, 0)
    };
    for (pair, code) in [
        ([of(first, 0), of(first, 0)], ILLEGAL),
        ([of(first, 0), of(first, 1)], ILLEGAL),
        ([of(first, 0), of(stranger, 0)], LOST),
        ([of(stranger, 0), of(second, 0)], LOST),
        ([of(first, 1), of(second, 0)], ILLEGAL),
        ([of(first, 0), of(second, 1)], ILLEGAL),
        ([claimed_by(second, first), of(second, 0)], ILLEGAL),
        ([of(first, 0), claimed_by(first, second)], ILLEGAL),
        (
            [agreement(first, alice.id, MIB + 1, 0), of(second, 0)],
            ILLEGAL,
        ),
        (
            [agreement(first, stranger.id, MIB, 0), of(second, 0)],
            ILLEGAL,
        ),
    ] {
        by_root(stage, removal(alice.address, MIB, pair)).expect_exit(code, "");
    }
    let mut nobody = of(first, 0);
    for address in [Address::new_actor(b"nobody"), Address::new_id(999_999)] {
        nobody.verifier = address;
        let params = removal(alice.address, MIB, [nobody.clone(), of(second, 0)]);
        assert!(!by_root(stage, params).is_ok());
    }
    let mut short = of(first, 0);
    short.signature = Signature {
        sig_type: SignatureType::Secp256k1,
        bytes: Vec::new(),
    };
    let params = removal(alice.address, MIB, [short, of(second, 0)]);
    assert!(!by_root(stage, params).is_ok());
    let call = registry().remove_verified_client_data_cap(good.clone());
    refuse_malformed(stage, ROOT, &call);
    // All that failed used up no signature; a verifier no more cannot agree.
    let checkpoint = stage.checkpoint();
    by_root(stage, good.clone()).ok();
    stage.revert(&checkpoint);
    stage
        .call(ROOT, registry().remove_verifier(first.address))
        .ok();
    by_root(stage, good).expect_exit(LOST, "");
    stage.check_invariants();
}

fn removals_of_those_who_are_no_clients(stage: &mut Stage) {
    let (first, second) = (verifier(stage, 10 * MIB), verifier(stage, 10 * MIB));
    let alice = client(stage, 100 * MIB);
    let provider = Provider::new(stage);
    let asked = request(stage, provider.id, 1);
    allocate(stage, alice, vec![asked]);
    let stranger = stage.account(10);
    for who in [stranger.id, first.id, 999_999, ids::MARKET] {
        let both = [
            agreement(first, who, MIB, 0),
            agreement(second, who, MIB, 0),
        ];
        let done = by_root(stage, removal(Address::new_id(who), MIB, both)).ok();
        assert_eq!(done.data_cap_removed.0, BigInt::from(0));
    }
    // What the registry has is its clients'.
    let itself = ids::VERIFIED_REGISTRY;
    let both = [
        agreement(first, itself, MIB, 0),
        agreement(second, itself, MIB, 0),
    ];
    by_root(stage, removal(Address::new_id(itself), MIB, both)).expect_exit(ILLEGAL, "");
    let nobody = Address::new_actor(b"nobody");
    let both = [agreement(first, 0, MIB, 0), agreement(second, 0, MIB, 0)];
    assert!(!by_root(stage, removal(nobody, MIB, both.clone())).is_ok());
    // A key gets an account, whose id the signatures must name.
    let key = Address::new_bls(&[6; 48]).expect("a key of 48 bytes");
    by_root(stage, removal(key, MIB, both)).expect_exit(ILLEGAL, "");
    stage.check_invariants();
}
