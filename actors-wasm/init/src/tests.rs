//! The methods: their numbers in the release, and the calls that others make of them.

use filigree_builtin::calls::init::{self as calls, Exec4Params, ExecParams};
use filigree_builtin::{POLICY, ids};

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = Init::SCHEMA.methods.iter();
    methods.map(|method| (method.name, method.number)).collect()
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
    let mut known = vec![("Constructor", 1), ("Exec", 2), ("Exec4", 3)];
    if POLICY.user_code {
        known.extend([("InstallCode", 4), ("InstallCode", 1_596_813_081)]);
    }
    assert_eq!(methods(), known);
}

#[test]
fn others_call_it_as_its_client_does() {
    let client = InitClient::at(ids::address(ids::INIT));
    let code_cid = Cid::default();
    let constructor_params = RawBytes::new(vec![1, 2]);
    let subaddress = RawBytes::new(vec![3]);
    let params = ExecParams {
        code_cid,
        constructor_params: constructor_params.clone(),
    };
    same(
        client.exec(code_cid, constructor_params.clone()),
        calls::exec(&params),
    );
    let params = Exec4Params {
        code_cid,
        constructor_params: constructor_params.clone(),
        subaddress: subaddress.clone(),
    };
    same(
        client.exec4(code_cid, constructor_params, subaddress),
        calls::exec4(&params),
    );
}
