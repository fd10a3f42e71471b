//! The system actor on a chain: it knows the code of all built-in actors, and nobody calls it.

use filigree_actor_system::{System, SystemClient};
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;

const SYSTEM: Address = Address::new_id(0);

#[test]
fn it_lists_the_code_that_the_others_run() {
    let sandbox = Sandbox::new();
    let state = sandbox.state::<System>(SYSTEM);
    let actors = state.builtin_actors(&sandbox.store()).unwrap();
    assert_eq!(actors.len(), 16);
    assert_eq!(state.check_invariants(&sandbox.store()), []);
    for (id, name) in [
        (0, "system"),
        (1, "init"),
        (2, "reward"),
        (3, "cron"),
        (99, "account"),
    ] {
        let code = sandbox.actor(id).unwrap().code;
        assert!(actors.contains(&(name.to_owned(), code)), "{name}");
    }
}

#[test]
fn nobody_constructs_it_again_and_it_has_no_methods() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let construct = || Call::<()>::new(SYSTEM, 1, SystemClient::construct().params);
    sandbox
        .call(alice, construct())
        .expect_exit(ExitCode::USR_FORBIDDEN, "may not call method 1");
    sandbox
        .implicit(0, construct())
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "has a state already");
    for method in [2, 1 << 24] {
        sandbox
            .call(alice, Call::<()>::new(SYSTEM, method, None))
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
}
