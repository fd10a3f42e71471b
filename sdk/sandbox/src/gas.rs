//! The gas report: what each method cost, over all calls of a sandbox or of a whole test run.
//!
//! Counted are calls that reached Wasm and succeeded, of messages and of other actors alike: the gas of the call with
//! all below it, without that of including the message. Native actors cost no true gas and are left out.
//!
//! If `FILIGREE_GAS_REPORT` names a file, each sandbox adds a line of JSON to it when it goes: tests in parallel,
//! also in several processes, may share one. `filigree-actor gas` reads it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use filigree_vm::TraceEvent;
use fvm_shared::METHOD_SEND;
use serde::{Deserialize, Serialize};

use crate::directory::{Directory, method_name};
use crate::sandbox::Sandbox;
use crate::text::{digits, plain};

/// Names the file that sandboxes add to.
pub const REPORT_VARIABLE: &str = "FILIGREE_GAS_REPORT";

/// As much of a CID as tells two codes apart.
const CODE_END_CHARS: usize = 6;

/// The gas of calls, by actor, method and code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GasReport {
    methods: BTreeMap<(String, String, String), Calls>,
}

/// The calls of one method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Calls {
    gas: Vec<u64>,
    failed: u64,
}

/// A row of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The actor's name.
    pub actor: String,
    /// The method's name.
    pub method: String,
    /// The CID of the actor's code: two codes of one name are two rows.
    #[serde(default)]
    pub code: String,
    /// Calls that succeeded.
    pub calls: u64,
    /// Calls that failed; their gas does not count.
    pub failed: u64,
    /// The least gas of a call.
    pub min: u64,
    /// The middle one; the lower of two.
    pub median: u64,
    /// The most.
    pub max: u64,
}

/// How a sandbox's calls stand in the file: one line.
#[derive(Serialize, Deserialize)]
struct Line {
    actor: String,
    method: String,
    #[serde(default)]
    code: String,
    gas: Vec<u64>,
    failed: u64,
}

impl GasReport {
    /// Reads the file of a test run.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let mut report = Self::default();
        for (index, line) in text.lines().enumerate() {
            let line: Line = serde_json::from_str(line).map_err(|e| {
                let (path, line) = (path.display(), index + 1);
                let why = format!("{path}, line {line}, is not of a gas report: {e}; delete the file, run the tests again");
                io::Error::new(io::ErrorKind::InvalidData, why)
            })?;
            let key = (line.actor, line.method, line.code);
            let calls = report.methods.entry(key).or_default();
            calls.gas.extend(line.gas);
            calls.failed += line.failed;
        }
        Ok(report)
    }

    /// Adds it to the file of a test run, in one step.
    pub fn append_to(&self, path: &Path) -> io::Result<()> {
        let mut text = String::new();
        for ((actor, method, code), calls) in &self.methods {
            let line = Line {
                actor: actor.clone(),
                method: method.clone(),
                code: code.clone(),
                gas: calls.gas.clone(),
                failed: calls.failed,
            };
            text.push_str(&serde_json::to_string(&line)?);
            text.push('\n');
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file: File = OpenOptions::new().create(true).append(true).open(path)?;
        // Held until the file is closed, so that lines of several tests do not mix.
        file.lock()?;
        file.write_all(text.as_bytes())
    }

    /// The rows, by actor, method and code.
    pub fn rows(&self) -> Vec<Row> {
        let row = |((actor, method, code), calls): (&(String, String, String), &Calls)| {
            let mut gas = calls.gas.clone();
            gas.sort_unstable();
            Row {
                actor: actor.clone(),
                method: method.clone(),
                code: code.clone(),
                calls: gas.len() as u64,
                failed: calls.failed,
                min: gas.first().copied().unwrap_or_default(),
                median: gas
                    .get(gas.len().saturating_sub(1) / 2)
                    .copied()
                    .unwrap_or_default(),
                max: gas.last().copied().unwrap_or_default(),
            }
        };
        self.methods.iter().map(row).collect()
    }

    /// Whether nothing was called.
    pub fn is_empty(&self) -> bool {
        self.methods.is_empty()
    }

    fn add(&mut self, actor: &str, method: &str, code: &str, gas: Option<u64>) {
        let key = [actor, method, code].map(str::to_owned).into();
        let calls = self.methods.entry(key).or_default();
        match gas {
            Some(gas) => calls.gas.push(gas),
            None => calls.failed += 1,
        }
    }
}

impl Row {
    /// `Counter.Increment`; with the end of its code's CID where another of these rows is called so.
    pub fn title(&self, rows: &[Row]) -> String {
        let name = plain(&format!("{}.{}", self.actor, self.method));
        let is_like = |row: &&Row| (&row.actor, &row.method) == (&self.actor, &self.method);
        if rows.iter().filter(is_like).count() < 2 {
            return name;
        }
        let end: Vec<char> = self.code.chars().rev().take(CODE_END_CHARS).collect();
        let end: String = end.iter().rev().collect();
        format!("{name} (code …{})", plain(&end))
    }
}

