//! Worker processes: one for each task, so that a task can be stopped at once, has no more threads than it was given,
//! and takes only itself along when it runs out of memory.
//!
//! A worker gets its task as a line of JSON on its standard input, and answers with lines of JSON: events, then what came
//! of it. When its input ends, the node is gone, and it ends too.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::control::LOOK;
use crate::params::{PARAMETERS_VARIABLE, PARENTS_VARIABLE};
use crate::{Control, Event, Outcome, ProveError, Result, Step, Task};

/// The signal of a process that touches a mapped page which the system cannot provide.
const SIGBUS: i32 = 7;

/// What bounds the threads of the library: of its trees and multiplications, and of its Fourier transforms.
const THREADS_VARIABLES: [&str; 2] = ["RAYON_NUM_THREADS", "EC_GPU_NUM_THREADS"];

/// How workers are started.
#[derive(Clone, Debug)]
pub struct Workers {
    /// The program: that of this crate, or another that calls [`serve`].
    pub program: PathBuf,
    /// Arguments that make it a worker.
    pub arguments: Vec<String>,
    /// Directory of parameters.
    pub parameters: PathBuf,
    /// Directory of the graphs' parents, which the first sealing of a size computes.
    pub parents: PathBuf,
    /// Directory that it runs in. The library reads settings from there, if there are any.
    pub folder: PathBuf,
}

/// A line that a worker writes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Event(Event),
    Outcome(Outcome),
    Failed(Failure),
}

/// An error that crossed the border of processes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Failure {
    Cancelled,
    Input(String),
    NotReady(Step, PathBuf),
    Lost(Step, PathBuf, PathBuf),
    OtherInput(Step, PathBuf),
    Parameters(PathBuf),
    /// Where, and the number of the system's error.
    Io(PathBuf, i32),
    Library(Step, String),
    Other(String),
}

impl Workers {
    /// Runs a task with `threads` threads. Stopping `control` kills the worker; another run of the task takes up what was
    /// done.
    pub fn run(&self, task: &Task, threads: usize, control: &Control) -> Result<Outcome> {
        control.check()?;
        let _left = Left(task);
        let mut worker = self.start(task, threads)?;
        let lines = read_lines(worker.0.stdout.take());
        loop {
            match lines.recv_timeout(LOOK) {
                Ok(Line::Event(event)) => {
                    control.report(event);
                    control.check()?;
                }
                Ok(Line::Outcome(outcome)) => return Ok(outcome),
                Ok(Line::Failed(failure)) => return Err(failure.into()),
                Err(RecvTimeoutError::Timeout) => control.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    let status = worker.0.wait().map_err(|e| worker_error(&e))?;
                    return Err(ended(status));
                }
            }
        }
    }

    /// The program with its arguments, directories and bounds; not started, its input and output still this process's own.
    pub fn command(&self, threads: usize) -> Command {
        let threads = threads.max(1).to_string();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env(PARAMETERS_VARIABLE, &self.parameters)
            .env(PARENTS_VARIABLE, &self.parents)
            .envs(THREADS_VARIABLES.map(|variable| (variable, &threads)))
            .current_dir(&self.folder);
        command
    }

    fn start(&self, task: &Task, threads: usize) -> Result<Running> {
        let mut command = self.command(threads);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = Running(command.spawn().map_err(|e| worker_error(&e))?);
        let mut line = serde_json::to_vec(task).map_err(|e| worker_error(&e))?;
        line.push(b'\n');
        // Held open: its end tells the worker that this process is gone.
        if let Some(stdin) = &mut running.0.stdin {
            stdin.write_all(&line).map_err(|e| worker_error(&e))?;
        }
        Ok(running)
    }
}

/// A worker that does not outlive whoever waits for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a worker that was killed leaves outside of the directory of sectors, where no later run of another task finds it.
struct Left<'a>(&'a Task);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        // What cannot be removed now the next run of the task removes.
        let _ = self.0.remove_left();
    }
}

/// Lines of a worker, as they come. What is not a line of ours (the library's chatter) is passed over.
fn read_lines(stdout: Option<ChildStdout>) -> Receiver<Line> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in stdout
            .into_iter()
            .flat_map(|out| BufReader::new(out).lines())
        {
            let Ok(line) = line else { break };
            if let Ok(line) = serde_json::from_str(&line)
                && sender.send(line).is_err()
            {
                break;
            }
        }
    });
    lines
}

fn worker_error(error: &dyn std::fmt::Display) -> ProveError {
    ProveError::Worker(error.to_string())
}

