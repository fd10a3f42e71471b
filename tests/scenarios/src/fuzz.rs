//! Random messages to every method of every actor: with our actors alone, and with the official ones beside them.
//!
//! A sequence begins in a town where all kinds of actors live ([`town`]); each act is a message or time that passes. Parameters are
//! drawn by the schema of the method, and many are spoiled after that. What must hold: no actor crashes, what failed changed nothing but
//! its sender, no money is made or lost, what users alone did leaves all invariants in place, and with the official actors beside ours
//! both come to the same, in everything that is recorded.
//!
//! In sequences with an even seed users act and time passes, no more: nothing may break any invariant. In the others messages are
//! also sent in the name of the protocol's actors, as no chain would send them; those may break what no user can.

pub mod act;
pub mod town;

use std::path::Path;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};

use crate::compare::compare;
use crate::dice::seeded;
use crate::fuzz::act::{Act, Acts};
use crate::play::{Played, caught};
use crate::stage::Stage;

/// Exit codes of actors that crashed: an illegal instruction, an exit code of the host's own, no return value.
const CRASHES: [u32; 3] = [4, 9, 11];

/// What was found in a sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many messages succeeded.
    pub succeeded: usize,
    /// How many messages there were.
    pub messages: usize,
    /// Whether the invariants were looked at in the end: only users acted, and nothing was wrong before.
    pub checked: bool,
    /// What is wrong, with the act that showed it.
    pub wrong: Vec<String>,
}

/// Random sequences of acts in a town.
pub struct Fuzz {
    official: Option<Stage>,
    ours: Stage,
    acts: Acts,
}

impl Fuzz {
    /// Builds the town with our actors (those of a bundle's file, or of this checkout), and with the official ones if they are given.
    ///
    /// # Errors
    /// If the town cannot be built.
    pub fn new(ours: Option<&Path>, official: Option<&Path>) -> Result<Self, String> {
        let build = |bundle: Option<&Path>| {
            caught(|| {
                let mut stage = Stage::new(bundle);
                town::build(&mut stage);
                stage
            })
        };
        let ours = build(ours)?;
        let official = official.map(|file| build(Some(file))).transpose()?;
        Ok(Self {
            acts: Acts::of(&ours),
            official,
            ours,
        })
    }

    /// Changes the town by hand, for tests of the search itself.
    pub fn spoil(&mut self, change: impl FnOnce(&mut Stage)) {
        change(&mut self.ours);
    }

    /// A sequence of so many acts, from the town as it was built: the same for the same seed.
    pub fn sequence(&mut self, seed: u64, acts: usize) -> Found {
        let mut runner = TestRunner::new_with_rng(Config::default(), seeded(seed));
        let by_users = seed.is_multiple_of(2);
        let acts_drawn = self.acts.by(by_users);
        let start = self.ours.mark();
        let official_start = self.official.as_ref().map(|stage| stage.mark());
        let mut found = Found::default();
        for _ in 0..acts {
            let act = match acts_drawn.new_tree(&mut runner) {
                Ok(tree) => tree.current(),
                Err(e) => {
                    found.wrong.push(format!("no act could be drawn: {e}"));
                    break;
                }
            };
            if let Err(why) = self.one(&act, &mut found) {
                found.wrong.push(why);
                break;
            }
        }
        found.checked = by_users && found.wrong.is_empty();
        if found.checked {
            found.wrong = self.ours.broken_invariants();
        }
        self.ours.back_to(&start);
        if let (Some(stage), Some(start)) = (&mut self.official, official_start) {
            stage.back_to(&start);
        }
        found
    }

    fn one(&mut self, act: &Act, found: &mut Found) -> Result<(), String> {
        let ours = caught(|| act.play(&mut self.ours)).map_err(|e| format!("{act:?}: {e}"))?;
        if let Some(official) = &mut self.official {
            caught(|| act.play(official)).map_err(|e| format!("{act:?}, official: {e}"))?;
            if official.steps().last() != self.ours.steps().last() {
                return Err(self.told(act));
            }
        }
        if let Some(why) = self.ours.unbalanced() {
            return Err(format!("{act:?}: {why}"));
        }
        let Some(exit_code) = ours else {
            return Ok(());
        };
        found.messages += 1;
        if exit_code == 0 {
            found.succeeded += 1;
        }
        if CRASHES.contains(&exit_code) {
            return Err(format!("{act:?}: crashed with exit code {exit_code}"));
        }
        let step = self.ours.steps().last().expect("the act is a step");
        let sender = act.sender();
        let touched = |id: &&u64| exit_code != 0 && Some(**id) != sender;
        match step.changes.keys().find(touched) {
            Some(id) => Err(format!(
                "{act:?}: failed with exit code {exit_code}, but changed f0{id}"
            )),
            None => Ok(()),
        }
    }

    /// What differs in the last act.
    fn told(&mut self, act: &Act) -> String {
        let Some(official) = self.official.take() else {
            return String::new();
        };
        let played = |stage: Stage| Played {
            stage: Some(stage),
            failure: None,
        };
        let ours = std::mem::replace(&mut self.ours, Stage::new(None));
        let (official, ours) = (played(official), played(ours));
        let found = compare(&official, &ours).into_iter();
        let found: Vec<String> = found.flat_map(|difference| difference.found).collect();
        self.official = official.stage;
        if let Some(stage) = ours.stage {
            self.ours = stage;
        }
        format!(
            "{act:?}: differs from the official actors\n    {}",
            found.join("\n    ")
        )
    }
}
