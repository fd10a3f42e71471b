//! The data directory: who may use it, and where in it things are.
//!
//! ```text
//! LOCK                who has the directory
//! config.toml         the configuration, if there is one
//! network.toml        the network that was made here; a node of a public network has none
//! genesis.car         its first block and state
//! db/                 chain, state, messages
//! keystore/           keys, encrypted; keystore.password opens them where nobody types
//! sectors/f01000/     sectors of a miner
//! proofs-dev/         verifying keys for development
//! peer.secret         key of this node among nodes
//! token.secret        what tokens are made with
//! token               a token that allows everything, for this user
//! api                 where the node listens while it runs
//! .old/               a network that makes room for a new one
//! ```

mod error;

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use filigree_store::DirLock;
use fvm_shared::ActorID;

use crate::aside::{self, MOVING, OLD, Settled};

pub use error::HomeError;
pub(crate) use error::io_error;

/// The variable that names the data directory.
pub const VARIABLE: &str = "FILIGREE_HOME";

/// What stays, whatever else is deleted: what this process holds, and what the user wrote.
const KEPT: &[&str] = &["LOCK", "config.toml"];
/// What a node puts into its directory. Nothing else is deleted.
const OURS: &[&str] = &[
    "network.toml",
    "network.making",
    "genesis.car",
    "db",
    "keystore",
    "keystore.password",
    "sectors",
    "proofs-dev",
    "peer.secret",
    "token.secret",
    "token",
    "api",
];

/// How the file begins that says what our database is.
const STORE: &str = "filigree store";

/// A data directory, held by this process for as long as this lives.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
    settled: Settled,
    _lock: DirLock,
}

/// Where the data directory is: as was typed, else as the variable says, else below the user's home directory.
///
/// # Errors
/// When there is no home directory either.
pub fn choose(typed: Option<&Path>, name: &str) -> Result<PathBuf, HomeError> {
    if let Some(path) = typed {
        return Ok(path.to_owned());
    }
    let set = |variable| std::env::var_os(variable).filter(|path| !path.is_empty());
    if let Some(path) = set(VARIABLE) {
        return Ok(path.into());
    }
    let home = set("HOME").ok_or(HomeError::Unknown)?;
    Ok(Path::new(&home).join(name))
}

impl Home {
    /// Takes a directory, which is made if it is not there, for its user alone. A reset that was cut short in it is undone, or
    /// finished if the new network is there.
    ///
    /// # Errors
    /// When another process has it, others may write to it, it has other things in it, or that cannot be done.
    pub fn take(path: &Path) -> Result<Self, HomeError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|e| io_error(path, "make", e))?;
        // The same name from wherever workers are started.
        let path = fs::canonicalize(path).map_err(|e| io_error(path, "find", e))?;
        let metadata = fs::metadata(&path).map_err(|e| io_error(&path, "read", e))?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o022 != 0 {
            return Err(HomeError::Open { path, mode });
        }
        refuse_foreign(&path)?;
        let lock = DirLock::acquire(&path)?;
        Ok(Self {
            settled: aside::settle(&path)?,
            path,
            _lock: lock,
        })
    }

    /// What became of a reset that had been cut short.
    pub fn settled(&self) -> Settled {
        self.settled
    }

    /// Moves the development network that is in it aside, for a new one, and nothing else that may be there. [`settle`](Self::settle)
    /// ends that.
    ///
    /// # Errors
    /// As [`empty`](Self::empty); then all is as it was.
    pub fn set_aside(&self) -> Result<(), HomeError> {
        if !self.network().exists() {
            // Of what was cut short there is nothing to keep.
            return self.empty();
        }
        aside::move_out(&self.path).or_else(|error| {
            self.settle()?;
            Err(error)
        })
    }

    /// Deletes a network that was set aside, if a new one is there; else puts it back.
    ///
    /// # Errors
    /// When something cannot be moved or deleted. [`take`](Self::take) tries it again.
    pub fn settle(&self) -> Result<Settled, HomeError> {
        aside::settle(&self.path)
    }

    /// Deletes a development network, or what there is of one, and nothing else that may be there.
    ///
    /// # Errors
    /// When it has no such network and yet a chain or keys, or something cannot be deleted.
    pub fn empty(&self) -> Result<(), HomeError> {
        let has = |path: PathBuf| path.exists();
        let is_devnet = has(self.network()) || has(self.mark());
        if !is_devnet && (has(self.db()) || has(self.keystore())) {
            let path = self.path.clone();
            return Err(HomeError::NoDevnet { path });
        }
        aside::delete_all(&self.path, is_taken_away)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// The network that was made here.
    pub fn network(&self) -> PathBuf {
        self.path.join("network.toml")
    }

    /// There while a network is being made.
    pub fn mark(&self) -> PathBuf {
        self.path.join("network.making")
    }

    /// Its first block and state.
    pub fn genesis(&self) -> PathBuf {
        self.path.join("genesis.car")
    }

    /// The database.
    pub fn db(&self) -> PathBuf {
        self.path.join("db")
    }

    /// The keys.
    pub fn keystore(&self) -> PathBuf {
        self.path.join("keystore")
    }

    /// The password of the keys, where nobody types it.
    pub fn password(&self) -> PathBuf {
        self.path.join("keystore.password")
    }

    /// Sectors of a miner.
    pub fn sectors(&self, miner: ActorID) -> PathBuf {
        self.path.join("sectors").join(format!("f0{miner}"))
    }

    /// Verifying keys for development.
    pub fn development_keys(&self) -> PathBuf {
        self.path.join("proofs-dev")
    }

    /// Key of this node among nodes.
    pub fn peer_secret(&self) -> PathBuf {
        self.path.join("peer.secret")
    }

    /// What tokens are made with.
    pub fn token_secret(&self) -> PathBuf {
        self.path.join("token.secret")
    }

    /// A token that allows everything.
    pub fn token(&self) -> PathBuf {
        self.path.join("token")
    }

    /// Where the node listens.
    pub fn api(&self) -> PathBuf {
        self.path.join("api")
    }
}

