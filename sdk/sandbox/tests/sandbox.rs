//! What a test of an actor does: deploy, call, look at state, events, traces, gas; go back.

use example_counter::{Counter, CounterClient};
use filigree_sandbox::{Account, Code, Sandbox};
use filigree_sdk::prelude::*;

mod relay;

struct Fixture {
    sandbox: Sandbox,
    alice: Account,
    counter: CounterClient,
}

/// A counter of alice's, from code that `install` gives.
fn fixture(install: impl FnOnce(&mut Sandbox) -> Code) -> Fixture {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    sandbox.label(alice, "alice");
    let code = install(&mut sandbox);
    let counter = sandbox
        .deploy(&code, CounterClient::new(alice.address))
        .ok();
    Fixture {
        sandbox,
        alice,
        counter: CounterClient::at(counter),
    }
}

fn native() -> Fixture {
    fixture(|sandbox| sandbox.install_native::<Counter>())
}

#[track_caller]
fn panic_text(f: impl FnOnce()) -> String {
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).expect_err("it did not panic");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap()
}

#[test]
fn a_call_returns_its_value_and_changes_state() {
    let Fixture {
        mut sandbox,
        alice,
        counter,
    } = native();
    let outcome = sandbox.call(alice, counter.increment(5));
    let events = outcome.events();
    assert_eq!(outcome.ok(), 5);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].kind(), Some("incremented"));
    assert_eq!(events[0].get::<u64>("by"), 5);

    let state: Counter = sandbox.state(counter.address);
    assert_eq!(
        state,
        Counter {
            owner: alice.id,
            value: 5
        }
    );
    let json = sandbox.state_json(counter.address);
    assert_eq!(
        json.to_string(),
        format!(r#"{{"owner":{},"value":5}}"#, alice.id)
    );
    assert_eq!(sandbox.view(counter.value()), 5);
    assert_eq!(sandbox.actor(alice).unwrap().sequence, 1);
}

#[test]
fn failures_are_expected_by_code_and_text() {
    let Fixture {
        mut sandbox,
        counter,
        ..
    } = native();
    let bob = sandbox.account(TokenAmount::from_whole(1));
    sandbox
        .call(bob, counter.increment(5))
        .expect_exit(ExitCode::USR_FORBIDDEN, "only the owner");
    let failed = sandbox
        .call(bob, counter.increment(5))
        .result()
        .unwrap_err();
    assert_eq!(failed.exit_code, ExitCode::USR_FORBIDDEN);

    let other_code = panic_text(|| {
        sandbox
            .call(bob, counter.increment(5))
            .expect_exit(ExitCode::USR_NOT_FOUND, "")
    });
    assert!(
        other_code.starts_with("exit code 17 (USR_NOT_FOUND) was expected"),
        "{other_code}"
    );
    let other_text = panic_text(|| {
        sandbox
            .call(bob, counter.increment(5))
            .expect_exit(ExitCode::USR_FORBIDDEN, "rain")
    });
    assert!(
        other_text.contains("with \"rain\" was expected") && other_text.contains("only the owner"),
        "{other_text}"
    );
    let success = panic_text(|| {
        sandbox
            .call(bob, counter.value())
            .expect_exit(ExitCode::USR_FORBIDDEN, "")
    });
    assert!(
        success.contains("Value succeeded; exit code 18 (USR_FORBIDDEN) was expected"),
        "{success}"
    );
    let wrong_type = panic_text(|| {
        let call: Call<bool> = Call::new(counter.address, counter.value().method, None);
        sandbox.call(bob, call).ok();
    });
    assert!(
        wrong_type.contains("returned something that is no bool"),
        "{wrong_type}"
    );
}

