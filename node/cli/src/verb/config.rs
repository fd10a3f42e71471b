//! `config`: what a node can be told, and what it is told.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use filigree_daemon::config::{KEYS, Override, VARIABLES, default_text, load, unknown_variables};
use serde_json::Value;

use crate::node::Common;
use crate::print;

/// Shown below the verbs.
pub const HELP: &str = "Examples:\n  filigree config default\n  filigree config check config.toml";

const DEFAULT_HELP: &str = "\
Every key with its words and its default: the beginning of a `config.toml` in a data directory.

Examples:
  filigree config default > config.toml";
const CHECK_HELP: &str = "\
The exit code is 1, and the line is named, where something is wrong.

Examples:
  filigree config check
  filigree config check config.toml";
const SHOW_HELP: &str = "\
File, then variables, then --set: the later go before the earlier.

Examples:
  filigree config show
  filigree config show --set rpc.batch=10 --json";
const KEYS_HELP: &str = "Examples:\n  filigree config keys";

/// `config` with its verb.
#[derive(Debug, Args)]
pub struct Config {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print the configuration of defaults.
    #[command(after_help = DEFAULT_HELP)]
    Default,

    /// Check a configuration.
    #[command(after_help = CHECK_HELP)]
    Check {
        /// The file [default: config.toml in the data directory].
        file: Option<PathBuf>,
    },

    /// Show what a node would be told.
    #[command(after_help = SHOW_HELP)]
    Show {
        /// The file [default: config.toml in the data directory].
        file: Option<PathBuf>,

        /// Set a key, as the node takes it.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        set: Vec<String>,
    },

    /// List the keys with the variables that set them.
    #[command(after_help = KEYS_HELP)]
    Keys,
}

/// Runs the verb.
pub fn run(config: &Config) -> Result<ExitCode> {
    let common = &config.common;
    match &config.verb {
        Verb::Default => {
            let text = default_text();
            common.show_value(Value::String(text.clone()), || text)?;
        }
        Verb::Check { file } => {
            let path = path(common, file.as_ref())?;
            load(&path, file.is_some(), &|_| None, &[])?;
            let text = format!("{} is good", path.display());
            common.show_value(Value::Bool(true), || text)?;
        }
        Verb::Show { file, set } => {
            let path = path(common, file.as_ref())?;
            let flags: Result<Vec<_>, _> = set.iter().map(|text| Override::of_flag(text)).collect();
            let environment = |name: &str| std::env::var(name).ok();
            let config = load(&path, file.is_some(), &environment, &flags?)?;
            let set = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
            for variable in unknown_variables(set) {
                eprintln!(
                    "there is no key for {variable}; `filigree config keys` lists those there are"
                );
            }
            let text = toml::to_string(&config).context("the configuration has no TOML")?;
            common.show_value(serde_json::to_value(&config)?, || text)?;
        }
        Verb::Keys => {
            let keys: serde_json::Map<String, Value> = KEYS
                .iter()
                .map(|key| (key.name.to_owned(), key.variable().into()))
                .collect();
            common.show_value(keys.into(), || {
                let rows = KEYS
                    .iter()
                    .map(|key| vec![key.name.to_owned(), key.variable()]);
                let others = VARIABLES
                    .iter()
                    .map(|(name, what)| vec![(*name).to_owned(), (*what).to_owned()]);
                print::columns(&["key", "variable"], rows, &[])
                    + "\n"
                    + &print::columns(&["variable", "what it is"], others, &[])
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn path(common: &Common, file: Option<&PathBuf>) -> Result<PathBuf> {
    match file {
        Some(file) => Ok(file.clone()),
        None => Ok(common.home()?.join("config.toml")),
    }
}
