//! The tests: their list, and those of nodes that are killed, stopped, or cannot start.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use filigree_blocks::TipsetKey;
use filigree_rpc::method::chain::{ChainGetGenesis, ChainGetTipSetByHeight, ChainHead};
use filigree_rpc::method::common::Shutdown;
use filigree_rpc::method::filigree::{Advance, DbCheck, DbGc, DbUsage, SnapshotExport, Upgrades};
use filigree_rpc::method::sealing::{PledgeSector, SectorsList};
use tempfile::TempDir;

use super::node::{Node, bundle, refused};
use super::{collection, reset, start, upgrade, version};

/// All of them, by name.
pub const ALL: &[(&str, fn())] = &[
    (
        "a_network_starts_answers_and_stops",
        start::a_network_starts_answers_and_stops,
    ),
    (
        "the_usual_network_makes_its_first_block",
        start::the_usual_network_makes_its_first_block,
    ),
    (
        "a_killed_node_goes_on_where_it_was",
        a_killed_node_goes_on_where_it_was,
    ),
    (
        "a_virtual_clock_goes_when_it_is_asked",
        a_virtual_clock_goes_when_it_is_asked,
    ),
    (
        "what_the_head_leads_to_stays_known",
        collection::what_the_head_leads_to_stays_known,
    ),
    (
        "a_network_begins_with_what_was_wished_for",
        start::a_network_begins_with_what_was_wished_for,
    ),
    (
        "an_upgrade_that_fails_is_refused_or_taken_back",
        upgrade::an_upgrade_that_fails_is_refused_or_taken_back,
    ),
    (
        "a_version_that_the_host_cannot_run_is_refused_or_taken_back",
        version::a_version_that_the_host_cannot_run_is_refused_or_taken_back,
    ),
    (
        "whoever_asks_how_upgrades_stand_has_nothing_computed",
        version::whoever_asks_how_upgrades_stand_has_nothing_computed,
    ),
    (
        "a_reset_that_fails_leaves_the_network_that_was_there",
        reset::a_reset_that_fails_leaves_the_network_that_was_there,
    ),
    (
        "a_reset_on_a_full_disk_leaves_the_network_that_was_there",
        reset::a_reset_on_a_full_disk_leaves_the_network_that_was_there,
    ),
    (
        "a_reset_that_is_killed_leaves_one_network_whole",
        reset::a_reset_that_is_killed_leaves_one_network_whole,
    ),
    (
        "what_is_wrong_is_said_before_anything_starts",
        what_is_wrong_is_said_before_anything_starts,
    ),
];

/// Mock proofs, and an epoch a second.
pub const FAST: &[&str] = &["--proofs", "mock", "--block-time", "1s"];

/// A directory for a node, gone when the first is dropped.
pub fn home() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    (folder, home)
}

fn a_killed_node_goes_on_where_it_was() {
    let (_folder, home) = home();
    let more = [FAST, &["--miners", "2"]].concat();
    let mut node = Node::start(&home, &more);
    let genesis = node.client().call(ChainGetGenesis {}).unwrap();
    let mut reached = 1;
    for _ in 0..3 {
        node.wait_for(reached + 1);
        let head = node.client().call(ChainHead {}).unwrap();
        node.kill();
        // Nothing is asked of it that it does not know.
        node = Node::start(&home, &[]);
        let now = node.client().call(ChainHead {}).unwrap();
        assert!(
            now.height() >= head.height(),
            "{} after {}",
            now.height(),
            head.height()
        );
        assert_eq!(node.client().call(ChainGetGenesis {}).unwrap(), genesis);
        let checked = node
            .client()
            .call(DbCheck {
                light: false,
                task: None,
            })
            .unwrap();
        assert!(checked.good, "{checked:?}");
        reached = now.height();
    }
    node.wait_for(reached + 1);
    assert!(node.said().contains("runs again"), "{}", node.said());
    node.client().call(Shutdown {}).unwrap();
    assert_eq!(node.wait(), Some(0));
}

