//! Where the node is, and talking with it.
//!
//! A node writes two files into its data directory: `api`, where its RPC is, and `token`, which allows everything. So a command on
//! the same machine needs neither option. A token of the directory goes to the node of the directory alone, never to a node that
//! was named by its URL.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use cid::Cid;
use clap::Args;
use filigree_blocks::{Tipset, TipsetKey};
use filigree_daemon::run::{DEVNET_HOME, NODE_HOME};
use filigree_keys::EthAddress;
use filigree_rpc::json::Json;
use filigree_rpc::json::chain::parse_address;
use filigree_rpc::method::chain::{ChainGetTipSet, ChainGetTipSetByHeight, ChainHead};
use filigree_rpc::method::names::WalletNames;
use filigree_rpc::{Client, ClientError, Method};
use fvm_shared::address::{Address, Network, set_current_network};
use serde_json::Value;

use crate::print;

/// Where JSON-RPC is on a node.
const PATH: &str = "/rpc/v1";
/// More is no address of an RPC and no token.
const MAX_FILE_BYTES: u64 = 16 << 10;

/// Options of every verb that talks to a node.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// RPC of the node: a URL, or `127.0.0.1:PORT` [default: what the data directory says].
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "FILIGREE_API",
        help_heading = "Node"
    )]
    api: Option<String>,

    /// Token for a node named with --api [default: that of the data directory, for its own node].
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        env = "FILIGREE_TOKEN",
        hide_env_values = true,
        help_heading = "Node"
    )]
    token: Option<String>,

    /// Data directory of the node [default: ~/.filigree-devnet if it is there, else ~/.filigree].
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "FILIGREE_HOME",
        help_heading = "Node"
    )]
    data: Option<PathBuf>,

    /// Print JSON.
    #[arg(long, global = true, help_heading = "Output")]
    json: bool,
}

/// A node that answers.
pub struct Node {
    client: Client,
    /// Where it is.
    pub url: String,
    /// Its token, if there is one.
    pub token: Option<String>,
    is_json: bool,
}

impl Common {
    /// The data directory.
    pub fn home(&self) -> Result<PathBuf> {
        home(self.data.as_deref())
    }

    /// Whether a node was named by its URL.
    pub fn names_url(&self) -> bool {
        self.api.is_some()
    }

