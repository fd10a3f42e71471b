//! `chain list`, `chain tipset`, `chain block`.

use anyhow::Result;
use cid::Cid;
use filigree_blocks::Tipset;
use filigree_rpc::method::chain::{
    ChainGetBlock, ChainGetBlockMessages, ChainGetTipSet, ChainTipSetWeight,
};
use serde_json::json;

use crate::node::Node;
use crate::{print, show};

pub(super) fn list(node: &Node, from: Option<&str>, count: u32) -> Result<()> {
    let mut tipset = node.tipset(from)?;
    let mut tipsets = Vec::new();
    loop {
        let (height, parents) = (tipset.height(), tipset.parents().clone());
        tipsets.push(tipset);
        if height == 0 || tipsets.len() >= count as usize {
            break;
        }
        tipset = node.call(ChainGetTipSet { tipset: parents })?;
    }
    node.show(&tipsets, || {
        let rows = tipsets.iter().map(|tipset| {
            let miners: Vec<String> = tipset
                .headers()
                .map(|header| header.miner.to_string())
                .collect();
            vec![
                tipset.height().to_string(),
                show::ago(tipset.min_timestamp_seconds()),
                tipset.blocks().len().to_string(),
                miners.join(" "),
                tipset.blocks()[0].cid().to_string(),
            ]
        });
        print::columns(
            &["height", "made", "blocks", "miners", "first block"],
            rows,
            &[0, 2],
        )
    })
}

pub(super) fn show_tipset(node: &Node, tipset: &Tipset) -> Result<()> {
    let weight = node.call(ChainTipSetWeight {
        tipset: tipset.key().clone(),
    })?;
    node.show(tipset, || {
        let facts = print::facts([
            ("height", tipset.height().to_string()),
            ("made", show::ago(tipset.min_timestamp_seconds())),
            ("parents", show::key(tipset.parents())),
            ("parent state", tipset.parent_state().to_string()),
            ("parent receipts", tipset.parent_receipts().to_string()),
            ("base fee", show::fil(tipset.parent_base_fee())),
            ("weight", weight.to_string()),
        ]);
        let rows = tipset.blocks().iter().map(|block| {
            let wins = block
                .header()
                .election_proof
                .as_ref()
                .map_or(0, |proof| proof.win_count);
            vec![
                block.cid().to_string(),
                block.header().miner.to_string(),
                wins.to_string(),
            ]
        });
        format!(
            "{facts}\n{}",
            print::columns(&["block", "miner", "wins"], rows, &[2])
        )
    })
}

pub(super) fn show_block(node: &Node, cid: Cid) -> Result<()> {
    let header = node.call(ChainGetBlock { block: cid })?;
    let messages = node.call(ChainGetBlockMessages { block: cid })?;
    let cids: Vec<String> = messages.cids.iter().map(Cid::to_string).collect();
    let json = json!({ "header": print::of_rpc(&header)?, "messages": cids });
    node.show_value(json, || {
        let facts = print::facts([
            ("block", cid.to_string()),
            ("miner", header.miner.to_string()),
            ("height", header.height.to_string()),
            ("made", show::ago(header.timestamp_seconds)),
            ("parents", show::key(&header.parents)),
            ("parent state", header.parent_state.to_string()),
            ("messages", cids.len().to_string()),
        ]);
        let list: Vec<String> = cids.iter().map(|cid| format!("  {cid}\n")).collect();
        facts + &list.concat()
    })
}
