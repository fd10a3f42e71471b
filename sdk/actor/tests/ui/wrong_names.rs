//! Names that have no number.
use filigree_sdk::prelude::*;
#[tuple]
pub struct Counter {
    value: u64,
}

#[actor]
impl Counter {
    #[method("increment")]
    pub fn increment(&mut self) {
        self.value += 1;
    }

    #[method("Two Words")]
    pub fn other(&mut self) {
        self.value += 2;
    }
}

fn main() {}
