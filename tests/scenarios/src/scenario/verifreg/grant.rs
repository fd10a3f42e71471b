//! The root makes verifiers, verifiers make clients.

use filigree_actor_multisig::{ConstructorParams, MultisigClient, ProposeParams};
use filigree_actor_verifreg::{
    AllocationRequest, ExtendClaimTermsParams, GetClaimsParams, RemoveExpiredAllocationsParams,
    RemoveExpiredClaimsParams,
};
use filigree_builtin::ids;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;

use super::{FORBIDDEN, ILLEGAL, LOST};
use crate::exec::create;
use crate::malformed::refuse_malformed;
use crate::onboard::Provider;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{
    MIB, ROOT, client, datacap_for, datacap_of, registry, registry_state, request, spend, verifier,
};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "verifreg/verifiers",
        run: verifiers,
    },
    Scenario {
        name: "verifreg/clients",
        run: clients,
    },
    Scenario {
        name: "verifreg/a-wallet-is-a-verifier",
        run: a_wallet_is_a_verifier,
    },
    Scenario {
        name: "verifreg/a-wallet-is-a-client",
        run: a_wallet_is_a_client,
    },
    Scenario {
        name: "verifreg/malformed",
        run: malformed,
    },
];

/// What a verifier has left to give.
fn left(stage: &Stage, verifier: ActorID) -> Option<BigInt> {
    let verifiers = registry_state(stage).verifiers;
    let left = verifiers
        .open_in(stage.store())
        .and_then(|verifiers| verifiers.get(&Address::new_id(verifier)));
    left.expect("the verifiers can be read").map(|left| left.0)
}

fn verifiers(stage: &mut Stage) {
    let [alice, bob, stranger] = [0; 3].map(|_| stage.account(10));
    let customer = client(stage, MIB);
    let add = |who: Address, bytes: u64| registry().add_verifier(datacap_for(who, bytes));
    let remove = |who| registry().remove_verifier(who);

    for who in [stranger.id, alice.id, customer.id] {
        stage
            .call(who, add(alice.address, MIB))
            .expect_exit(FORBIDDEN, "");
        stage
            .call(who, remove(alice.address))
            .expect_exit(FORBIDDEN, "");
    }
    for too_little in [0, 1, MIB - 1] {
        stage
            .call(ROOT, add(alice.address, too_little))
            .expect_exit(ILLEGAL, "");
    }
    let negative = registry().add_verifier(datacap_for(alice, -BigInt::from(MIB)));
    stage.call(ROOT, negative).expect_exit(ILLEGAL, "");
    stage.call(ROOT, add(alice.address, MIB)).ok();
    // Another allowance takes the place of the first.
    stage
        .call(ROOT, add(Address::new_id(alice.id), 5 * MIB))
        .ok();
    assert_eq!(left(stage, alice.id), Some(BigInt::from(5 * MIB)));
    let huge: BigInt = BigInt::from(1) << 300;
    let add_huge = registry().add_verifier(datacap_for(bob, huge.clone()));
    stage.call(ROOT, add_huge).ok();
    assert_eq!(left(stage, bob.id), Some(huge));
    // Past what a number may have.
    let most: BigInt = (BigInt::from(1) << 1_016_u32) - 1;
    let add_most = registry().add_verifier(datacap_for(bob, most));
    stage.call(ROOT, add_most).ok();
    let mut params = RawBytes::serialize(bob.address)
        .expect("an address encodes")
        .to_vec();
    params.insert(0, 0x82);
    params.extend([0x58, 129, 0]);
    params.extend([0xff; 128]);
    let params = Some(RawBytes::new(params));
    let outcome = stage.raw(ROOT, registry().address, 2, TokenAmount::default(), params);
    assert!(!outcome.is_ok());

    // Not the root itself, nor a client; a key becomes an account.
    stage
        .call(ROOT, add(Address::new_id(ROOT), MIB))
        .expect_exit(ILLEGAL, "");
    stage
        .call(ROOT, add(customer.address, MIB))
        .expect_exit(ILLEGAL, "");
    let key = Address::new_bls(&[8; 48]).expect("a key of 48 bytes");
    stage.call(ROOT, add(key, MIB)).ok();
    assert!(!stage.call(ROOT, add(Address::new_id(999_999), MIB)).is_ok());
    assert!(
        !stage
            .call(ROOT, add(Address::new_actor(b"nobody"), MIB))
            .is_ok()
    );

    stage.call(ROOT, remove(alice.address)).ok();
    assert_eq!(left(stage, alice.id), None);
    for gone in [alice.address, stranger.address, Address::new_id(999_999)] {
        stage.call(ROOT, remove(gone)).expect_exit(ILLEGAL, "");
    }
    assert!(
        !stage
            .call(ROOT, remove(Address::new_actor(b"nobody")))
            .is_ok()
    );
    // A key that nobody uses gets an account, and is no verifier.
    let key = Address::new_bls(&[9; 48]).expect("a key of 48 bytes");
    stage.call(ROOT, remove(key)).expect_exit(ILLEGAL, "");
    let gives = registry().add_verified_client(datacap_for(stranger, MIB));
    stage.call(alice, gives).expect_exit(LOST, "");
    stage.check_invariants();
}

