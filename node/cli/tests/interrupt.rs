//! Ctrl-C while the node works for a command: the first one has the node end the work, the second one ends the command.

use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// Stands in for a node that checks its database until it is called off, if it listens to that at all.
struct MockNode {
    address: String,
    /// The check begins.
    began: Receiver<()>,
}

impl MockNode {
    fn start(listens: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (begins, began) = channel();
        let waiting = Arc::new(Mutex::new(None));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (begins, waiting) = (begins.clone(), Arc::clone(&waiting));
                thread::spawn(move || serve(&stream.unwrap(), listens, &begins, &waiting));
            }
        });
        Self { address, began }
    }

    /// A command with its check begun.
    fn check(&self) -> Child {
        let child = Command::new(env!("CARGO_BIN_EXE_filigree"))
            .args(["db", "check", "--api", &self.address])
            .env_remove("FILIGREE_TOKEN")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let begun = self.began.recv_timeout(Duration::from_secs(300));
        begun.expect("the check begins");
        child
    }
}

/// Answers the requests of a connection. The check waits for what `waiting` sends.
fn serve(
    stream: &TcpStream,
    listens: bool,
    begins: &Sender<()>,
    waiting: &Mutex<Option<Sender<()>>>,
) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let answer = match request["method"].as_str().unwrap() {
            "Filigree.DbCheck" => {
                let (sender, cancelled) = channel();
                *waiting.lock().unwrap() = Some(sender);
                begins.send(()).unwrap();
                _ = cancelled.recv();
                json!({"error": {"code": 1, "message": "stopped before it was done"}})
            }
            "Filigree.Tasks" if listens => json!({"result": []}),
            "Filigree.CancelTask" if listens => {
                waiting.lock().unwrap().take().unwrap().send(()).unwrap();
                json!({"result": null})
            }
            // It says nothing, ever.
            "Filigree.Tasks" | "Filigree.CancelTask" => loop {
                thread::park();
            },
            _ => json!({"result": []}),
        };
        let mut answer = answer;
        answer["jsonrpc"] = json!("2.0");
        answer["id"] = request["id"].clone();
        let body = answer.to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = stream;
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(bytes) = line.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn interrupt(child: &Child) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_first_has_the_node_end_its_work() {
    let node = MockNode::start(true);
    let child = node.check();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("stopped before it was done"), "{error}");
}

#[test]
fn the_second_ends_the_command_though_the_node_says_nothing() {
    let node = MockNode::start(false);
    let mut child = node.check();
    // Signals of one kind that come at once are one.
    while child.try_wait().unwrap().is_none() {
        interrupt(&child);
        thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("left to the node"), "{error}");
}
