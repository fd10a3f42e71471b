//! A running node: a process, its directory, and a client.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use filigree_blocks::Tipset;
use filigree_rpc::method::chain::ChainHead;
use filigree_rpc::{Client, ClientError, Method};
use fvm_shared::address::{Network, set_current_network};
use serde_json::Value;

use crate::{bundle, program};

/// Longest that anything may take that must come: a test that waits so long hangs. Machines of tests are busy.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// The signal that nobody can catch.
const SIGKILL: i32 = 9;

/// What network is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Epochs come when they are asked for, or when a message arrives.
    Instant {
        /// How many miners there are.
        miners: u64,
    },
    /// An epoch is a second.
    Seconds {
        /// How many miners there are.
        miners: u64,
    },
    /// The chain that is in the directory, served by `filigree daemon`.
    Daemon,
    /// Sectors are sealed and proven with development parameters ([`program::parameters`]). Epochs come when they are asked for, or
    /// when a message arrives.
    Dev,
    /// Winning proofs are real as well. An epoch is 20 seconds.
    Real,
}

impl Wish {
    /// What is typed for it.
    fn words(self) -> Vec<String> {
        let (proofs, miners, seconds, is_instant) = match self {
            Self::Daemon => return vec!["daemon".to_owned()],
            Self::Instant { miners } => ("mock", miners, 1, true),
            Self::Seconds { miners } => ("mock", miners, 1, false),
            Self::Dev => ("dev", 1, 1, true),
            Self::Real => ("real", 1, 20, false),
        };
        let line = format!("devnet --proofs {proofs} --miners {miners} --block-time {seconds}s");
        let instant = is_instant.then_some("--instant");
        let words = line.split(' ').chain(instant);
        words.map(str::to_owned).collect()
    }
}

/// A process that serves RPC. Killed when it is dropped.
pub struct Node {
    child: Child,
    home: PathBuf,
    /// `http://127.0.0.1:PORT/rpc/v1`.
    pub url: String,
    /// Allows everything.
    pub token: String,
    client: Client,
}

impl Node {
    /// A new network with a virtual clock and one miner.
    ///
    /// # Errors
    /// If it does not start; its log is in the error.
    pub fn instant(home: &Path) -> Result<Self> {
        Self::start(home, Wish::Instant { miners: 1 })
    }

    /// Starts a node in a directory, and waits until it answers.
    ///
    /// # Errors
    /// As [`instant`](Self::instant).
    pub fn start(home: &Path, wish: Wish) -> Result<Self> {
        let starting = Starting::spawn(home, wish)?;
        starting.wait()
    }

    /// The directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The number of the process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Calls a method.
    ///
    /// # Errors
    /// Those of the node.
    pub fn call<M: Method>(&self, request: M) -> Result<M::Result, ClientError> {
        self.client.call(request)
    }

    /// The last tipset.
    ///
    /// # Errors
    /// Those of the node.
    pub fn head(&self) -> Result<Tipset> {
        Ok(self.call(ChainHead {})?)
    }

    /// Runs a verb of the command line on this node's directory; what it printed as JSON.
    ///
    /// # Errors
    /// If it fails, with what it says.
    pub fn verb(&self, words: &[&str]) -> Result<Value> {
        let output = verb(&self.home, words)?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "filigree {}: {}\n{text}{}",
            words.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_str(&text).with_context(|| format!("{text:?} is no JSON"))
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// If it does not.
    pub fn stop(mut self) -> Result<ExitStatus> {
        signal(self.child.id(), "TERM")?;
        wait_for_end(&mut self.child)
    }

    /// Kills it; it learns nothing of that.
    ///
    /// # Errors
    /// If it has ended by itself.
    pub fn kill(mut self) -> Result<()> {
        kill(&mut self.child, &self.home)
    }

    /// The same while others still talk with it; [`kill`](Self::kill) is to follow.
    ///
    /// # Errors
    /// If the system does not let us.
    pub fn shoot(&self) -> Result<()> {
        signal(self.child.id(), "KILL")
    }

    /// Asks again and again, until there is what must come.
    ///
    /// # Errors
    /// Those of who asks; or if it does not come, with what it is and the node's log.
    pub fn until<T>(&self, what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
        let begin = Instant::now();
        loop {
            if let Some(found) = ask()? {
                return Ok(found);
            }
            ensure!(
                begin.elapsed() < PATIENCE,
                "waited in vain for {what}\n{}",
                self.log()
            );
            sleep(LOOK);
        }
    }

    /// The last lines of its log.
    pub fn log(&self) -> String {
        tail(&log_of(&self.home))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        end(&mut self.child, &self.home);
    }
}

/// A process that does not answer yet. Killed when it is dropped.
pub struct Starting(Option<Child>, PathBuf);

impl Starting {
    /// Starts it.
    ///
    /// # Errors
    /// If there is no such program.
    pub fn spawn(home: &Path, wish: Wish) -> Result<Self> {
        let mut command = Command::new(program::filigree()?);
        command.args(wish.words());
        if matches!(wish, Wish::Dev | Wish::Real) {
            let folder = program::parameters()?;
            let set = format!("proofs.parameters={}", folder.display());
            command.args(["--set", &set]);
        }
        if wish != Wish::Daemon && !home.join("network.toml").exists() {
            let file = beside(home, "bundle.car");
            bundle::write(&file)?;
            command.arg("--bundle").arg(file);
        }
        command
            .arg("--data")
            .arg(home)
            .args(["--api", "127.0.0.1:0"]);
        clean(&mut command);
        let log = File::options()
            .create(true)
            .append(true)
            .open(log_of(home))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self(Some(child), home.to_owned()))
    }

