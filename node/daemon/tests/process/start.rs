//! First starts: what is said, what is there, and the first block.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;

use filigree_rpc::method::common::Version;
use filigree_rpc::method::filigree::{Advance, Network, Sectors};
use filigree_rpc::method::sealing::ActorAddress;
use filigree_rpc::method::wallet::{WalletBalance, WalletDefaultAddress};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use super::node::{Node, refused};
use super::tests::{FAST, home};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Says how long it took; how long it may take is for `cargo xtask bench node` and a quiet machine to tell.
fn tell_first_block(proofs: &str, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    println!("first block with {proofs} proofs after {seconds:.1} s");
}

/// What is said at the start, in 25 lines at most: where, with what, whose, and what to try next.
fn check_banner(node: &Node, home: &Path) {
    let said = node.said();
    assert!(said.lines().count() <= 25, "{said}");
    let token = fs::read_to_string(home.join("token")).unwrap();
    let api = fs::read_to_string(home.join("api")).unwrap();
    let wallet = node.client().call(WalletDefaultAddress {}).unwrap();
    // As networks of one's own show addresses.
    let wallet = wallet.to_string().replacen('f', "t", 1);
    for part in [
        api.trim(),
        token.trim(),
        home.to_str().unwrap(),
        "t01000",
        &wallet,
        "MOCK",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    // Each with the program's own name before it.
    for next in [
        "chain head",
        "send bls 1 FIL",
        "msg methods t04",
        "actor create",
        "sector pledge",
        "devnet upgrade --bundle",
    ] {
        let program = std::env::current_exe().unwrap();
        let line = format!("{} {next}", program.display());
        assert!(said.contains(&line), "{line} in {said}");
    }
}

pub fn a_network_starts_answers_and_stops() {
    let (_folder, home) = home();
    let began = Instant::now();
    let node = Node::start(&home, FAST);
    check_banner(&node, &home);
    for part in ["winning proofs", "window proofs", "PoRep"] {
        let said = node.said();
        let mock = said.lines().find(|line| line.contains("MOCK")).unwrap();
        assert!(mock.contains(part), "{part} in {said}");
    }
    node.wait_for(1);
    tell_first_block("mock", began);
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

    assert_eq!(node.end("TERM"), Some(0));
    assert!(!home.join("api").exists());

    let other = refused(&home, &["devnet", "--miners", "3"]);
    assert!(
        other.contains("--miners 1") && other.contains("--reset"),
        "{other}"
    );
}

/// As it comes when nothing is said of proofs: sectors that are really sealed. What window proofs need is made when they are due;
/// here that is not waited for.
pub fn the_usual_network_makes_its_first_block() {
    let (folder, home) = home();
    let parameters = folder.path().join("dev-parameters");
    let set = format!("proofs.parameters={}", parameters.display());
    let began = Instant::now();
    let node = Node::start(&home, &["--block-time", "1s", "--set", &set]);
    check_banner(&node, &home);
    node.wait_for(1);
    tell_first_block("the usual", began);
    let client = node.client();
    let network = client.call(Network {}).unwrap();
    assert_eq!(network.proofs, "dev");
    assert_eq!(network.mock, ["winning proofs of blocks (WinningPoSt)"]);
    let version = client.call(Version {}).unwrap().version;
    assert!(
        version.contains("(mock: winning proofs of blocks (WinningPoSt))"),
        "{version}"
    );
    // Sectors are there in earnest: files as long as they are.
    for number in 0..2 {
        let replica = home.join(format!("sectors/f01000/sealed/s-t01000-{number}"));
        assert_eq!(fs::metadata(&replica).unwrap().len(), 2 << 10);
    }
    assert_eq!(node.end("TERM"), Some(0));
}

pub fn a_network_begins_with_what_was_wished_for() {
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
    assert_eq!(node.end("TERM"), Some(0));
    let said = refused(&home, &["devnet", "--genesis", path.to_str().unwrap()]);
    assert!(
        said.contains("is there already") && said.contains("--reset"),
        "{said}"
    );
}
