//! A network of one's own: made when a data directory has none, found again when it has.
//!
//! What makes it a network (`network.toml`) is written last. A first start that was cut short leaves the mark `network.making`;
//! the next one begins anew.
//!
//! In reading order: [`plan`] (what was asked for), [`beginning`] (of actors alone, or of another network's state), [`founding`]
//! (keys, template, first block), this file, [`start`].

mod beginning;
mod founding;
mod plan;
mod start;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use filigree_blocks::BlockHeader;
use filigree_genesis::devnet::DevnetTemplate;
use filigree_node_state::{Store, View};
use filigree_seal::Prover;
use filigree_state::Manifest;
use filigree_store::Db;
use filigree_vm::Engines;
use filigree_wallet::{Password, Wallet};

use crate::bundle;
use crate::config::Config;
use crate::home::{Home, write_private};
use crate::network::Network;

pub use founding::{BEACON, beacon};
pub use plan::Plan;
pub use start::start;

/// A network and the parts that were needed to make it.
pub struct Founded {
    /// The network.
    pub network: Network,
    /// The database, with the first state in it.
    pub db: Db,
    /// The keys, unlocked.
    pub wallet: Wallet,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// What a network is made with.
pub struct Means<'a> {
    /// The data directory.
    pub home: &'a Home,
    /// The configuration.
    pub config: &'a Config,
    /// Run the actors' constructors.
    pub engines: &'a Engines,
    /// Seals the sectors that the network begins with.
    pub prover: &'a Prover,
    /// The actors.
    pub bundle: Option<&'a Path>,
    /// The snapshot of another network whose state it begins with.
    pub fork: Option<&'a Path>,
    /// What it has beside what every network has, or otherwise.
    pub template: DevnetTemplate,
}

/// The network of a data directory; none if there is none yet.
///
/// # Errors
/// When it is another one than was asked for, or damaged.
pub fn find(home: &Home, plan: &Plan, fork: Option<&Path>) -> Result<Option<Network>> {
    let network = Network::read(&home.network())?;
    if let Some(network) = &network {
        plan.check(network)?;
        if let Some(file) = fork {
            beginning::check(&network.name, network.fork.as_ref(), file)?;
        }
    }
    Ok(network)
}

/// Whether these are the keys of a network, or of somebody who has a copy of its chain.
pub fn has_keys(wallet: &Wallet) -> bool {
    wallet.resolve(BEACON).is_ok()
}

/// Opens what a network has on disk. Of a copy, which has no keys yet, a keystore is made.
///
/// # Errors
/// When files are missing or damaged, or the password is wrong.
pub fn open(home: &Home, config: &Config, network: Network) -> Result<Founded> {
    let db = filigree_store::Options {
        create: false,
        ..config.store.options()
    };
    Ok(Founded {
        db: Db::open(home.db(), &db)?,
        wallet: open_or_make_wallet(home, config)?,
        network,
        is_new: false,
    })
}

/// The name of a bundle, if the network has other actors than are in it and none of its upgrades brings them.
///
/// # Errors
/// When it is no bundle, or the database fails.
pub fn other_actors(founded: &Founded, given: &Path) -> Result<Option<String>> {
    let list = bundle::list_of_file(given)?;
    let blocks = founded.db.blocks();
    for upgrade in &founded.network.upgrades {
        if let Some(bundle) = upgrade.bundle()?
            && *Manifest::load_bundle(&blocks, &bundle)?.data_cid() == list
        {
            return Ok(None);
        }
    }
    let head = founded.db.index().head()?;
    let block = match head.as_ref().and_then(|head| head.key.cids().first()) {
        Some(cid) => *cid,
        // It was killed before the chain had a head.
        None => founded.network.genesis()?,
    };
    let header = blocks
        .read(&block)?
        .context("the head is not in the database")?;
    let state = BlockHeader::from_bytes(&header)?.parent_state;
    let has = *View::open(&Store::from(blocks), &state)?
        .manifest()?
        .data_cid();
    Ok((has != list).then(|| given.display().to_string()))
}

/// That a network could be made of these files: looked at before anything is deleted for it.
///
/// # Errors
/// When none is given, or one of them is not what it should be.
pub fn check_files(bundle: Option<&Path>, fork: Option<&Path>) -> Result<()> {
    if bundle.is_none() && fork.is_none() {
        bail!(
            "a new network needs its actors: give --bundle FILE.car, which `cargo xtask bundle --network devnet` builds, or \
             start with `cargo xtask devnet`"
        );
    }
    if let Some(path) = bundle {
        bundle::list_of_file(path)?;
    }
    if let Some(path) = fork {
        beginning::head(path)?;
    }
    Ok(())
}

