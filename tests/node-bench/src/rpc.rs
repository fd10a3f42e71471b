//! How long clients wait: many of them, each with a connection of its own, each asking again as soon as it has its answer.

use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use filigree_blocks::TipsetKey;
use filigree_daemon::services::services;
use filigree_rpc::method::chain::ChainHead;
use filigree_rpc::method::state::actors::StateGetActor;
use filigree_rpc::method::state::call::StateCall;
use filigree_rpc::{Client, ClientError, Permissions, Server, Tokens};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

use crate::figures::millis;
use crate::world::{Miners, World};

/// How large all of it is.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Clients at once.
    pub clients: usize,
    /// Requests of each client, for each method.
    pub requests: usize,
    /// Accounts of the state.
    pub crowd: u64,
}

impl Sizes {
    /// As they are told.
    pub const FULL: Self = Self {
        clients: 64,
        requests: 200,
        crowd: 10_000,
    };
    /// For a test.
    pub const QUICK: Self = Self {
        clients: 64,
        requests: 2,
        crowd: 50,
    };
}

/// How long a method took to answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MethodFigures {
    /// The method.
    pub method: String,
    /// Clients at once.
    pub clients: usize,
    /// Answers.
    pub requests: usize,
    /// Half of all answers took at most so long, ms.
    pub p50_ms: f64,
    /// 99 of 100 answers.
    pub p99_ms: f64,
    /// The last one.
    pub longest_ms: f64,
    /// Answers a second.
    pub per_s: f64,
}

/// Asks the real server, in this process, over HTTP on the loopback interface. Clients take their share of the processors.
///
/// # Errors
/// When the server does not start, or an answer is none.
pub fn measure(bundle: &Path, sizes: &Sizes) -> Result<Vec<MethodFigures>> {
    let mut world = World::found(bundle, 20, sizes.crowd, Miners::OnDemand)?;
    let payments = world.people.payments(20)?;
    world.push(payments)?;
    world.mine_all()?;
    world.mine()?;
    world.ready()?;
    let runtime = Runtime::new()?;
    let served = serve(&world, &runtime)?;
    let (from, to) = (world.people.address(0), world.people.address(1));
    let head = || TipsetKey::new([]);
    let ask_head = |client: &Client| client.call(ChainHead {}).map(|_| ());
    let ask_actor = |client: &Client| {
        let actor = client.call(StateGetActor {
            actor: from,
            tipset: head(),
        });
        actor.map(|_| ())
    };
    let ask_call = |client: &Client| {
        let message = payment(from, to);
        let result = client.call(StateCall {
            message,
            tipset: head(),
        });
        result.map(|_| ())
    };
    let methods: [(&str, &Ask<'_>); 3] = [
        ("ChainHead", &ask_head),
        ("StateGetActor", &ask_actor),
        ("StateCall", &ask_call),
    ];
    let mut figures = Vec::new();
    for (name, ask) in methods {
        eprintln!("rpc: {name}");
        figures.push(method(name, &served, sizes, ask)?);
    }
    runtime.block_on(served.server.stop());
    Ok(figures)
}

type Ask<'a> = dyn Fn(&Client) -> Result<(), ClientError> + Sync + 'a;

fn payment(from: Address, to: Address) -> Message {
    Message {
        version: 0,
        from,
        to,
        sequence: 0,
        value: TokenAmount::from_nano(1),
        method_num: 0,
        params: RawBytes::default(),
        gas_limit: 0,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    }
}

struct Served {
    server: Server,
    url: String,
    token: String,
}

/// The server with the node's parts, as the daemon starts it.
fn serve(world: &World, runtime: &Runtime) -> Result<Served> {
    let node = &world.node;
    let tokens = Tokens::open(&node.home.token_secret())?;
    let token = tokens.issue(Permissions::all());
    let services = services(node, "benchmark", tokens, || ())?;
    let any = ([127, 0, 0, 1], 0).into();
    let limits = node.config.rpc.limits();
    let server = runtime.block_on(Server::start(any, Arc::new(services), limits, None))?;
    Ok(Served {
        url: format!("http://{}/rpc/v1", server.address()),
        server,
        token,
    })
}

fn method(name: &str, served: &Served, sizes: &Sizes, ask: &Ask<'_>) -> Result<MethodFigures> {
    let barrier = Barrier::new(sizes.clients + 1);
    let client = || -> Result<Vec<f64>> {
        let client = Client::new(served.url.clone(), Some(&served.token));
        // The connection is there, and what is computed once is computed.
        let first = ask(&client);
        barrier.wait();
        first?;
        let mut times = Vec::with_capacity(sizes.requests);
        for _ in 0..sizes.requests {
            let start = Instant::now();
            ask(&client)?;
            times.push(millis(start.elapsed()));
        }
        Ok(times)
    };
    let (mut times, took) = thread::scope(|scope| -> Result<_> {
        let clients: Vec<_> = (0..sizes.clients).map(|_| scope.spawn(client)).collect();
        barrier.wait();
        let start = Instant::now();
        let mut times = Vec::new();
        for client in clients {
            let joined = client.join();
            times.extend(joined.map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        Ok((times, start.elapsed()))
    })
    .with_context(|| format!("asking {name}"))?;
    times.sort_by(f64::total_cmp);
    ensure!(
        times.len() == sizes.clients * sizes.requests,
        "answers are missing"
    );
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    Ok(MethodFigures {
        method: name.to_owned(),
        clients: sizes.clients,
        requests: times.len(),
        p50_ms: at(50),
        p99_ms: at(99),
        longest_ms: at(100),
        per_s: times.len() as f64 / took.as_secs_f64(),
    })
}
