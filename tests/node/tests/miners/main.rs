//! Three miners in one process: tipsets of several blocks, a head that is reorganised, and one truth at the end, here and in a copy.

mod heard;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use cid::Cid;
use filigree_blocks::{SignedMessage, Tipset};
use filigree_keys::KeyType;
use filigree_node_tests::Node;
use filigree_node_tests::node::{Wish, verb};
use filigree_node_tests::talk::{fil, send};
use filigree_rpc::method::chain::ChainTipSetWeight;
use filigree_rpc::method::state::actors::StateGetActor;
use filigree_rpc::method::wallet::WalletNew;
use fvm_shared::address::Address;

use heard::Heard;

/// Epochs that are watched, at least.
const WATCHED: i64 = 15;
/// Messages that are sent meanwhile.
const MESSAGES: usize = 10;

/// Whether all was heard of that must happen, up to the head: nothing is on its way.
fn is_enough(node: &Node, heard: &Heard) -> Result<bool> {
    let chain = heard.chain();
    let headers = chain.iter().flat_map(Tipset::headers);
    let miners: BTreeSet<String> = headers.map(|header| header.miner.to_string()).collect();
    let has_several = chain.iter().any(|tipset| tipset.blocks().len() > 1);
    let seen = miners.len() >= 3 && has_several && !heard.reorganised().is_empty();
    let top = chain.last().filter(|top| top.height() >= WATCHED && seen);
    Ok(match top {
        Some(top) => node.head()? == *top,
        None => false,
    })
}

/// What was heard, step by step, is the chain, from its top to where hearing began; and no head gave way to a lighter one.
fn check_heard(node: &Node, heard: &Heard) -> Result<()> {
    let [first, .., top] = heard.chain() else {
        anyhow::bail!("there were two tipsets");
    };
    let mut there = node.down_from(top.clone())?;
    there.retain(|tipset| tipset.height() >= first.height());
    there.reverse();
    ensure!(
        there == heard.chain(),
        "{there:#?} is the chain, and was heard as {:#?}",
        heard.chain()
    );
    for (gone, came) in heard.reorganised() {
        let weight = |tipset: &Tipset| {
            let tipset = tipset.key().clone();
            node.call(ChainTipSetWeight { tipset })
        };
        ensure!(
            weight(came)? >= weight(gone)?,
            "{gone:?} gave way to {came:?}"
        );
    }
    Ok(())
}

/// Each message was executed once, whichever blocks had it: so many times the friend was paid, in the state of the head.
fn check_paid(node: &Node, sent: &[SignedMessage], friend: Address) -> Result<()> {
    let chain = node.down_from(node.head()?)?;
    let (head, executed) = chain.split_first().context("a chain")?;
    // How many blocks have it.
    let mut blocks: BTreeMap<Cid, usize> = BTreeMap::new();
    for tipset in executed.iter().filter(|tipset| tipset.height() > 0) {
        for (cid, message) in node.messages_of(tipset)? {
            *blocks.entry(cid).or_default() += usize::from(message.to == friend);
        }
    }
    blocks.retain(|_, count| *count > 0);
    for cid in blocks.keys() {
        ensure!(sent.iter().any(|signed| signed.cid() == *cid), "{cid}");
    }
    let has = node.call(StateGetActor {
        actor: friend,
        tipset: head.key().clone(),
    })?;
    ensure!(
        has.balance == fil(blocks.len() as u64),
        "{} for {blocks:?}",
        has.balance
    );
    Ok(())
}

/// Every tipset leads to the state that the next one says, the last one to this.
fn states(node: &Node, head: &Tipset) -> Result<Cid> {
    ensure!(node.head()? == *head);
    let count = node.replay_down_to(0)?;
    ensure!(count >= node.down_from(head.clone())?.len() - 1);
    node.computed(head)
}

fn succeeds(home: &Path, words: &[&str]) -> Result<()> {
    let output = verb(home, words)?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(output.status.success(), "{words:?}: {said}");
    Ok(())
}

#[test]
fn three_miners_make_one_chain() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::start(&home, Wish::Seconds { miners: 3 })?;
    let mut heard = Heard::of(&node)?;
    let rich = node.rich()?;
    let friend = node.call(WalletNew {
        kind: KeyType::Secp256k1,
    })?;
    let mut sent = Vec::new();
    node.until("reorganisations, and tipsets of several miners", || {
        heard.hear()?;
        if sent.len() < MESSAGES {
            sent.push(node.push(send(rich, friend, fil(1)))?);
        }
        Ok(is_enough(&node, &heard)?.then_some(()))
    })?;
    check_heard(&node, &heard)?;
    for signed in &sent {
        let found = node.until("a message to be executed", || node.find(signed))?;
        ensure!(found.receipt.exit_code.is_success(), "{found:?}");
    }
    ensure!(node.stop()?.success());

    // Once more, with miners that do nothing: the head stays, and is looked at as well.
    fs::write(home.join("config.toml"), "[mining]\nenabled = false\n")?;
    let node = Node::start(&home, Wish::Daemon)?;
    let head = node.head()?;
    check_paid(&node, &sent, friend)?;
    let root = states(&node, &head)?;
    let file = folder.path().join("chain.car");
    let file = file.to_string_lossy();
    node.verb(&["snapshot", "export", &file])?;
    ensure!(node.stop()?.success());
    succeeds(&home, &["db", "check"])?;

    // Another node, which has nothing but the blocks, finds the same states.
    let copy = folder.path().join("copy");
    let of = home.to_string_lossy();
    succeeds(&copy, &["snapshot", "import", &file, "--network-of", &of])?;
    let node = Node::start(&copy, Wish::Daemon)?;
    ensure!(states(&node, &head)? == root);
    ensure!(node.stop()?.success());
    Ok(())
}
