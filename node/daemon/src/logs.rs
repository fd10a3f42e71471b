//! The log: lines on standard error, for people or for programs, and from which level on each part of the node is heard, which can
//! be changed while the node runs.

use std::io::{IsTerminal as _, stderr};
use std::sync::OnceLock;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt, registry};

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

/// What says something in the log: crates of the node, the database, and actors where they may log. A test holds it against the crates.
const PARTS: &[&str] = &[
    "actor",
    "filigree_chain",
    "filigree_daemon",
    "filigree_engine",
    "filigree_mempool",
    "filigree_mine",
    "filigree_node_state",
    "filigree_rpc",
    "filigree_seal",
    "filigree_store",
    "filigree_sync",
    "filigree_vm",
    "rocksdb",
];

/// Longest name of a module whose level is set, in bytes.
const MAX_MODULE_BYTES: usize = 128;
/// Most levels at once.
const MOST_LEVELS: usize = 256;

/// All parts at once.
const ALL: &str = "*";

/// Of this process: there is one log.
static LOGS: OnceLock<Logs> = OnceLock::new();

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
    /// There is no such part.
    #[error(
        "{0:?} is no part of the node that logs; `filigree log list` shows them, and * is all of them"
    )]
    NoPart(String),
    /// More levels than anybody needs.
    #[error("{MOST_LEVELS} levels are set already; set `*` to begin anew")]
    TooMany,
    /// There is no such level.
    #[error("{0:?} is no level: there are off, error, warn, info, debug and trace")]
    NoLevel(String),
    /// The log of this process was not started here.
    #[error("the log of this process cannot be changed ({0})")]
    Fixed(String),
}

/// Starts logging in this process. A second call changes nothing.
///
/// # Errors
/// When the filter is none.
pub fn start(log: &Log) -> Result<(), LogError> {
    let (lines, logs) = lines(log, stderr, stderr().is_terminal())?;
    // Tests start several nodes in one process: the first one's log is that of all.
    if lines.try_init().is_ok() {
        _ = LOGS.set(logs);
    }
    Ok(())
}

/// What [`set_level`] takes, by name.
pub fn parts() -> Vec<String> {
    let parts = PARTS.iter().chain(QUIET);
    let mut parts: Vec<String> = parts.map(|part| (*part).to_owned()).collect();
    parts.sort();
    parts
}

/// Sets from which level on a part, or one of its modules, is logged; `*` for all, as if the log had been started so.
///
/// # Errors
/// When there is no such part or level, or the log of this process is another's.
pub fn set_level(part: &str, level: &str) -> Result<(), LogError> {
    let logs = LOGS.get();
    let logs = logs.ok_or_else(|| LogError::Fixed("it is not the node's".to_owned()))?;
    logs.set_level(part, level)?;
    tracing::info!(part, level, "the log was changed");
    Ok(())
}

/// A log that can be changed.
struct Logs(Handle<Targets, Registry>);

impl Logs {
    fn set_level(&self, part: &str, level: &str) -> Result<(), LogError> {
        let level = parse_level(level)?;
        let fixed = |e: reload::Error| LogError::Fixed(e.to_string());
        let filter = match part {
            ALL => quietened(Targets::new().with_default(level), ""),
            part if is_part(part) => {
                let present = self.0.clone_current();
                let present = present.ok_or_else(|| LogError::Fixed("it has ended".to_owned()))?;
                let changed = present.with_target(part, level);
                if changed.iter().count() > MOST_LEVELS {
                    return Err(LogError::TooMany);
                }
                changed
            }
            other => return Err(LogError::NoPart(other.to_owned())),
        };
        self.0.reload(filter).map_err(fixed)
    }
}

/// A log of its own, and what changes it.
fn lines<W>(
    log: &Log,
    writer: W,
    in_color: bool,
) -> Result<(impl Subscriber + Send + Sync + use<W>, Logs), LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(filter(&log.filter)?);
    let lines = fmt::layer().with_writer(writer).with_ansi(in_color);
    let lines = match log.format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    Ok((registry().with(lines.with_filter(filter)), Logs(handle)))
}

fn filter(text: &str) -> Result<Targets, LogError> {
    let asked: Targets = text.parse().map_err(|e| LogError::Filter {
        filter: text.to_owned(),
        why: format!("{e}"),
    })?;
    Ok(quietened(asked, text))
}

/// The same, with libraries quiet that `named` does not name.
fn quietened(filter: Targets, named: &str) -> Targets {
    let quietest = filter.default_level().unwrap_or(LevelFilter::OFF);
    let level = quietest.min(LevelFilter::WARN);
    let unnamed = QUIET.iter().filter(|name| !named.contains(**name));
    unnamed.fold(filter, |filter, name| filter.with_target(*name, level))
}

fn parse_level(text: &str) -> Result<LevelFilter, LogError> {
    let known = ["off", "error", "warn", "info", "debug", "trace"];
    let level = text.to_ascii_lowercase();
    let level = known.contains(&&*level).then(|| level.parse().ok());
    level
        .flatten()
        .ok_or_else(|| LogError::NoLevel(text.to_owned()))
}

