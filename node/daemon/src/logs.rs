//! The log: lines on standard error, for people or for programs.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use crate::config::{Format, Log};

/// What libraries say below a warning helps nobody who runs a node.
const QUIET: &[&str] = &[
    "hyper",
    "jsonrpsee",
    "wasmtime",
    "cranelift",
    "storage_proofs",
    "filecoin_proofs",
];

/// Why the log is not as was asked.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter is none.
    #[error(
        "log.filter: {filter:?} is no filter ({why}); write a level, such as info, or parts, such as info,filigree_mine=debug"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// Why.
        why: String,
    },
}

/// Starts logging in this process. A second call changes nothing.
///
/// # Errors
/// When the filter is none.
pub fn start(log: &Log) -> Result<(), LogError> {
    let filter = filter(&log.filter)?;
    let started = match log.format {
        Format::Text => registry()
            .with(
                fmt::layer()
                    .with_writer(stderr)
                    .with_ansi(stderr().is_terminal())
                    .with_filter(filter),
            )
            .try_init(),
        Format::Json => registry()
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(stderr)
                    .with_filter(filter),
            )
            .try_init(),
    };
    // Tests start several nodes in one process: the first one's log is that of all.
    _ = started;
    Ok(())
}

fn filter(text: &str) -> Result<Targets, LogError> {
    let asked: Targets = text.parse().map_err(|e| LogError::Filter {
        filter: text.to_owned(),
        why: format!("{e}"),
    })?;
    let mut filter = asked;
    for name in QUIET {
        if !text.contains(name) {
            filter = filter.with_target(*name, tracing::Level::WARN);
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_are_quiet_unless_named() {
        let plain = filter("debug").unwrap();
        assert!(plain.would_enable("filigree_mine", &Level::DEBUG));
        assert!(!plain.would_enable("hyper::proto", &Level::DEBUG));
        assert!(plain.would_enable("hyper::proto", &Level::WARN));
        let named = filter("warn,hyper=trace").unwrap();
        assert!(named.would_enable("hyper::proto", &Level::TRACE));
        assert!(!named.would_enable("filigree_mine", &Level::INFO));
        let error = filter("filigree=loud").unwrap_err();
        assert!(error.to_string().contains("log.filter"), "{error}");
    }
}