#[test]
fn a_failed_ok_tells_the_whole_story() {
    let Fixture {
        mut sandbox,
        counter,
        ..
    } = native();
    let bob = sandbox.account(TokenAmount::from_whole(1));
    sandbox.label(bob, "bob");
    let text = panic_text(|| {
        sandbox.call(bob, counter.increment(5)).ok();
    });

    let gas = |line: &str| line.split(" [").next().unwrap().to_owned();
    let lines: Vec<String> = text.lines().map(gas).collect();
    let actor = format!("Counter(f0{})", sandbox.id(counter.address));
    assert_eq!(
        lines[0],
        format!("{actor}.Increment failed with exit code 18 (USR_FORBIDDEN)")
    );
    assert!(lines[1].ends_with("only the owner may count"), "{text}");
    assert_eq!(
        lines[3],
        format!("bob(f0{}) → {actor}.Increment {{\"by\":5}}", bob.id)
    );
    assert_eq!(
        lines[4],
        "└─ ✗ exit code 18 (USR_FORBIDDEN): only the owner may count"
    );
}

#[test]
fn a_failed_constructor_leaves_nothing() {
    let mut sandbox = Sandbox::new();
    let code = sandbox.install_native::<Counter>();
    let nobody = Address::new_secp256k1(&[7; 65]).unwrap();
    let (root, next) = (
        *sandbox.state_root(),
        sandbox.deploy(&code, CounterClient::new(nobody)),
    );
    next.expect_exit(ExitCode::USR_NOT_FOUND, "no actor has the address");
    assert_eq!(*sandbox.state_root(), root);
}

#[test]
fn actors_are_deployed_as_the_init_actor_does() {
    let Fixture {
        mut sandbox,
        alice,
        counter,
    } = native();
    let id = sandbox.id(counter.address);
    assert_eq!(id, alice.id + 1);
    assert_eq!(sandbox.resolve(&counter.address), Some(id));
    let code = sandbox.install_native::<Counter>();
    let second = sandbox
        .deploy(&code, CounterClient::new(alice.address))
        .ok();
    let third = sandbox
        .deploy_as(alice, &code, CounterClient::new(alice.address))
        .ok();
    let paid = sandbox
        .deploy_paid(
            alice,
            &code,
            CounterClient::new(alice.address),
            TokenAmount::from_whole(2),
        )
        .ok();
    assert_eq!(
        [second, third, paid].map(|address| sandbox.id(address)),
        [id + 1, id + 2, id + 3]
    );
    assert_eq!(sandbox.balance(paid), TokenAmount::from_whole(2));
    assert_eq!(sandbox.balance(alice), TokenAmount::from_whole(8));
}

#[test]
fn money_moves_and_unknown_keys_become_accounts() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let new = Address::new_secp256k1(&[9; 65]).unwrap();
    sandbox
        .transfer(alice, new, TokenAmount::from_whole(3))
        .ok();
    assert_eq!(sandbox.balance(new), TokenAmount::from_whole(3));
    assert_eq!(sandbox.balance(alice), TokenAmount::from_whole(7));
    sandbox
        .transfer(alice, new, TokenAmount::from_whole(30))
        .expect_exit(ExitCode::SYS_INSUFFICIENT_FUNDS, "");
    sandbox.set_balance(alice, TokenAmount::from_whole(100));
    sandbox
        .transfer(alice, 99, TokenAmount::from_whole(30))
        .ok();
    assert_eq!(sandbox.balance(99), TokenAmount::from_whole(30));
    assert_eq!(sandbox.balance(12_345), TokenAmount::default());
}

#[test]
fn read_only_calls_and_views_leave_nothing() {
    let Fixture {
        mut sandbox,
        alice,
        counter,
    } = native();
    let root = *sandbox.state_root();
    let asked = sandbox.call(alice, counter.value().read_only());
    assert!(asked.trace().root.as_ref().unwrap().read_only);
    assert_eq!(asked.ok(), 0);
    assert_eq!(sandbox.view(counter.value()), 0);
    // The actor is told that it may change nothing, and by whom it is asked.
    sandbox
        .call(alice, counter.increment(1).read_only())
        .expect_exit(ExitCode::USR_ASSERTION_FAILED, "read-only");
    sandbox
        .call(0, counter.increment(1).read_only())
        .expect_exit(ExitCode::USR_FORBIDDEN, "only the owner");
    let paid = counter.value().value(TokenAmount::from_atto(1)).read_only();
    sandbox
        .call(alice, paid)
        .expect_exit(ExitCode::SYS_ASSERTION_FAILED, "cannot send value");
    let changes = panic_text(|| {
        sandbox.view(counter.increment(1));
    });
    assert!(changes.contains("only the owner"), "{changes}");
    assert_eq!(*sandbox.state_root(), root);
    sandbox.implicit(alice.id, counter.increment(2)).ok();
    assert_eq!(sandbox.view(counter.value()), 2);
    assert_eq!(sandbox.actor(alice).unwrap().sequence, 0);
}

