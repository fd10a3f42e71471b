//! Upgrades that go wrong.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::path::Path;

use cid::Cid;
use filigree_blocks::cid_of;
use filigree_car::{CarReader, CarWriter};
use filigree_daemon::network::Scheduled;
use filigree_rpc::method::filigree::{Advance, Mining, Upgrade, UpgradeCancel, Upgrades};
use filigree_rpc::method::log::LogAlerts;
use fvm_ipld_encoding::{from_slice, to_vec};

use super::node::{Node, bundle};
use super::tests::home;

/// The actors without one of them.
fn bundle_without(actor: &str, path: &Path) {
    let mut car = CarReader::new(BufReader::new(fs::File::open(bundle()).unwrap())).unwrap();
    let root = car.roots()[0];
    let mut blocks: BTreeMap<Cid, Vec<u8>> = BTreeMap::new();
    while let Some(block) = car.next_block().unwrap() {
        blocks.insert(block.cid, block.data.to_vec());
    }
    let (version, list): (u32, Cid) = from_slice(&blocks.remove(&root).unwrap()).unwrap();
    let list = blocks.remove(&list).unwrap();
    let mut list: Vec<(String, Cid)> = from_slice(&list).unwrap();
    list.retain(|(name, _)| name != actor);
    let list = to_vec(&list).unwrap();
    let manifest = to_vec(&(version, cid_of(&list))).unwrap();
    let root = cid_of(&manifest);
    blocks.extend([(cid_of(&list), list), (root, manifest)]);
    let mut car = CarWriter::new(fs::File::create(path).unwrap(), &[root]).unwrap();
    for (cid, data) in &blocks {
        car.write(cid, data).unwrap();
    }
    car.finish().unwrap();
}

pub fn an_upgrade_that_fails_is_refused_or_taken_back() {
    let (folder, home) = home();
    let node = Node::start(&home, &["--proofs", "mock", "--instant"]);
    let client = node.client();
    client.call(Advance { epochs: 3 }).unwrap();
    let bad = folder.path().join("bad.car");
    bundle_without("storageminer", &bad);
    let upgrade = |bundle: &Path, epoch| Upgrade {
        bundle: bundle.to_str().unwrap().to_owned(),
        epoch,
        version: 0,
        task: None,
    };
    let refused = client.call(upgrade(&bad, 10)).unwrap_err().to_string();
    assert!(
        refused.contains("storageminer") && refused.contains("not scheduled"),
        "{refused}"
    );
    assert!(client.call(Upgrades {}).unwrap().is_empty());
    let scheduled = client.call(upgrade(bundle(), 10)).unwrap();
    assert!(
        !scheduled.done && scheduled.failed.is_empty(),
        "{scheduled:?}"
    );
    client.call(UpgradeCancel { epoch: 10 }).unwrap();
    assert!(client.call(Upgrades {}).unwrap().is_empty());
    assert!(client.call(UpgradeCancel { epoch: 10 }).is_err());
    // Not every epoch has a block.
    client.call(Advance { epochs: 9 }).unwrap();
    // One that is done stays.
    client.call(upgrade(bundle(), 14)).unwrap();
    client.call(Advance { epochs: 6 }).unwrap();
    assert!(client.call(Upgrades {}).unwrap()[0].done);
    let done = client.call(UpgradeCancel { epoch: 14 }).unwrap_err();
    assert!(done.to_string().contains("is done"), "{done}");
    assert_eq!(node.end("TERM"), Some(0));

    // As an upgrade would stand there whose bundle failed on the state that there was by then.
    let path = home.join("network.toml");
    let mut network = filigree_daemon::network::Network::read(&path)
        .unwrap()
        .unwrap();
    network.upgrades.push(Scheduled {
        epoch: 20,
        version: 28,
        bundle: Some(cid_of(b"nothing").to_string()),
    });
    network.write(&path).unwrap();
    let node = Node::start(&home, &[]);
    let client = node.client();
    assert!(client.call(Advance { epochs: 9 }).is_err());
    assert!(node.height() > 20);
    drop(node);
    // After a start as well.
    let node = Node::start(&home, &[]);
    let client = node.client();
    let lost = client.call(Advance { epochs: 9 }).unwrap_err().to_string();
    assert!(lost.contains("migration after epoch 20"), "{lost}");
    let failed = &client.call(Upgrades {}).unwrap()[1];
    assert!(
        !failed.done && failed.failed.contains("migration"),
        "{failed:?}"
    );
    let trouble = &client.call(Mining {}).unwrap()[0].trouble;
    assert!(trouble.contains("migration"), "{trouble}");
    let (status, page) = node.page("/readyz");
    assert!(
        status == 503 && page.contains("cancel-upgrade 20"),
        "{status} {page}"
    );
    let alerts = client.call(LogAlerts {}).unwrap();
    let alert = alerts
        .iter()
        .find(|alert| alert.kind.subsystem == "upgrade");
    let event = alert.unwrap().last_active.as_ref().unwrap();
    let why = event.message["why"].as_str().unwrap();
    assert!(why.contains("cancel-upgrade 20"), "{why}");
    let figures = node.page("/metrics").1;
    let mut lines = figures.lines();
    assert!(
        lines.any(|line| line == "filigree_upgrade_failed 1"),
        "{figures}"
    );
    client.call(UpgradeCancel { epoch: 20 }).unwrap();
    assert_eq!(node.page("/readyz").0, 200);
    let head = client.call(Advance { epochs: 3 }).unwrap();
    assert!(head.height() > 21, "{}", head.height());
    assert_eq!(client.call(Upgrades {}).unwrap().len(), 1);
    assert!(client.call(Mining {}).unwrap()[0].trouble.is_empty());
    assert_eq!(client.call(LogAlerts {}).unwrap(), []);
}
