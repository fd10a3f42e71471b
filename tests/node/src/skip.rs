//! What cannot be tested where the tests run. It is said loudly: the harness keeps what tests print to itself, but not this.

use std::io::{Write as _, stderr};

/// Says that a test is skipped, and why.
pub fn loudly(what: &str, why: &str) {
    // If nobody can hear it, so be it.
    _ = writeln!(stderr(), "SKIPPED: {what}: {why}");
}
