//! The methods: their numbers in the release, and the calls that others make of them.

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = Paych::SCHEMA.methods.iter();
    methods.map(|method| (method.name, method.number)).collect()
}

#[test]
fn methods_have_the_numbers_of_the_release() {
    let known = [
        ("Constructor", 1),
        ("UpdateChannelState", 2),
        ("Settle", 3),
        ("Collect", 4),
    ];
    assert_eq!(methods(), known);
}
