//! Who may create what.

use filigree_actor_init::{Init, InitClient};
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;

const INIT: Address = Address::new_id(1);

#[test]
fn accounts_create_neither_accounts_nor_unknown_code() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let init = InitClient::at(INIT);
    let account = sandbox.actor(alice.address).unwrap().code;
    let before = sandbox.state::<Init>(INIT);
    for code in [account, Cid::default()] {
        let call = init.exec(code, RawBytes::default());
        sandbox
            .call(alice, call)
            .expect_exit(ExitCode::USR_FORBIDDEN, "may not create");
    }
    let call = init.exec4(account, RawBytes::default(), RawBytes::default());
    sandbox
        .call(alice, call)
        .expect_exit(ExitCode::USR_FORBIDDEN, "may not call");
    assert_eq!(sandbox.state::<Init>(INIT), before);
    assert_eq!(before.check_invariants(sandbox.store()), []);
}