fn is_part(text: &str) -> bool {
    let part = text.split("::").next().unwrap_or(text);
    text.len() <= MAX_MODULE_BYTES && (PARTS.contains(&part) || QUIET.contains(&part))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::io;
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing::Level;
    use tracing::subscriber::with_default;

    use super::*;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Kept {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    /// What a log has of what `say` says.
    fn logged(log: &Log, say: impl FnOnce(&Logs)) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let (lines, logs) = lines(log, move || writer.clone(), false).unwrap();
        with_default(lines, || say(&logs));
        kept.text()
    }

    #[test]
    fn libraries_are_quiet_unless_named() {
        let plain = filter("debug").unwrap();
        assert!(plain.would_enable("filigree_mine", &Level::DEBUG));
        assert!(!plain.would_enable("hyper::proto", &Level::DEBUG));
        assert!(plain.would_enable("hyper::proto", &Level::WARN));
        let named = filter("warn,hyper=trace").unwrap();
        assert!(named.would_enable("hyper::proto", &Level::TRACE));
        assert!(!named.would_enable("filigree_mine", &Level::INFO));
        let off = filter("off").unwrap();
        assert!(!off.would_enable("hyper::proto", &Level::ERROR));
        let error = filter("filigree=loud").unwrap_err();
        assert!(error.to_string().contains("log.filter"), "{error}");
    }

    /// Programs read one object a line.
    #[test]
    fn a_log_for_programs_is_json_line_by_line() {
        let log = Log {
            filter: "info".to_owned(),
            format: Format::Json,
        };
        let text = logged(&log, |_| {
            tracing::info!(target: "filigree_mine", epoch = 7, miner = "f01000", "a \"block\"\nwas made");
            tracing::warn!(target: "filigree_rpc::server", "plain");
            tracing::debug!("not heard");
        });
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {line:?}")))
            .collect();
        assert_eq!(lines.len(), 2, "{text}");
        for (line, level, target, message) in [
            (&lines[0], "INFO", "filigree_mine", "a \"block\"\nwas made"),
            (&lines[1], "WARN", "filigree_rpc::server", "plain"),
        ] {
            let time = line["timestamp"].as_str().unwrap();
            assert!(time.contains('T') && time.ends_with('Z'), "{time}");
            assert_eq!(line["level"], level);
            assert_eq!(line["target"], target);
            assert_eq!(line["message"], message);
        }
        assert_eq!(
            (&lines[0]["epoch"], &lines[0]["miner"]),
            (&7.into(), &"f01000".into())
        );
    }

    #[test]
    fn a_log_for_people_is_not_json() {
        let text = logged(&Log::default(), |_| tracing::info!(epoch = 7, "made"));
        assert!(
            text.contains("INFO") && text.contains("made epoch=7"),
            "{text}"
        );
    }

    #[test]
    fn levels_are_changed_while_it_runs() {
        let text = logged(&Log::default(), |logs| {
            let mine = || tracing::debug!(target: "filigree_mine::round", "of mining");
            let chain = || tracing::debug!(target: "filigree_chain", "of the chain");
            let library = || tracing::debug!(target: "hyper", "of a library");
            mine();
            logs.set_level("filigree_mine", "DEBUG").unwrap();
            mine();
            chain();
            logs.set_level("filigree_mine::round", "info").unwrap();
            mine();
            logs.set_level("*", "trace").unwrap();
            mine();
            chain();
            library();
            logs.set_level("*", "off").unwrap();
            tracing::error!("not heard");
        });
        let said: Vec<&str> = text
            .lines()
            .map(|line| line.rsplit(": ").next().unwrap())
            .collect();
        assert_eq!(said, ["of mining", "of mining", "of the chain"]);
    }

    #[test]
    fn parts_and_levels_that_are_none_are_refused() {
        logged(&Log::default(), |logs| {
            let refused = |part, level| logs.set_level(part, level).unwrap_err().to_string();
            assert!(refused("mining", "info").contains("log list"));
            assert!(refused("filigree_minesweeper", "info").contains("log list"));
            assert!(refused("filigree_mine", "loud").contains("trace"));
            assert!(refused("*", "3").contains("trace"));
        });
    }

    #[test]
    fn each_crate_that_logs_is_a_part() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut found = BTreeSet::from(["actor".to_owned(), "rocksdb".to_owned()]);
        for group in ["node", "host", "proofs"] {
            for member in fs::read_dir(top.join(group)).unwrap() {
                let manifest = member.unwrap().path().join("Cargo.toml");
                let Ok(text) = fs::read_to_string(manifest) else {
                    continue;
                };
                if !text.lines().any(|line| line.starts_with("tracing")) {
                    continue;
                }
                let name = text.lines().find_map(|line| line.strip_prefix("name = "));
                found.insert(name.unwrap().trim_matches('"').replace('-', "_"));
            }
        }
        let parts: BTreeSet<String> = PARTS.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(parts, found);
        assert!(parts.iter().all(|part| super::parts().contains(part)));
    }
}