fn clients(stage: &mut Stage) {
    let alice = verifier(stage, 10 * MIB);
    let other = verifier(stage, 10 * MIB);
    let [bob, carol] = [0; 2].map(|_| stage.account(10));
    let give = |who: Address, bytes: u64| registry().add_verified_client(datacap_for(who, bytes));
    for who in [bob.id, ROOT] {
        stage
            .call(who, give(carol.address, MIB))
            .expect_exit(LOST, "");
    }
    for too_little in [0, MIB - 1] {
        stage
            .call(alice, give(bob.address, too_little))
            .expect_exit(ILLEGAL, "");
    }
    let negative = registry().add_verified_client(datacap_for(bob, -1));
    stage.call(alice, negative).expect_exit(ILLEGAL, "");
    stage
        .call(alice, give(bob.address, 11 * MIB))
        .expect_exit(ILLEGAL, "");
    for no_client in [alice.address, other.address, Address::new_id(ROOT)] {
        stage
            .call(alice, give(no_client, MIB))
            .expect_exit(ILLEGAL, "");
    }
    assert!(
        !stage
            .call(alice, give(Address::new_id(999_999), MIB))
            .is_ok()
    );
    assert!(
        !stage
            .call(alice, give(Address::new_actor(b"nobody"), MIB))
            .is_ok()
    );

    stage.call(alice, give(bob.address, 3 * MIB)).ok();
    stage
        .call(alice, give(Address::new_id(bob.id), 2 * MIB))
        .ok();
    stage.call(other, give(bob.address, MIB + 1)).ok();
    assert_eq!(
        datacap_of(stage, bob.id),
        TokenAmount::from_whole(6 * MIB + 1)
    );
    let key = Address::new_secp256k1(&[4; 65]).expect("a key of 65 bytes");
    stage.call(alice, give(key, 5 * MIB)).ok();
    assert_eq!(left(stage, alice.id), Some(BigInt::from(0)));
    stage
        .call(alice, give(bob.address, MIB))
        .expect_exit(ILLEGAL, "");
    // By the name of the method.
    let params = RawBytes::serialize(datacap_for(carol, MIB)).expect("parameters encode");
    stage
        .raw(
            other,
            ids::VERIFIED_REGISTRY,
            method_number!("AddVerifiedClient"),
            TokenAmount::default(),
            Some(params),
        )
        .ok();
    // Those who cannot have tokens: a miner, the market, the registry itself.
    for refusing in [ids::MARKET, ids::VERIFIED_REGISTRY, ids::POWER] {
        let outcome = stage.call(other, give(Address::new_id(refusing), MIB));
        assert!(!outcome.is_ok());
    }
    stage.check_invariants();
}

fn a_wallet_is_a_verifier(stage: &mut Stage) {
    let [alice, bob] = [0; 2].map(|_| stage.account(10));
    let wallet = MultisigClient::construct(ConstructorParams {
        signers: vec![alice.address],
        num_approvals_threshold: 1,
        unlock_duration: 0,
        start_epoch: 0,
    });
    let wallet = create(stage, alice, "multisig", wallet, TokenAmount::default()).ok();
    let wallet = MultisigClient::at(wallet.robust_address);
    let add = registry().add_verifier(datacap_for(wallet.address, 4 * MIB));
    stage.call(ROOT, add).ok();
    let give = registry().add_verified_client(datacap_for(bob, MIB));
    let propose = wallet.propose(ProposeParams {
        to: give.to,
        value: give.value,
        method: give.method,
        params: RawBytes::serialize(datacap_for(bob, MIB)).expect("parameters encode"),
    });
    let sent = stage.call(alice, propose.clone()).ok();
    assert_eq!(sent.code, ExitCode::OK);
    assert_eq!(datacap_of(stage, bob.id), TokenAmount::from_whole(MIB));
    // A verifier no more.
    stage
        .call(ROOT, registry().remove_verifier(wallet.address))
        .ok();
    assert_eq!(stage.call(alice, propose).ok().code, LOST);
    stage.check_invariants();
}