    /// Waits until it answers.
    ///
    /// # Errors
    /// If it ends instead, or takes too long; its log is in the error.
    pub fn wait(mut self) -> Result<Node> {
        let begin = Instant::now();
        let (url, token, client) = loop {
            if let Some(found) = Self::look(&self.1)? {
                break found;
            }
            if let Some(status) = self.child()?.try_wait()? {
                bail!("the node ended: {status}\n{}", tail(&log_of(&self.1)));
            }
            ensure!(
                begin.elapsed() < PATIENCE,
                "the node does not answer\n{}",
                tail(&log_of(&self.1))
            );
            sleep(LOOK);
        };
        // From here on another one sees to its end.
        let child = self.0.take().context("nothing was started")?;
        Ok(Node {
            child,
            home: self.1.clone(),
            url,
            token,
            client,
        })
    }

    /// Waits until it has ended by itself, as it must where it cannot start. How, and the end of the log.
    ///
    /// # Errors
    /// If it goes on.
    pub fn end(mut self) -> Result<(ExitStatus, String)> {
        let status = wait_for_end(self.child()?)?;
        Ok((status, tail(&log_of(&self.1))))
    }

    /// Kills it, wherever it is with starting.
    ///
    /// # Errors
    /// If it has ended by itself.
    pub fn kill(mut self) -> Result<()> {
        let home = self.1.clone();
        kill(self.child()?, &home)
    }

    fn child(&mut self) -> Result<&mut Child> {
        self.0.as_mut().context("nothing was started")
    }

    fn look(home: &Path) -> Result<Option<(String, String, Client)>> {
        let Ok(url) = fs::read_to_string(home.join("api")) else {
            return Ok(None);
        };
        let url = url.trim().to_owned();
        let token = fs::read_to_string(home.join("token"))?.trim().to_owned();
        set_current_network(Network::Testnet);
        let client = Client::new(url.clone(), Some(&token));
        match client.call(ChainHead {}) {
            Ok(_) => Ok(Some((url, token, client))),
            Err(ClientError::NoAnswer { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            end(child, &self.1);
        }
    }
}

/// Runs a verb of the command line on a directory, whether a node runs there or not.
///
/// # Errors
/// If there is no such program.
pub fn verb(home: &Path, words: &[&str]) -> Result<Output> {
    let mut command = Command::new(program::filigree()?);
    command.args(words).arg("--json").arg("--data").arg(home);
    clean(&mut command);
    Ok(command.stdin(Stdio::null()).output()?)
}

/// Nothing that is set where the tests run tells the program what to do.
fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FILIGREE_") {
            command.env_remove(name);
        }
    }
}

/// A file beside a directory, with its name and another ending.
fn beside(home: &Path, ending: &str) -> PathBuf {
    let mut name = home.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Where a node's output goes.
fn log_of(home: &Path) -> PathBuf {
    beside(home, "log")
}

/// The last lines of a log.
fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// Sends a signal.
///
/// # Errors
/// If there is no such process.
pub fn signal(process: u32, name: &str) -> Result<()> {
    let status = Command::new("kill")
        .args(["-s", name, &process.to_string()])
        .status()?;
    ensure!(status.success(), "process {process} cannot be signalled");
    Ok(())
}

fn wait_for_end(child: &mut Child) -> Result<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        sleep(LOOK);
    }
    bail!("process {} does not end", child.id())
}

/// Kills a process that must not have ended before.
fn kill(child: &mut Child, home: &Path) -> Result<()> {
    // It fails for one whose end we were told already.
    _ = child.kill();
    let status = child.wait()?;
    _ = fs::remove_file(home.join("api"));
    ensure!(
        status.signal() == Some(SIGKILL),
        "the node ended by itself: {status}\n{}",
        tail(&log_of(home))
    );
    Ok(())
}

/// Kills a process, if it has not ended.
fn end(child: &mut Child, home: &Path) {
    _ = child.kill();
    _ = child.wait();
    // It says where nobody listens any more.
    _ = fs::remove_file(home.join("api"));
}
