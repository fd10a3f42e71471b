//! `chain messages`, `chain events`.

use anyhow::Result;
use cid::Cid;
use filigree_rpc::json::call::MessageMatch;
use filigree_rpc::json::chain::MaybeAddress;
use filigree_rpc::method::chain::{ChainGetEvents, ChainGetMessagesInTipset};
use filigree_rpc::method::state::search::StateListMessages;
use fvm_shared::clock::ChainEpoch;

use crate::node::Node;
use crate::{print, show};

pub(super) fn of_tipset(node: &Node, tipset: Option<&str>) -> Result<()> {
    let tipset = node.tipset(tipset)?;
    let messages = node.call(ChainGetMessagesInTipset {
        tipset: tipset.key().clone(),
    })?;
    node.show(&messages, || {
        let rows = messages.0.iter().map(|entry| {
            let message = &entry.message;
            vec![
                entry.cid.to_string(),
                message.from.to_string(),
                message.sequence.to_string(),
                message.to.to_string(),
                message.method_num.to_string(),
                show::fil(&message.value),
            ]
        });
        let names = ["message", "from", "nonce", "to", "method", "value"];
        print::columns(&names, rows, &[2, 5])
    })
}

pub(super) fn list(
    node: &Node,
    tipset: Option<&str>,
    address: &str,
    since: ChainEpoch,
) -> Result<()> {
    let tipset = node.key(tipset)?;
    let address = Some(node.address(address)?);
    let find = |from, to| {
        node.call(StateListMessages {
            matching: MessageMatch {
                to: MaybeAddress(to),
                from: MaybeAddress(from),
            },
            tipset: tipset.clone(),
            to_epoch: since,
        })
    };
    let mut cids = find(address, None)?.0;
    for cid in find(None, address)?.0 {
        if !cids.contains(&cid) {
            cids.push(cid);
        }
    }
    node.show(&cids, || {
        let lines: Vec<String> = cids.iter().map(Cid::to_string).collect();
        lines.join("\n")
    })
}

pub(super) fn events(node: &Node, root: Cid) -> Result<()> {
    let events = node.call(ChainGetEvents { root })?;
    node.show(&events, || {
        let mut rows = Vec::new();
        for event in &events.0 {
            for entry in &event.entries {
                rows.push(vec![
                    format!("f0{}", event.emitter),
                    print::plain(&entry.key),
                    format!("0x{}", hex::encode(&entry.value.0)),
                ]);
            }
        }
        print::columns(&["emitter", "key", "value"], rows, &[])
    })
}
