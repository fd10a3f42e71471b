//! What is wrong with a state: each state type has a `check_invariants` that looks at all of them and stops at none. For nodes, tools and
//! tests; actors do not run it.

use std::fmt;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The invariant: `init/next-id`.
    pub name: &'static str,
    /// What was found instead.
    pub found: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.found)
    }
}

/// Collects what is broken.
#[derive(Clone, Debug, Default)]
pub struct Invariants(Vec<Broken>);

impl Invariants {
    /// Notes the invariant as broken unless it holds.
    pub fn require(&mut self, holds: bool, name: &'static str, found: impl FnOnce() -> String) {
        if !holds {
            self.0.push(Broken {
                name,
                found: found(),
            });
        }
    }

    /// What is broken, in the order it was looked at.
    pub fn into_broken(self) -> Vec<Broken> {
        self.0
    }
}