#[test]
fn checkpoints_are_gone_back_to_more_than_once() {
    let Fixture {
        mut sandbox,
        alice,
        counter,
    } = native();
    let checkpoint = sandbox.checkpoint();
    let epoch = sandbox.epoch();
    for by in 1..4 {
        assert_eq!(sandbox.call(alice, counter.increment(by)).ok(), by);
        sandbox.advance(10);
        sandbox.set_base_fee(TokenAmount::from_nano(1));
        sandbox.account(TokenAmount::default());
        sandbox.revert(&checkpoint);
        assert_eq!(sandbox.view(counter.value()), 0);
        assert_eq!(
            (sandbox.epoch(), sandbox.base_fee()),
            (epoch, &TokenAmount::default())
        );
    }
}

#[test]
fn fees_are_paid_where_there_are_some() {
    let Fixture {
        mut sandbox,
        alice,
        counter,
    } = native();
    let before = sandbox.balance(alice);
    sandbox.call(alice, counter.increment(1)).ok();
    assert_eq!(sandbox.balance(alice), before);
    sandbox.set_base_fee(TokenAmount::from_nano(1));
    let outcome = sandbox.call(alice, counter.increment(1));
    let (fee, gas) = (outcome.applied().base_fee_burn.clone(), outcome.gas_used());
    let burnt = &fee + &outcome.applied().over_estimation_burn;
    outcome.ok();
    assert_eq!(fee, TokenAmount::from_nano(1) * gas);
    assert_eq!(sandbox.balance(alice), before - &burnt);
    assert_eq!(sandbox.balance(99), burnt);
    sandbox
        .call(alice, counter.increment(1).gas_limit(500_000))
        .expect_exit(ExitCode::SYS_OUT_OF_GAS, "");
    sandbox
        .deploy_as(
            alice,
            &Code {
                cid: sandbox.actor(counter.address).unwrap().code,
                name: String::new(),
                is_native: true,
            },
            CounterClient::new(alice.address),
        )
        .ok();
}

#[test]
fn time_goes_on() {
    let mut sandbox = Sandbox::new();
    let (epoch, timestamp) = (sandbox.epoch(), sandbox.timestamp());
    sandbox.advance(3);
    assert_eq!(
        (sandbox.epoch(), sandbox.timestamp()),
        (epoch + 3, timestamp + 90)
    );
    let code = sandbox.install_native::<relay::Relay>();
    let relay = relay::RelayClient::at(sandbox.deploy(&code, relay::RelayClient::new()).ok());
    assert_eq!(sandbox.view(relay.epoch()), epoch + 3);
    let drawn = sandbox.view(relay.draw(epoch));
    sandbox.set_epoch(epoch + 100);
    assert_eq!(sandbox.view(relay.draw(epoch)), drawn);
    assert_ne!(sandbox.view(relay.draw(epoch + 1)), drawn);
    let alice = sandbox.account(TokenAmount::default());
    assert!(!sandbox.call(alice, relay.draw(epoch + 1_000)).is_ok());
    sandbox.set_network_version(fvm_shared::version::NetworkVersion::V25);
    assert_eq!(sandbox.view(relay.network_version()), 25);
}

#[test]
fn cron_runs_at_the_end_of_each_epoch() {
    let mut sandbox = Sandbox::new();
    let code = sandbox.install_native::<relay::Relay>();
    let relay = relay::RelayClient::at(sandbox.deploy(&code, relay::RelayClient::new()).ok());
    sandbox.schedule_cron(relay.address, relay.tick().method);
    let epoch = sandbox.epoch();
    sandbox.advance(3);
    let state: relay::Relay = sandbox.state(relay.address);
    assert_eq!((state.calls, state.last_epoch), (3, epoch + 2));
    sandbox.set_epoch(epoch + 10);
    assert_eq!(sandbox.state::<relay::Relay>(relay.address).calls, 3);
}

