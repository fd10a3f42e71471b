//! Names that have no number, or no place in the client.
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

/// The client's own function has the name.
#[tuple]
pub struct Place {
    value: u64,
}

#[actor]
impl Place {
    #[view]
    pub fn at(&self) -> u64 {
        self.value
    }
}

fn main() {}
