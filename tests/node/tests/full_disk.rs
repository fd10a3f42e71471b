//! A disk with no room left: the node says so, and goes on when there is some again.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use filigree_node_tests::node::{Starting, Wish, verb};
use filigree_node_tests::talk::{fil, send};
use filigree_node_tests::{Node, skip};
use filigree_rpc::method::wallet::WalletNew;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::message::Message;

/// Room on the disk, MiB.
const SIZE_MIB: u64 = 256;
/// Messages that no disk of this size takes.
const LARGE_MESSAGES: u8 = 250;
/// Bytes of each, some less than a devnet's messages may have.
const LARGE_BYTES: usize = 900 << 10;

const WISH: Wish = Wish::Instant { miners: 1 };

/// A disk of its own; gone when it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// None, where the system does not let us.
    fn make(at: &Path) -> Result<Option<Self>> {
        std::fs::create_dir(at)?;
        let status = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={SIZE_MIB}m,mode=700"),
                "tmpfs",
            ])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        let is_made = status.is_ok_and(|status| status.success());
        Ok(is_made.then(|| Self(at.to_owned())))
    }

    /// What takes the room.
    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Leaves no room.
    fn fill(&self) -> Result<()> {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.filler())?;
        for size in [1 << 20, 4 << 10, 1] {
            let chunk = vec![7; size];
            loop {
                match file.write_all(&chunk) {
                    Ok(()) => {}
                    Err(e) if e.kind() == ErrorKind::StorageFull => break,
                    Err(e) => return Err(e.into()),
                }
            }
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a node that is being killed may still have files open.
        _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(disk) = Disk::make(&folder.path().join("disk"))? else {
        skip::loudly("a full disk", "no disk of its own can be mounted here");
        return Ok(());
    };
    // The log is beside it, on another disk.
    let home = disk.0.clone();
    let node = Node::instant(&home)?;
    let rich = node.rich()?;
    let friend = node.call(WalletNew {
        kind: filigree_keys::KeyType::Secp256k1,
    })?;
    node.run(send(rich, friend, fil(1)))?;
    node.advance(3)?;
    // It goes on for as long as there is room in files it has, and then says why not.
    let mut refused = None;
    for number in 0..LARGE_MESSAGES {
        disk.fill()?;
        let large = Message {
            params: RawBytes::new(vec![number; LARGE_BYTES]),
            ..send(rich, friend, fil(0))
        };
        if let Err(error) = node.push(large).and_then(|_| node.advance(1)) {
            refused = Some(format!("{error:#}"));
            break;
        }
    }
    let refused = refused.with_context(|| format!("it does not mind\n{}", node.log()))?;
    // Where, and what to do.
    for part in ["No space left on device", "disk/db", "free some space"] {
        assert!(refused.contains(part), "{refused}");
    }
    // It still answers.
    let head = node.head()?;
    assert!(head.height() > 3);
    assert_eq!(node.balance(friend)?, fil(1));
    node.kill()?;

    // It starts if there is room in files it has, and else says why not.
    match Starting::spawn(&home, WISH)?.wait() {
        Ok(node) => assert!(node.head()?.height() >= head.height()),
        Err(error) => {
            let said = error.to_string();
            assert!(said.contains("No space left on device"), "{said}");
        }
    }
    std::fs::remove_file(disk.filler())?;
    let checked = verb(&home, &["db", "check"])?;
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );
    let node = Node::start(&home, WISH)?;
    assert!(node.head()?.height() >= head.height());
    node.run(send(rich, friend, fil(1)))?;
    node.advance(1)?;
    assert_eq!(node.balance(friend)?, fil(2));
    Ok(())
}
