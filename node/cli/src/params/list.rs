//! `params list`: the files that a role needs, and where they belong.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use filigree_proofs_params::Set;

use super::{Printed, Where, Which, size_name};
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
Digests are BLAKE2b-512, cut to 16 bytes. The sets share names: they are what the proof library looks for.
A size is shown where it is known.

Examples:
  filigree params list
  filigree params list --role prove --sector-size 32GiB
  filigree params list --set dev --role prove --json";

/// Options of `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Whose: production (the network's) or dev (of a public seed).
    #[arg(long, value_name = "SET", default_value_t = Set::Production)]
    set: Set,

    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    place: Where,

    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `list`.
pub fn run(verb: &List) -> Result<ExitCode> {
    let directory = verb.place.directory(verb.set)?;
    let files = verb.which.files(verb.set);
    if verb.json {
        let all: Vec<Printed> = files
            .iter()
            .map(|file| Printed::new(file, &directory))
            .collect();
        print::json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = vec![
        ["sectors", "proof", "kind", "bytes", "digest", "name"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for file in &files {
        rows.push(vec![
            size_name(file.sector_size),
            file.proof.to_string(),
            file.kind.extension().to_owned(),
            file.size_bytes.map_or_else(String::new, print::digits),
            file.digest.to_string(),
            file.name(),
        ]);
    }
    let head = format!(
        "{} files of the {} set, in {}\n",
        files.len(),
        verb.set,
        directory.display()
    );
    print::text(&(head + &print::table(&rows, &[3])))?;
    Ok(ExitCode::SUCCESS)
}
