//! The methods: their numbers in the release, and the calls that others make of them.

use filigree_sdk::describe::MethodKind;

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = Multisig::SCHEMA.methods.iter();
    methods
        .filter(|method| method.kind != MethodKind::Fallback)
        .map(|method| (method.name, method.number))
        .collect()
}

#[test]
fn methods_have_the_numbers_of_the_release() {
    let known = [
        ("Constructor", 1),
        ("Propose", 2),
        ("Approve", 3),
        ("Cancel", 4),
        ("AddSigner", 5),
        ("RemoveSigner", 6),
        ("SwapSigner", 7),
        ("ChangeNumApprovalsThreshold", 8),
        ("LockBalance", 9),
        ("Receive", 3_726_118_371),
    ];
    assert_eq!(methods(), known);
}
