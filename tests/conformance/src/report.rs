//! What came of many vectors: text for people, JSON for programs.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::run::{Outcome, Run};

/// What came of one variant of one vector.
#[derive(Clone, Debug)]
pub struct VectorReport {
    /// The vector, see [`Found::name`](crate::vector::Found).
    pub name: String,
    /// The variant; absent if the vector could not be loaded or is of another class.
    pub variant: Option<String>,
    /// What came of it.
    pub run: Run,
}

impl fmt::Display for VectorReport {
    /// One line; a failure is followed by what differs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, variant, run } = self;
        let variant = variant
            .as_ref()
            .map_or(String::new(), |id| format!(" ({id})"));
        match &run.outcome {
            Outcome::Passed => write!(f, "passed   {name}{variant}"),
            Outcome::Skipped(skip) => write!(f, "skipped  {name}{variant}: {skip}"),
            Outcome::Failed(differences) => {
                write!(f, "FAILED   {name}{variant}")?;
                for difference in differences {
                    let text = difference.to_string().replace('\n', "\n    ");
                    write!(f, "\n    {text}")?;
                }
                Ok(())
            }
        }
    }
}

/// How many vectors ended how. Displays as the last line of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// As expected.
    pub passed: usize,
    /// Not as expected.
    pub failed: usize,
    /// Not run.
    pub skipped: usize,
}

impl Totals {
    /// Counts reports.
    pub fn of(reports: &[VectorReport]) -> Self {
        let mut totals = Self::default();
        for report in reports {
            match report.run.outcome {
                Outcome::Passed => totals.passed += 1,
                Outcome::Failed(_) => totals.failed += 1,
                Outcome::Skipped(_) => totals.skipped += 1,
            }
        }
        totals
    }

    /// Whether any vector ran.
    pub fn any_ran(&self) -> bool {
        self.passed + self.failed > 0
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Writes what failed and what was skipped, then, as the last line, the totals.
pub fn write_text(reports: &[VectorReport], out: &mut impl Write) -> io::Result<()> {
    let shown = reports
        .iter()
        .filter(|report| report.run.outcome != Outcome::Passed);
    for report in shown {
        writeln!(out, "{report}")?;
    }
    writeln!(out, "{}", Totals::of(reports))
}

#[derive(Serialize)]
struct JsonReport<'a> {
    #[serde(flatten)]
    totals: Totals,
    vectors: Vec<JsonVector<'a>>,
}

#[derive(Serialize)]
struct JsonVector<'a> {
    name: &'a str,
    variant: Option<&'a str>,
    result: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    gas: Vec<JsonGas>,
    time_us: u128,
}

#[derive(Serialize)]
struct JsonGas {
    expected: u64,
    actual: Option<u64>,
}

/// Writes totals and every vector: name, variant, result, reasons, gas of each message, time in microseconds.
pub fn write_json(reports: &[VectorReport], out: &mut impl Write) -> io::Result<()> {
    let report = JsonReport {
        totals: Totals::of(reports),
        vectors: reports.iter().map(json_vector).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn json_vector(report: &VectorReport) -> JsonVector<'_> {
    let run = &report.run;
    let (result, reasons) = match &run.outcome {
        Outcome::Passed => ("passed", Vec::new()),
        Outcome::Skipped(skip) => ("skipped", vec![skip.to_string()]),
        Outcome::Failed(differences) => (
            "failed",
            differences.iter().map(ToString::to_string).collect(),
        ),
    };
    let gas = run.gas.iter().map(|gas| JsonGas {
        expected: gas.expected,
        actual: gas.actual,
    });
    JsonVector {
        name: &report.name,
        variant: report.variant.as_deref(),
        result,
        reasons,
        gas: gas.collect(),
        time_us: run.elapsed.as_micros(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Difference;
    use crate::run::{Gas, Skip};
    use std::time::Duration;

    fn reports() -> Vec<VectorReport> {
        let gas = Difference::Gas {
            message: 0,
            expected: 10,
            actual: 12,
        };
        let outcomes = [
            Outcome::Passed,
            Outcome::Failed(vec![gas]),
            Outcome::Skipped(Skip::NetworkVersion(17)),
        ];
        let reports = outcomes.into_iter().zip(["a", "b", "c"]);
        reports
            .map(|(outcome, name)| VectorReport {
                name: name.to_owned(),
                variant: Some("v".to_owned()),
                run: Run {
                    outcome,
                    gas: vec![Gas {
                        expected: 10,
                        actual: Some(12),
                    }],
                    elapsed: Duration::from_millis(2),
                },
            })
            .collect()
    }

    #[test]
    fn text_names_failures_and_ends_with_totals() {
        let mut text = Vec::new();
        write_text(&reports(), &mut text).unwrap();
        let expected = "\
FAILED   b (v)
    message 0: gas: expected 10, got 12 (+2)
skipped  c (v): network version 17 is not supported, only 18 to 28
1 passed, 1 failed, 1 skipped
";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn json_holds_every_vector() {
        let mut json = Vec::new();
        write_json(&reports(), &mut json).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(value["failed"], 1);
        let vectors = value["vectors"].as_array().unwrap();
        let results: Vec<_> = vectors
            .iter()
            .map(|v| v["result"].as_str().unwrap())
            .collect();
        assert_eq!(results, ["passed", "failed", "skipped"]);
        assert_eq!(vectors[1]["gas"][0]["actual"], 12);
        assert_eq!(vectors[1]["time_us"], 2000);
        assert!(vectors[1]["reasons"][0].as_str().unwrap().contains("(+2)"));
    }
}
