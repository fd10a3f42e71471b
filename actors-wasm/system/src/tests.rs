//! The methods: their numbers in the release, and the calls that others make of them.

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = System::SCHEMA.methods.iter();
    methods.map(|method| (method.name, method.number)).collect()
}

#[test]
fn methods_have_the_numbers_of_the_release() {
    let known = [("Constructor", 1)];
    assert_eq!(methods(), known);
}
