//! Whether the host of a network version loads and can call a module; if not, where it is wrong and what to do.
//!
//! Two steps. The first reads the module and reports everything it finds, each with its place. The second gives what
//! passed the first to the host's own engine, with the imports that version has, and makes one instance of it (the
//! start function does not run): the host has the last word, so what passes here loads there.
//!
//! In reading order: [`finding`] what is reported, [`rules`] what a version allows; the first step, one file per
//! concern: `features`, `imports`, `exports`, `limits`, `code`, `extras`; the second step: `host`.

mod code;
mod exports;
mod extras;
mod features;
pub mod finding;
mod host;
mod imports;
mod limits;
pub mod rules;

pub(crate) use features::ACCEPTED;
pub use finding::{Finding, Place, Report, Severity};
pub use rules::{CheckError, Rules};

use crate::Layout;
use finding::Findings;
use host::Host;

/// Checks modules against the rules of one network version. Making one costs some milliseconds; reuse it.
#[derive(Debug)]
pub struct Checker {
    rules: Rules,
    host: Host,
}

impl Checker {
    /// A checker for these rules.
    pub fn new(rules: Rules) -> Result<Self, CheckError> {
        Ok(Checker {
            host: Host::new(&rules)?,
            rules,
        })
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Checks one module. Takes as long as compiling it does, unless the first step refuses it.
    pub fn check(&self, wasm: &[u8]) -> Report {
        let mut findings = Findings::default();
        read(wasm, &self.rules, &mut findings);
        if !findings.any_at_least(Severity::Refused) {
            self.host.check(wasm, &mut findings);
        }
        report(wasm, &self.rules, findings)
    }
}

/// The first step alone: everything that can be told without the host's engine.
pub fn check_statically(wasm: &[u8], rules: &Rules) -> Report {
    let mut findings = Findings::default();
    read(wasm, rules, &mut findings);
    report(wasm, rules, findings)
}

fn report(wasm: &[u8], rules: &Rules, findings: Findings) -> Report {
    Report {
        network_version: rules.network_version,
        size_bytes: wasm.len(),
        findings: findings.sorted(),
    }
}

fn read(wasm: &[u8], rules: &Rules, findings: &mut Findings) {
    let layout = match Layout::read(wasm) {
        Ok(layout) => layout,
        Err(error) => {
            findings.push(
                Severity::Refused,
                Place::at(error.offset),
                format!("not a WebAssembly module: {}", error.message),
                "give the .wasm file that `filigree-actor build` wrote",
            );
            return;
        }
    };
    if !features::check(wasm, findings) {
        return;
    }
    imports::check(&layout, rules, findings);
    exports::check(&layout, rules, findings);
    limits::check(wasm, &layout, rules, findings);
    code::check(&layout, findings);
    extras::check(wasm, &layout, findings);
}

/// Checks one module against mainnet's rules at a network version.
pub fn check(wasm: &[u8], network_version: u32) -> Result<Report, CheckError> {
    Ok(Checker::new(Rules::mainnet(network_version)?)?.check(wasm))
}
