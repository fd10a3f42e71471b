//! The token of datacap: who may make it, move it, and let others spend it.

pub mod spend;

use filigree_actor_datacap::{
    BurnParams, DestroyParams, MintParams, RevokeAllowanceParams, TransferFromParams,
    TransferParams,
};
use filigree_actor_multisig::{ConstructorParams, MultisigClient};
use filigree_builtin::ids;
use filigree_sandbox::{Account, Who};
use filigree_sdk::prelude::*;

use crate::exec::create;
use crate::malformed::{refuse_malformed, refuse_parameters};
use crate::onboard::Provider;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{asked, client, datacap_of, request, spend, token};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "datacap/what-anyone-may-ask",
        run: what_anyone_may_ask,
    },
    Scenario {
        name: "datacap/mint",
        run: mint,
    },
    Scenario {
        name: "datacap/destroy-and-burn",
        run: destroy_and_burn,
    },
    Scenario {
        name: "datacap/transfer",
        run: transfer,
    },
    Scenario {
        name: "datacap/malformed",
        run: malformed,
    },
];

const REGISTRY: ActorID = ids::VERIFIED_REGISTRY;
const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;
const FORBIDDEN: ExitCode = ExitCode::USR_FORBIDDEN;
const TOO_LITTLE: ExitCode = ExitCode::USR_INSUFFICIENT_FUNDS;

/// Whole tokens.
fn whole(tokens: u64) -> TokenAmount {
    TokenAmount::from_whole(tokens)
}

/// Amounts that are none of whole tokens.
fn no_amounts() -> [TokenAmount; 4] {
    let atto = TokenAmount::from_atto(1);
    [atto.clone(), whole(1) - &atto, -&atto, -whole(1)]
}

/// More than there will ever be.
fn huge() -> TokenAmount {
    whole(u64::MAX) * u64::MAX
}

/// Addresses without an actor, the last two of keys that could get one.
fn nobody() -> [Address; 4] {
    [
        Address::new_actor(b"nobody"),
        Address::new_delegated(10, &[7; 20]).expect("a subaddress of 20 bytes"),
        Address::new_bls(&[5; 48]).expect("a key of 48 bytes"),
        Address::new_secp256k1(&[4; 65]).expect("a key of 65 bytes"),
    ]
}

fn minted(to: impl Who, amount: TokenAmount, operators: &[Address]) -> MintParams {
    MintParams {
        to: to.address(),
        amount,
        operators: operators.to_vec(),
    }
}

fn sent(to: impl Who, amount: TokenAmount) -> TransferParams {
    TransferParams {
        to: to.address(),
        amount,
        operator_data: RawBytes::default(),
    }
}

fn sent_from(from: impl Who, to: impl Who, amount: TokenAmount) -> TransferFromParams {
    TransferFromParams {
        from: from.address(),
        to: to.address(),
        amount,
        operator_data: RawBytes::default(),
    }
}

fn owned(owner: impl Who, amount: TokenAmount) -> DestroyParams {
    DestroyParams {
        owner: owner.address(),
        amount,
    }
}

fn what_anyone_may_ask(stage: &mut Stage) {
    let anyone = stage.account(10);
    assert_eq!(stage.call(anyone, token().name()).ok(), "DataCap");
    assert_eq!(stage.call(anyone, token().symbol()).ok(), "DCAP");
    let granularity = stage.call(anyone, token().granularity()).ok();
    assert_eq!(granularity, TokenAmount::PRECISION);
    assert_eq!(stage.call(anyone, token().total_supply()).ok(), whole(0));

    let alice = client(stage, 5 << 20);
    let bob = client(stage, 7 << 20);
    let supply = stage.call(anyone, token().total_supply()).ok();
    assert_eq!(supply, whole(12 << 20));
    for address in [alice.address, Address::new_id(alice.id)] {
        let has = stage.call(anyone, token().balance(address)).ok();
        assert_eq!(has, whole(5 << 20));
    }
    let market = ids::address(ids::MARKET);
    let may = |owner, operator| token().allowance(owner, operator);
    let allowed = stage.call(anyone, may(bob.address, market)).ok();
    assert_eq!(allowed, whole(1_000_000_000) * 1_000_000_000_000_u64);
    let allowed = stage.call(anyone, may(market, bob.address)).ok();
    assert_eq!(allowed, whole(0));
    for address in nobody().into_iter().chain([Address::new_id(999_999)]) {
        for call in [
            token().balance(address),
            may(address, market),
            may(bob.address, address),
            may(address, address),
        ] {
            assert_eq!(stage.call(anyone, call).ok(), whole(0));
        }
    }
    stage.check_invariants();
}

