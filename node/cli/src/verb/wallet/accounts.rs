//! `wallet list`, `wallet balance`: addresses and what they have.

use anyhow::Result;
use filigree_blocks::TipsetKey;
use filigree_keys::EthAddress;
use filigree_rpc::method::mpool::MpoolGetNonce;
use filigree_rpc::method::state::actors::StateLookupID;
use filigree_rpc::method::wallet::{WalletBalance, WalletDefaultAddress, WalletList};
use fvm_shared::address::{Address, Protocol};
use serde_json::{Value, json};

use crate::node::Node;
use crate::{print, show};

pub(super) fn list(node: &Node) -> Result<()> {
    let default = node.call(WalletDefaultAddress {}).ok();
    let names = node.names().unwrap_or_default();
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for address in node.call(WalletList {})? {
        let balance = node.call(WalletBalance { address })?;
        let nonce = node.call(MpoolGetNonce { sender: address }).unwrap_or(0);
        let tipset = TipsetKey::new([]);
        let id = node
            .call(StateLookupID {
                actor: address,
                tipset,
            })
            .ok();
        let named = names.iter().filter(|(_, named)| *named == address);
        let named: Vec<&str> = named.map(|(name, _)| name.as_str()).collect();
        let is_default = default == Some(address);
        rows.push(vec![
            if is_default { "*" } else { "" }.to_owned(),
            address.to_string(),
            id.map_or_else(String::new, |id| id.to_string()),
            show::fil(&balance),
            nonce.to_string(),
            print::plain(&named.join(", ")),
        ]);
        all.push(json!({
            "address": address.to_string(),
            "eth_address": eth(&address),
            "id": id.map(|id| id.to_string()),
            "balance": balance.atto().to_string(),
            "nonce": nonce,
            "names": named,
            "is_default": is_default,
        }));
    }
    node.show_value(Value::Array(all), || {
        let columns = ["", "address", "id", "balance", "nonce", "name"];
        print::columns(&columns, rows, &[3, 4])
    })
}

/// The address as Ethereum's wallets know it.
fn eth(address: &Address) -> Option<String> {
    let is_delegated = address.protocol() == Protocol::Delegated;
    let eth = EthAddress::from_filecoin(address).filter(|_| is_delegated);
    eth.map(|eth| eth.to_string())
}

pub(super) fn balance(node: &Node, address: Option<&str>) -> Result<()> {
    let address = match address {
        Some(address) => node.address(address)?,
        None => node.call(WalletDefaultAddress {})?,
    };
    let balance = node.call(WalletBalance { address })?;
    node.show(&balance, || show::fil(&balance))
}