    /// Finds the node and greets it: from then on addresses print as it prints them.
    pub fn open(&self) -> Result<Node> {
        let (url, token) = self.find()?;
        let node = Node {
            client: Client::new(url.clone(), token.as_deref()),
            url,
            token,
            is_json: self.json,
        };
        let greeting = node
            .client
            .call_text("Filecoin.WalletValidateAddress", r#"["f00"]"#);
        let own = greeting.map_err(|e| self.explain(e))?;
        let is_test = own.as_str().is_some_and(|text| text.starts_with('t'));
        set_current_network(if is_test {
            Network::Testnet
        } else {
            Network::Mainnet
        });
        Ok(node)
    }

    /// The node of the data directory, if one runs there, or the one that was named.
    pub fn open_if_running(&self) -> Result<Option<Node>> {
        if self.names_url() {
            return self.open().map(Some);
        }
        let home = self.home()?;
        if read_file(&home.join("api"))?.is_none() {
            return Ok(None);
        }
        match self.open() {
            Ok(node) => Ok(Some(node)),
            Err(error) if is_no_answer(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Prints a value of the RPC: as it is with --json, else as `text`.
    pub fn show(&self, value: &impl Json, text: impl FnOnce() -> String) -> Result<()> {
        show(self.json, || print::of_rpc(value), text)
    }

    /// Prints `json` or `text`.
    pub fn show_value(&self, json: Value, text: impl FnOnce() -> String) -> Result<()> {
        show(self.json, || Ok(json), text)
    }

    fn find(&self) -> Result<(String, Option<String>)> {
        if let Some(api) = &self.api {
            return Ok((url(api)?, self.token.clone()));
        }
        let home = self.home()?;
        let place = read_file(&home.join("api"))?.with_context(|| {
            format!(
                "no node runs in {}: start a network of your own with `filigree devnet`, or say where a node is, with \
                 --data DIR or --api URL",
                home.display()
            )
        })?;
        let place = url(&place).with_context(|| home.join("api").display().to_string())?;
        let token = match &self.token {
            Some(token) => Some(token.clone()),
            None => read_file(&home.join("token"))?,
        };
        Ok((place, token))
    }

    fn explain(&self, error: ClientError) -> anyhow::Error {
        let advice = match (&error, &self.api, self.home()) {
            (ClientError::NoAnswer { .. }, None, Ok(home)) => format!(
                "the node of {} does not answer; if it is not running, start it with `filigree devnet` or `filigree daemon`, \
                 with --data {0}",
                home.display()
            ),
            (ClientError::NoAnswer { .. }, Some(api), _) => {
                format!("no node answers at {api}; check --api and FILIGREE_API")
            }
            (ClientError::WrongToken { .. }, ..) => {
                "check --token and FILIGREE_TOKEN; the token is in the file `token` of the node's data directory".to_owned()
            }
            _ => "greeting the node".to_owned(),
        };
        anyhow::Error::new(error).context(advice)
    }
}

fn show(
    is_json: bool,
    json: impl FnOnce() -> Result<Value>,
    text: impl FnOnce() -> String,
) -> Result<()> {
    match is_json {
        true => print::json(&json()?),
        false => print::text(&text()),
    }
}

impl Node {
    /// Calls a method.
    pub fn call<M: Method>(&self, request: M) -> Result<M::Result> {
        self.client.call(request).map_err(advise)
    }

    /// As [`Common::show`].
    pub fn show(&self, value: &impl Json, text: impl FnOnce() -> String) -> Result<()> {
        show(self.is_json, || print::of_rpc(value), text)
    }

    /// As [`Common::show_value`].
    pub fn show_value(&self, json: Value, text: impl FnOnce() -> String) -> Result<()> {
        show(self.is_json, || Ok(json), text)
    }

    /// Whether programs read what is printed.
    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// The head.
    pub fn head(&self) -> Result<Tipset> {
        self.call(ChainHead {})
    }

    /// A tipset as people name it: `head` or nothing, a height, CIDs with commas between them.
    pub fn tipset(&self, name: Option<&str>) -> Result<Tipset> {
        let name = name.unwrap_or("head").trim();
        if name == "head" {
            return self.head();
        }
        if let Ok(epoch) = name.parse() {
            let from = TipsetKey::new([]);
            return self.call(ChainGetTipSetByHeight { epoch, from });
        }
        let cids: Result<Vec<Cid>, _> = name.split(',').map(|cid| cid.trim().parse()).collect();
        let cids = cids.map_err(|e| {
            anyhow!("{name:?} is no tipset ({e}): write head, a height, or CIDs of blocks with commas between them")
        })?;
        let tipset = TipsetKey::new(cids);
        self.call(ChainGetTipSet { tipset })
    }

    /// The key of a tipset as people name it; empty for the head.
    pub fn key(&self, name: Option<&str>) -> Result<TipsetKey> {
        match name {
            None | Some("head") => Ok(TipsetKey::new([])),
            name => Ok(self.tipset(name)?.key().clone()),
        }
    }

    /// An address as people write it: f… or t…, 0x…, or a name of the wallet.
    pub fn address(&self, text: &str) -> Result<Address> {
        let text = text.trim();
        if let Ok(address) = parse_address(text) {
            return Ok(address);
        }
        if text.starts_with("0x") {
            let address: EthAddress = text.parse()?;
            return Ok(address.to_filecoin());
        }
        let names = self.names().unwrap_or_default();
        let named = names.into_iter().find(|(name, _)| name == text);
        named.map(|(_, address)| address).with_context(|| {
            format!("{text:?} is no address and no name of the wallet: write f01234, f1…, f2…, f3…, f410f… or 0x…; `filigree wallet list` shows names")
        })
    }

    /// Names of the wallet's addresses.
    pub fn names(&self) -> Result<Vec<(String, Address)>> {
        Ok(self.call(WalletNames {})?.into_iter().collect())
    }
}

/// Says what to do about errors that say it not themselves.
fn advise(error: ClientError) -> anyhow::Error {
    let is_permission =
        matches!(&error, ClientError::Failed { message, .. } if message.contains("permission"));
    let error = anyhow::Error::new(error);
    match is_permission {
        true => error.context(
            "the token does not allow this: use the file `token` of the node's data directory, or a token of \
             `filigree auth new`",
        ),
        false => error,
    }
}

fn is_no_answer(error: &anyhow::Error) -> bool {
    let client = error.downcast_ref::<ClientError>();
    matches!(client, Some(ClientError::NoAnswer { .. }))
}

/// The data directory: the one that is named, or the usual one.
pub fn home(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let user = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let user = user.context("there is no home directory: name the data directory with --data")?;
    let devnet = user.join(DEVNET_HOME);
    Ok(if devnet.is_dir() {
        devnet
    } else {
        user.join(NODE_HOME)
    })
}

/// The text of a file, without white space around it; none if there is no such file.
fn read_file(path: &Path) -> Result<Option<String>> {
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(e) => return Err(e).with_context(|| path.display().to_string()),
    };
    ensure!(
        length <= MAX_FILE_BYTES,
        "{} is too large to be what its name says",
        path.display()
    );
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = text.trim();
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// The URL of an RPC as people and files name it: a URL, host and port, or a multiaddress.
fn url(text: &str) -> Result<String> {
    let text = text.trim();
    let whole = match text.strip_prefix('/') {
        Some(parts) => of_multiaddress(parts).with_context(|| {
            format!("{text:?} is no address of an RPC: write /ip4/127.0.0.1/tcp/1234/http")
        })?,
        None => match text.split_once("://") {
            Some(("http" | "https", _)) => text.to_owned(),
            Some(("ws", rest)) => format!("http://{rest}"),
            Some(("wss", rest)) => format!("https://{rest}"),
            Some((scheme, _)) => {
                bail!("{scheme} is no scheme of an RPC: write http://127.0.0.1:1234")
            }
            None => format!("http://{text}"),
        },
    };
    let rest = whole.split_once("://").map_or("", |(_, rest)| rest);
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    ensure!(
        !authority.is_empty() && !authority.contains(char::is_whitespace),
        "{text:?} names no host: write http://127.0.0.1:1234"
    );
    Ok(match path {
        "" => format!("{}{PATH}", whole.trim_end_matches('/')),
        _ => whole,
    })
}

fn of_multiaddress(parts: &str) -> Option<String> {
    let parts: Vec<&str> = parts.split('/').collect();
    let (kind, host, port, rest) = match parts.as_slice() {
        [kind, host, "tcp", port, rest @ ..] => (*kind, *host, *port, rest),
        _ => return None,
    };
    let port: u16 = port.parse().ok()?;
    let scheme = if rest.contains(&"https") || rest.contains(&"wss") {
        "https"
    } else {
        "http"
    };
    match kind {
        "ip4" | "dns" | "dns4" | "dns6" => Some(format!("{scheme}://{host}:{port}")),
        "ip6" => Some(format!("{scheme}://[{host}]:{port}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_in_all_usual_forms() {
        for (text, expected) in [
            ("127.0.0.1:1234", "http://127.0.0.1:1234/rpc/v1"),
            ("http://127.0.0.1:1234/", "http://127.0.0.1:1234/rpc/v1"),
            ("http://node:1234/rpc/v1", "http://node:1234/rpc/v1"),
            ("ws://node:1234", "http://node:1234/rpc/v1"),
            ("wss://node", "https://node/rpc/v1"),
            (
                "/ip4/127.0.0.1/tcp/1234/http",
                "http://127.0.0.1:1234/rpc/v1",
            ),
            ("/ip6/::1/tcp/1234/http", "http://[::1]:1234/rpc/v1"),
            ("/dns/node/tcp/443/https", "https://node:443/rpc/v1"),
            (" http://node:1\n", "http://node:1/rpc/v1"),
        ] {
            assert_eq!(url(text).unwrap(), expected, "{text}");
        }
        for text in [
            "ftp://node",
            "/ip4/127.0.0.1",
            "/ip4/1/udp/1/x",
            "",
            "http://",
            "a b",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_directory_without_a_node_is_told_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let common = Common {
            api: None,
            token: None,
            data: Some(dir.path().to_owned()),
            json: false,
        };
        let error = format!("{:#}", common.open().err().unwrap());
        assert!(
            error.contains("filigree devnet") && error.contains("--api"),
            "{error}"
        );
        assert!(common.open_if_running().unwrap().is_none());
        // A port that nobody listens at.
        fs::write(dir.path().join("api"), "http://127.0.0.1:1\n").unwrap();
        let error = format!("{:#}", common.open().err().unwrap());
        assert!(error.contains("does not answer"), "{error}");
        assert!(common.open_if_running().unwrap().is_none());
    }

    #[test]
    fn the_token_of_a_directory_is_not_sent_to_a_node_named_by_its_url() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("token"), "secret").unwrap();
        fs::write(dir.path().join("api"), "127.0.0.1:1").unwrap();
        let mut common = Common {
            api: Some("127.0.0.1:2".to_owned()),
            token: None,
            data: Some(dir.path().to_owned()),
            json: false,
        };
        assert_eq!(common.find().unwrap().1, None);
        common.api = None;
        assert_eq!(common.find().unwrap().1.as_deref(), Some("secret"));
    }
}
