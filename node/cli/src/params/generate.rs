//! `params generate`: development parameters from a public seed.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use filigree_proofs_generate::groth16;
use filigree_proofs_generate::{Made, Outcome, Progress, Stage, generate, jobs};
use filigree_proofs_params::{Proof, SectorSize, Set};
use serde::Serialize;

use super::{Where, size_name};
use crate::print;
use crate::progress::Line;

/// Shown below the options.
pub const HELP: &str = "\
Anyone can forge proofs of these parameters: they are for networks that only developers use, and other networks refuse
them. The same bytes come out on every machine, and are compared with recorded digests. Files appear whole or not at all;
what is there and right stays, so that an interrupted run is simply run again.

Examples:
  filigree params generate
  filigree params generate --proof window-post,aggregation
  filigree params generate --sector-size 8MiB --dir parameters-dev";

/// Options of `generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// For sectors of this size: 2KiB or 8MiB. May be given several times.
    #[arg(
        long,
        value_name = "SIZE",
        value_delimiter = ',',
        default_value = "2KiB"
    )]
    sector_size: Vec<SectorSize>,

    /// For this proof: porep, winning-post, window-post, replica-update or aggregation. May be given several times; all
    /// without it.
    #[arg(long, value_name = "PROOF", value_delimiter = ',')]
    proof: Vec<Proof>,

    /// The directory, with "dev" as a word of its name. Without it: that of FIL_PROOFS_PARAMETER_CACHE if so named, or
    /// the usual one.
    #[command(flatten)]
    place: Where,

    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// One file with `--json`.
#[derive(Serialize)]
struct Printed {
    path: String,
    proof: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sector_size: Option<&'static str>,
    size_bytes: u64,
    digest: String,
    outcome: &'static str,
}

/// Runs `generate`.
pub fn run(verb: &Generate) -> Result<ExitCode> {
    let directory = verb.place.directory(Set::Development)?;
    let jobs = jobs(&verb.sector_size, &verb.proof);
    if jobs.is_empty() {
        anyhow::bail!(
            "there are no development parameters of this kind; see: filigree params list --set dev"
        );
    }
    let line = Line::default();
    let start = Instant::now();
    let made = generate(&directory, &jobs, &|progress: Progress| {
        line.show(&what(&progress), progress.done, progress.total);
        true
    });
    line.clear();
    let made = made?;
    if verb.json {
        let all: Vec<Printed> = made.iter().map(printed).collect();
        print::json(&all)?;
    } else {
        print::text(&table(&made))?;
    }
    let seconds = start.elapsed().as_secs_f64();
    eprintln!(
        "{} files in {} ({seconds:.1} s)",
        made.len(),
        directory.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn what(progress: &Progress) -> String {
    let job = progress.job;
    let doing = match progress.stage {
        Stage::Waiting => "waiting for another process",
        Stage::Checking => "checking",
        Stage::Setup(groth16::Stage::Counting) => "counting constraints",
        Stage::Setup(groth16::Stage::Evaluating) => "evaluating constraints",
        Stage::Setup(groth16::Stage::Points) => "computing points",
    };
    format!("{} {}: {doing}", size_name(job.sector_size), job.proof)
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Kept => "kept",
        Outcome::Made => "made",
        Outcome::Unrecorded => "made, not recorded",
    }
}

fn printed(made: &Made) -> Printed {
    Printed {
        path: made.path.display().to_string(),
        proof: made.job.proof.name(),
        sector_size: made.job.sector_size.map(SectorSize::name),
        size_bytes: made.size_bytes,
        digest: made.digest.to_string(),
        outcome: outcome(made.outcome),
    }
}

fn table(made: &[Made]) -> String {
    let mut rows = vec![
        ["sectors", "proof", "outcome", "bytes", "digest", "name"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for file in made {
        let name = file.path.file_name().unwrap_or_default();
        rows.push(vec![
            size_name(file.job.sector_size),
            file.job.proof.to_string(),
            outcome(file.outcome).to_owned(),
            print::digits(file.size_bytes),
            file.digest.to_string(),
            name.to_string_lossy().into_owned(),
        ]);
    }
    print::table(&rows, &[3])
}
