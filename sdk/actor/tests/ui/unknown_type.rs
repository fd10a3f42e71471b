//! A parameter of a type that the schema cannot tell.
use filigree_sdk::prelude::*;
use filigree_sdk::serde::{self, Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(crate = "serde")]
pub struct Point {
    pub x: u64,
}

#[tuple]
pub struct Place {
    x: u64,
}

#[actor]
impl Place {
    #[method]
    pub fn go(&mut self, to: Point) {
        self.x = to.x;
    }
}

fn main() {}
