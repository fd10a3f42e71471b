//! What a node costs: `cargo xtask bench node`.
//!
//! Figures go to standard output, progress to standard error. Exit code 0: measured; 1: the node and the bare host do not come to
//! the same; 2: the command could not be carried out.

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use filigree_node_bench::options::BenchNode;
use filigree_node_bench::parts;
use fvm_shared::address::{Network, set_current_network};

fn main() -> ExitCode {
    set_current_network(Network::Testnet);
    let options = BenchNode::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            parts::code(&error)
        }
    }
}

fn run(options: &BenchNode) -> Result<()> {
    let figures = match options.here {
        true => parts::here(options)?,
        false => parts::measure(options)?,
    };
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => print!("{figures}"),
    }
    Ok(())
}
