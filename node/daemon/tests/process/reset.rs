//! `--reset`: one network in the place of another, and what is there when the new one does not come to be.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use filigree_blocks::Tipset;
use filigree_rpc::method::chain::{ChainGetGenesis, ChainGetTipSet, ChainHead};
use filigree_rpc::method::filigree::{Advance, DbCheck};

use super::node::{Node, PATIENCE, bundle, command, refused};
use super::tests::home;

const NEW: &[&str] = &[
    "devnet",
    "--proofs",
    "mock",
    "--instant",
    "--reset",
    "--bundle",
];

/// A network that was stopped: its first block and its head.
fn network(home: &Path) -> (Tipset, Tipset) {
    let node = Node::start(home, &["--proofs", "mock", "--instant"]);
    let head = node.client().call(Advance { epochs: 3 }).unwrap();
    let genesis = node.client().call(ChainGetGenesis {}).unwrap();
    assert_eq!(node.end("TERM"), Some(0));
    (genesis, head)
}

/// That a network goes on where it was.
fn goes_on(home: &Path, (genesis, head): &(Tipset, Tipset)) {
    let node = Node::start(home, &[]);
    let client = node.client();
    assert_eq!(client.call(ChainGetGenesis {}).unwrap(), *genesis);
    // A message of a miner's own may have brought a block meanwhile.
    let mut found = client.call(ChainHead {}).unwrap();
    while found.height() > head.height() {
        let tipset = found.parents().clone();
        found = client.call(ChainGetTipSet { tipset }).unwrap();
    }
    assert_eq!(found, *head);
    assert!(
        client
            .call(DbCheck {
                light: false,
                task: None,
            })
            .unwrap()
            .good
    );
    assert!(!home.join(".old").exists() && !home.join(".old.moving").exists());
    assert_eq!(node.end("TERM"), Some(0));
}

pub fn a_reset_that_fails_leaves_the_network_that_was_there() {
    let (folder, home) = home();
    let had = network(&home);
    // Its beginning is that of a bundle.
    let short = folder.path().join("short.car");
    let car = fs::read(bundle()).unwrap();
    fs::write(&short, &car[..car.len() - 1_000]).unwrap();
    let short = short.to_str().unwrap();
    let said = refused(&home, &[NEW, &[short]].concat());
    assert!(
        said.contains("short.car") && said.contains("is back"),
        "{said}"
    );
    goes_on(&home, &had);
}

/// As on a disk with no room: files grow no further than this.
fn with_little_room(home: &Path, words: &[&str]) -> Command {
    let node = command(home, words);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh"])
        .arg(node.get_program())
        .args(node.get_args())
        .stdin(Stdio::null());
    for (name, value) in node.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

pub fn a_reset_on_a_full_disk_leaves_the_network_that_was_there() {
    let (_folder, home) = home();
    let had = network(&home);
    let words = [NEW, &[bundle().to_str().unwrap()]].concat();
    let output = with_little_room(&home, &words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("is back"),
        "{said}"
    );
    goes_on(&home, &had);
}

/// A process that is killed when this goes.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Starts a reset and kills it once the new network has this file, or a little later.
fn killed_at(home: &Path, name: &str) {
    let words = [NEW, &[bundle().to_str().unwrap()]].concat();
    let child = command(home, &words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut process = Killed(child.unwrap());
    let start = Instant::now();
    let mut has_made_room = false;
    while !(has_made_room && home.join(name).exists()) {
        has_made_room |= home.join(".old").exists();
        assert_eq!(process.0.try_wait().unwrap(), None, "it ended by itself");
        assert!(start.elapsed() < PATIENCE, "{name} does not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub fn a_reset_that_is_killed_leaves_one_network_whole() {
    let (_folder, home) = home();
    let (old, _) = network(&home);
    for name in [
        ".old",
        "network.making",
        "keystore",
        "genesis.car",
        "network.toml",
    ] {
        killed_at(&home, name);
        let is_new = home.join("network.toml").exists();
        let node = Node::start(&home, &[]);
        let client = node.client();
        let genesis = client.call(ChainGetGenesis {}).unwrap();
        assert_eq!(genesis != old, is_new, "killed at {name}");
        assert!(
            client
                .call(DbCheck {
                    light: false,
                    task: None,
                })
                .unwrap()
                .good
        );
        assert!(!home.join(".old").exists() && !home.join(".old.moving").exists());
        assert_eq!(node.end("TERM"), Some(0));
        if is_new {
            return;
        }
    }
    panic!("the new network was there, and is gone");
}