/// What it means that a worker ended without an answer.
fn ended(status: ExitStatus) -> ProveError {
    // Writing to a mapped file whose place on the disk is not claimed.
    match status.signal() {
        Some(SIGBUS) => worker_error(&format!("{status}: is a disk full?")),
        _ => worker_error(&status),
    }
}

/// What a worker process does: reads a task, runs it, answers. Gives the exit code of the process.
pub fn serve() -> std::process::ExitCode {
    let mut input = BufReader::new(io::stdin());
    let mut line = String::new();
    let task = input.read_line(&mut line).map_err(|e| worker_error(&e));
    let task: Result<Task> =
        task.and_then(|_| serde_json::from_str(&line).map_err(|e| worker_error(&e)));
    thread::spawn(move || {
        let mut rest = String::new();
        while matches!(input.read_line(&mut rest), Ok(1..)) {
            rest.clear();
        }
        // Whoever wanted the result is gone.
        std::process::exit(1);
    });
    let control = Control::new(|event| write(&Line::Event(event)));
    match task.and_then(|task| run(&task, &control)) {
        Ok(outcome) => {
            write(&Line::Outcome(outcome));
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            write(&Line::Failed(error.into()));
            std::process::ExitCode::FAILURE
        }
    }
}

/// Runs a task; a panic of the library is an error.
fn run(task: &Task, control: &Control) -> Result<Outcome> {
    catch_unwind(AssertUnwindSafe(|| task.run(control))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "without a message".to_owned());
        Err(ProveError::Failed(format!("the library panicked: {text}")))
    })
}

fn write(line: &Line) {
    // Nobody to tell if nobody listens.
    if let Ok(mut text) = serde_json::to_vec(line) {
        text.push(b'\n');
        let mut out = io::stdout().lock();
        let _ = out.write_all(&text).and_then(|()| out.flush());
    }
}

impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Cancelled => Self::Cancelled,
            ProveError::Input(what) => Self::Input(what),
            ProveError::NotReady { step, what } => Self::NotReady(step, what),
            ProveError::Lost { step, what, record } => Self::Lost(step, what, record),
            ProveError::OtherInput { step, record } => Self::OtherInput(step, record),
            ProveError::Library { step, reason } => Self::Library(step, reason),
            ProveError::Parameters(path) => Self::Parameters(path),
            ProveError::Io { path, source } if let Some(code) = source.raw_os_error() => {
                Self::Io(path, code)
            }
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<Failure> for ProveError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Cancelled => Self::Cancelled,
            Failure::Input(what) => Self::Input(what),
            Failure::NotReady(step, what) => Self::NotReady { step, what },
            Failure::Lost(step, what, record) => Self::Lost { step, what, record },
            Failure::OtherInput(step, record) => Self::OtherInput { step, record },
            Failure::Library(step, reason) => Self::Library { step, reason },
            Failure::Parameters(path) => Self::Parameters(path),
            Failure::Io(path, code) => Self::Io {
                path,
                source: io::Error::from_raw_os_error(code),
            },
            Failure::Other(what) => Self::Failed(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_could_not_write_to_a_map_hints_at_the_disk() {
        let died = |signal| ended(ExitStatus::from_raw(signal)).to_string();
        assert!(died(SIGBUS).contains("disk full"), "{}", died(SIGBUS));
        assert!(!died(9).contains("disk"), "{}", died(9));
    }

    /// As a worker writes an error and a node reads it.
    fn cross(error: ProveError) -> ProveError {
        let line = serde_json::to_vec(&Line::Failed(error.into())).unwrap();
        match serde_json::from_slice(&line).unwrap() {
            Line::Failed(failure) => failure.into(),
            _ => panic!("another line"),
        }
    }

    #[test]
    fn errors_cross_the_border_as_what_they_are() {
        use ProveError::*;
        let step = Step::PreCommit2;
        let path = |name: &str| PathBuf::from(name);
        let (what, record) = (path("sealed"), path("record"));
        let reason = "no".to_owned();
        let errors = [
            Cancelled,
            Input(reason.clone()),
            NotReady {
                step,
                what: what.clone(),
            },
            Lost {
                step,
                what: what.clone(),
                record: record.clone(),
            },
            OtherInput { step, record },
            Parameters(what.clone()),
            Io {
                path: what,
                source: io::Error::from_raw_os_error(28),
            },
            Library {
                step,
                reason: reason.clone(),
            },
            Failed(reason),
        ];
        for error in errors {
            let before = format!("{error:?}");
            assert_eq!(format!("{:?}", cross(error)), before);
        }
    }
}