/// Writes a file whole or not at all, for its owner alone.
///
/// # Errors
/// When the disk fails.
pub fn write_private(path: &Path, content: &[u8]) -> Result<(), HomeError> {
    filigree_store::write_private(path, content).map_err(|e| io_error(path, "write", e))
}

/// The names in a folder.
pub(crate) fn entries(path: &Path) -> Result<Vec<String>, HomeError> {
    let entries = fs::read_dir(path).and_then(|entries| {
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<Vec<_>>>()
    });
    entries.map_err(|e| io_error(path, "read", e))
}

/// Whoever mistypes `--data` shall not find a node's files among his own, nor, with `--reset`, his own gone.
fn refuse_foreign(path: &Path) -> Result<(), HomeError> {
    let names = entries(path)?;
    // Made by us, so what else is in it was put there since.
    let is_made = ["network.toml", "network.making", "keystore.password"]
        .iter()
        .any(|name| path.join(name).is_file())
        || fs::read_to_string(path.join("db/FORMAT")).is_ok_and(|text| text.starts_with(STORE))
        || [OLD, MOVING].iter().any(|name| aside::is_aside(path, name));
    let is_aside = |name: &str| [OLD, MOVING].contains(&name) && aside::is_aside(path, name);
    // `db` and `config.toml` are names that others use, too.
    match names
        .into_iter()
        .find(|name| !is_ours(name) && !is_aside(name))
    {
        Some(found) if !is_made => Err(HomeError::Foreign {
            path: path.to_owned(),
            found,
        }),
        _ => Ok(()),
    }
}

/// Whether a file is of the network that a directory has, and goes with it.
pub(crate) fn is_taken_away(name: &str) -> bool {
    is_ours(name) && !KEPT.contains(&name)
}

/// Whether a node puts files of this name into its directory.
pub(crate) fn is_ours(name: &str) -> bool {
    // A file that was being written.
    let name = name.strip_suffix(".new").unwrap_or(name);
    OURS.contains(&name) || KEPT.contains(&name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_directory_is_one_processs_and_its_users_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/home");
        let home = Home::take(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o700);
        let second = Home::take(&path).unwrap_err();
        assert!(second.to_string().contains("in use by process"), "{second}");
        drop(home);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        let open = Home::take(&path).unwrap_err().to_string();
        assert!(open.contains("chmod 700"), "{open}");
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.tex"), "").unwrap();
        let error = Home::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains("thesis.tex"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // Names that others use as well.
        fs::remove_file(folder.path().join("thesis.tex")).unwrap();
        fs::create_dir(folder.path().join("db")).unwrap();
        fs::write(folder.path().join("config.toml"), "").unwrap();
        fs::write(folder.path().join("main.rb"), "").unwrap();
        let error = Home::take(folder.path()).unwrap_err().to_string();
        assert!(error.contains("main.rb"), "{error}");
    }

    #[test]
    fn a_reset_deletes_a_development_network_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::take(folder.path()).unwrap();
        fs::create_dir(home.db()).unwrap();
        fs::create_dir(home.keystore()).unwrap();
        let error = home.empty().unwrap_err().to_string();
        assert!(error.contains("no development network"), "{error}");
        assert!(home.set_aside().is_err());
        fs::write(home.network(), "").unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        home.set_aside().unwrap();
        let left = |home: &Home| {
            let mut left = entries(home.path()).unwrap();
            left.sort();
            left
        };
        assert_eq!(left(&home), [".old", "LOCK", "notes.txt"]);
        // The new one is there.
        fs::write(home.network(), "").unwrap();
        assert_eq!(home.settle().unwrap(), Settled::Deleted);
        assert_eq!(left(&home), ["LOCK", "network.toml", "notes.txt"]);
        home.empty().unwrap();
        assert_eq!(left(&home), ["LOCK", "notes.txt"]);
    }

    #[test]
    fn a_reset_that_was_cut_short_is_undone_by_whoever_takes_the_directory_next() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::take(folder.path()).unwrap();
        assert_eq!(home.settled(), Settled::Nothing);
        fs::create_dir(home.db()).unwrap();
        fs::write(home.network(), "the old one").unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        home.set_aside().unwrap();
        fs::write(home.mark(), "").unwrap();
        drop(home);
        let home = Home::take(folder.path()).unwrap();
        assert_eq!(home.settled(), Settled::PutBack);
        let network = fs::read_to_string(home.network()).unwrap();
        assert_eq!(network, "the old one");
        assert!(home.db().exists() && !home.mark().exists());
    }

    #[test]
    fn a_reset_keeps_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::take(folder.path()).unwrap();
        fs::create_dir_all(home.db().join("x")).unwrap();
        fs::write(home.config(), "").unwrap();
        fs::write(home.network(), "").unwrap();
        home.empty().unwrap();
        let mut left = entries(home.path()).unwrap();
        left.sort();
        assert_eq!(left, ["LOCK", "config.toml"]);
    }
}
