//! What differs between two plays of a scenario, told field by field.
//!
//! Values are decoded where they differ: by the schema of our actor, which has the layout of both, or as any CBOR.

mod call;
mod state;
mod value;

use crate::play::Played;
use crate::record::{Run, Step};
use call::Calls;
use state::States;
pub(crate) use value::Schemas;

/// A step that did not come to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The number of the step.
    pub step: usize,
    /// What was done in it.
    pub what: String,
    /// What differs: `f05.PublishStorageDeals return.ids[0]: official 3, ours 4`.
    pub found: Vec<String>,
}

/// All steps that differ, in order.
pub fn compare(official: &Played, ours: &Played) -> Vec<Difference> {
    let mut differences = Vec::new();
    let steps = |played: &Played| played.stage.as_ref().map_or(0, |stage| stage.steps().len());
    let (there, here) = (steps(official), steps(ours));
    if let (Some(theirs), Some(own)) = (&official.stage, &ours.stage) {
        let schemas = Schemas::of(own);
        let states = States {
            schemas: &schemas,
            official: theirs,
            ours: own,
        };
        let both = theirs.steps().iter().zip(own.steps()).enumerate();
        for (number, (theirs, own)) in both.filter(|(_, (theirs, own))| theirs != own) {
            differences.push(Difference {
                step: number,
                what: own.what.clone(),
                found: step(&schemas, &states, theirs, own),
            });
        }
    }
    let mut end = Vec::new();
    if there != here {
        end.push(format!("steps: official {there}, ours {here}"));
    }
    for (whose, played) in [("official", official), ("ours", ours)] {
        if let Some(failure) = &played.failure {
            end.push(format!("the scenario fails with {whose}: {failure}"));
        }
    }
    if !end.is_empty() {
        differences.push(Difference {
            step: there.min(here),
            what: "the end".to_owned(),
            found: end,
        });
    }
    differences
}

fn step(schemas: &Schemas, states: &States, official: &Step, ours: &Step) -> Vec<String> {
    let mut found = Vec::new();
    value::field(&mut found, "what", &official.what, &ours.what);
    value::field(
        &mut found,
        "messages",
        &official.runs.len(),
        &ours.runs.len(),
    );
    let mut runs = official.runs.iter().zip(&ours.runs);
    // One tick that differs says enough; the next differ by it.
    if let Some((official, ours)) = runs.find(|(official, ours)| official != ours) {
        run(schemas, official, ours, &mut found);
    }
    states.compare(&official.changes, &ours.changes, &mut found);
    if found.is_empty() {
        found.push(format!("official {official:?}, ours {ours:?}"));
    }
    found
}

fn run(schemas: &Schemas, official: &Run, ours: &Run, found: &mut Vec<String>) {
    let before = found.len();
    value::field(found, "exit code", &official.exit_code, &ours.exit_code);
    let calls = Calls { schemas };
    calls.events(&official.events, &ours.events, found);
    match (&official.call, &ours.call) {
        (Some(official), Some(ours)) => calls.compare("", official, ours, found),
        (official, ours) => {
            value::field(
                found,
                "a call was made",
                &official.is_some(),
                &ours.is_some(),
            );
        }
    }
    if found.len() == before {
        // The outermost call has it as well, unless the message was refused.
        value::data(found, "return", &official.returned, &ours.returned, None);
    }
    if official.epoch != ours.epoch || found.len() > before {
        found.insert(before, format!("at epoch {}", ours.epoch));
    }
}