fn mint(stage: &mut Stage) {
    let (alice, bob) = (stage.account(10), stage.account(10));
    let provider = Provider::new(stage);
    let wallet = MultisigClient::construct(ConstructorParams {
        signers: vec![alice.address],
        num_approvals_threshold: 1,
        unlock_duration: 0,
        start_epoch: 0,
    });
    let wallet = create(stage, alice, "multisig", wallet, whole(0))
        .ok()
        .robust_address;

    for who in [
        alice.id,
        ids::SYSTEM,
        ids::DATACAP,
        ids::MARKET,
        provider.id,
    ] {
        let mint = token().mint(minted(alice, whole(5), &[]));
        stage.implicit(who, mint).expect_exit(FORBIDDEN, "");
    }
    let mut by_registry = |params| stage.implicit(REGISTRY, token().mint(params));
    for to in [alice.address, Address::new_id(bob.id), wallet] {
        let made = by_registry(minted(to, whole(5), &[])).ok();
        assert_eq!(made.balance, whole(5));
    }
    let made = by_registry(minted(alice, whole(0), &[])).ok();
    assert_eq!((made.balance, made.supply), (whole(5), whole(15)));
    let made = by_registry(minted(alice, whole(1), &[bob.address, wallet])).ok();
    assert_eq!((made.balance, made.supply), (whole(6), whole(16)));
    // The same operators again, one twice.
    let operators = [bob.address, wallet, bob.address];
    by_registry(minted(alice, whole(1), &operators)).ok();
    for amount in no_amounts() {
        by_registry(minted(alice, amount, &[])).expect_exit(ILLEGAL, "");
    }
    // Those that are not there, as owners and as operators.
    for address in nobody() {
        assert!(!by_registry(minted(address, whole(1), &[])).is_ok());
        assert!(!by_registry(minted(alice, whole(1), &[bob.address, address])).is_ok());
        assert!(!by_registry(minted(address, whole(1), &[address])).is_ok());
    }
    assert!(!by_registry(minted(Address::new_id(999_999), whole(1), &[])).is_ok());
    by_registry(minted(alice, whole(1), &[Address::new_id(999_999)])).ok();
    // Those that refuse: a miner takes no tokens, the registry none without requests.
    for to in [provider.id, REGISTRY, ids::MARKET, ids::DATACAP] {
        assert!(!by_registry(minted(to, whole(1), &[])).is_ok());
    }
    by_registry(minted(bob, huge(), &[])).ok();
    stage.check_invariants();
}

fn destroy_and_burn(stage: &mut Stage) {
    let alice = client(stage, 5 << 20);
    let bob = client(stage, 7 << 20);
    let all = whole(5 << 20);

    for who in [alice.id, bob.id, ids::SYSTEM] {
        let destroy = token().destroy(owned(alice, whole(1)));
        stage.implicit(who, destroy).expect_exit(FORBIDDEN, "");
    }
    let mut by_registry = |params| stage.implicit(REGISTRY, token().destroy(params));
    assert_eq!(
        by_registry(owned(alice, whole(1))).ok().balance,
        &all - whole(1)
    );
    by_registry(owned(alice, all.clone())).expect_exit(TOO_LITTLE, "");
    by_registry(owned(alice, whole(0))).ok();
    for amount in no_amounts() {
        by_registry(owned(alice, amount)).expect_exit(ILLEGAL, "");
    }
    for address in nobody().into_iter().chain([Address::new_id(999_999)]) {
        for amount in [0, 1] {
            let outcome = by_registry(owned(address, whole(amount)));
            assert!(amount == 0 || !outcome.is_ok());
        }
    }
    by_registry(owned(Address::new_id(alice.id), all - whole(1))).ok();
    assert!(datacap_of(stage, alice.id).is_zero());

    let mut burn = |who: Account, amount| stage.call(who, token().burn(BurnParams { amount }));
    burn(alice, whole(1)).expect_exit(TOO_LITTLE, "");
    assert!(burn(alice, whole(0)).ok().balance.is_zero());
    assert_eq!(burn(bob, whole(7)).ok().balance, whole((7 << 20) - 7));
    burn(bob, huge()).expect_exit(TOO_LITTLE, "");
    for amount in no_amounts() {
        burn(bob, amount).expect_exit(ILLEGAL, "");
    }
    burn(bob, whole((7 << 20) - 7)).ok();
    assert!(stage.call(bob, token().total_supply()).ok().is_zero());
    stage.check_invariants();
}

