//! Numbers that are not for methods.
use filigree_sdk::prelude::*;
#[tuple]
pub struct Counter {
    value: u64,
}

#[actor]
impl Counter {
    #[method(0)]
    pub fn nothing(&self) {}

    #[method(1)]
    pub fn start(&mut self) {
        self.value = 0;
    }
}

fn main() {}
