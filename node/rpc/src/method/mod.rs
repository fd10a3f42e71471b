//! The methods, a namespace to a file: first the table, then the functions that its rows name.

pub mod auth;
pub mod chain;
pub mod common;
pub mod filigree;
pub mod gas;
pub mod log;
pub mod miner;
pub mod mpool;
pub mod mpool_check;
pub mod msig;
pub mod names;
pub mod net;
pub mod objects;
pub mod sealing;
pub mod state;
pub mod sync;
pub mod wallet;

use crate::table::Row;

/// All rows.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    let namespaces = [
        auth::ROWS,
        chain::ROWS,
        common::ROWS,
        filigree::ROWS,
        gas::ROWS,
        log::ROWS,
        miner::ROWS,
        mpool::ROWS,
        mpool_check::ROWS,
        msig::ROWS,
        names::ROWS,
        net::ROWS,
        objects::ROWS,
        sealing::ROWS,
        state::actors::ROWS,
        state::call::ROWS,
        state::market::ROWS,
        state::miner::ROWS,
        state::network::ROWS,
        state::pending::ROWS,
        state::pledge::ROWS,
        state::search::ROWS,
        state::sector::ROWS,
        sync::ROWS,
        wallet::ROWS,
    ];
    namespaces.into_iter().flatten()
}
