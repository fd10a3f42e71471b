//! Accounts: money to all kinds of addresses, and signatures that other actors ask an account about.

use filigree_sandbox::Account;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_SEND;

use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[Scenario {
    name: "account/transfers",
    run: transfers,
}];

fn send(to: Address, fil: u64) -> Call<()> {
    Call::new(to, METHOD_SEND, None).value(TokenAmount::from_whole(fil))
}

/// To a key, an id, a new key of either kind, and to what does not exist.
fn transfers(stage: &mut Stage) {
    let alice: Account = stage.account(100);
    let bob = stage.account(0);
    stage.call(alice, send(bob.address, 1)).ok();
    stage.call(alice, send(Address::new_id(bob.id), 2)).ok();
}
