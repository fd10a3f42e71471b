//! Ethereum keys on chain: the placeholder that money makes, and the account that the first message makes of it.

use filigree_builtin::calls::reward::this_epoch_reward;
use filigree_builtin::ids;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_CONSTRUCTOR;

use super::account::send;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "placeholder/takes-every-call",
        run: placeholder,
    },
    Scenario {
        name: "ethaccount/made-by-its-first-message",
        run: first_message,
    },
    Scenario {
        name: "ethaccount/methods",
        run: methods,
    },
];

fn f410(byte: u8) -> Address {
    Address::new_delegated(ids::EAM, &[byte; 20]).expect("an address")
}

fn all_params() -> [Option<RawBytes>; 4] {
    let bytes = |bytes: &[u8]| Some(RawBytes::new(bytes.to_vec()));
    [None, bytes(&[0x80]), bytes(&[0xff]), bytes(&[0; 10_000])]
}

/// And does nothing.
fn placeholder(stage: &mut Stage) {
    let alice = stage.account(100);
    stage.call(alice, send(f410(1), 0)).ok();
    stage.call(alice, send(f410(1), 5)).ok();
    for method in [METHOD_CONSTRUCTOR, 2, 3, 1 << 24, u64::MAX] {
        for params in all_params() {
            let value = TokenAmount::from_atto(7);
            stage
                .raw(alice, f410(1), method, value.clone(), params.clone())
                .ok();
            stage
                .raw_implicit(ids::SYSTEM, f410(1), method, TokenAmount::default(), params)
                .ok();
        }
    }
    // A call of a method makes one too.
    stage
        .raw(alice, f410(2), 3_844_450_837, TokenAmount::default(), None)
        .ok();
    let id = stage.id(f410(2));
    stage.call(alice, send(id, 1)).ok();
    stage.check_invariants();
}

fn first_message(stage: &mut Stage) {
    let alice = stage.account(100);
    stage.call(alice, send(f410(1), 10)).ok();
    stage.call(f410(1), send(alice, 1)).ok();
    stage.call(f410(1), send(f410(1), 1)).ok();
    stage.call(f410(1), send(f410(2), 2)).ok();
    stage.call(f410(1), this_epoch_reward()).ok();
    // One whose first message fails is an account all the same.
    stage
        .call(f410(2), send(Address::new_id(123_456), 1))
        .expect_exit(ExitCode::SYS_INVALID_RECEIVER, "");
    stage.call(f410(2), send(alice, 1)).ok();
    // And one without money.
    stage.call(alice, send(f410(3), 0)).ok();
    stage.call(f410(3), send(alice, 0)).ok();
    stage.check_invariants();
}

fn methods(stage: &mut Stage) {
    let alice = stage.account(100);
    stage.call(alice, send(f410(1), 10)).ok();
    stage.call(f410(1), send(alice, 1)).ok();
    let nothing = TokenAmount::default;
    for params in all_params() {
        let has_params = params.is_some();
        for method in [2, 3, (1 << 24) - 1] {
            stage
                .raw(alice, f410(1), method, nothing(), params.clone())
                .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
        }
        for method in [1 << 24, u64::MAX] {
            let value = TokenAmount::from_atto(7);
            stage
                .raw(alice, f410(1), method, value, params.clone())
                .ok();
        }
        let outcome = stage.raw(
            alice,
            f410(1),
            METHOD_CONSTRUCTOR,
            nothing(),
            params.clone(),
        );
        assert!(!outcome.is_ok());
        // The constructor keeps no state, so that the system might call it again.
        let by_system =
            stage.raw_implicit(ids::SYSTEM, f410(1), METHOD_CONSTRUCTOR, nothing(), params);
        assert_eq!(by_system.is_ok(), !has_params);
    }
    stage.check_invariants();
}
