//! Who may create what, and what is there afterwards.

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

/// Remembers how it was made; fails on request.
#[tuple]
#[derive(Debug, PartialEq)]
struct Probe {
    caller: ActorID,
    value: TokenAmount,
}

#[actor]
impl Probe {
    #[constructor]
    pub fn new(ctx: &Context, good: bool) -> Result<Self> {
        ensure!(good, illegal_argument, "asked to fail");
        Ok(Self {
            caller: ctx.caller(),
            value: ctx.value_received(),
        })
    }
}

const EAM: ActorID = 10;

fn exec4(code: Cid, good: bool) -> Call<filigree_actor_init::ExecReturn> {
    let params = RawBytes::serialize(good).unwrap();
    InitClient::at(INIT).exec4(code, params, RawBytes::new(vec![0xee; 20]))
}

#[test]
fn an_actor_is_created_at_its_addresses() {
    let mut sandbox = Sandbox::new();
    let code = sandbox.install_native::<Probe>().cid;
    let ethereum = Address::new_delegated(EAM, &[0xee; 20]).unwrap();
    let next_id = sandbox.state::<Init>(INIT).next_id;

    // A constructor that fails leaves nothing, not even the id.
    let (root, bad) = (*sandbox.state_root(), exec4(code, false));
    sandbox
        .implicit(EAM, bad)
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "asked to fail");
    assert_eq!(*sandbox.state_root(), root);

    let create = exec4(code, true);
    let created = sandbox.implicit(EAM, create).ok();
    assert_eq!(created.id_address, Address::new_id(next_id));
    for address in [created.robust_address, ethereum] {
        assert_eq!(sandbox.resolve(&address), Some(next_id));
    }
    let actor = sandbox.actor(next_id).unwrap();
    assert_eq!(
        (actor.code, actor.delegated_address),
        (code, Some(ethereum))
    );
    assert_eq!(sandbox.state::<Probe>(next_id).caller, 1);

    // Nothing is created over it. Another epoch, another robust address.
    sandbox.advance(1);
    let again = exec4(code, true);
    sandbox
        .implicit(EAM, again)
        .expect_exit(ExitCode::USR_FORBIDDEN, "is no placeholder");
    let state = sandbox.state::<Init>(INIT);
    assert_eq!(state.next_id, next_id + 1);
    assert_eq!(state.check_invariants(sandbox.store()), []);
}

#[test]
fn a_placeholder_makes_room_and_leaves_its_id_and_money() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let code = sandbox.install_native::<Probe>().cid;
    let ethereum = Address::new_delegated(EAM, &[0xee; 20]).unwrap();
    let two = TokenAmount::from_whole(2);
    sandbox.transfer(alice, ethereum, two.clone()).ok();
    let id = sandbox.id(ethereum);
    let create = exec4(code, true);
    let created = sandbox.implicit(EAM, create).ok();
    assert_eq!(created.id_address, Address::new_id(id));
    let actor = sandbox.actor(ethereum).unwrap();
    assert_eq!((actor.code, actor.balance), (code, two));
}

#[test]
fn multisigs_are_free_to_create() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let mut actors = builtin_actors(&sandbox).into_iter();
    let (_, multisig) = actors.find(|(name, _)| name == "multisig").unwrap();
    let call = InitClient::at(INIT).exec(multisig, RawBytes::default());
    let outcome = sandbox.call(alice, call);
    // It was created, and its constructor refused parameters that are none.
    let trace = outcome.trace().root.unwrap();
    let constructor = &trace.calls[0];
    assert_eq!(
        (constructor.number, constructor.code),
        (1, ExitCode::USR_ILLEGAL_ARGUMENT)
    );
    assert!(!outcome.is_ok());
    assert!(sandbox.actor(alice.id + 1).is_none());
}

/// The network's manifest, behind the system actor's state.
fn builtin_actors(sandbox: &Sandbox) -> Vec<(String, Cid)> {
    let (list,): (Cid,) = sandbox.state(0);
    let block = fvm_ipld_blockstore::Blockstore::get(&sandbox.store(), &list);
    fvm_ipld_encoding::from_slice(&block.unwrap().unwrap()).unwrap()
}

/// Installing code, with the init actor built for it.
mod user_code {
    use super::*;

    /// Takes every call and returns nothing.
    fn wasm() -> Vec<u8> {
        let text = r#"(module (memory (export "memory") 1)
            (func (export "invoke") (param i32) (result i32) (i32.const 0)))"#;
        wat::parse_str(text).unwrap()
    }

    fn install(wasm: Vec<u8>) -> Call<(Cid, bool)> {
        let params = RawBytes::serialize((RawBytes::new(wasm),)).unwrap();
        Call::new(INIT, 4, params.into())
    }

    #[test]
    fn installed_code_is_there_for_all() {
        let mut sandbox = Sandbox::builder().allow_install(true).build();
        let [alice, bob] = [10, 10].map(|whole| sandbox.account(TokenAmount::from_whole(whole)));
        let code = Sandbox::new().install(wasm()).cid;
        let init = InitClient::at(INIT);
        let create = || init.exec(code, RawBytes::default());
        sandbox
            .call(bob, create())
            .expect_exit(ExitCode::USR_FORBIDDEN, "may not create");

        assert_eq!(sandbox.call(alice, install(wasm())).ok(), (code, true));
        assert_eq!(sandbox.call(bob, install(wasm())).ok(), (code, false));
        let created = sandbox.call(bob, create()).ok();
        let actor = sandbox.actor(created.robust_address).unwrap();
        assert_eq!(actor.code, code);
        sandbox
            .call(alice, Call::<()>::new(created.id_address, 7, None))
            .ok();
        let state = sandbox.state::<Init>(INIT);
        assert_eq!(state.is_installed(sandbox.store(), &code), Ok(true));
        assert_eq!(state.check_invariants(sandbox.store()), []);

        // The host reads the longer state too, and so does deploying.
        let new = Address::new_secp256k1(&[9; 65]).unwrap();
        sandbox
            .transfer(alice, new, TokenAmount::from_whole(1))
            .ok();
        let installed = sandbox.install(wasm());
        let deployed = sandbox.deploy(&installed, ProbeClient::new(true)).ok();
        assert_eq!(sandbox.id(deployed), sandbox.id(new) + 1);
        let after = sandbox.state::<Init>(INIT);
        assert_eq!(after.installed, state.installed);
    }

    #[test]
    fn what_the_host_would_not_run_is_not_installed() {
        let mut sandbox = Sandbox::builder().allow_install(true).build();
        let alice = sandbox.account(TokenAmount::from_whole(10));
        let before = sandbox.state::<Init>(INIT);
        for bad in [b"no wasm".to_vec(), wasm()[..20].to_vec()] {
            let outcome = sandbox.call(alice, install(bad));
            assert_eq!(
                outcome.exit_code(),
                ExitCode::USR_ILLEGAL_ARGUMENT,
                "{outcome:?}"
            );
        }
        assert_eq!(sandbox.state::<Init>(INIT), before);
    }

    #[test]
    fn other_networks_have_no_such_method() {
        let mut sandbox = Sandbox::new();
        let alice = sandbox.account(TokenAmount::from_whole(10));
        sandbox
            .call(alice, install(wasm()))
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
}
