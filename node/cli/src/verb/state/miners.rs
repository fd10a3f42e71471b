//! `state miners`, `state power`: who has how much power.

use anyhow::Result;
use filigree_rpc::method::state::miner::{StateListMiners, StateMinerPower};
use fvm_shared::address::Address;
use serde_json::json;

use crate::node::Node;
use crate::{print, show};

pub(super) fn miners(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let miners = node.call(StateListMiners {
        tipset: tipset.clone(),
    })?;
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for miner in miners.0 {
        let tipset = tipset.clone();
        let power = node.call(StateMinerPower { miner, tipset })?;
        all.push(json!({ "miner": miner.to_string(), "power": print::of_rpc(&power)? }));
        rows.push(vec![
            miner.to_string(),
            show::size(&power.miner.raw_bytes),
            show::size(&power.miner.quality_adjusted),
            if power.has_min_power { "yes" } else { "no" }.to_owned(),
        ]);
    }
    node.show_value(all.into(), || {
        print::columns(&["miner", "raw", "adjusted", "makes blocks"], rows, &[1, 2])
    })
}

pub(super) fn power(node: &Node, miner: Option<&str>, at: Option<&str>) -> Result<()> {
    let miner = match miner {
        Some(miner) => node.address(miner)?,
        // Who has none is told the network's.
        None => Address::new_id(0),
    };
    let is_of_miner = miner != Address::new_id(0);
    let tipset = node.key(at)?;
    let power = node.call(StateMinerPower { miner, tipset })?;
    node.show(&power, || {
        let mut facts = Vec::new();
        if is_of_miner {
            facts.push(("raw", show::size(&power.miner.raw_bytes)));
            facts.push(("adjusted", show::size(&power.miner.quality_adjusted)));
            let makes = if power.has_min_power { "yes" } else { "no" };
            facts.push(("makes blocks", makes.to_owned()));
        }
        facts.push(("network, raw", show::size(&power.total.raw_bytes)));
        facts.push((
            "network, adjusted",
            show::size(&power.total.quality_adjusted),
        ));
        print::facts(facts)
    })
}
