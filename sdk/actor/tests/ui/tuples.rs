//! Types that have no encoding.
use filigree_sdk::prelude::*;
#[tuple]
pub enum Shape {
    Circle(u64),
}

#[tuple(transparent)]
pub struct Pair(u64, u64);

#[tuple]
pub struct Any<T> {
    value: T,
}

fn main() {}
