//! What can be wrong with a wallet, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use filigree_keys::{KeyError, TransactionError};
use fvm_shared::address::Address;

use crate::lotus::ImportError;

/// What wallets return.
pub type Result<T> = std::result::Result<T, WalletError>;

/// What is wrong, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// Nothing decrypts keys yet.
    #[error("the wallet is locked: unlock it with its password first")]
    Locked,
    /// The password is another.
    #[error("wrong password for {path}")]
    WrongPassword {
        /// What did not open.
        path: PathBuf,
    },
    /// Passwords have at least a character.
    #[error("the password is empty: keys are never kept without one")]
    EmptyPassword,
    /// A file is not what was written.
    #[error("{path} is damaged ({why}): {advice}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        why: String,
        /// What to do.
        advice: &'static str,
    },
    /// A file of a later program.
    #[error("{path} has format version {version}, this program knows version 1: use a later one")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A key file of another keystore.
    #[error(
        "{path} was sealed by another keystore: take it away, and import the key from it with that keystore's password"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Others may read or write what only the owner should.
    #[error(
        "others have access to {path} (mode {mode:04o}): chmod {right:04o} {path}, if nobody had the file meanwhile"
    )]
    Permissions {
        /// The file or directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// What it should be.
        right: u32,
    },
    /// Another process, or another wallet of this one, has the keystore open.
    #[error(
        "the keystore {path} is in use by another process: stop it, or ask it for what you want"
    )]
    InUse {
        /// The keystore.
        path: PathBuf,
    },
    /// There is nothing to open.
    #[error("there is no keystore in {path}: create one")]
    NoKeystore {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A keystore stands where one was to be created.
    #[error("there is a keystore in {path} already: open it, or choose another directory")]
    KeystoreExists {
        /// Where.
        path: PathBuf,
    },
    /// Keys, but not the file that says how they are sealed.
    #[error(
        "{path} has key files but no keystore.json: restore it from a backup; each key file also opens alone, with its password, \
         and can be imported into a new keystore"
    )]
    Headless {
        /// The directory.
        path: PathBuf,
    },
    /// The wallet has no such key.
    #[error("the wallet has no key of {0}")]
    NoKey(Address),
    /// The wallet has the key already.
    #[error("the wallet has the key of {0} already")]
    KeyExists(Address),
    /// No address has that name.
    #[error("no address has the name {0:?}, and it is no address either")]
    NoName(String),
    /// Another address has that name.
    #[error("{0:?} is the name of {1} already: take it away there first")]
    NameTaken(String, Address),
    /// Names are short and plain, and no addresses.
    #[error(
        "{0:?} cannot be a name: use up to 64 letters, digits, '-', '_' and '.', that are not an address"
    )]
    BadName(String),
    /// What was to be imported is no key.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The secret is none, or there are no random numbers.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A delegated key was to sign a message that is no Ethereum transaction.
    #[error("an Ethereum key signs only what is an Ethereum transaction: {0}")]
    Transaction(#[from] TransactionError),
    /// Argon2 has not the memory it was told to use.
    #[error("there is no memory to derive the key from the password: {0} KiB are needed")]
    NoMemory(u32),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Says where an error of the operating system happened.
pub(crate) trait At<T> {
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|source| WalletError::Io {
            path: path.to_owned(),
            source,
        })
    }
}

/// A key file is replaced from a backup; nothing else brings the key back.
pub(crate) const RESTORE: &str = "restore it from a backup, or move it away";
