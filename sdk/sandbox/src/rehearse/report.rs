//! What came of a rehearsal.

use std::fmt;
use std::time::Duration;

use fvm_shared::ActorID;
use fvm_shared::error::ExitCode;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::changes::Change;
use crate::outcome::exit_text;
use crate::text::digits;

/// Actors that failed which are printed.
const MAX_FAILED_PRINTED: usize = 50;

/// Differences printed of an actor.
const MAX_CHANGES_PRINTED: usize = 30;

/// All upgrades. Prints as text for people; serialises with all it has.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The old code's name.
    pub old_name: String,
    /// The old code.
    pub old_code: String,
    /// The new code's name.
    pub new_name: String,
    /// The new code.
    pub new_code: String,
    /// Actors that passed.
    pub passed: usize,
    /// Actors that did not.
    pub failed: usize,
    /// Gas of the upgrades that returned; `None` if none did.
    pub gas: Option<Spread>,
    /// How long all took.
    #[serde(rename = "wall_time_micros", serialize_with = "micros")]
    pub wall_time: Duration,
    /// Threads that worked.
    pub workers: usize,
    /// What was not checked, for all actors.
    pub notes: Vec<String>,
    /// The actors, by id.
    pub actors: Vec<Rehearsed>,
}

/// The least, the middle one (the lower of two) and the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The least.
    pub min: u64,
    /// The middle one.
    pub median: u64,
    /// The most.
    pub max: u64,
}

impl Spread {
    pub(crate) fn of(mut numbers: Vec<u64>) -> Option<Self> {
        numbers.sort_unstable();
        Some(Self {
            min: *numbers.first()?,
            median: *numbers.get((numbers.len() - 1) / 2)?,
            max: *numbers.last()?,
        })
    }
}

/// One actor's upgrade.
#[derive(Clone, Debug, Serialize)]
pub struct Rehearsed {
    /// The actor.
    pub id: ActorID,
    /// The exit code of `upgrade`; `None` if the host could not run it.
    pub exit_code: Option<u32>,
    /// What `upgrade` said as it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What does not hold afterwards.
    pub broken: Vec<String>,
    /// What was not checked.
    pub notes: Vec<String>,
    /// Gas of the upgrade, without that of including a message and of the old code's own work.
    pub gas: u64,
    /// How long the upgrade took.
    #[serde(rename = "time_micros", serialize_with = "micros")]
    pub time: Duration,
    /// The state before, by the old schema; `None` if it is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The state after, by the new schema; `None` if there is none, or it is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// What differs between them.
    pub changes: Vec<Change>,
}

impl Rehearsed {
    pub(super) fn new(id: ActorID) -> Self {
        Self {
            id,
            exit_code: None,
            message: String::new(),
            broken: Vec::new(),
            notes: Vec::new(),
            gas: 0,
            time: Duration::ZERO,
            before: None,
            after: None,
            changes: Vec::new(),
        }
    }

    /// Whether the upgrade returned and all holds that must.
    pub fn passed(&self) -> bool {
        self.exit_code == Some(0) && self.broken.is_empty()
    }

    pub(super) fn forget_states(&mut self) {
        self.before = None;
        self.after = None;
        self.changes = Vec::new();
    }
}

impl Report {
    /// Nothing, if all actors passed.
    ///
    /// # Panics
    /// If one did not: with the report.
    #[track_caller]
    pub fn expect_all_to_pass(&self) {
        assert!(self.failed == 0, "{self}");
    }

    /// Those that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Rehearsed> {
        self.actors.iter().filter(|told| !told.passed())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.old_name, self.old_code)?;
        writeln!(f, "→ {} {}", self.new_name, self.new_code)?;
        for told in self.failures().take(MAX_FAILED_PRINTED) {
            write!(f, "\n{told}")?;
        }
        if self.failed > MAX_FAILED_PRINTED {
            writeln!(
                f,
                "\nand {} more that failed",
                self.failed - MAX_FAILED_PRINTED
            )?;
        }
        let shown = |told: &&Rehearsed| told.passed() && told.after.is_some();
        for told in self.actors.iter().filter(shown) {
            write!(f, "\n{told}")?;
        }
        let verdict = match self.failed {
            0 => "all passed".to_owned(),
            failed => format!("{failed} FAILED, {} passed", self.passed),
        };
        writeln!(f, "\n{} actors: {verdict}", self.actors.len())?;
        if let Some(gas) = self.gas {
            let [min, median, max] = [gas.min, gas.median, gas.max].map(digits);
            writeln!(f, "gas: least {min}, median {median}, most {max}")?;
        }
        let time = self.wall_time.as_secs_f64();
        writeln!(f, "time: {time:.3} s with {} threads", self.workers)?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        Ok(())
    }
}

/// A line for the actor, and one for each thing to say of it.
impl fmt::Display for Rehearsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.passed() {
            true => "passed",
            false => "FAILED",
        };
        let (gas, time) = (digits(self.gas), self.time.as_secs_f64() * 1_000.0);
        write!(f, "f0{} {verdict}, {gas} gas, {time:.1} ms", self.id)?;
        match self.exit_code {
            None | Some(0) => writeln!(f)?,
            Some(code) => {
                let code = exit_text(ExitCode::new(code));
                match self.message.as_str() {
                    "" => writeln!(f, "\n  exit code {code}")?,
                    said => writeln!(f, "\n  exit code {code}: {said}")?,
                }
            }
        }
        for broken in &self.broken {
            writeln!(f, "  ✗ {broken}")?;
        }
        for change in self.changes.iter().take(MAX_CHANGES_PRINTED) {
            writeln!(f, "  {change}")?;
        }
        if let Some(more) = self.changes.len().checked_sub(MAX_CHANGES_PRINTED + 1) {
            writeln!(f, "  and {} more differences", more + 1)?;
        }
        if let (Some(before), None) = (&self.before, &self.after) {
            writeln!(f, "  state: {before}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        Ok(())
    }
}

fn micros<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}
