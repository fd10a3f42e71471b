//! Upgrades that the host cannot run, and pages that ask how upgrades stand.

use filigree_blocks::cid_of;
use filigree_daemon::network::{Network, Scheduled};
use filigree_rpc::method::filigree::{Advance, Upgrade, UpgradeCancel, Upgrades};
use filigree_rpc::method::mpool::MpoolGetNonce;
use fvm_shared::address::Address;

use super::node::{Node, bundle};
use super::tests::home;

const INSTANT: &[&str] = &["--proofs", "mock", "--instant"];

/// Puts an upgrade down as a program would have done that knows less.
fn put_down(home: &std::path::Path, upgrade: Scheduled) {
    let path = home.join("network.toml");
    let mut network = Network::read(&path).unwrap().unwrap();
    network.upgrades.push(upgrade);
    network.write(&path).unwrap();
}

pub fn a_version_that_the_host_cannot_run_is_refused_or_taken_back() {
    let (_folder, home) = home();
    let node = Node::start(&home, INSTANT);
    let client = node.client();
    for version in [27, 29] {
        let upgrade = Upgrade {
            bundle: bundle().to_str().unwrap().to_owned(),
            epoch: 5,
            version,
            task: None,
        };
        let refused = client.call(upgrade).unwrap_err().to_string();
        let named = format!("version {version} is not possible");
        assert!(
            refused.contains(&named) && refused.contains("are: 28"),
            "{refused}"
        );
    }
    assert!(client.call(Upgrades {}).unwrap().is_empty());
    assert_eq!(node.end("TERM"), Some(0));

    let (epoch, version) = (5, 29);
    put_down(
        &home,
        Scheduled {
            epoch,
            version,
            bundle: None,
        },
    );
    let node = Node::start(&home, &[]);
    let client = node.client();
    let failed = client.call(Upgrades {}).unwrap()[0].failed.clone();
    assert!(failed.contains("version 29"), "{failed}");
    // No block can be made after it.
    _ = client.call(Advance { epochs: 12 });
    let head = node.height();
    assert!((1..=epoch).contains(&head), "{head}");
    drop(node);
    let node = Node::start(&home, &[]);
    let client = node.client();
    client.call(UpgradeCancel { epoch }).unwrap();
    let head = client.call(Advance { epochs: 10 }).unwrap().height();
    assert!(head > epoch, "{head}");
    assert!(client.call(Upgrades {}).unwrap().is_empty());
}

pub fn whoever_asks_how_upgrades_stand_has_nothing_computed() {
    let (_folder, home) = home();
    let node = Node::start(&home, INSTANT);
    let client = node.client();
    let upgrade = Upgrade {
        bundle: bundle().to_str().unwrap().to_owned(),
        epoch: 3,
        version: 0,
        task: None,
    };
    client.call(upgrade).unwrap();
    client.call(Advance { epochs: 12 }).unwrap();
    let has = |node: &Node, line: &str| {
        let figures = node.page("/metrics").1;
        assert!(
            figures.lines().any(|found| found == line),
            "{line} in {figures}"
        );
    };
    has(&node, "filigree_migrations_total 1");
    has(&node, "filigree_migration_actors_upgraded 0");
    let head = node.height();
    assert_eq!(node.end("TERM"), Some(0));

    let bundle = Some(cid_of(b"nothing").to_string());
    let (epoch, version) = (head + 2, 28);
    put_down(
        &home,
        Scheduled {
            epoch,
            version,
            bundle,
        },
    );
    let node = Node::start(&home, &[]);
    assert!(node.client().call(Advance { epochs: 12 }).is_err());
    assert!(node.height() > epoch);
    drop(node);

    // Nobody has computed the state that the head leads to, as nobody mines, and nobody does so for being asked.
    let node = Node::start(&home, &["--set", "mining.enabled=false"]);
    let client = node.client();
    let tries = || node.log().matches("migrating the state").count();
    let ask = || {
        let upgrades = client.call(Upgrades {}).unwrap();
        let figures = node.page("/metrics").1;
        let is_failed = figures
            .lines()
            .any(|line| line == "filigree_upgrade_failed 1");
        (
            upgrades[1].failed.clone(),
            node.page("/readyz").0,
            is_failed,
        )
    };
    assert_eq!(ask(), (String::new(), 200, false));
    let unknown = client
        .call(UpgradeCancel { epoch })
        .unwrap_err()
        .to_string();
    assert!(unknown.contains("not known yet"), "{unknown}");
    assert_eq!(tries(), 0);
    // A question that is about that state.
    let sender = Address::new_id(100);
    client.call(MpoolGetNonce { sender }).unwrap_err();
    assert_eq!(tries(), 1);
    for _ in 0..3 {
        let (failed, ready, is_failed) = ask();
        assert!(failed.contains("migration"), "{failed}");
        assert!(ready == 503 && is_failed);
    }
    assert_eq!(tries(), 1);
    client.call(UpgradeCancel { epoch }).unwrap();
    assert_eq!(node.end("TERM"), Some(0));
    let node = Node::start(&home, &[]);
    let head = node.client().call(Advance { epochs: 9 }).unwrap().height();
    assert!(head > epoch + 1, "{head}");
}
