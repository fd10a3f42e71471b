//! What the benchmark prints, as a table or as JSON.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use crate::actors::{Pair, schema_bytes};
use crate::play::{Done, compare, play};
use crate::time::{CallTime, Starts};

/// How long the first `Sandbox::new()` of a process may take.
pub const START_LIMIT_MS: f64 = 50.0;

/// All figures of a run.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Processes, each of which starts several sandboxes.
    pub processes: usize,
    /// One process that has to compile the modules it runs.
    pub start_without_modules: Starts,
    /// With what earlier runs cached.
    pub start: Starts,
    /// Wasm against native.
    pub calls: Vec<CallTime>,
    /// Size and gas beside `fvm_sdk`.
    pub actors: Vec<Compared>,
}

/// An actor and its twin.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its name.
    pub actor: &'static str,
    /// Of the whole Wasm, in bytes.
    pub size_bytes: Beside,
    /// How much of ours is the schema, for tools alone.
    pub schema_bytes: usize,
    /// Gas of each call that succeeded, those below it among it.
    pub gas: Vec<Gas>,
}

/// The gas of a call.
#[derive(Debug, Serialize)]
pub struct Gas {
    /// The method, and how it was called.
    pub call: &'static str,
    /// How much.
    #[serde(flatten)]
    pub gas: Beside,
}

/// A figure of ours and of the twin.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Beside {
    /// With the SDK.
    pub ours: u64,
    /// With `fvm_sdk`.
    pub fvm_sdk: u64,
    /// Ours by theirs: below 1 is in our favour.
    pub ratio: f64,
}

impl Beside {
    /// Two figures.
    pub fn new(ours: u64, fvm_sdk: u64) -> Self {
        Self {
            ours,
            fvm_sdk,
            ratio: ours as f64 / fvm_sdk as f64,
        }
    }
}

impl Compared {
    /// Plays the script on both, which must do the same.
    pub fn new(pair: &Pair, [ours, theirs]: [&[u8]; 2]) -> Result<Self> {
        let done = [ours, theirs].map(|wasm| play(wasm, pair.script));
        compare(&done[0], &done[1])?;
        Ok(Self {
            actor: pair.name,
            size_bytes: Beside::new(ours.len() as u64, theirs.len() as u64),
            schema_bytes: schema_bytes(ours)?,
            gas: gas(&done),
        })
    }
}

/// Of the calls that succeeded.
fn gas([ours, theirs]: &[Vec<Done>; 2]) -> Vec<Gas> {
    let succeeded = ours.iter().zip(theirs);
    succeeded
        .filter(|(ours, _)| ours.seen.exit_code.is_success() && is_named(ours.label))
        .map(|(ours, theirs)| Gas {
            call: ours.label,
            gas: Beside::new(ours.gas, theirs.gas),
        })
        .collect()
}

/// Labels of methods begin with their name.
fn is_named(label: &str) -> bool {
    label.starts_with(|c: char| c.is_uppercase())
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processes = self.processes;
        writeln!(
            f,
            "sandbox start                                Sandbox::new()   to the first call's result"
        )?;
        let cold = &self.start_without_modules;
        let rows = [
            (
                "first of a process, nothing compiled",
                cold.first_new_ms,
                cold.first_call_ms,
            ),
            (
                "first of a process",
                self.start.first_new_ms,
                self.start.first_call_ms,
            ),
            (
                "later ones",
                self.start.later_new_ms,
                self.start.later_call_ms,
            ),
        ];
        for (what, new, call) in rows {
            writeln!(f, "  {what:<40} {new:>13.2} ms {call:>25.2} ms")?;
        }
        let met = said(self.start.first_new_ms < START_LIMIT_MS);
        writeln!(
            f,
            "  medians over {processes} processes; aim: first Sandbox::new() below {START_LIMIT_MS} ms: {met}"
        )?;

        writeln!(
            f,
            "\na call in the sandbox                              Wasm      native  ratio"
        )?;
        for call in &self.calls {
            let CallTime {
                call,
                wasm_us,
                native_us,
                ratio,
            } = call;
            writeln!(
                f,
                "  {call:<40} {wasm_us:>9.1} µs {native_us:>8.1} µs {ratio:>6.2}"
            )?;
        }

        writeln!(
            f,
            "\nsize, bytes                                        SDK     fvm_sdk  ratio"
        )?;
        for actor in &self.actors {
            let schema = actor.schema_bytes;
            row(
                f,
                &format!("{} ({schema} of it schema)", actor.actor),
                actor.size_bytes,
            )?;
        }
        let sizes = self.actors.iter().map(|actor| actor.size_bytes);
        writeln!(f, "  aim: not larger: {}", verdict(sizes))?;

        writeln!(
            f,
            "\ngas of a call                                      SDK     fvm_sdk  ratio"
        )?;
        for actor in &self.actors {
            writeln!(f, "  {}", actor.actor)?;
            for Gas { call, gas } in &actor.gas {
                row(f, &format!("  {call}"), *gas)?;
            }
        }
        let gas = self.actors.iter().flat_map(|actor| &actor.gas);
        writeln!(f, "  aim: not dearer: {}", verdict(gas.map(|gas| gas.gas)))
    }
}

fn row(f: &mut fmt::Formatter<'_>, what: &str, figure: Beside) -> fmt::Result {
    let Beside {
        ours,
        fvm_sdk,
        ratio,
    } = figure;
    writeln!(f, "  {what:<40} {ours:>11} {fvm_sdk:>11} {ratio:>6.3}")
}

fn verdict(figures: impl Iterator<Item = Beside>) -> String {
    let (mut all, mut missed) = (0, 0);
    for figure in figures {
        all += 1;
        missed += usize::from(figure.ours > figure.fvm_sdk);
    }
    match missed {
        0 => said(true).to_owned(),
        _ => format!("{}, by {missed} of {all}", said(false)),
    }
}

fn said(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_aim_is_said() {
        let (less, same, more) = (Beside::new(9, 10), Beside::new(7, 7), Beside::new(3, 2));
        assert_eq!(verdict([less, same].into_iter()), "met");
        assert_eq!(verdict([less, more, same].into_iter()), "MISSED, by 1 of 3");
        assert_eq!((less.ratio, more.ratio), (0.9, 1.5));
    }

    #[test]
    fn only_methods_have_gas() {
        assert!(is_named("Transfer to a hook") && !is_named("an unknown method"));
    }
}
