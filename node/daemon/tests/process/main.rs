//! Nodes as processes: started, asked, killed, started again. This program is the node, too, when it is called with a verb of
//! the node's, so that nothing else has to be built first.

mod collection;
mod node;
mod reset;
mod start;
mod tests;
mod upgrade;
mod version;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use filigree_daemon::{DaemonOptions, DevnetOptions, run_daemon, run_devnet};

/// What the node is called with.
#[derive(Parser)]
enum Verb {
    Devnet(DevnetOptions),
    Daemon(DaemonOptions),
    #[command(name = filigree_daemon::WORKER_VERB)]
    Worker,
}

fn main() -> ExitCode {
    let verb = std::env::args().nth(1);
    match verb.as_deref() {
        Some("devnet" | "daemon" | filigree_daemon::WORKER_VERB) => be_a_node(),
        _ => run_tests(),
    }
}

fn be_a_node() -> ExitCode {
    let result = match Verb::parse() {
        Verb::Devnet(options) => run_devnet(&options),
        Verb::Daemon(options) => run_daemon(&options),
        Verb::Worker => Ok(filigree_proofs_prove::worker::serve()),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Runs the tests whose names have a word in them that was typed; all, if none was.
fn run_tests() -> ExitCode {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let is_listing = std::env::args().any(|word| word == "--list");
    let mut failed = Vec::new();
    for (name, test) in tests::ALL {
        if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        if is_listing {
            println!("{name}: test");
            continue;
        }
        let start = Instant::now();
        let passed = catch_unwind(test).is_ok();
        let word = if passed { "ok" } else { "FAILED" };
        println!(
            "test {name} ... {word} ({:.1} s)",
            start.elapsed().as_secs_f64()
        );
        if !passed {
            failed.push(*name);
        }
    }
    node::remove_bundle();
    match failed.is_empty() {
        true => ExitCode::SUCCESS,
        false => {
            eprintln!("failed: {}", failed.join(", "));
            ExitCode::FAILURE
        }
    }
}
