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
//! ```

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use filigree_store::{DirLock, StoreError};
use fvm_shared::ActorID;

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

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Nobody said where, and there is no home directory.
    #[error("where shall the node have its files? Give --data DIR, or set {VARIABLE}")]
    Unknown,
    /// Something in it cannot be read or written.
    #[error("{}: cannot {action}: {error}{}", path.display(), advice(error))]
    Io {
        /// What.
        path: PathBuf,
        /// "read", "write", …
        action: &'static str,
        /// Why.
        error: io::Error,
    },
    /// Others may write to it.
    #[error(
        "{} may be changed by other users (mode {mode:o}); keys are in it: run `chmod 700 {}`", path.display(), path.display()
    )]
    Open {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It has files that are not ours.
    #[error("{} is no data directory of a node: it has {found:?} in it; name another, or an empty one", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// One of the files.
        found: String,
    },
    /// It has a chain or keys that are of no development network.
    #[error(
        "{} has no development network, so nothing in it is deleted: it may be the node of a public network; name another \
         directory with --data", path.display()
    )]
    NoDevnet {
        /// The directory.
        path: PathBuf,
    },
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] StoreError),
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => "; free some room on the disk",
        io::ErrorKind::PermissionDenied => "; it belongs to another user, or its mode is wrong",
        io::ErrorKind::ReadOnlyFilesystem => "; name a directory on another disk with --data",
        _ => "",
    }
}

/// A data directory, held by this process for as long as this lives.
#[derive(Debug)]
pub struct Home {
    path: PathBuf,
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
    /// Takes a directory, which is made if it is not there, for its user alone.
    ///
    /// # Errors
    /// When another process has it, others may write to it, or it has other things in it.
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
        Ok(Self { path, _lock: lock })
    }

    /// Deletes the development network that is in it, and nothing else that may be there.
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
        // What says that it is one goes last: whoever is killed here begins anew.
        let mut names = entries(&self.path)?;
        names.retain(|name| is_ours(name) && !KEPT.contains(&name.as_str()));
        names.sort_by_key(|name| name.starts_with("network."));
        for name in names {
            let path = self.path.join(&name);
            let removed = match path.is_dir() && !path.is_symlink() {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            };
            removed.map_err(|e| io_error(&path, "delete", e))?;
        }
        Ok(())
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
    let beside = path.with_added_extension("new");
    let write = || -> io::Result<()> {
        match fs::remove_file(&beside) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync_parent(path)
    };
    write().map_err(|e| io_error(path, "write", e))
}

/// The name of a file is in its folder: it is lost with the power unless that is written, too.
///
/// # Errors
/// When the disk fails.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => fs::File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

pub(crate) fn io_error(path: &Path, action: &'static str, error: io::Error) -> HomeError {
    HomeError::Io {
        path: path.to_owned(),
        action,
        error,
    }
}

fn entries(path: &Path) -> Result<Vec<String>, HomeError> {
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
        || fs::read_to_string(path.join("db/FORMAT")).is_ok_and(|text| text.starts_with(STORE));
    // `db` and `config.toml` are names that others use, too.
    match names.into_iter().find(|name| !is_ours(name)) {
        Some(found) if !is_made => Err(HomeError::Foreign {
            path: path.to_owned(),
            found,
        }),
        _ => Ok(()),
    }
}

fn is_ours(name: &str) -> bool {
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
        fs::write(home.network(), "").unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        home.empty().unwrap();
        let mut left = entries(home.path()).unwrap();
        left.sort();
        assert_eq!(left, ["LOCK", "notes.txt"]);
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

    #[test]
    fn private_files_are_whole_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for content in ["first", "second"] {
            write_private(&path, content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(entries(folder.path()).unwrap(), ["token"]);
    }
}
