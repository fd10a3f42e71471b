//! Methods on a network of one miner.

#[path = "../common/mod.rs"]
mod common;

mod chain;
mod checks;
mod log;
mod messages;
mod net;
mod objects;
mod shown;
mod state;
mod sync;
mod tasks;
mod traces;
mod waits;

use common::Node;
use common::world::{owner, worker};
use filigree_blocks::TipsetKey;
use filigree_rpc::method::mpool::MpoolPushMessage;
use filigree_rpc::{Client, ClientError, Limits};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

pub(crate) const RECEIVER: u64 = 101;

pub(crate) fn head() -> TipsetKey {
    TipsetKey::new([])
}

pub(crate) fn fil(amount: u64) -> TokenAmount {
    TokenAmount::from_whole(amount)
}

pub(crate) fn message(to: Address, amount: u64) -> Message {
    Message {
        version: 0,
        from: *owner().address(),
        to,
        sequence: 0,
        value: fil(amount),
        method_num: 0,
        params: RawBytes::default(),
        gas_limit: 0,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    }
}

pub(crate) fn node() -> Node {
    node_with(Limits::default())
}

pub(crate) fn node_with(limits: Limits) -> Node {
    let node = Node::with_network(limits);
    node.services.wallet.import(owner()).unwrap();
    node.services.wallet.import(worker()).unwrap();
    node
}

pub(crate) fn send(client: &Client, amount: u64) -> filigree_blocks::SignedMessage {
    let message = message(*worker().address(), amount);
    client
        .call(MpoolPushMessage {
            message,
            spec: None,
        })
        .unwrap()
}

pub(crate) fn failed(error: ClientError) -> (i64, String) {
    match error {
        ClientError::Failed { code, message, .. } => (code, message),
        other => panic!("{other}"),
    }
}
