//! The account on a chain: made by a first send, asked for its key, and for signatures.

use filigree_actor_account::AccountClient;
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;

#[test]
fn accounts_know_their_key_and_its_signatures() {
    let mut sandbox = Sandbox::new();
    let [alice, bob] = [10, 10].map(|whole| sandbox.account(TokenAmount::from_whole(whole)));
    let account = AccountClient::at(bob.address);
    assert_eq!(
        sandbox.call(alice, account.pubkey_address()).ok(),
        bob.address
    );

    let message = Bytes(b"hello".to_vec());
    let signed = |by: &filigree_sandbox::Account| Bytes(by.sign(b"hello").bytes().to_vec());
    let good = account.authenticate_message(signed(&bob), message.clone());
    assert!(sandbox.call(alice, good).ok());
    for bad in [signed(&alice), Bytes(vec![0; 65]), Bytes(Vec::new())] {
        let call = account.authenticate_message(bad, message.clone());
        let outcome = sandbox.call(alice, call);
        assert_eq!(outcome.exit_code(), ExitCode::USR_ILLEGAL_ARGUMENT);
    }
}

#[test]
fn other_methods_are_accepted_if_they_have_names() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let call = |method| Call::<()>::new(alice.address, method, None);
    let code = |sandbox: &mut Sandbox, call| sandbox.call(alice, call).exit_code();
    assert_eq!(code(&mut sandbox, call(1 << 24)), ExitCode::OK);
    for unknown in [3, (1 << 24) - 1] {
        assert_eq!(
            code(&mut sandbox, call(unknown)),
            ExitCode::USR_UNHANDLED_MESSAGE
        );
    }
    // Constructors are for the system; missing parameters are told first.
    let illegal = ExitCode::USR_ILLEGAL_ARGUMENT;
    assert_eq!(code(&mut sandbox, call(1)), illegal);
    let params = RawBytes::serialize(alice.address).unwrap().into();
    let again = Call::<()>::new(alice.address, 1, params);
    assert_eq!(code(&mut sandbox, again), ExitCode::USR_FORBIDDEN);
}
