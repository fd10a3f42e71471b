//! The tests.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cid::Cid;
use filigree_blocks::cid_of;
use filigree_car::{CarReader, CarWriter};
use filigree_daemon::network::Scheduled;
use filigree_rpc::method::chain::{ChainGetGenesis, ChainHead};
use filigree_rpc::method::common::{Shutdown, Version};
use filigree_rpc::method::filigree::{
    Advance, DbCheck, DbGc, DbUsage, Mining, Network, Sectors, SnapshotExport, Upgrade,
    UpgradeCancel, Upgrades,
};
use filigree_rpc::method::sealing::{ActorAddress, PledgeSector, SectorsList};
use filigree_rpc::method::wallet::WalletBalance;
use fvm_ipld_encoding::{from_slice, to_vec};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use tempfile::TempDir;

use super::node::{Node, bundle, refused};

/// All of them, by name.
pub const ALL: &[(&str, fn())] = &[
    (
        "a_network_starts_answers_and_stops",
        a_network_starts_answers_and_stops,
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
        "a_network_begins_with_what_was_wished_for",
        a_network_begins_with_what_was_wished_for,
    ),
    (
        "an_upgrade_that_fails_is_refused_or_taken_back",
        an_upgrade_that_fails_is_refused_or_taken_back,
    ),
    (
        "what_is_wrong_is_said_before_anything_starts",
        what_is_wrong_is_said_before_anything_starts,
    ),
];

const FAST: &[&str] = &["--proofs", "mock", "--block-time", "1s"];

fn home() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    (folder, home)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn a_network_starts_answers_and_stops() {
    let (_folder, home) = home();
    let node = Node::start(&home, FAST);
    let said = node.said();
    assert!(said.lines().count() <= 25, "{said}");
    let token = fs::read_to_string(home.join("token")).unwrap();
    for part in [
        token.trim(),
        "http://127.0.0.1:",
        "MOCK",
        "t01000",
        home.to_str().unwrap(),
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    node.wait_for(2);
    let client = node.client();
    let version = client.call(Version {}).unwrap();
    assert!(
        version.version.contains("mock: winning proofs"),
        "{}",
        version.version
    );
    let network = client.call(Network {}).unwrap();
    assert_eq!(network.miners, [Address::new_id(1000)]);
    assert_eq!(client.call(ActorAddress {}).unwrap(), Address::new_id(1000));
    assert!(
        client
            .call(Sectors {
                miner: Address::new_id(1000)
            })
            .unwrap()
            .is_empty()
    );
    assert!(
        client
            .call(Sectors {
                miner: Address::new_id(1001)
            })
            .is_err()
    );

    for (path, part) in [
        ("/healthz", "ok"),
        ("/readyz", "ok"),
        ("/metrics", "filigree_head_epoch"),
        (
            "/metrics",
            "filigree_rpc_calls_total{method=\"Filecoin.ChainHead\"}",
        ),
        ("/metrics", "filigree_mine_blocks_total{miner=\"f01000\"}"),
        ("/metrics", "filigree_states_computed_seconds_total"),
        ("/metrics", "filigree_faulty_sectors{miner=\"f01000\"} 0"),
    ] {
        let (status, text) = node.page(path);
        assert!(
            status == 200 && text.contains(part),
            "{path}: {status} {text}"
        );
    }
    assert_eq!(node.page("/nothing").0, 404);

    for name in [
        "token",
        "token.secret",
        "keystore.password",
        "network.toml",
        "api",
    ] {
        assert_eq!(mode(&home.join(name)), 0o600, "{name}");
    }
    for name in ["", "keystore"] {
        assert_eq!(mode(&home.join(name)), 0o700, "{name}");
    }
    assert!(home.join("genesis.car").is_file());

    let second = refused(&home, &["devnet"]);
    let pid = format!("process {}", node.pid());
    assert!(
        second.contains("in use") && second.contains(&pid),
        "{second}"
    );
    assert!(refused(&home, &["daemon"]).contains("in use"));
    node.wait_for(node.height() + 1);

    let (code, took) = node.end("TERM");
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert!(!home.join("api").exists());

    let other = refused(&home, &["devnet", "--miners", "3"]);
    assert!(
        other.contains("--miners 1") && other.contains("--reset"),
        "{other}"
    );
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
        let checked = node.client().call(DbCheck { light: false }).unwrap();
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
    let collected = client.call(DbGc { light: false }).unwrap();
    assert!(collected.kept_blocks > 0, "{collected:?}");
    assert!(client.call(DbCheck { light: false }).unwrap().good);
    assert!(client.call(DbUsage {}).unwrap().files_bytes > 0);
    assert!(client.call(Upgrades {}).unwrap().is_empty());
    let head = client.call(Advance { epochs: 5 }).unwrap();
    let (code, _) = node.end("INT");
    assert_eq!(code, Some(0));

    let node = Node::start(&home, &[]);
    assert_eq!(node.client().call(ChainHead {}).unwrap(), head);
}

fn a_network_begins_with_what_was_wished_for() {
    let (folder, home) = home();
    let path = folder.path().join("mine.toml");
    let stranger = "t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za";
    let text = format!(
        "network_name = \"mine\"\n\
         accounts = [{{ address = \"{stranger}\", balance = \"1234.5\" }}]\n\
         multisigs = [{{ signers = [\"{stranger}\"], threshold = 1, balance = 77 }}]\n"
    );
    fs::write(&path, text).unwrap();
    let more = [
        "--proofs",
        "mock",
        "--instant",
        "--genesis",
        path.to_str().unwrap(),
    ];
    let node = Node::start(&home, &more);
    let client = node.client();
    assert_eq!(client.call(Network {}).unwrap().name, "mine");
    let address = filigree_daemon::network::address(stranger).unwrap();
    let balance = client.call(WalletBalance { address }).unwrap();
    assert_eq!(balance, TokenAmount::from_nano(1_234_500_000_000_i64));
    // Accounts of the network, this one, then the wallet of several.
    let multisig = (100..120).map(Address::new_id).find(|address| {
        let address = *address;
        client
            .call(WalletBalance { address })
            .is_ok_and(|balance| balance == TokenAmount::from_whole(77))
    });
    assert!(multisig.is_some());
    assert!(client.call(Advance { epochs: 3 }).unwrap().height() > 0);
    assert_eq!(node.end("TERM").0, Some(0));
    let said = refused(&home, &["devnet", "--genesis", path.to_str().unwrap()]);
    assert!(
        said.contains("is there already") && said.contains("--reset"),
        "{said}"
    );
}

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

fn an_upgrade_that_fails_is_refused_or_taken_back() {
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
    assert_eq!(node.end("TERM").0, Some(0));

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
    let lost = client.call(Advance { epochs: 1 }).unwrap_err().to_string();
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
    assert!(
        node.page("/metrics")
            .1
            .contains("filigree_upgrade_failed 1")
    );
    client.call(UpgradeCancel { epoch: 20 }).unwrap();
    assert_eq!(node.page("/readyz").0, 200);
    let head = client.call(Advance { epochs: 3 }).unwrap();
    assert!(head.height() > 21, "{}", head.height());
    assert_eq!(client.call(Upgrades {}).unwrap().len(), 1);
    assert!(client.call(Mining {}).unwrap()[0].trouble.is_empty());
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
    assert_eq!(node.end("TERM").0, Some(0));
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