fn transfer(stage: &mut Stage) {
    let alice = client(stage, 8 << 20);
    let bob = client(stage, 8 << 20);
    let provider = Provider::new(stage);

    // Between clients nothing moves.
    for to in [bob.address, alice.address, ids::address(ids::MARKET)] {
        for amount in [0, 1] {
            let send = token().transfer(sent(to, whole(amount)));
            stage.call(alice, send).expect_exit(FORBIDDEN, "");
        }
    }
    for to in nobody() {
        let send = token().transfer(sent(to, whole(1)));
        assert!(!stage.call(alice, send).is_ok());
    }
    // The registry takes tokens for requests only.
    let send = token().transfer(sent(REGISTRY, whole(1 << 20)));
    assert!(!stage.call(alice, send).is_ok());
    let good = request(stage, provider.id, 1);
    for amount in no_amounts() {
        let send = token().transfer(TransferParams {
            operator_data: asked(vec![good.clone()], Vec::new()),
            ..sent(REGISTRY, amount)
        });
        stage.call(alice, send).expect_exit(ILLEGAL, "");
    }
    let stranger = stage.account(10);
    let send = spend(1 << 20, vec![good.clone()], Vec::new());
    stage
        .call(stranger, send.clone())
        .expect_exit(TOO_LITTLE, "");
    let moved = stage.call(alice, send).ok();
    assert_eq!(moved.from_balance, whole(7 << 20));
    assert_eq!(moved.to_balance, whole(1 << 20));
    // It gives some back, to anyone that takes them.
    let mut back =
        |to: Address, amount| stage.implicit(REGISTRY, token().transfer(sent(to, amount)));
    back(bob.address, whole(1)).ok();
    back(stranger.address, whole(2)).ok();
    back(stranger.address, whole(1 << 20)).expect_exit(TOO_LITTLE, "");
    assert!(!back(provider.client.address, whole(1)).is_ok());
    assert!(!back(Address::new_id(REGISTRY), whole(1)).is_ok());
    back(bob.address, whole((1 << 20) - 3)).ok();
    assert!(datacap_of(stage, REGISTRY).is_zero());
}

fn malformed(stage: &mut Stage) {
    let alice = client(stage, 8 << 20);
    let bob = stage.account(10);
    let one = whole(1);
    refuse_malformed(stage, alice, &token().balance(alice.address));
    refuse_malformed(stage, alice, &token().allowance(alice.address, bob.address));
    refuse_malformed(stage, alice, &token().transfer(sent(REGISTRY, one.clone())));
    let from = sent_from(alice, REGISTRY, one.clone());
    refuse_malformed(stage, bob, &token().transfer_from(from));
    let burn = token().burn(BurnParams {
        amount: one.clone(),
    });
    refuse_malformed(stage, alice, &burn);
    refuse_malformed(stage, bob, &token().burn_from(alice.address, one.clone()));
    let more = token().increase_allowance(bob.address, one.clone());
    refuse_malformed(stage, alice, &more);
    let less = token().decrease_allowance(bob.address, one.clone());
    refuse_malformed(stage, alice, &less);
    let none = token().revoke_allowance(RevokeAllowanceParams {
        operator: bob.address,
    });
    refuse_malformed(stage, alice, &none);
    refuse_malformed(stage, alice, &token().mint(minted(alice, one.clone(), &[])));
    refuse_malformed(stage, alice, &token().destroy(owned(alice, one)));
    for call in [token().name(), token().symbol()] {
        refuse_parameters(stage, alice, &call);
    }
    refuse_parameters(stage, alice, &token().granularity());
    refuse_parameters(stage, alice, &token().total_supply());
    // Methods that are none. The constructor is for the system.
    for method in [2, 9, 1 << 24, u64::MAX] {
        let address = ids::address(ids::DATACAP);
        let outcome = stage.raw(alice, address, method, whole(0), None);
        outcome.expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    let params = RawBytes::serialize(alice.address).expect("an address encodes");
    let outcome = stage.raw(alice, ids::DATACAP, 1, whole(0), Some(params));
    outcome.expect_exit(FORBIDDEN, "");
    stage.check_invariants();
}
