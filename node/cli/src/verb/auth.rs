//! `auth`: tokens.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use filigree_rpc::Permission;
use filigree_rpc::method::auth::{AuthNew, AuthVerify};
use serde_json::Value;

use crate::node::Common;

/// Shown below the verbs.
pub const HELP: &str =
    "Examples:\n  filigree auth new --perm read,write,sign\n  filigree auth verify TOKEN";

const NEW_HELP: &str = "\
None of the permissions includes another: read, write (messages, blocks, which addresses there are), sign (with keys of the
wallet), admin (keys, tokens, shutdown). A token cannot be taken back, but for all together, by deleting `token.secret` in the
data directory while the node is stopped.

Examples:
  filigree auth new --perm read,write,sign
  filigree auth new --perm read --json";
const VERIFY_HELP: &str = "The exit code is 1 if the node does not know the token.\n\nExamples:\n  filigree auth verify TOKEN";

/// `auth` with its verb.
#[derive(Debug, Args)]
pub struct Auth {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a token.
    #[command(after_help = NEW_HELP)]
    New {
        /// What it allows: read, write, sign, admin.
        #[arg(long, value_name = "PERMISSION", value_delimiter = ',', required = true, value_parser = permission)]
        perm: Vec<Permission>,
    },

    /// Show what a token allows.
    #[command(after_help = VERIFY_HELP)]
    Verify {
        /// The token.
        text: String,
    },
}

/// Runs the verb.
pub fn run(auth: &Auth) -> Result<ExitCode> {
    let node = auth.common.open()?;
    match &auth.verb {
        Verb::New { perm } => {
            let token = node.call(AuthNew {
                permissions: perm.clone(),
            })?;
            let token = String::from_utf8(token.0)?;
            node.show_value(Value::String(token.clone()), || token)?;
        }
        Verb::Verify { text } => {
            let token = text.clone();
            let permissions = node.call(AuthVerify { token })?;
            node.show(&permissions, || {
                let names: Vec<&str> = permissions.iter().map(|one| one.name()).collect();
                names.join(" ")
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn permission(text: &str) -> Result<Permission, String> {
    let known = Permission::from_name(text);
    known.ok_or_else(|| "there are read, write, sign and admin".to_owned())
}
