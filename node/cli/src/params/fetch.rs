//! `params fetch`: the network's files from gateways.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;
use filigree_proofs_params::Set;
use filigree_proofs_params::fetch::{Client, Outcome, Patience, Progress, Stage};
use serde::Serialize;

use super::{Printed, Where, Which};
use crate::print;
use crate::progress::Line;

/// Shown below the options.
pub const HELP: &str = "\
What is there and right stays; what an interrupted run left is gone on with. A file gets its name when its digest is
right. Without --gateway, that of IPFS_GATEWAY is asked, or those that the network's own tools ask.

Examples:
  filigree params fetch
  filigree params fetch --role prove --sector-size 32GiB
  filigree params fetch --gateway https://mirror.example/ipfs/";

/// Options of `fetch`.
#[derive(Debug, Args)]
pub struct Fetch {
    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    place: Where,

    /// A URL that a CID is put behind. May be given several times; they are asked in turn.
    #[arg(long, value_name = "URL")]
    gateway: Vec<String>,

    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// One file with `--json`.
#[derive(Serialize)]
struct Fetched {
    #[serde(flatten)]
    file: Printed,
    outcome: &'static str,
}

/// Runs `fetch`.
pub fn run(verb: &Fetch) -> Result<ExitCode> {
    let directory = verb.place.directory(Set::Production)?;
    let files = verb.which.files(Set::Production);
    ensure!(
        !files.is_empty(),
        "no such files; see: filigree params list"
    );
    let gateways = match verb.gateway.as_slice() {
        [] => Client::usual_gateways(),
        given => given.to_vec(),
    };
    let client = Client::new(gateways, Patience::default());
    let line = Line::default();
    let outcomes = client.fetch(&files, &directory, &|progress: Progress| {
        line.show(&what(&progress), progress.done, progress.total);
        true
    });
    line.clear();
    let outcomes = outcomes?;
    let pairs = files.iter().zip(&outcomes);
    if verb.json {
        let fetched = pairs.map(|(file, outcome)| Fetched {
            file: Printed::new(file, &directory),
            outcome: word(*outcome),
        });
        let all: Vec<Fetched> = fetched.collect();
        print::json(&all)?;
    } else {
        let rows = pairs.map(|(file, outcome)| vec![word(*outcome).to_owned(), file.name()]);
        let rows: Vec<Vec<String>> = rows.collect();
        print::text(&print::table(&rows, &[]))?;
    }
    eprintln!("{} files in {}", files.len(), directory.display());
    Ok(ExitCode::SUCCESS)
}

fn what(progress: &Progress) -> String {
    let doing = match progress.stage {
        Stage::Waiting => return "waiting for another process".to_owned(),
        Stage::Checking => "checking",
        Stage::Downloading => "downloading",
    };
    format!("{doing} the {}", progress.file.purpose())
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Kept => "kept",
        Outcome::Fetched => "fetched",
    }
}
