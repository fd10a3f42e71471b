//! The methods: their numbers in the release, and the calls that others make of them.

use filigree_builtin::calls::account as calls;
use filigree_sdk::describe::MethodKind;

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = Account::SCHEMA.methods.iter();
    methods
        .filter(|method| method.kind != MethodKind::Fallback)
        .map(|method| (method.name, method.number))
        .collect()
}

/// The client's call and the one others make are one.
fn same<R>(client: Call<R>, others: Result<Call<R>>) {
    let others = others.unwrap();
    assert_eq!(client.to, others.to);
    assert_eq!(client.method, others.method);
    assert_eq!(client.params, others.params);
}

#[test]
fn methods_have_the_numbers_of_the_release() {
    let known = [
        ("Constructor", 1),
        ("PubkeyAddress", 2),
        ("AuthenticateMessage", 2_643_134_072),
    ];
    assert_eq!(methods(), known);
}

#[test]
fn others_call_it_as_its_client_does() {
    let account = Address::new_id(100);
    let client = AccountClient::at(account);
    same(client.pubkey_address(), Ok(calls::pubkey_address(account)));
    let (signature, message) = (vec![1, 2], vec![3]);
    same(
        client.authenticate_message(Bytes(signature.clone()), Bytes(message.clone())),
        calls::authenticate_message(account, signature, message),
    );
}
