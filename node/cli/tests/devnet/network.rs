//! A network in a process of its own, stopped when the test ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use filigree_build::BuildOptions;
use filigree_bundle::{Network as BundleNetwork, Recipe, kept};
use serde_json::Value;

/// Longest that anything may take that must come: a test that waits so long hangs. Machines of tests are busy.
const PATIENCE: Duration = Duration::from_secs(600);

/// A call of the program, with nothing set that whoever runs the tests has set for a node of theirs.
pub fn filigree() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_filigree"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("FILIGREE_") && text != "FILIGREE_CACHE" {
            command.env_remove(&name);
        }
    }
    command
}

pub struct Network {
    process: Child,
    folder: tempfile::TempDir,
}

impl Network {
    /// A new network with a virtual clock and mock proofs, that listens.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bundle = folder.path().join("actors.car");
        let car = kept::car(&Recipe::of(BundleNetwork::Devnet)).unwrap();
        std::fs::write(&bundle, car).unwrap();
        let bundle = bundle.to_str().unwrap();
        Self::serve(
            &[
                "devnet",
                "--instant",
                "--proofs",
                "mock",
                "--bundle",
                bundle,
            ],
            folder,
        )
    }

    /// A network with a virtual clock and mock proofs that begins with the state of a file.
    pub fn fork(file: &Path) -> Self {
        let file = file.to_str().unwrap();
        let words = ["devnet", "--instant", "--proofs", "mock", "--fork", file];
        Self::serve(&words, tempfile::tempdir().unwrap())
    }

    /// What somebody types who serves the data directory of a folder.
    pub fn serve(words: &[&str], folder: tempfile::TempDir) -> Self {
        let mut command = filigree();
        command.args(words).args(["--api", "127.0.0.1:0"]);
        command.arg("--data").arg(folder.path().join("data"));
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (tell, told) = channel();
        let output = process.stdout.take().unwrap();
        // Read to the end, so that the process is never held up.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let errors = process.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let lines = BufReader::new(errors).lines().map_while(Result::ok);
            lines.collect::<Vec<_>>().join("\n")
        });
        loop {
            match told.recv_timeout(PATIENCE) {
                Ok(line) if line.contains("/rpc/v1") => break,
                Ok(_) => {}
                Err(_) => {
                    let _ = process.kill();
                    let _ = process.wait();
                    panic!("the network does not start:\n{}", log.join().unwrap());
                }
            }
        }
        Self { process, folder }
    }

    pub fn data(&self) -> PathBuf {
        self.file("data")
    }

    pub fn bundle(&self) -> PathBuf {
        self.file("actors.car")
    }

    /// A file of the test.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Types a line.
    pub fn run(&self, line: &str) -> Output {
        let mut command = filigree();
        command.args(line.split_whitespace());
        command.env("FILIGREE_HOME", self.data());
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// Types a line that must do; gives what was printed.
    #[track_caller]
    pub fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "filigree {line}\n{error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same; something is printed for people.
    #[track_caller]
    pub fn text(&self, line: &str) -> String {
        let text = self.ok(line);
        assert!(!text.trim().is_empty(), "filigree {line} prints nothing");
        text
    }

    /// The same with --json; for people it prints something else.
    #[track_caller]
    pub fn json(&self, line: &str) -> Value {
        let text = self.ok(&format!("{line} --json"));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("filigree {line}: {e}\n{text}"))
    }

    /// Types a line that must fail, with these words on standard error.
    #[track_caller]
    pub fn fails(&self, line: &str, words: &str) {
        let output = self.run(line);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "filigree {line}\n{error}");
        assert!(
            error.contains(words),
            "filigree {line}: {words:?} is not in\n{error}"
        );
        assert!(!error.contains("panicked"), "filigree {line}\n{error}");
    }

    /// The Wasm of the two versions of the example.
    pub fn counters(&self) -> (PathBuf, PathBuf) {
        (self.example("counter"), self.example("counter-v2"))
    }

    /// The Wasm of an example of the SDK.
    pub fn example(&self, name: &str) -> PathBuf {
        let folder = filigree_bundle::checkout().join("sdk/examples").join(name);
        let options = BuildOptions {
            quiet: true,
            ..BuildOptions::new(folder)
        };
        let file = self.file(&format!("built-{name}.wasm"));
        write(&file, &filigree_build::build(&options).unwrap().wasm);
        file
    }
}

fn write(file: &Path, bytes: &[u8]) {
    std::fs::write(file, bytes).unwrap();
}

impl Network {
    /// Has the node stop, and waits until it has.
    pub fn stop(&mut self) -> bool {
        let _ = self.run("stop");
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Ok(Some(_)) = self.process.try_wait() {
                return true;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It may have ended. A test that failed waits for nothing more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
