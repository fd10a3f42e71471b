//! A network that gets new actors while it runs.

use anyhow::Result;
use filigree_keys::KeyType;
use filigree_node_tests::node::{Starting, Wish};
use filigree_node_tests::talk::{fil, send};
use filigree_node_tests::{Node, bundle};
use filigree_rpc::method::filigree::Upgrades;
use filigree_rpc::method::wallet::WalletNew;

#[test]
fn the_actors_of_a_running_network_are_replaced() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::instant(&home)?;
    let rich = node.rich()?;
    let friend = node.call(WalletNew { kind: KeyType::Bls })?;
    node.run(send(rich, friend, fil(5)))?;
    node.advance(1)?;
    let (code, had) = (node.code_of(friend)?, node.balance(friend)?);

    let new = folder.path().join("new.car");
    bundle::write_changed(&new, &["account", "multisig", "storageminer"])?;
    let new = new.to_string_lossy();
    let rehearsed = node.verb(&["devnet", "upgrade", "--bundle", &new, "--only-rehearse"])?;
    assert!(rehearsed.to_string().contains("Replaced"), "{rehearsed}");
    assert_eq!(node.code_of(friend)?, code);

    node.verb(&[
        "devnet",
        "upgrade",
        "--bundle",
        &new,
        "--at",
        "+20",
        "--rehearse",
    ])?;
    let planned = node.call(Upgrades {})?;
    assert_eq!(planned.len(), 1);
    let epoch = planned[0].epoch;
    assert!(!planned[0].done && epoch >= 20, "{planned:?}");
    // It is not forgotten by being killed.
    node.kill()?;
    let node = Starting::spawn(&home, Wish::Instant { miners: 1 })?.wait()?;
    assert_eq!(node.call(Upgrades {})?, planned);

    let left = epoch - node.head()?.height();
    node.advance(left as u64)?;
    assert_eq!(node.code_of(friend)?, code);
    node.reach(epoch + 2)?;
    assert_ne!(node.code_of(friend)?, code);
    assert!(node.call(Upgrades {})?[0].done);
    // All have what they had, money moves, and every tipset leads to what the next one says, the upgrade's too.
    assert_eq!(node.balance(friend)?, had);
    node.run(send(friend, rich, fil(1)))?;
    node.advance(3)?;
    assert!(node.balance(friend)? < had - fil(1));
    assert!(node.replay_down_to(1)? > 20);

    // After that, too, it starts again.
    let head = node.head()?;
    node.kill()?;
    let node = Node::start(&home, Wish::Instant { miners: 1 })?;
    assert!(node.head()?.height() >= head.height());
    node.run(send(rich, friend, fil(1)))?;
    Ok(())
}

#[test]
fn upgrades_that_follow_each_other_are_tried_and_done_in_their_order() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    let rich = node.rich()?;
    node.advance(1)?;
    let mut codes = vec![node.code_of(rich)?];
    let [first, second] = ["first.car", "second.car"].map(|name| folder.path().join(name));
    bundle::write_changed(&first, &["account"])?;
    bundle::write_changed(&second, &["account", "multisig"])?;
    for (path, at) in [(&first, "8"), (&second, "12")] {
        let path = path.to_string_lossy();
        node.verb(&["devnet", "upgrade", "--bundle", &path, "--at", at])?;
    }
    let late = node.verb(&[
        "devnet",
        "upgrade",
        "--bundle",
        &first.to_string_lossy(),
        "--at",
        "10",
    ]);
    let late = late.unwrap_err().to_string();
    assert!(late.contains("after epoch 12 already"), "{late}");
    node.advance(20)?;
    codes.push(node.code_of(rich)?);
    assert_ne!(codes[0], codes[1]);
    let planned = node.call(Upgrades {})?;
    assert!(
        planned.len() == 2 && planned.iter().all(|upgrade| upgrade.done),
        "{planned:?}"
    );
    assert_ne!(planned[0].bundle, planned[1].bundle);
    assert!(node.replay_down_to(1)? > 10);
    Ok(())
}

#[test]
fn a_bundle_that_cannot_follow_is_refused_before_anything_happens() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    node.advance(2)?;
    let path = folder.path().join("odd.car");
    std::fs::write(&path, b"no bundle")?;
    let text = path.to_string_lossy();
    let refused = node.verb(&["devnet", "upgrade", "--bundle", &text, "--at", "+5"]);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("odd.car"), "{refused}");
    assert!(node.call(Upgrades {})?.is_empty());
    bundle::write(&path)?;
    let refused = node.verb(&["devnet", "upgrade", "--bundle", &text, "--at", "1"]);
    assert!(refused.is_err());
    // No version but the one that the network has.
    for version in ["27", "29"] {
        let words = ["devnet", "upgrade", "--bundle", &text, "--at", "+5"];
        let refused = node.verb(&[&words[..], &["--network-version", version]].concat());
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("possible are: 28"), "{refused}");
    }
    assert!(node.call(Upgrades {})?.is_empty());
    node.advance(10)?;
    Ok(())
}
