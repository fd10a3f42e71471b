//! A chain as a file: written by one node, taken in by another, computed there once more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use cid::Cid;
use filigree_blocks::Tipset;
use filigree_car::{CarReader, CarWriter};
use filigree_keys::KeyType;
use filigree_node_tests::Node;
use filigree_node_tests::node::{Wish, verb};
use filigree_node_tests::talk::{fil, send};
use filigree_rpc::method::chain::ChainGetParentReceipts;
use filigree_rpc::method::wallet::WalletNew;
use fvm_shared::receipt::Receipt;

#[test]
fn a_snapshot_taken_in_elsewhere_leads_to_the_same_states() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::instant(&home)?;
    let rich = node.rich()?;
    let mut friends = Vec::new();
    for kind in [KeyType::Secp256k1, KeyType::Bls, KeyType::Delegated] {
        let friend = node.call(WalletNew { kind })?;
        node.run(send(rich, friend, fil(3)))?;
        friends.push(friend);
    }
    node.advance(10)?;
    let head = node.head()?;
    let file = folder.path().join("chain.car.zst");
    let file = file.to_string_lossy();
    let written = node.verb(&["snapshot", "export", &file])?;
    assert!(written["Headers"].as_u64() > Some(10), "{written}");
    // Not over a file that is there.
    assert!(node.verb(&["snapshot", "export", &file]).is_err());
    assert!(node.stop()?.success());

    let copy = folder.path().join("copy");
    let of = home.to_string_lossy();
    let imported = verb(&copy, &["snapshot", "import", &file, "--network-of", &of])?;
    let said = String::from_utf8_lossy(&imported.stderr).into_owned();
    assert!(imported.status.success(), "{said}");
    let checked = verb(&copy, &["db", "check"])?;
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );

    // Its keys go with it.
    let keys = ["keystore", "keystore.password"].map(|name| home.join(name));
    let copied = Command::new("cp")
        .arg("-pr")
        .args(keys)
        .arg(&copy)
        .status()?;
    assert!(copied.success());
    let node = Node::start(&copy, Wish::Daemon)?;
    let taken = node.head()?;
    assert_eq!(taken.key(), head.key());
    for friend in friends {
        assert_eq!(node.balance(friend)?, fil(3));
    }
    let replayed = node.replay_down_to(1)?;
    assert!(replayed > 10, "{replayed}");
    // Twice does not go: the chain that is there stays.
    assert!(node.stop()?.success());
    let again = verb(&copy, &["snapshot", "import", &file, "--network-of", &of])?;
    assert!(!again.status.success());
    Ok(())
}

/// The receipts of a tipset's parents.
fn receipts(node: &Node, tipset: &Tipset) -> Result<Vec<Receipt>> {
    let block = tipset.first().cid();
    Ok(node.call(ChainGetParentReceipts { block })?.0)
}

/// Writes a snapshot once more as Lotus and Forest do, without these receipts; how many blocks it leaves out.
fn without(receipts: &BTreeSet<Cid>, from: &Path, to: &Path) -> Result<usize> {
    let file = fs::read(from)?;
    let mut blocks = CarReader::new(&file[..])?;
    let mut car = CarWriter::new(Vec::new(), blocks.roots())?;
    let mut left_out = 0;
    while let Some(block) = blocks.next_block()? {
        match receipts.contains(&block.cid) {
            true => left_out += 1,
            false => car.write(&block.cid, &block.data)?,
        }
    }
    fs::write(to, car.finish()?)?;
    Ok(left_out)
}

#[test]
fn a_snapshot_without_receipts_is_served_and_they_are_computed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::instant(&home)?;
    let rich = node.rich()?;
    let friend = node.call(WalletNew {
        kind: KeyType::Secp256k1,
    })?;
    for _ in 0..3 {
        node.run(send(rich, friend, fil(3)))?;
    }
    node.advance(5)?;
    let chain = node.down_from(node.head()?)?;
    let expected = chain.iter().map(|tipset| receipts(&node, tipset));
    let expected = expected.collect::<Result<Vec<_>>>()?;
    let of_messages: usize = expected.iter().map(Vec::len).sum();
    assert!(of_messages >= 3, "{expected:?}");
    let file = folder.path().join("chain.car");
    node.verb(&["snapshot", "export", &file.to_string_lossy()])?;
    assert!(node.stop()?.success());

    let bare = folder.path().join("bare.car");
    // An array of none is elsewhere, too: a list of messages.
    let with_some = chain.iter().zip(&expected);
    let with_some = with_some.filter(|(_, receipts)| !receipts.is_empty());
    let roots: BTreeSet<Cid> = with_some.map(|(t, _)| t.parent_receipts()).collect();
    assert_eq!(without(&roots, &file, &bare)?, roots.len());
    let copy = folder.path().join("copy");
    let (bare, of) = (bare.to_string_lossy(), home.to_string_lossy());
    let imported = verb(&copy, &["snapshot", "import", &bare, "--network-of", &of])?;
    let said = String::from_utf8_lossy(&imported.stderr).into_owned();
    assert!(imported.status.success(), "{said}");
    let checked = verb(&copy, &["db", "check"])?;
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success(), "{said}");
    let checked: serde_json::Value = serde_json::from_slice(&checked.stdout)?;
    assert_eq!(checked["Floor"], 0, "{checked}");

    let keys = ["keystore", "keystore.password"].map(|name| home.join(name));
    let copied = Command::new("cp")
        .arg("-pr")
        .args(keys)
        .arg(&copy)
        .status()?;
    assert!(copied.success());
    let node = Node::start(&copy, Wish::Daemon)?;
    assert_eq!(node.head()?, chain[0]);
    for (tipset, expected) in chain.iter().zip(&expected) {
        assert_eq!(&receipts(&node, tipset)?, expected, "{}", tipset.height());
    }
    assert!(node.replay_down_to(1)? > 3);
    Ok(())
}
