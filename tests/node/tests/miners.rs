//! Three miners in one process: tipsets of several blocks, a head that is reorganised, and one truth at the end.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use filigree_blocks::{Tipset, TipsetKey};
use filigree_keys::KeyType;
use filigree_node_tests::Node;
use filigree_node_tests::node::Wish;
use filigree_node_tests::talk::{fil, send};
use filigree_rpc::json::Json as _;
use filigree_rpc::method::chain::ChainGetTipSet;
use filigree_rpc::method::wallet::WalletNew;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Message, WebSocket};

/// How long the head is watched.
const WATCHED: Duration = Duration::from_secs(20);

/// Hears of changes of the head.
struct Ear(WebSocket<TcpStream>);

impl Ear {
    fn of(node: &Node) -> Result<Self> {
        let rest = node
            .url
            .strip_prefix("http://")
            .context("the RPC is HTTP")?;
        let (address, _) = rest.split_once('/').context("the RPC has a path")?;
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        let request = format!("ws://{rest}").into_client_request()?;
        let (mut socket, _) = tungstenite::client(request, stream)?;
        let call =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "Filecoin.ChainNotify", "params": [] });
        socket.send(Message::text(call.to_string()))?;
        Ok(Self(socket))
    }

    /// The next changes, if any come soon.
    fn hear(&mut self) -> Result<Vec<(String, Tipset)>> {
        let text = match self.0.read() {
            Ok(message) if message.is_text() => message.into_text()?,
            Ok(_) => return Ok(Vec::new()),
            Err(tungstenite::Error::Io(e)) if is_silence(&e) => return Ok(Vec::new()),
            Err(e) => return Err(e.into()),
        };
        let value: Value = serde_json::from_str(&text)?;
        if value["method"] != "xrpc.ch.val" {
            return Ok(Vec::new());
        }
        let changes = value["params"][1].as_array().cloned().unwrap_or_default();
        let read = |change: Value| {
            let kind = change["Type"].as_str().unwrap_or_default().to_owned();
            Ok((kind, Tipset::read(change["Val"].clone())?))
        };
        changes.into_iter().map(read).collect()
    }
}

fn is_silence(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}

#[test]
fn three_miners_make_one_chain() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("home"), Wish::Seconds { miners: 3 })?;
    let mut ear = Ear::of(&node)?;
    let rich = node.rich()?;
    let friend = node.call(WalletNew {
        kind: KeyType::Secp256k1,
    })?;
    // What the changes say the chain is.
    let mut chain: Vec<Tipset> = Vec::new();
    let (mut reverts, mut sent) = (0, 0);
    let begin = Instant::now();
    while begin.elapsed() < WATCHED || (reverts == 0 && begin.elapsed() < 4 * WATCHED) {
        for (kind, tipset) in ear.hear()? {
            match kind.as_str() {
                "current" => chain = vec![tipset],
                "apply" => {
                    let top = chain.last().context("something comes first")?;
                    ensure!(
                        tipset.parents() == top.key(),
                        "{tipset:?} is not on {top:?}"
                    );
                    chain.push(tipset);
                }
                "revert" => {
                    reverts += 1;
                    let top = chain.pop().context("there is something to revert")?;
                    ensure!(top == tipset, "{tipset:?} was not the top");
                }
                other => anyhow::bail!("what is {other}?"),
            }
        }
        if sent < 10 {
            node.push(send(rich, friend, fil(1)))?;
            sent += 1;
        }
    }
    assert!(reverts > 0, "the head was never reorganised");

    // The chain that was heard of is the chain.
    let heard = chain.last().context("there were tipsets")?.clone();
    let mut tipset = node.head()?;
    let (mut miners, mut most) = (BTreeSet::new(), 0);
    let mut is_heard = false;
    let mut on_chain = BTreeSet::new();
    while tipset.height() > 0 {
        is_heard |= tipset == heard;
        on_chain.insert(tipset.key().clone());
        most = most.max(tipset.blocks().len());
        miners.extend(tipset.headers().map(|header| header.miner.to_string()));
        let key: TipsetKey = tipset.parents().clone();
        tipset = node.call(ChainGetTipSet { tipset: key })?;
    }
    assert!(
        is_heard || node.head()?.height() <= heard.height() + 1,
        "what was heard of last is not on the chain"
    );
    // What was not reverted stays; what came last may still have been.
    for tipset in chain
        .iter()
        .filter(|tipset| tipset.height() > 0)
        .rev()
        .skip(2)
    {
        assert!(
            on_chain.contains(tipset.key()),
            "{tipset:?} was reverted in silence"
        );
    }
    assert_eq!(miners.len(), 3, "{miners:?}");
    assert!(most > 1, "no tipset has several blocks");

    // Messages were executed once each, whichever block had them.
    let begin = Instant::now();
    while node.balance(friend)? < fil(10) && begin.elapsed() < WATCHED {
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(node.balance(friend)?, fil(10));
    assert!(node.replay_down_to(0)? > 10);
    let home = node.home().to_owned();
    assert!(node.stop()?.success());
    let checked = filigree_node_tests::node::verb(&home, &["db", "check"])?;
    assert!(
        checked.status.success(),
        "{}",
        String::from_utf8_lossy(&checked.stdout)
    );
    Ok(())
}
