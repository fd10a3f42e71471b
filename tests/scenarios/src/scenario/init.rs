//! The init actor: who may create what, and at which addresses.

use filigree_actor_init::Init;
use filigree_actor_multisig::{ConstructorParams, MultisigClient};
use filigree_builtin::calls::init::{
    ConstructorParams as InitParams, Exec4Params, ExecParams, ExecReturn, exec, exec4,
};
use filigree_builtin::ids;
use filigree_sandbox::{Account, Outcome, Sandbox};
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_CONSTRUCTOR;

use super::account::send;
use crate::malformed::refuse_malformed;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::stranger::{stranger, stranger_code};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "init/exec",
        run: exec_allowed,
    },
    Scenario {
        name: "init/exec-of-what-is-not-for-all",
        run: exec_refused,
    },
    Scenario {
        name: "init/exec-with-a-constructor-that-fails",
        run: constructor_fails,
    },
    Scenario {
        name: "init/exec-malformed",
        run: malformed,
    },
    Scenario {
        name: "init/exec4",
        run: exec4_by_the_eam,
    },
    Scenario {
        name: "init/exec4-that-is-refused",
        run: exec4_refused,
    },
];

/// Every code of the bundle that the stage has.
const CODES: [&str; 14] = [
    "system",
    "init",
    "cron",
    "account",
    "storagepower",
    "storageminer",
    "storagemarket",
    "paymentchannel",
    "multisig",
    "reward",
    "verifiedregistry",
    "datacap",
    "placeholder",
    "ethaccount",
];

/// The parameters of a wallet of one signer.
fn wallet_of(signer: Account) -> RawBytes {
    let construction = MultisigClient::construct(ConstructorParams {
        signers: vec![signer.address],
        num_approvals_threshold: 1,
        unlock_duration: 0,
        start_epoch: 0,
    });
    RawBytes::new(construction.params.expect("it takes parameters").data)
}

fn create(code_cid: Cid, constructor_params: RawBytes) -> Call<ExecReturn> {
    let params = ExecParams {
        code_cid,
        constructor_params,
    };
    exec(&params).expect("the parameters encode")
}

fn create4(code_cid: Cid, constructor_params: RawBytes, subaddress: &[u8]) -> Call<ExecReturn> {
    let params = Exec4Params {
        code_cid,
        constructor_params,
        subaddress: RawBytes::new(subaddress.to_vec()),
    };
    exec4(&params).expect("the parameters encode")
}

/// Wallets, one by one, with and without money; for others; by the protocol's own actors.
fn exec_allowed(stage: &mut Stage) {
    let [alice, bob] = [stage.account(100), stage.account(100)];
    let multisig = stage.code("multisig");
    let first = stage.call(alice, create(multisig, wallet_of(alice))).ok();
    let paid = create(multisig, wallet_of(bob)).value(TokenAmount::from_whole(3));
    let second = stage.call(alice, paid.clone()).ok();
    assert_ne!(first, second);
    assert_eq!(
        stage.balance(second.robust_address),
        TokenAmount::from_whole(3)
    );
    assert_eq!(
        stage.resolve(&second.robust_address),
        second.id_address.id().ok()
    );
    for id in [
        ids::SYSTEM,
        ids::REWARD,
        ids::MARKET,
        alice.id,
        first.id_address.id().expect("an id"),
    ] {
        stage.implicit(id, create(multisig, wallet_of(bob))).ok();
    }
    stage.advance(1);
    stage.call(bob, paid).ok();
    stage
        .call(
            bob,
            create(multisig, wallet_of(bob)).value(TokenAmount::from_whole(98)),
        )
        .expect_exit(ExitCode::SYS_INSUFFICIENT_FUNDS, "");
    stage.check_invariants();
}