fn a_virtual_clock_goes_when_it_is_asked() {
    let (folder, home) = home();
    let node = Node::start(&home, &["--proofs", "mock", "--instant"]);
    let client = node.client();
    assert_eq!(node.height(), 0);
    let head = client.call(Advance { epochs: 30 }).unwrap();
    assert!((1..=30).contains(&head.height()), "{}", head.height());
    let number = client.call(PledgeSector {}).unwrap();
    assert_eq!(number.miner, 1000);
    assert!(
        number.number >= 2,
        "the first two are the network's: {number:?}"
    );
    assert_eq!(client.call(SectorsList {}).unwrap(), [number.number]);

    let path = folder.path().join("snapshot.car.zst");
    let path = path.to_str().unwrap().to_owned();
    let export = || SnapshotExport {
        path: path.clone(),
        light: false,
        task: None,
    };
    let exported = client.call(export()).unwrap();
    assert!(
        exported.headers > 1 && exported.blocks > exported.headers,
        "{exported:?}"
    );
    assert!(
        client
            .call(export())
            .unwrap_err()
            .to_string()
            .contains("there already")
    );
    let collected = client
        .call(DbGc {
            light: false,
            task: None,
        })
        .unwrap();
    assert!(collected.kept_blocks > 0, "{collected:?}");
    assert!(
        client
            .call(DbCheck {
                light: false,
                task: None,
            })
            .unwrap()
            .good
    );
    assert!(client.call(DbUsage {}).unwrap().files_bytes > 0);
    assert!(client.call(Upgrades {}).unwrap().is_empty());
    let head = client.call(Advance { epochs: 5 }).unwrap();
    assert_eq!(node.end("INT"), Some(0));

    // A message of the sector that was pledged may have brought another block meanwhile.
    let node = Node::start(&home, &[]);
    let there = ChainGetTipSetByHeight {
        epoch: head.height(),
        from: TipsetKey::new([]),
    };
    assert_eq!(node.client().call(there).unwrap(), head);
}

fn what_is_wrong_is_said_before_anything_starts() {
    let (folder, home) = home();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let bundle = bundle().to_str().unwrap();
    let said = refused(&home, &["devnet", "--api", &address, "--bundle", bundle]);
    assert!(said.contains("cannot be listened on"), "{said}");
    assert!(
        !home.join("keystore").exists(),
        "nothing is made for nothing"
    );
    let said = refused(&home, &["devnet"]);
    assert!(
        said.contains("--bundle") && said.contains("cargo xtask devnet"),
        "{said}"
    );
    let said = refused(&home, &["daemon"]);
    assert!(said.contains("snapshot import"), "{said}");

    fs::write(
        home.join("config.toml"),
        "[rpc]\n\nadress = \"127.0.0.1:0\"\n",
    )
    .unwrap();
    let said = refused(&home, &["devnet"]);
    assert!(said.contains("line 3") && said.contains("adress"), "{said}");
    fs::remove_file(home.join("config.toml")).unwrap();
    let said = refused(&home, &["devnet", "--set", "rpc.batch=many"]);
    assert!(
        said.contains("rpc.batch") && said.contains("whole number"),
        "{said}"
    );

    let car = folder.path().join("other.car");
    fs::write(&car, "no bundle").unwrap();
    let said = refused(
        &home,
        &[
            "devnet",
            "--proofs",
            "mock",
            "--bundle",
            car.to_str().unwrap(),
        ],
    );
    assert!(said.contains("other.car is no bundle"), "{said}");

    fs::set_permissions(&home, fs::Permissions::from_mode(0o777)).unwrap();
    let said = refused(&home, &["devnet"]);
    assert!(said.contains("chmod 700"), "{said}");
    let said = refused(folder.path(), &["devnet", "--reset"]);
    assert!(said.contains("no data directory"), "{said}");
    assert!(car.exists());

    // A network whose files were damaged or opened to others.
    let (_folder, home) = self::home();
    let node = Node::start(&home, FAST);
    node.wait_for(1);
    assert_eq!(node.end("TERM"), Some(0));
    let network = fs::read_to_string(home.join("network.toml")).unwrap();
    fs::write(home.join("network.toml"), &network[..network.len() / 2]).unwrap();
    let said = refused(&home, &["devnet"]);
    assert!(said.contains("network.toml is damaged"), "{said}");
    fs::write(home.join("network.toml"), &network).unwrap();
    fs::set_permissions(
        home.join("keystore.password"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let said = refused(&home, &["devnet"]);
    assert!(said.contains("keystore.password"), "{said}");
}