fn a_wallet_is_a_client(stage: &mut Stage) {
    let alice = verifier(stage, 10 * MIB);
    let provider = Provider::new(stage);
    let wallet = MultisigClient::construct(ConstructorParams {
        signers: vec![alice.address],
        num_approvals_threshold: 1,
        unlock_duration: 0,
        start_epoch: 0,
    });
    let wallet = create(stage, alice, "multisig", wallet, TokenAmount::default()).ok();
    let (id, wallet) = (wallet.id_address, MultisigClient::at(wallet.robust_address));
    // It takes tokens, makes allocations, and gets back what nobody claims.
    let give = registry().add_verified_client(datacap_for(wallet.address, 4 * MIB));
    stage.call(alice, give).ok();
    let asked = AllocationRequest {
        expiration: stage.epoch() + 10,
        ..request(stage, provider.id, 1)
    };
    for (bytes, code) in [(MIB, ExitCode::OK), (2 * MIB, ILLEGAL)] {
        let send = spend(bytes, vec![asked.clone()], Vec::new());
        let propose = wallet.propose(ProposeParams {
            to: send.to,
            value: send.value,
            method: send.method,
            params: RawBytes::new(send.params.expect("it has parameters").data),
        });
        assert_eq!(stage.call(alice, propose).ok().code, code);
    }
    let id = id.id().expect("an id");
    assert_eq!(datacap_of(stage, id), TokenAmount::from_whole(3 * MIB));
    stage.advance(10);
    let remove = registry().remove_expired_allocations(RemoveExpiredAllocationsParams {
        client: id,
        allocation_ids: Vec::new(),
    });
    stage.call(alice, remove).ok();
    assert_eq!(datacap_of(stage, id), TokenAmount::from_whole(4 * MIB));
    stage.check_invariants();
}

fn malformed(stage: &mut Stage) {
    let alice = verifier(stage, 10 * MIB);
    let bob = stage.account(10);
    refuse_malformed(stage, ROOT, &registry().add_verifier(datacap_for(bob, MIB)));
    refuse_malformed(stage, ROOT, &registry().remove_verifier(alice.address));
    let give = registry().add_verified_client(datacap_for(bob, MIB));
    refuse_malformed(stage, alice, &give);
    let named = GetClaimsParams {
        provider: 1_000,
        claim_ids: vec![1],
    };
    refuse_malformed(stage, bob, &registry().get_claims(named));
    let named = RemoveExpiredAllocationsParams {
        client: 1_000,
        allocation_ids: vec![1],
    };
    refuse_malformed(stage, bob, &registry().remove_expired_allocations(named));
    let named = RemoveExpiredClaimsParams {
        provider: 1_000,
        claim_ids: vec![1],
    };
    refuse_malformed(stage, bob, &registry().remove_expired_claims(named));
    let none = ExtendClaimTermsParams { terms: Vec::new() };
    refuse_malformed(stage, bob, &registry().extend_claim_terms(none.clone()));
    stage.call(bob, registry().extend_claim_terms(none)).ok();
    // An allowance with a sign that is none.
    let mut params = vec![0x82, 0x42, 0, 100];
    params.extend([0x42, 2, 5]);
    let outcome = stage.raw(
        ROOT,
        registry().address,
        2,
        TokenAmount::default(),
        Some(RawBytes::new(params)),
    );
    assert!(!outcome.is_ok());
    for method in [5, 6, 13, 99, 1 << 24, u64::MAX] {
        let outcome = stage.raw(
            bob,
            registry().address,
            method,
            TokenAmount::default(),
            None,
        );
        outcome.expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    let root = RawBytes::serialize(bob.address).expect("an address encodes");
    let outcome = stage.raw(
        bob,
        registry().address,
        1,
        TokenAmount::default(),
        Some(root),
    );
    outcome.expect_exit(FORBIDDEN, "");
    stage.check_invariants();
}
