//! A store from outside: what survives, what is refused and with which words, and walks over small chains.

mod beside;
mod blocks;
mod chain;
mod check;
mod gc;
mod import;
mod index;
mod kill;
mod open;
mod snapshot;
mod tables;