/// Any other code, by users, by the protocol's actors, by users' own code. Miners are for the power actor.
fn exec_refused(stage: &mut Stage) {
    let alice = stage.account(100);
    let (stranger, stranger_code) = (stranger(stage), stranger_code(stage));
    let multisig = stage.code("multisig");
    let empty = RawBytes::default;
    for name in CODES {
        let code = stage.code(name);
        let creatable = ["multisig", "paymentchannel"].contains(&name);
        for params in [empty(), wallet_of(alice)] {
            let outcome = stage.call(alice, create(code, params.clone()));
            if !creatable {
                outcome.expect_exit(ExitCode::USR_FORBIDDEN, "");
            }
            let outcome = stage.implicit(ids::POWER, create(code, params));
            if !creatable && name != "storageminer" {
                outcome.expect_exit(ExitCode::USR_FORBIDDEN, "");
            }
        }
        for id in [ids::SYSTEM, ids::INIT, ids::MARKET] {
            let outcome = stage.implicit(id, create(code, empty()));
            assert!(!outcome.is_ok(), "{name} by f0{id}");
        }
    }
    for code in [stranger_code, Cid::default()] {
        stage
            .call(alice, create(code, empty()))
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    stage
        .implicit(stranger, create(multisig, wallet_of(alice)))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.check_invariants();
}

/// Then nothing was created, and the next gets the id.
fn constructor_fails(stage: &mut Stage) {
    let alice = stage.account(100);
    let multisig = stage.code("multisig");
    let before = stage.state::<Init>(ids::INIT).next_id;
    let none = RawBytes::new(
        fvm_ipld_encoding::to_vec(&(Vec::<Address>::new(), 0_u64, 0_i64, 0_i64)).expect("encodes"),
    );
    for params in [
        none,
        RawBytes::default(),
        RawBytes::new(vec![0xff]),
        RawBytes::new(vec![0x80]),
    ] {
        let outcome = stage.call(
            alice,
            create(multisig, params).value(TokenAmount::from_whole(1)),
        );
        assert!(!outcome.is_ok());
    }
    assert_eq!(stage.state::<Init>(ids::INIT).next_id, before);
    let created = stage.call(alice, create(multisig, wallet_of(alice))).ok();
    assert_eq!(created.id_address, Address::new_id(before));
    stage.check_invariants();
}

fn malformed(stage: &mut Stage) {
    let alice = stage.account(100);
    let multisig = stage.code("multisig");
    refuse_malformed(stage, alice, &create(multisig, wallet_of(alice)));
    let again = InitParams {
        network_name: "again".to_owned(),
    };
    let again = RawBytes::serialize(again).expect("the parameters encode");
    let nothing = TokenAmount::default;
    stage
        .raw(
            alice,
            ids::INIT,
            METHOD_CONSTRUCTOR,
            nothing(),
            Some(again.clone()),
        )
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    let outcome = stage.raw_implicit(
        ids::SYSTEM,
        ids::INIT,
        METHOD_CONSTRUCTOR,
        nothing(),
        Some(again),
    );
    assert!(!outcome.is_ok());
    for method in [4, 5, 1 << 24, u64::MAX] {
        stage
            .raw(alice, ids::INIT, method, nothing(), None)
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    stage.call(alice, send(ids::INIT, 1)).ok();
    stage.check_invariants();
}

/// Puts an account where networks have the Ethereum address manager: it is asked for nothing but its id.
fn eam(stage: &mut Stage) {
    let next = stage.state::<Init>(ids::INIT).next_id;
    let sandbox = stage.sandbox();
    let set_next = |sandbox: &mut Sandbox, next_id| {
        let init = Init {
            next_id,
            ..sandbox.state(ids::INIT)
        };
        sandbox.set_state(ids::INIT, &init);
    };
    set_next(sandbox, ids::EAM);
    let account = sandbox.account(TokenAmount::default());
    assert_eq!(account.id, ids::EAM);
    set_next(sandbox, next);
}

/// Each in an epoch of its own: the address of what a protocol's message creates follows from the epoch.
#[track_caller]
fn by_eam(stage: &mut Stage, call: Call<ExecReturn>) -> Outcome<ExecReturn> {
    let next = stage.epoch() + 1;
    stage.sandbox().set_epoch(next);
    stage.implicit(ids::EAM, call)
}

/// At an f4 address: one that is new, one where money waits, and not where an actor is.
fn exec4_by_the_eam(stage: &mut Stage) {
    let alice = stage.account(100);
    let multisig = stage.code("multisig");
    eam(stage);
    let f410 = |byte| Address::new_delegated(ids::EAM, &[byte; 20]).expect("an address");
    let create = |byte: u8| create4(multisig, wallet_of(alice), &[byte; 20]);
    let first = by_eam(stage, create(1)).ok();
    assert_eq!(stage.resolve(&f410(1)), first.id_address.id().ok());
    stage.call(alice, send(f410(2), 5)).ok();
    let placeholder = stage.id(f410(2));
    let second = by_eam(stage, create(2).value(TokenAmount::default())).ok();
    assert_eq!(second.id_address, Address::new_id(placeholder));
    assert_eq!(stage.balance(f410(2)), TokenAmount::from_whole(5));
    for taken in [1, 2] {
        by_eam(stage, create(taken)).expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    // An Ethereum account is no placeholder.
    stage.call(alice, send(f410(3), 5)).ok();
    stage.call(f410(3), send(alice, 1)).ok();
    by_eam(stage, create(3)).expect_exit(ExitCode::USR_FORBIDDEN, "");
    let short = by_eam(stage, create4(multisig, wallet_of(alice), b"")).ok();
    assert_ne!(short.id_address, second.id_address);
}

fn exec4_refused(stage: &mut Stage) {
    let alice = stage.account(100);
    let multisig = stage.code("multisig");
    let stranger = stranger(stage);
    eam(stage);
    let create = || create4(multisig, wallet_of(alice), &[1; 20]);
    stage
        .call(alice, create())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    for id in [ids::SYSTEM, ids::INIT, ids::POWER, stranger] {
        stage
            .implicit(id, create())
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    let longest = create4(multisig, wallet_of(alice), &[1; 54]);
    by_eam(stage, longest).ok();
    for length in [55, 64, 1_000] {
        let call = create4(multisig, wallet_of(alice), &vec![1; length]);
        by_eam(stage, call).expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    // Of any code: nobody asks, but what can be created at all is the host's to say.
    for name in CODES {
        let code = stage.code(name);
        let subaddress = [name.as_bytes(), &[0; 20]].concat();
        let outcome = stage.implicit(
            ids::EAM,
            create4(code, RawBytes::default(), &subaddress[..20]),
        );
        assert!(!outcome.is_ok(), "{name}: {outcome:?}");
    }
    let outcome = stage.implicit(
        ids::EAM,
        create4(Cid::default(), RawBytes::default(), &[9; 20]),
    );
    assert!(!outcome.is_ok());
    refuse_malformed_of_the_eam(stage, &create());
}

fn refuse_malformed_of_the_eam(stage: &mut Stage, call: &Call<ExecReturn>) {
    let good = &call.params.as_ref().expect("it has parameters").data;
    let nothing = TokenAmount::default;
    for params in [
        None,
        Some(&good[..good.len() - 1]),
        Some(&[0x80][..]),
        Some(&[0xf6]),
    ] {
        let params = params.map(|bytes| RawBytes::new(bytes.to_vec()));
        let outcome = stage.raw_implicit(ids::EAM, ids::INIT, call.method, nothing(), params);
        assert!(!outcome.is_ok());
    }
}
