//! The chain in a store of its own, from outside.

mod fork;
mod leave;
mod lookup;
mod messages;
mod order;
mod world;
