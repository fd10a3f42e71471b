//! Our actors do, step by step, what was recorded of the official ones.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread::available_parallelism;

use filigree_scenarios::coverage::{self, Method};
use filigree_scenarios::lines::{self, Line};
use filigree_scenarios::play::{Played, play};
use filigree_scenarios::{Scenario, Stage, crowd, scenario};
use fvm_shared::METHOD_CONSTRUCTOR;

#[test]
fn our_actors_do_what_was_recorded_of_the_official_ones() {
    let scenarios = scenario::all();
    let threads = available_parallelism().map_or(1, usize::from);
    let folder = lines::folder();
    let played = crowd::each(&scenarios, threads, |scenario| against(&folder, scenario));
    let (found, reached): (Vec<_>, Vec<_>) = played.into_iter().unzip();
    let found: Vec<String> = found.into_iter().flatten().collect();
    assert!(
        found.is_empty(),
        "{} of {} scenarios differ:\n{}",
        found.len(),
        scenarios.len(),
        found.join("\n")
    );
    let reached: BTreeSet<Method> = reached.into_iter().flatten().collect();
    let mut missing = coverage::methods(&Stage::new(None));
    missing.retain(|method| !reached.contains(method));
    // A network's first state has the system actor's; no message makes it.
    let expected = [("system".to_owned(), METHOD_CONSTRUCTOR)];
    assert_eq!(
        missing,
        expected.into(),
        "methods that no scenario calls with success"
    );
}

#[test]
fn nothing_is_recorded_of_scenarios_there_are_not() {
    let mut names: Vec<&str> = scenario::all()
        .iter()
        .map(|scenario| scenario.name)
        .collect();
    names.sort();
    assert_eq!(lines::recorded(&lines::folder()).unwrap(), names);
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = scenario::all()
        .iter()
        .map(|scenario| scenario.name)
        .collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}

/// The first difference from the recorded lines, and the methods that were called with success.
fn against(folder: &Path, scenario: &Scenario) -> (Option<String>, BTreeSet<Method>) {
    let played = play(scenario, None);
    let steps = played.stage.as_ref().map_or(&[][..], Stage::steps);
    (
        difference(folder, scenario, &played),
        coverage::succeeded(steps),
    )
}

fn difference(folder: &Path, scenario: &Scenario, played: &Played) -> Option<String> {
    let name = scenario.name;
    let recorded = match lines::read(folder, name) {
        Ok(recorded) => recorded,
        Err(e) => {
            return Some(format!(
                "{name}: {e:#}; `cargo xtask parity --official FILE.car --filter {name} --record` records it"
            ));
        }
    };
    let steps = played.stage.as_ref().map_or(&[][..], Stage::steps);
    let now: Vec<Line> = steps.iter().map(Line::of).collect();
    let shared = recorded
        .iter()
        .zip(&now)
        .take_while(|(was, is)| was == is)
        .count();
    let told = |line: Option<&Line>| line.map_or("nothing".to_owned(), Line::to_string);
    if shared < recorded.len().max(now.len()) {
        let why = played.failure.as_deref().unwrap_or_default();
        return Some(format!(
            "{name}, step {shared}:\n  recorded {}\n  now      {}\n  `cargo xtask parity --official FILE.car --filter {name}` shows what \
             differs\n  {why}",
            told(recorded.get(shared)),
            told(now.get(shared)),
        ));
    }
    let failure = played.failure.as_ref();
    failure.map(|why| format!("{name}: {why}"))
}
