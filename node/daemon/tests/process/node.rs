//! A node in a process of its own, in a directory.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use filigree_bundle::{Network, Recipe, kept};
use filigree_rpc::Client;
use filigree_rpc::method::chain::ChainHead;
use fvm_shared::clock::ChainEpoch;

/// Longest that anything may take that must come: a test that waits so long hangs. Machines of tests are busy.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// The actors, in a file that is there until [`remove_bundle`].
static BUNDLE: OnceLock<PathBuf> = OnceLock::new();

/// The actors, in a file.
pub fn bundle() -> &'static Path {
    BUNDLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap().keep();
        let path = folder.join("devnet.car");
        fs::write(&path, kept::car(&Recipe::of(Network::Devnet)).unwrap()).unwrap();
        path
    })
}

/// What is static is never dropped: the folder is removed by hand when all tests have run.
pub fn remove_bundle() {
    if let Some(folder) = BUNDLE.get().and_then(|path| path.parent()) {
        _ = fs::remove_dir_all(folder);
    }
}

/// A running node.
pub struct Node {
    child: Child,
    home: PathBuf,
    output: PathBuf,
}

/// A call of the program with these words, which has no terminal and no variables of ours. It listens on a free port, if nothing
/// else is said: whoever runs the tests may have a node on the usual one.
pub fn command(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(words)
        .arg("--data")
        .arg(home)
        .stdin(Stdio::null());
    if !words.contains(&"--api") {
        command.args(["--api", "127.0.0.1:0"]);
    }
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("FILIGREE_") && name != "FILIGREE_CACHE" {
            command.env_remove(name);
        }
    }
    command
}

/// What the program says when it does not start.
pub fn refused(home: &Path, words: &[&str]) -> String {
    let Output { status, stderr, .. } = command(home, words).output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert!(!status.success(), "it started: {said}");
    said
}

impl Node {
    /// Starts one of a devnet, on a free port, and waits until it answers.
    pub fn start(home: &Path, more: &[&str]) -> Self {
        let bundle = bundle().to_str().unwrap();
        let words = ["devnet", "--bundle", bundle];
        let words = [&words[..], more].concat();
        let output = home.with_extension("out");
        let child = command(home, &words)
            .stdout(fs::File::create(&output).unwrap())
            .stderr(fs::File::create(home.with_extension("log")).unwrap())
            .spawn();
        let node = Self {
            child: child.unwrap(),
            home: home.to_owned(),
            output,
        };
        node.wait_until_it_answers()
    }

    fn wait_until_it_answers(mut self) -> Self {
        let start = Instant::now();
        // The file of an earlier process that was killed may still be there.
        while !(self.said().contains("Stop it with") && self.api().is_some()) {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the node ended with {status}: {}", self.log());
            }
            assert!(start.elapsed() < PATIENCE, "no answer: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        self
    }

    fn api(&self) -> Option<String> {
        let text = fs::read_to_string(self.home.join("api")).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// What it wrote to standard output.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.home.with_extension("log")).unwrap_or_default()
    }

    /// A client with the token of the data directory.
    pub fn client(&self) -> Client {
        let token = fs::read_to_string(self.home.join("token")).unwrap();
        Client::new(self.api().unwrap(), Some(token.trim()))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The epoch of its head.
    pub fn height(&self) -> ChainEpoch {
        self.client().call(ChainHead {}).unwrap().height()
    }

    /// Waits until the head is at this epoch or later.
    pub fn wait_for(&self, epoch: ChainEpoch) {
        let start = Instant::now();
        while self.height() < epoch {
            let log = || self.log();
            assert!(
                start.elapsed() < PATIENCE,
                "epoch {epoch} does not come: {}",
                log()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// A page: its status and text.
    pub fn page(&self, path: &str) -> (u16, String) {
        let api = self.api().unwrap();
        let address = api
            .strip_prefix("http://")
            .unwrap()
            .strip_suffix("/rpc/v1")
            .unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text)
    }

    /// Kills it as the system does (SIGKILL).
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends it a signal, and gives its exit code.
    pub fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
        self.wait()
    }

    /// Waits until it ends by itself; gives its exit code.
    pub fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
