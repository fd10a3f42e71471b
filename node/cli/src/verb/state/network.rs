//! `state network`, `state supply`: what the network is, and where its money is.

use anyhow::Result;
use filigree_rpc::json::Json;
use filigree_rpc::method::state::network::{
    StateGetNetworkParams, StateNetworkName, StateNetworkVersion, StateVMCirculatingSupplyInternal,
};
use fvm_shared::econ::TokenAmount;
use serde_json::json;

use crate::node::Node;
use crate::{print, show};

pub(super) fn network(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let name = node.call(StateNetworkName {})?;
    let version = u32::from(node.call(StateNetworkVersion { tipset })?);
    let params = node.call(StateGetNetworkParams {})?;
    let json = json!({ "name": name, "version": version, "params": print::of_rpc(&params)? });
    node.show_value(json, || {
        print::facts([
            ("name", print::plain(&name)),
            ("version", version.to_string()),
            ("block time", format!("{} s", params.block_delay_seconds)),
            ("least power", show::size(&params.min_miner_power)),
            (
                "seed after",
                format!("{} epochs", params.pre_commit_challenge_delay),
            ),
            ("Ethereum chain id", params.eth_chain_id.to_string()),
            ("began", show::ago(params.genesis_timestamp_seconds)),
        ])
    })
}

pub(super) fn supply(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let supply = node.call(StateVMCirculatingSupplyInternal { tipset })?;
    node.show(&supply, || {
        let amounts = print::of_rpc(&supply).unwrap_or_default();
        let amounts = amounts.as_object().cloned().unwrap_or_default();
        print::facts(amounts.into_iter().map(|(name, value)| {
            let name = show::words(name.trim_start_matches("Fil"));
            let amount = TokenAmount::read(value).map(|amount| show::fil(&amount));
            (name, amount.unwrap_or_default())
        }))
    })
}
