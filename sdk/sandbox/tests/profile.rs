//! Profiles in a sandbox: the same gas, names of functions, and the file of a test run.

use std::process::Command;

use example_counter::CounterClient;
use filigree_sandbox::profile::{PROFILE_VARIABLE, Stacks, learn_names};
use filigree_sandbox::{Outcome, Sandbox, wasm, wasm_of};
use filigree_sdk::prelude::*;

/// Calls of a counter, good and bad; the gas of each.
fn calls(sandbox: &mut Sandbox) -> Vec<u64> {
    let alice = sandbox.account(TokenAmount::from_whole(1));
    let bob = sandbox.account(TokenAmount::from_whole(1));
    let code = sandbox.install(wasm_of!("../examples/counter"));
    let deployed = sandbox.deploy_as(alice, &code, CounterClient::new(alice.address));
    let mut gas = vec![deployed.gas_used()];
    let counter = CounterClient::at(deployed.ok());
    let mut add = |outcome: Outcome<u64>| gas.push(outcome.gas_used());
    add(sandbox.call(alice, counter.increment(3)));
    add(sandbox.call(bob, counter.increment(3)));
    add(sandbox.call(alice, counter.increment(u64::MAX)));
    add(sandbox.call(alice, counter.increment(1).gas_limit(2_000_000)));
    add(sandbox.call(alice, Call::new(counter.address, 99, None)));
    gas
}

#[test]
fn a_profiled_message_uses_the_gas_it_always_uses() {
    let plain = calls(&mut Sandbox::new());
    let mut sandbox = Sandbox::new();
    sandbox.profile(true);
    assert_eq!(calls(&mut sandbox), plain);
    let stacks = sandbox.take_stacks();
    assert_eq!(stacks.gas(), plain.iter().sum::<u64>());
    assert!(sandbox.take_stacks().is_empty());
    // Off again.
    sandbox.profile(false);
    let alice = sandbox.account(TokenAmount::from_whole(1));
    sandbox
        .transfer(alice, 100_u64, TokenAmount::from_atto(1))
        .ok();
    assert!(sandbox.take_stacks().is_empty());
}

#[test]
fn functions_syscalls_and_calls_have_their_names() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/counter");
    let mut options = filigree_build::BuildOptions::new(&folder);
    options.quiet = true;
    let wasm = wasm::of(&folder);
    let names = filigree_build::build::names(&options, wasm).unwrap();
    learn_names(filigree_build::code_cid(wasm), names.unwrap());

    let mut sandbox = Sandbox::new();
    sandbox.profile(true);
    calls(&mut sandbox);
    let stacks = sandbox.take_stacks();
    let text = stacks.folded();
    for part in [
        "Counter.Increment;invoke;",
        "Counter.Increment;host OnChainMessage ",
        // The constructor, below the actor that sent it.
        "init.Deploy;syscall send::send;Counter.Constructor;invoke;",
        "filigree_sdk::sys::vm_exit;syscall vm::exit ",
        ";syscall self::set_root ",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let of_counter = stacks.below(|frame| frame.starts_with("Counter."));
    assert!(!of_counter.folded().contains(";function "), "{text}");
}

/// Not a test of its own: what the next one runs with the variable set.
#[test]
fn inner_run() {
    if std::env::var_os(PROFILE_VARIABLE).is_some() {
        println!("gas: {}", calls(&mut Sandbox::new()).iter().sum::<u64>());
    }
}

#[test]
fn with_the_variable_set_sandboxes_add_to_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made/test.folded");
    let mut gas = 0;
    for run in 1..=2 {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "inner_run", "--nocapture"])
            .env(PROFILE_VARIABLE, &file)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let said = text.lines().find_map(|line| line.split_once("gas: "));
        gas += said.unwrap().1.parse::<u64>().unwrap();
        let stacks = Stacks::read(&file).unwrap();
        assert_eq!(stacks.gas(), gas, "run {run}");
        // `wasm_of!` found the names.
        let text = stacks.folded();
        assert!(text.contains("filigree_sdk::"), "{text}");
    }
}
