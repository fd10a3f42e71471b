//! What a process uses, measured by the one that started it: wall time from before it starts until it is gone, CPU time
//! and peak memory as the kernel counts them.
//!
//! The measuring process is started anew each time, because the kernel keeps one peak for all children of a process.
//! What it does itself while it waits (for a worker of ours: what [`Workers::run`] does) counts too.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use filigree_proofs_prove::{Control, Outcome, Task, Workers};
use nix::sys::resource::{UsageWho, getrusage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::options::Role;

/// What some work used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Wall seconds.
    pub wall_s: f64,
    /// CPU seconds, user and system.
    pub cpu_s: f64,
    /// The most memory that a process of it had at once (resident), in MiB.
    pub peak_mib: f64,
}

/// Where and with how many threads processes run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Directory of parameters.
    pub parameters: PathBuf,
    /// Working directory, and that of the graphs' parents.
    pub folder: PathBuf,
    /// Threads.
    pub threads: usize,
}

/// What is measured.
#[derive(Serialize, Deserialize)]
enum Work {
    /// A task of ours, run as a node runs it.
    Task(Task),
    /// This program in a role, and what it reads.
    Role(String, Value),
}

#[derive(Serialize, Deserialize)]
struct Order {
    work: Work,
    place: Place,
}

#[derive(Serialize, Deserialize)]
struct Report {
    usage: Usage,
    answer: Value,
}

/// Measures a task of ours.
pub fn task(place: &Place, task: &Task) -> Result<(Usage, Outcome)> {
    measure(place, Work::Task(task.clone()))
}

/// Measures this program in a role that reads `input` and writes what is given.
pub fn role<T: DeserializeOwned>(
    place: &Place,
    role: Role,
    input: &impl Serialize,
) -> Result<(Usage, T)> {
    let input = serde_json::to_value(input)?;
    measure(place, Work::Role(name(role)?, input))
}

fn measure<T: DeserializeOwned>(place: &Place, work: Work) -> Result<(Usage, T)> {
    let order = Order {
        work,
        place: place.clone(),
    };
    let mut meter = Command::new(std::env::current_exe()?);
    meter.args(["--role", &name(Role::Meter)?]);
    let report: Report = converse(meter, &serde_json::to_vec(&order)?)?;
    Ok((report.usage, serde_json::from_value(report.answer)?))
}

/// What a measuring process does.
pub fn serve() -> Result<()> {
    let Order { work, place } = read()?;
    let workers = |role| -> Result<Workers> {
        Ok(Workers {
            program: std::env::current_exe()?,
            arguments: vec!["--role".to_owned(), role],
            parameters: place.parameters.clone(),
            parents: place.folder.clone(),
            folder: place.folder.clone(),
        })
    };
    let before = cpu_s(UsageWho::RUSAGE_SELF)?;
    let start = Instant::now();
    let answer = match work {
        Work::Task(task) => {
            let workers = workers(name(Role::Worker)?)?;
            let outcome = workers.run(&task, place.threads, &Control::default())?;
            serde_json::to_value(outcome)?
        }
        Work::Role(role, input) => {
            // The environment is that of a worker: directories, and bounds of threads.
            let command = workers(role)?.command(place.threads);
            converse(command, &serde_json::to_vec(&input)?)?
        }
    };
    let wall_s = start.elapsed().as_secs_f64();
    let own = cpu_s(UsageWho::RUSAGE_SELF)? - before;
    let children = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    write(&Report {
        usage: Usage {
            wall_s,
            cpu_s: own + cpu_s(UsageWho::RUSAGE_CHILDREN)?,
            // Linux counts in KiB.
            peak_mib: children.max_rss() as f64 / 1024.0,
        },
        answer,
    })
}

fn cpu_s(who: UsageWho) -> Result<f64> {
    let usage = getrusage(who)?;
    let times = [usage.user_time(), usage.system_time()];
    Ok(times
        .iter()
        .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6)
        .sum())
}

/// Starts a process, gives it `input`, and parses the last line of its output; lines before it may be the library's chatter.
fn converse<T: DeserializeOwned>(mut command: Command, input: &[u8]) -> Result<T> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input)?;
    }
    let Output { status, stdout, .. } = child.wait_with_output()?;
    ensure!(status.success(), "{command:?} ended with {status}");
    let text = String::from_utf8(stdout)?;
    let Some(line) = text.lines().last() else {
        bail!("{command:?} said nothing");
    };
    serde_json::from_str(line).with_context(|| format!("{command:?} said {line:?}"))
}

/// What this process was given.
pub fn read<T: DeserializeOwned>() -> Result<T> {
    let mut text = Vec::new();
    std::io::stdin().read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// What this process answers.
pub fn write(answer: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(answer)?);
    Ok(())
}

/// A role, as it is typed.
fn name(role: Role) -> Result<String> {
    let value = role.to_possible_value().context("every role has a name")?;
    Ok(value.get_name().to_owned())
}

/// The middle one; the upper of two. 0 of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl Usage {
    /// The medians, each by itself.
    pub fn median(of: &[Self]) -> Self {
        Self {
            wall_s: median(of.iter().map(|usage| usage.wall_s)),
            cpu_s: median(of.iter().map(|usage| usage.cpu_s)),
            peak_mib: median(of.iter().map(|usage| usage.peak_mib)),
        }
    }
}
