//! Two methods with one number.
use filigree_sdk::prelude::*;
#[tuple]
pub struct Counter {
    value: u64,
}

#[actor]
impl Counter {
    #[method(2)]
    pub fn increment(&mut self) -> u64 {
        self.value += 1;
        self.value
    }

    #[view(2)]
    pub fn value(&self) -> u64 {
        self.value
    }
}

fn main() {}
