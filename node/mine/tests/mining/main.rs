//! A network in a temporary directory, whose miners make blocks with mock proofs.

mod bad;
mod blocks;
mod guard;
mod intake;
mod messages;
mod restart;
mod rules;
mod several;
mod trouble;
mod world;
