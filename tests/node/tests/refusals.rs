//! What a node cannot start on: it says why and what to do, and nothing is lost by that.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use filigree_node_tests::Node;
use filigree_node_tests::node::{Starting, Wish, verb};
use filigree_node_tests::talk::{fil, send};
use filigree_rpc::method::wallet::WalletNew;

const WISH: Wish = Wish::Instant { miners: 1 };

/// What a node says that cannot start.
fn refusal(home: &Path) -> Result<String> {
    let (status, said) = Starting::spawn(home, WISH)?.end()?;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    Ok(said)
}

/// The largest file of a folder with this ending.
fn largest(folder: &Path, ending: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == ending) {
            found.push((fs::metadata(&path)?.len(), path));
        }
    }
    let largest = found.into_iter().max().map(|(_, path)| path);
    largest.with_context(|| format!("no .{ending} in {}", folder.display()))
}

#[test]
fn a_directory_has_one_node() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::instant(&home)?;
    node.advance(3)?;
    let said = refusal(&home)?;
    assert!(
        said.contains("in use by process") && said.contains(&node.process().to_string()),
        "{said}"
    );
    // The first does not mind.
    let height = node.head()?.height();
    node.reach(height + 2)?;
    Ok(())
}

#[test]
fn damaged_files_are_named_and_what_is_mended_goes_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::instant(&home)?;
    let friend = node.call(WalletNew {
        kind: filigree_keys::KeyType::Bls,
    })?;
    node.run(send(node.rich()?, friend, fil(4)))?;
    node.advance(3)?;
    let head = node.head()?;
    assert!(node.stop()?.success());

    let network = home.join("network.toml");
    let good = fs::read(&network)?;
    fs::write(&network, &good[..good.len() / 2])?;
    let said = refusal(&home)?;
    assert!(said.contains("network.toml is damaged"), "{said}");
    fs::write(&network, &good)?;

    // The middle of a file of the database.
    let table =
        largest(&home.join("db"), "sst").or_else(|_| largest(&home.join("db/rocks"), "sst"))?;
    let good = fs::read(&table)?;
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    for byte in &mut bad[middle..middle + 64.min(good.len() - middle)] {
        *byte ^= 0x5a;
    }
    fs::write(&table, &bad)?;
    let checked = verb(&home, &["db", "check"])?;
    assert!(
        !checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );
    let said = String::from_utf8_lossy(&checked.stderr).into_owned()
        + &String::from_utf8_lossy(&checked.stdout);
    assert!(!said.contains("panicked"), "{said}");
    assert!(
        said.to_lowercase().contains("damaged") || said.to_lowercase().contains("corrupt"),
        "{said}"
    );
    fs::write(&table, &good)?;

    // With the file as it was, all is there.
    assert!(verb(&home, &["db", "check"])?.status.success());
    let node = Node::start(&home, WISH)?;
    assert!(node.head()?.height() >= head.height());
    assert_eq!(node.balance(friend)?, fil(4));
    assert!(node.replay_down_to(0)? >= 3);
    Ok(())
}

#[test]
fn keys_that_others_may_read_are_not_used() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::instant(&home)?;
    assert!(node.stop()?.success());
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    open(&home, 0o777)?;
    let said = refusal(&home)?;
    assert!(said.contains("chmod 700"), "{said}");
    open(&home, 0o700)?;
    let password = home.join("keystore.password");
    open(&password, 0o644)?;
    let said = refusal(&home)?;
    assert!(said.contains("keystore.password"), "{said}");
    open(&password, 0o600)?;
    Node::start(&home, WISH)?.advance(1)?;
    Ok(())
}
