//! Sandboxes on whole bundles: all singletons are there, and time goes on.

use std::path::Path;

use filigree_bundle::{Recipe, kept};
use filigree_sandbox::{Builder, Sandbox, VERIFREG_ROOT_ID};
use filigree_sdk::call::Call;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;

/// Who is there before anybody comes.
const SINGLETONS: [u64; 10] = [0, 1, 2, 3, 4, 5, 6, 7, VERIFREG_ROOT_ID, 99];

fn stands(builder: Builder) {
    let mut sandbox = builder.build();
    for id in SINGLETONS {
        assert!(sandbox.actor(id).is_some(), "f0{id}");
    }
    sandbox.advance(20);
    let account = sandbox.account(TokenAmount::from_whole(1));
    assert_eq!(account.id, 100);
}

#[test]
fn the_whole_protocol_stands() {
    stands(Sandbox::builder());
}

#[test]
fn any_bundle_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bundle.car");
    std::fs::write(
        &file,
        kept::car(&Recipe::of(filigree_bundle::Network::Mainnet)).unwrap(),
    )
    .unwrap();
    stands(Sandbox::builder().bundle(&file));
    if let Some(official) = std::env::var_os("FILIGREE_BUNDLE") {
        stands(Sandbox::builder().bundle(Path::new(&official)));
    }
}

#[test]
fn the_core_stands_alone() {
    let mut sandbox = Sandbox::builder().core().build();
    for id in SINGLETONS {
        let is_core = ![4, 5, 6, 7, VERIFREG_ROOT_ID].contains(&id);
        assert_eq!(sandbox.actor(id).is_some(), is_core, "f0{id}");
    }
    sandbox.advance(20);
}

#[test]
fn a_tick_after_many_epochs_without_one_may_cost_more_than_a_block() {
    let mut sandbox = Sandbox::new();
    sandbox.set_epoch(300_000);
    let before = sandbox.checkpoint();
    let tick: Call<()> = Call::new(Address::new_id(3), 2, None);
    let tick = sandbox.implicit(0, tick);
    tick.expect_exit(ExitCode::SYS_OUT_OF_GAS, "");
    sandbox.revert(&before);
    sandbox.advance(1);
}
