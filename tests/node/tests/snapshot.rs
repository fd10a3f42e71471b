//! A chain as a file: written by one node, taken in by another, computed there once more.

use std::process::Command;

use anyhow::Result;
use filigree_keys::KeyType;
use filigree_node_tests::Node;
use filigree_node_tests::node::{Wish, verb};
use filigree_node_tests::talk::{fil, send};
use filigree_rpc::method::wallet::WalletNew;

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
