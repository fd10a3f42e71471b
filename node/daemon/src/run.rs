//! From what was typed to a node that runs, and to its end.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use filigree_genesis::devnet::DevnetTemplate;
use filigree_rpc::{Counts, Permissions, Server, Tokens};
use fvm_shared::address::set_current_network;
use tokio::sync::watch;

use crate::aside::Settled;
use crate::banner::Banner;
use crate::config::{self, Config, Override};
use crate::devnet::{self, Plan};
use crate::engines::engines;
use crate::home::{self, Home, write_private};
use crate::logs;
use crate::metrics::Metrics;
use crate::network::Network;
use crate::node::{Node, shown};
use crate::options::{DaemonOptions, DevnetOptions, LogFormat, NodeOptions};
use crate::pages::{Watched, pages};
use crate::proving::prover;
use crate::services::services;
use crate::signals;

/// Data directories, below the user's home directory.
pub const DEVNET_HOME: &str = ".filigree-devnet";
/// That of a node of a public network.
pub const NODE_HOME: &str = ".filigree";

/// Epochs that the head may be behind the clock before a node is called not ready.
const LATE_EPOCHS: u64 = 10;
/// How long the answer to a request to shut down may take to be sent.
const ANSWERING: Duration = Duration::from_millis(200);

/// Starts a network of one's own, or goes on with it, until the process is told to stop.
///
/// # Errors
/// What keeps it from starting, with what to do about it.
pub fn run_devnet(options: &DevnetOptions) -> Result<ExitCode> {
    let template = read_template(options.genesis.as_deref())?;
    let plan = Plan::of(options, &template)?;
    let path = home::choose(options.data.as_deref(), DEVNET_HOME)?;
    let home = Home::take(&path)?;
    let config = configure(&home, &options.node)?;
    let listener = listen(&config)?;
    let engines = engines(&config);
    set_current_network(fvm_shared::address::Network::Testnet);
    let (founded, prover) = devnet::start(&home, &config, &engines, options, &plan, template)?;
    let is_new = founded.is_new;
    let network = founded.network.clone();
    let other = match (is_new, options.bundle.as_deref()) {
        (false, Some(given)) => devnet::other_actors(&founded, given)?,
        _ => None,
    };
    let node = Node::of_devnet(config, home, founded, engines, prover)?;
    let command = command();
    let is_elsewhere = options.data.is_some();
    serve(
        node,
        listener,
        &version(Some(&network)),
        |api, token, data| {
            let banner = Banner {
                network: &network,
                api,
                token,
                data,
                is_elsewhere,
                command: &command,
                is_new,
                other_actors: other.as_deref(),
            };
            println!("{}", banner.text());
        },
    )
}

/// Runs a node on the chain that its data directory has, until the process is told to stop.
///
/// # Errors
/// As [`run_devnet`].
pub fn run_daemon(options: &DaemonOptions) -> Result<ExitCode> {
    let path = home::choose(options.data.as_deref(), NODE_HOME)?;
    let home = Home::take(&path)?;
    let config = configure(&home, &options.node)?;
    let listener = listen(&config)?;
    let engines = engines(&config);
    let Some(network) = Network::read(&home.network())? else {
        let node = Node::of_public_network(config, home, engines)?;
        let chain = node.chain.config();
        set_current_network(chain.addresses);
        let (name, head) = (chain.name.clone(), node.chain.head().height());
        return serve(node, listener, &version(None), |api, _, data| {
            println!(
                "A chain of {name}, up to epoch {head}, at http://{api}/rpc/v1; data in {data}.\n\
                 This node has no connections to others yet: it answers from this chain, and follows no other."
            );
        });
    };
    set_current_network(fvm_shared::address::Network::Testnet);
    let prover = prover(&config, &home, network.proofs)?;
    let founded = devnet::open(&home, &config, network)?;
    let network = founded.network.clone();
    let node = Node::of_devnet(config, home, founded, engines, prover)?;
    let head = node.chain.head().height();
    let has_keys = devnet::has_keys(&node.wallet);
    serve(node, listener, &version(Some(&network)), |api, _, data| {
        let name = &network.name;
        match has_keys {
            true => {
                println!("The network {name} runs again, at http://{api}/rpc/v1; data in {data}.");
            }
            false => println!(
                "A copy of the network {name}, up to epoch {head}, at http://{api}/rpc/v1; data in {data}.\n\
                 It has no keys to mine with, so it stays at that epoch: it answers, and makes no blocks."
            ),
        }
    })
}

/// What a new network shall begin with; nothing of its own, if there is no file.
fn read_template(path: Option<&Path>) -> Result<DevnetTemplate> {
    let Some(path) = path else {
        return Ok(DevnetTemplate::default());
    };
    DevnetTemplate::load(path).with_context(|| {
        format!(
            "{} is wrong; `filigree genesis template` prints all that can stand in it",
            path.display()
        )
    })
}

