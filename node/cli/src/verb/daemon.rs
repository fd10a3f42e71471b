//! `daemon`: a node on a chain that it has.

use std::process::ExitCode;

use anyhow::Result;
use filigree_daemon::options::DaemonOptions;

/// Runs the verb.
pub fn run(options: &DaemonOptions) -> Result<ExitCode> {
    filigree_daemon::run_daemon(options)
}