/// A table.
impl fmt::Display for GasReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = ["method", "calls", "failed", "min", "median", "max"].map(str::to_owned);
        let all = self.rows();
        let rows = all.iter().map(|row| {
            let numbers = [row.calls, row.failed, row.min, row.median, row.max].map(digits);
            let [calls, failed, min, median, max] = numbers;
            [row.title(&all), calls, failed, min, median, max]
        });
        let table: Vec<[String; 6]> = std::iter::once(titles).chain(rows).collect();
        let mut widths = [0; 6];
        for row in &table {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for [name, numbers @ ..] in &table {
            write!(f, "{name:<width$}", width = widths[0])?;
            for (cell, width) in numbers.iter().zip(&widths[1..]) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Sandbox {
    /// What the calls so far cost, by actor and method. Prints as a table.
    pub fn gas_report(&self) -> GasReport {
        self.recorder.report.clone()
    }
}

/// Keeps the report of one sandbox, and adds it to the file when the sandbox goes.
#[derive(Default)]
pub(crate) struct Recorder {
    report: GasReport,
    paused: bool,
}

impl Recorder {
    /// Stops counting, or goes on: searches for a failure are no measurement.
    pub fn pause(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether nothing is counted now.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Counts the calls of a message.
    pub fn record(&mut self, trace: &[TraceEvent], directory: &Directory) {
        if self.paused {
            return;
        }
        struct Open {
            method: u64,
            code: Option<cid::Cid>,
            milligas: u64,
        }
        let mut open: Vec<Open> = Vec::new();
        for event in trace {
            match event {
                TraceEvent::Call { method, .. } => open.push(Open {
                    method: *method,
                    code: None,
                    milligas: 0,
                }),
                TraceEvent::Gas(charge) => {
                    if let Some(call) = open.last_mut() {
                        // A price may be the largest number there is.
                        call.milligas = call.milligas.saturating_add(charge.total().as_milligas());
                    }
                }
                TraceEvent::Invoke { state, .. } => {
                    if let Some(call) = open.last_mut() {
                        call.code = Some(state.code);
                    }
                }
                TraceEvent::Return { .. } | TraceEvent::Refused(_) => {
                    let Some(done) = open.pop() else { continue };
                    if let Some(caller) = open.last_mut() {
                        caller.milligas = caller.milligas.saturating_add(done.milligas);
                    }
                    let Some(code) = done.code.filter(|_| done.method != METHOD_SEND) else {
                        continue;
                    };
                    let Some(known) = directory.code(&code).filter(|known| known.native.is_none())
                    else {
                        continue;
                    };
                    if directory.deployment(&code, done.method).is_some() {
                        continue;
                    }
                    let succeeded =
                        matches!(event, TraceEvent::Return { code, .. } if code.is_success());
                    let gas =
                        succeeded.then(|| done.milligas.div_ceil(filigree_gas::MILLIGAS_PER_GAS));
                    let method = method_name(done.method, directory.method(&code, done.method));
                    self.report
                        .add(&known.name, &method, &code.to_string(), gas);
                }
                _ => {}
            }
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let Some(path) = std::env::var_os(REPORT_VARIABLE).map(PathBuf::from) else {
            return;
        };
        if !self.report.is_empty()
            && let Err(e) = self.report.append_to(&path)
        {
            eprintln!("the gas report {} cannot be written: {e}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_tell_the_least_the_middle_and_the_most() {
        let mut report = GasReport::default();
        for gas in [30, 10, 1_000, 20] {
            report.add("Counter", "Increment", "x", Some(gas));
        }
        report.add("Counter", "Increment", "x", None);
        report.add("Counter", "Broken", "x", None);
        let rows = report.rows();
        assert_eq!(
            (rows[0].calls, rows[0].failed, rows[0].min, rows[0].max),
            (0, 1, 0, 0)
        );
        assert_eq!(
            (rows[1].calls, rows[1].min, rows[1].median, rows[1].max),
            (4, 10, 20, 1_000)
        );
        let expected = "\
method             calls  failed  min  median    max
Counter.Broken         0       1    0       0      0
Counter.Increment      4       1   10      20  1,000
";
        assert_eq!(report.to_string(), expected);
    }

    #[test]
    fn two_codes_of_one_name_are_two_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gas.jsonl");
        let mut report = GasReport::default();
        for (code, gas) in [("bafkcode000001", 10), ("bafkcode000002", 90)] {
            report.add("Counter", "Increment", code, Some(gas));
            report.add("Counter", code, code, Some(gas));
        }
        report.append_to(&path).unwrap();
        let report = GasReport::read(&path).unwrap();
        let rows = report.rows();
        let shown: Vec<_> = rows.iter().map(|r| (r.title(&rows), r.median)).collect();
        let expected = [
            ("Counter.Increment (code …000001)", 10),
            ("Counter.Increment (code …000002)", 90),
            ("Counter.bafkcode000001", 10),
            ("Counter.bafkcode000002", 90),
        ];
        assert_eq!(shown, expected.map(|(title, gas)| (title.to_owned(), gas)));
        assert!(report.to_string().contains(expected[1].0), "{report}");
    }

    #[test]
    fn what_several_append_is_read_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/gas.jsonl");
        let threads: Vec<_> = (0..8u64)
            .map(|thread| {
                let path = path.clone();
                std::thread::spawn(move || {
                    let mut report = GasReport::default();
                    report.add("A", "B", "x", Some(thread));
                    report.add("A", "C", "x", None);
                    report.append_to(&path).unwrap();
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        let rows = GasReport::read(&path).unwrap().rows();
        assert_eq!((rows[0].calls, rows[0].max, rows[1].failed), (8, 7, 8));
        std::fs::write(&path, "{}\n").unwrap();
        let error = GasReport::read(&path).unwrap_err().to_string();
        assert!(error.contains("line 1, is not of a gas report"), "{error}");
    }
}