/// Makes a network.
///
/// # Errors
/// When the bundle is missing, keys or sectors cannot be made, or the disk fails.
pub fn make(means: &Means<'_>, plan: &Plan) -> Result<Founded> {
    let home = means.home;
    let mark = home.mark();
    if mark.exists() {
        tracing::info!("a first start was cut short: beginning anew");
        home.empty()?;
    } else if home.db().exists() {
        bail!(
            "{} has the chain of another network; name another directory with --data",
            home.path().display()
        );
    }
    check_files(means.bundle, means.fork)?;
    write_private(&mark, b"")?;
    let db = Db::open(home.db(), &means.config.store.options())?;
    let wallet = make_wallet(home, means.config)?;
    let network = founding::found(means, plan, &db, &wallet)?;
    db.flush()?;
    network.write(&home.network())?;
    fs::remove_file(&mark).with_context(|| format!("{} cannot be deleted", mark.display()))?;
    Ok(Founded {
        network,
        db,
        wallet,
        is_new: true,
    })
}

/// The variable that has the password of the keys.
pub const PASSWORD: &str = "FILIGREE_PASSWORD";

/// The password that somebody gave: in the variable, else in the file that the configuration names.
fn given_password(config: &Config) -> Result<Option<Password>> {
    if let Some(password) = Password::from_env(PASSWORD)? {
        return Ok(Some(password));
    }
    let named = &config.wallet.password_file;
    if named.as_os_str().is_empty() {
        return Ok(None);
    }
    let password = Password::from_file(named)?;
    let none = || format!("wallet.password_file: there is no {}", named.display());
    password.map(Some).with_context(none)
}

fn make_wallet(home: &Home, config: &Config) -> Result<Wallet> {
    let password = match given_password(config)? {
        Some(password) => password,
        None => Password::beside(&home.password())?,
    };
    Ok(Wallet::create(&home.keystore(), &password)?)
}

/// The keys of a data directory, unlocked.
///
/// # Errors
/// When there are none, others may read them, or the password is wrong or gone.
pub fn open_wallet(home: &Home, config: &Config) -> Result<Wallet> {
    let wallet = Wallet::open(&home.keystore())?;
    let password = match given_password(config)? {
        Some(password) => password,
        None => {
            let path = home.password();
            let found = Password::from_file(&path)?;
            found.with_context(|| {
                format!(
                    "{} is gone, and the keys in {} open with nothing but the password that was in it: restore the file, or give \
                     the password as {PASSWORD} or in a file that wallet.password_file names",
                    path.display(),
                    home.keystore().display()
                )
            })?
        }
    };
    wallet.unlock(&password)?;
    Ok(wallet)
}

/// The keys of a node on a network whose money is worth something. They are made if there are none, under a password that
/// somebody gave: one that lies beside them protects them from nobody who can read both.
///
/// # Errors
/// As [`open_wallet`]; and when there are none and no password was given.
pub fn public_wallet(home: &Home, config: &Config) -> Result<Wallet> {
    if home.keystore().exists() {
        return open_wallet(home, config);
    }
    let password = given_password(config)?.with_context(|| {
        format!(
            "keys of a public network want a password of yours: give it as {PASSWORD}, or in a file of mode 0600 that \
             wallet.password_file names (`--set wallet.password_file=FILE`)"
        )
    })?;
    Ok(Wallet::create(&home.keystore(), &password)?)
}

/// The same; a keystore is made if there is none.
///
/// # Errors
/// As [`open_wallet`].
pub fn open_or_make_wallet(home: &Home, config: &Config) -> Result<Wallet> {
    match home.keystore().exists() {
        true => open_wallet(home, config),
        false => make_wallet(home, config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(password_file: &Path) -> Config {
        let mut config = Config::default();
        config.wallet.password_file = password_file.to_owned();
        config
    }

    #[test]
    fn a_password_that_is_gone_is_not_replaced_by_another() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::take(folder.path()).unwrap();
        let none = config(Path::new(""));
        drop(make_wallet(&home, &none).unwrap());
        drop(open_wallet(&home, &none).unwrap());
        let (password, elsewhere) = (home.password(), folder.path().join("token"));
        fs::rename(&password, &elsewhere).unwrap();
        let error = open_wallet(&home, &none).err().unwrap().to_string();
        assert!(
            error.contains("is gone") && error.contains(PASSWORD),
            "{error}"
        );
        assert!(!password.exists());
        drop(open_wallet(&home, &config(&elsewhere)).unwrap());
    }

    #[test]
    fn keys_of_a_public_network_have_no_password_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::take(folder.path()).unwrap();
        let error = public_wallet(&home, &config(Path::new("")));
        let error = error.err().unwrap().to_string();
        assert!(error.contains("wallet.password_file"), "{error}");
        assert!(!home.password().exists() && !home.keystore().exists());
        let typed = folder.path().join("token");
        write_private(&typed, b"correct horse").unwrap();
        drop(public_wallet(&home, &config(&typed)).unwrap());
        drop(public_wallet(&home, &config(&typed)).unwrap());
        assert!(!home.password().exists());
    }
}
