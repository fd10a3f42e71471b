//! The network that a start is about: the one of the data directory, or a new one, with `--reset` in the place of another.

use anyhow::{Error, Result, bail};
use filigree_genesis::devnet::DevnetTemplate;
use filigree_seal::Prover;
use filigree_vm::Engines;

use super::{Founded, Means, Plan, check_files, find, has_keys, make, open};
use crate::aside::Settled;
use crate::config::Config;
use crate::home::Home;
use crate::node::shown;
use crate::options::DevnetOptions;
use crate::proving::prover;

/// Finds the network, or makes it, and gives it with who makes its proofs. A network that makes room for a new one is deleted when that
/// is there, and put back if it does not come to be.
///
/// # Errors
/// When it is another one than was asked for, or damaged, or cannot be made.
pub fn start(
    home: &Home,
    config: &Config,
    engines: &Engines,
    options: &DevnetOptions,
    plan: &Plan,
    template: DevnetTemplate,
) -> Result<(Founded, Prover)> {
    if options.reset {
        check_files(options.bundle.as_deref(), options.fork.as_deref())?;
        home.set_aside()?;
    }
    let found = find_or_make(home, config, engines, options, plan, template);
    let found = found.map_err(|error| put_back(home, error))?;
    if let Err(error) = home.settle() {
        tracing::warn!(%error, "the network that was here before cannot be deleted; the next start tries it again");
    }
    Ok(found)
}

/// The network of a data directory, or a new one, and who makes its proofs.
fn find_or_make(
    home: &Home,
    config: &Config,
    engines: &Engines,
    options: &DevnetOptions,
    plan: &Plan,
    template: DevnetTemplate,
) -> Result<(Founded, Prover)> {
    let found = find(home, plan, options.fork.as_deref())?;
    let mode = found.as_ref().map_or(plan.mode(), |network| network.proofs);
    let prover = prover(config, home, mode)?;
    let founded = match found {
        Some(network) if options.genesis.is_some() => bail!(
            "the network {} is there already, and --genesis is for a new one: leave it out, add --reset for a new network in its \
             place, or name another directory with --data",
            network.name
        ),
        Some(network) => own(home, open(home, config, network)?)?,
        None => {
            let means = Means {
                home,
                config,
                engines,
                prover: &prover,
                bundle: options.bundle.as_deref(),
                fork: options.fork.as_deref(),
                template,
            };
            make(&means, plan)?
        }
    };
    Ok((founded, prover))
}

/// Puts a network back that made room for a new one, if there is none for some error, which then says so.
fn put_back(home: &Home, error: Error) -> Error {
    match home.settle() {
        Ok(Settled::PutBack) => {
            error.context("there is no new network, and the one that was here is back")
        }
        Ok(Settled::Nothing | Settled::Deleted) => error,
        Err(other) => error.context(format!(
            "there is no new network, and the one that was here cannot be put back: {other}. The next start tries it again"
        )),
    }
}

/// A network whose keys are here.
fn own(home: &Home, founded: Founded) -> Result<Founded> {
    if !has_keys(&founded.wallet) {
        bail!(
            "{} has a copy of the network {} and no keys to mine with: serve it with `filigree daemon`, or go on from its state \
             with miners of your own by `filigree devnet --fork SNAPSHOT` in another directory",
            shown(home.path()),
            founded.network.name
        );
    }
    Ok(founded)
}
