//! A failing assertion points at the author's line, whatever it is that fails.
//!
//! One test in a process of its own: the hook that reads the locations is that of the process.

use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::sync::Mutex;

use example_counter::{Counter, CounterClient};
use filigree_sandbox::fuzz::Fuzz;
use filigree_sandbox::{Sandbox, wasm_of};
use filigree_sdk::prelude::*;
use fvm_shared::version::NetworkVersion;

mod relay;

/// File and line of the last panic.
static LAST: Mutex<Option<(String, u32)>> = Mutex::new(None);

/// A type that no block holds.
struct Unencodable;

impl serde::Serialize for Unencodable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("refused on purpose"))
    }
}

/// Expects a panic with this text whose location is the line of this call, or one of the two below it.
#[track_caller]
fn here<T>(text: &str, f: impl FnOnce() -> T) {
    let (file, line) = (Location::caller().file(), Location::caller().line());
    let report = take_hook();
    set_hook(Box::new(|panic| {
        let location = panic.location().unwrap();
        *LAST.lock().unwrap() = Some((location.file().to_owned(), location.line()));
    }));
    let panic = catch_unwind(AssertUnwindSafe(f)).err();
    set_hook(report);
    let panic = panic.unwrap_or_else(|| panic!("line {line} did not panic"));
    let told = panic.downcast_ref::<String>().unwrap();
    assert!(told.contains(text), "line {line}: {told}");
    let last = LAST.lock().unwrap().take();
    let found = last
        .as_ref()
        .is_some_and(|(found, at)| found == file && (line..=line + 2).contains(at));
    assert!(found, "line {line} is reported at {last:?}");
}

#[test]
fn a_failing_assertion_points_at_the_line_of_the_test() {
    let mut sandbox = Sandbox::new();
    let (alice, bob) = (
        sandbox.account(TokenAmount::from_whole(10)),
        sandbox.account(TokenAmount::from_whole(10)),
    );
    let code = sandbox.install_native::<Counter>();
    let new = CounterClient::new(alice.address);
    let counter = CounterClient::at(sandbox.deploy(&code, new).ok());
    let at = counter.address;
    let nobody = Address::new_secp256k1(&[7; 65]).unwrap();

    // Outcomes and events.
    let fail = || counter.increment(5);
    let forbidden = "exit code 18 (USR_FORBIDDEN)";
    here(forbidden, || sandbox.call(bob, fail()).ok());
    here("with \"rain\" was expected", || {
        let outcome = sandbox.call(bob, fail());
        outcome.expect_exit(ExitCode::USR_FORBIDDEN, "rain")
    });
    here("was expected", || {
        let outcome = sandbox.call(alice, fail());
        outcome.expect_exit(ExitCode::USR_FORBIDDEN, "")
    });
    let text: Call<String> = Call::new(at, counter.value().method, None);
    here("no alloc::string::String", || {
        sandbox.call(bob, text).result()
    });
    here(forbidden, || sandbox.view(fail()));
    here("SYS_INSUFFICIENT_FUNDS", || {
        sandbox.transfer(bob, at, TokenAmount::from_whole(11)).ok()
    });
    let event = sandbox.call(alice, fail()).events().remove(0);
    here("no entry \"weather\"", || event.get::<u64>("weather"));
    here("\"by\" is not a", || event.get::<String>("by"));

    // State.
    here("no actor has the address", || sandbox.id(nobody));
    here("no actor has the address", || {
        sandbox.label(nobody, "nobody")
    });
    here("there is no actor", || sandbox.state::<Counter>(nobody));
    here("is not a alloc::string", || sandbox.state::<String>(at));
    here("there is no actor", || sandbox.state_json(nobody));
    here("there is no actor f077777", || {
        sandbox.set_state(77_777, &1)
    });
    here("does not encode", || sandbox.set_state(at, &Unencodable));
    here("there is no actor f077777", || {
        sandbox.set_balance(77_777, TokenAmount::default())
    });
    here("time goes on, not back", || sandbox.advance(-1));

    // Code.
    here("would not run this Wasm", || sandbox.install(b"not wasm"));
    here("cannot be built", || wasm_of!("nowhere"));

    // Searches.
    let unsound = Fuzz::new(at).cases(2).only(&["Value"]);
    here("an invariant of Counter broke: rain", || {
        unsound.check(&mut sandbox, |_, _| Err("rain".to_owned()))
    });
    let unnamed = Fuzz::new(at).only(&["Stir"]);
    here("no method Stir", || {
        unnamed.check(&mut sandbox, |_, _| Ok(()))
    });
    let missing = Fuzz::new(nobody);
    here("deploy it first", || {
        missing.check(&mut sandbox, |_, _| Ok(()))
    });
    let unsent = Fuzz::new(at).from(nobody);
    here("no actor has the address", || {
        unsent.check(&mut sandbox, |_, _| Ok(()))
    });

    // Rehearsals.
    let (old, new) = (
        sandbox.install_native::<relay::Relay>(),
        sandbox.install_native::<relay::v2::Relay>(),
    );
    here("do not encode", || {
        sandbox.rehearse(&old, &new).params(Unencodable)
    });
    let relay = sandbox.deploy(&old, relay::RelayClient::new()).ok();
    sandbox.set_state(relay, &"no relay");
    let report = sandbox.rehearse(&old, &new).run().unwrap();
    here("1 FAILED", || report.expect_all_to_pass());

    // A host that cannot run, and a state that is damaged.
    let checkpoint = sandbox.checkpoint();
    sandbox.set_network_version(NetworkVersion::V1);
    here("the host cannot start", || sandbox.call(alice, fail()));
    here("the host cannot start", || sandbox.view(counter.value()));
    here("the host cannot start", || {
        sandbox.implicit(alice.id, fail())
    });
    here("the host cannot start", || {
        sandbox.deploy_as(alice, &code, CounterClient::new(alice.address))
    });
    sandbox.revert(&checkpoint);
    sandbox.set_state(filigree_state::INIT_ACTOR_ID, &"no init actor");
    here("the state cannot be changed", || {
        sandbox.account(TokenAmount::default())
    });
    here("the state cannot be read", || {
        sandbox.balance(alice.address)
    });
    here("is not a", || {
        sandbox.deploy(&code, CounterClient::new(alice.address))
    });
}