/// The configuration: file, variables, flags. Starts the log by it.
fn configure(home: &Home, options: &NodeOptions) -> Result<Config> {
    let path = options.config.clone().unwrap_or_else(|| home.config());
    let mut flags = Vec::new();
    for text in &options.set {
        flags.push(Override::of_flag(text)?);
    }
    let mut flag = |by: &str, key: &str, value: Option<String>| {
        let of = |value| Override {
            by: by.to_owned(),
            key: key.to_owned(),
            value,
        };
        flags.extend(value.map(of));
    };
    flag(
        "--api",
        "rpc.address",
        options.api.map(|address| address.to_string()),
    );
    flag("--log", "log.filter", options.log.clone());
    let format = options.log_format.map(|format| match format {
        LogFormat::Text => "text".to_owned(),
        LogFormat::Json => "json".to_owned(),
    });
    flag("--log-format", "log.format", format);
    let environment = |name: &str| std::env::var(name).ok();
    let config = config::load(&path, options.config.is_some(), &environment, &flags)?;
    logs::start(&config.log)?;
    match home.settled() {
        Settled::Nothing => {}
        Settled::PutBack => {
            tracing::warn!("a reset was cut short: the network that was here is back");
        }
        Settled::Deleted => {
            tracing::info!("what was left of the network before a reset is deleted")
        }
    }
    let set = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    for variable in config::unknown_variables(set) {
        tracing::warn!(%variable, "there is no key for this variable; `filigree config keys` lists those there are");
    }
    Ok(config)
}

/// The version that the RPC tells, with what is mock.
fn version(network: Option<&Network>) -> String {
    let number = env!("CARGO_PKG_VERSION");
    let Some(network) = network else {
        return number.to_owned();
    };
    match network.proofs.mock_parts() {
        [] => format!("{number}+devnet"),
        mock => format!("{number}+devnet (mock: {})", mock.join("; ")),
    }
}

/// How this program was called.
fn command() -> String {
    let program = std::env::args_os().next().map(PathBuf::from);
    program.map_or_else(|| "filigree".to_owned(), |path| shown(&path))
}

/// Holds the place where the RPC will be: before anything is made that takes its time.
fn listen(config: &Config) -> Result<TcpListener> {
    let address = config.rpc.address;
    TcpListener::bind(address).with_context(|| {
        format!(
            "{address} cannot be listened on; choose another address with --api, or --api 127.0.0.1:0 for a free port"
        )
    })
}

fn serve(
    node: Node,
    listener: TcpListener,
    version: &str,
    announce: impl FnOnce(SocketAddr, &str, &str),
) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("rpc")
        .build()
        .context("no threads for the RPC")?;
    let node = Arc::new(node);
    let code = runtime.block_on(serve_until_stopped(&node, listener, version, announce));
    // Methods that do not end in time are left behind: what is on disk is whole at any time.
    runtime.shutdown_background();
    code
}

async fn serve_until_stopped(
    node: &Arc<Node>,
    listener: TcpListener,
    version: &str,
    announce: impl FnOnce(SocketAddr, &str, &str),
) -> Result<ExitCode> {
    let (stop, mut stopped) = watch::channel(false);
    let mut signals = signals::Signals::listen().context("signals cannot be heard")?;
    let tokens = Tokens::open(&node.home.token_secret())?;
    let token = tokens.issue(Permissions::all());
    write_private(&node.home.token(), token.as_bytes())?;
    let counts = Arc::new(Counts::default());
    let metrics = Metrics::start(version, Arc::clone(node), Arc::clone(&counts))?;
    let watched = Watched {
        metrics,
        health: health(node),
        readiness: readiness(node),
    };
    let services = services(node, version, tokens, move || {
        // If nobody listens, it is being shut down.
        _ = stop.send(true);
    })?;
    let limits = node.config.rpc.limits();
    let pages = Some(pages(watched));
    let server = Server::serve(listener, Arc::new(services), limits, pages, counts)?;
    let api = server.address();
    write_private(
        &node.home.api(),
        format!("http://{api}/rpc/v1\n").as_bytes(),
    )?;
    announce(api, &token, &shown(node.home.path()));
    let why = tokio::select! {
        signal = signals.next() => signal,
        _ = stopped.wait_for(|is| *is) => {
            // Who asked shall be told that it was done.
            tokio::time::sleep(ANSWERING).await;
            "asked to over RPC"
        }
    };
    tracing::info!(why, "stopping; once more to stop at once");
    // Who waits for an answer gets it, from parts that end meanwhile.
    let parts = {
        let node = Arc::clone(node);
        tokio::task::spawn_blocking(move || node.stop())
    };
    let all = async {
        server.stop().await;
        parts.await
    };
    let code = tokio::select! {
        ended = all => {
            ended.context("a part did not stop")?;
            tracing::info!("stopped");
            ExitCode::SUCCESS
        }
        _ = signals.next() => {
            tracing::warn!("stopped at once");
            ExitCode::from(130)
        }
    };
    // Nobody shall ask where there is no answer.
    _ = std::fs::remove_file(node.home.api());
    Ok(code)
}

fn health(node: &Arc<Node>) -> crate::pages::Probe {
    let node = Arc::clone(node);
    Box::new(move || {
        if let Some(thread) = node.dead_thread() {
            return Err(format!(
                "the thread {thread:?} has died, and its last words are in the log: start the node again"
            ));
        }
        // Of the database itself: what the chain is asked for may be in memory.
        node.db
            .index()
            .head()
            .map(|_| ())
            .map_err(|e| e.to_string())
    })
}

fn readiness(node: &Arc<Node>) -> crate::pages::Probe {
    let node = Arc::clone(node);
    let (chain, clock) = (Arc::clone(&node.chain), node.clock.clone());
    Box::new(move || {
        if let Some(why) = node.stuck_upgrade() {
            return Err(why);
        }
        if clock.is_virtual() {
            return Ok(());
        }
        let config = chain.config();
        let behind = clock.now_seconds();
        let head = chain.head();
        let behind = behind.saturating_sub(head.min_timestamp_seconds());
        if behind <= LATE_EPOCHS * config.block_delay_seconds {
            return Ok(());
        }
        Err(format!(
            "the head, epoch {}, is {} epochs behind the clock ({behind} s)",
            head.height(),
            behind / config.block_delay_seconds.max(1)
        ))
    })
}
