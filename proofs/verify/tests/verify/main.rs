//! The verifier's three verdicts, beside those of the library's own entry points.

mod bad;
mod busy;
mod forge;
mod host;
mod keys;
mod library;
mod network;
mod pieces;
mod recorded;
mod support;
mod valid;