#[test]
fn a_panicking_native_actor_fails_like_one_in_wasm() {
    let mut sandbox = Sandbox::new();
    let code = sandbox.install_native::<relay::Relay>();
    let relay = relay::RelayClient::at(sandbox.deploy(&code, relay::RelayClient::new()).ok());
    let alice = sandbox.account(TokenAmount::default());
    sandbox
        .call(alice, relay.panic())
        .expect_exit(ExitCode::USR_ASSERTION_FAILED, "on purpose");
    sandbox
        .call(alice, Call::<()>::new(relay.address, 77, None))
        .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
}

#[test]
fn messages_of_no_account_are_refused() {
    let Fixture {
        mut sandbox,
        counter,
        ..
    } = native();
    let failed = sandbox
        .call(12_345, counter.increment(1))
        .result()
        .unwrap_err();
    assert_eq!(failed.exit_code, ExitCode::SYS_SENDER_INVALID);
    let text = failed.to_string();
    assert!(
        text.contains("the message was refused: the sender f012345 does not exist"),
        "{text}"
    );
    assert!(
        failed.tree.root.is_none() && text.contains("✗ refused before it ran"),
        "{text}"
    );
}

#[test]
fn logs_are_part_of_the_trace_where_actors_may_log() {
    for on in [true, false] {
        let mut sandbox = Sandbox::builder().debugging(on).build();
        let alice = sandbox.account(TokenAmount::from_whole(1));
        let code = sandbox.install_native::<relay::Relay>();
        let relay = relay::RelayClient::at(sandbox.deploy(&code, relay::RelayClient::new()).ok());
        let trace = sandbox.call(alice, relay.log()).trace().plain();
        assert_eq!(trace.contains("├─ log: was here\n"), on, "{trace}");
    }
}

#[test]
fn actors_are_upgraded() {
    let Fixture {
        mut sandbox, alice, ..
    } = native();
    let (old, new) = (
        sandbox.install_native::<relay::Relay>(),
        sandbox.install_native::<relay::v2::Relay>(),
    );
    let relay = relay::RelayClient::at(sandbox.deploy(&old, relay::RelayClient::new()).ok());
    let counter = sandbox.install_native::<Counter>();
    sandbox
        .call(alice, relay.upgrade(counter.cid))
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "the upgrade failed");
    assert_eq!(sandbox.actor(relay.address).unwrap().code, old.cid);
    sandbox.call(alice, relay.upgrade(new.cid)).ok();
    assert_eq!(sandbox.actor(relay.address).unwrap().code, new.cid);
    assert_eq!(
        sandbox.state_json(relay.address).to_string(),
        r#"{"calls":0,"version":2}"#
    );
}

#[test]
fn the_trace_is_a_tree_with_names() {
    let Fixture {
        mut sandbox,
        alice,
        counter,
    } = native();
    let code = sandbox.install_native::<relay::Relay>();
    let relay = relay::RelayClient::at(sandbox.deploy(&code, relay::RelayClient::new()).ok());
    let code = sandbox.install_native::<Counter>();
    let own = sandbox
        .deploy(&code, CounterClient::new(relay.address))
        .ok();
    let outcome = sandbox.call(
        alice,
        relay.relay(vec![own, counter.address, Address::new_id(9_999)], 7),
    );
    let trace = outcome.trace();
    assert_eq!(outcome.ok(), 7);
    let root = trace.root.as_ref().unwrap();
    assert_eq!(trace.calls().len(), 4);
    assert_eq!(trace.gas, root.gas + trace.inclusion_gas);
    // Gas changes with the host; the text does not.
    let mut plain = String::new();
    for line in trace.plain().lines() {
        let (text, gas) = line.split_once(" [").unwrap_or((line, ""));
        assert!(gas.is_empty() || gas.ends_with(" gas]"), "{line}");
        if !text.starts_with("gas ") {
            plain.push_str(text);
            plain.push('\n');
        }
    }
    assert_eq!(plain, include_str!("golden/trace.txt"), "{}", trace.plain());
}
