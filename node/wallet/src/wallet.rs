//! The wallet: a directory of key files, and what is done with the keys.
//!
//! ```text
//! keystore.json   what tells a right password from a wrong one
//! names.json      names of addresses, the default
//! ADDRESS.key     a key
//! trash/          keys that were deleted, as encrypted as before
//! lock            held while a process has the wallet open
//! ```

mod keys;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use filigree_keys::Key;
use fvm_shared::address::Address;
use serde::{Deserialize, Serialize};

use crate::error::{Result, WalletError};
use crate::files::{self, Existing};
use crate::key_file::{KeyFile, check_head, parse};
use crate::lock::Lock;
use crate::names::Names;
use crate::password::Password;
use crate::seal::{Cost, Derivation, SealKey, Sealed};
use keys::{addresses, key_path};

pub use keys::Entry;

const FORMAT: &str = "filigree-keystore";
const VERSION: u32 = 1;
/// What `keystore.json` seals, for the sake of trying passwords.
const CHECK: &[u8] = b"the password is right";
const LOST: &str = "restore it from a backup; key files also open alone, with their password";

/// A keystore, open in this process alone. Several threads may use it at once.
pub struct Wallet {
    folder: PathBuf,
    /// Seals keys, and tells whether a password is right.
    check: Sealed,
    state: Mutex<State>,
    /// Held as long as it lives.
    _lock: Lock,
}

struct State {
    names: Names,
    /// While unlocked.
    seal_key: Option<SealKey>,
    /// Keys that were used since it was unlocked.
    open: BTreeMap<Address, Arc<Key>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: u32,
    check: Sealed,
}

impl Wallet {
    /// Makes a keystore in a directory where none is, and opens it, unlocked.
    ///
    /// # Errors
    /// When there is one, or it cannot be written.
    pub fn create(folder: &Path, password: &Password) -> Result<Self> {
        Self::create_with(folder, password, Cost::default())
    }

    /// The same, with passwords that are easier or harder to try.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_with(folder: &Path, password: &Password, cost: Cost) -> Result<Self> {
        files::make_folder(folder)?;
        let lock = Lock::acquire(folder)?;
        let header_path = folder.join("keystore.json");
        if header_path.exists() {
            return Err(WalletError::KeystoreExists {
                path: folder.to_owned(),
            });
        }
        if !addresses(folder)?.is_empty() {
            return Err(WalletError::Headless {
                path: folder.to_owned(),
            });
        }
        let derivation = Derivation::new(cost)?;
        let seal_key = derivation
            .derive(password)
            .map_err(|error| error.of(&header_path, LOST))?;
        let check = Sealed::new(&derivation, &seal_key, FORMAT, CHECK)?;
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            check,
        };
        let bytes = serde_json::to_vec_pretty(&header).expect("plain values");
        files::write(&header_path, &bytes, Existing::Keep)?;
        let wallet = Self::with_lock(folder, lock)?;
        wallet.state().seal_key = Some(seal_key);
        Ok(wallet)
    }

    /// Opens a keystore, locked.
    ///
    /// # Errors
    /// When there is none, another process has it, others have access to its files, or it is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        if !folder.is_dir() {
            return Err(WalletError::NoKeystore {
                path: folder.to_owned(),
            });
        }
        let lock = Lock::acquire(folder)?;
        Self::with_lock(folder, lock)
    }

    fn with_lock(folder: &Path, lock: Lock) -> Result<Self> {
        files::check_folder(folder)?;
        files::remove_unfinished(folder)?;
        let keys = addresses(folder)?;
        let header_path = folder.join("keystore.json");
        let Some(bytes) = files::read(&header_path)? else {
            let path = folder.to_owned();
            return Err(match keys.is_empty() {
                true => WalletError::NoKeystore { path },
                false => WalletError::Headless { path },
            });
        };
        check_head(&header_path, &bytes, FORMAT, VERSION, LOST)?;
        let header: Header = serde_json::from_slice(&bytes).map_err(|e| WalletError::Damaged {
            path: header_path.clone(),
            why: e.to_string(),
            advice: LOST,
        })?;
        header
            .check
            .check(FORMAT)
            .map_err(|error| error.of(&header_path, LOST))?;
        // Faults of key files show now, not when one is needed.
        for address in &keys {
            KeyFile::read_if_any(&key_path(folder, address))?;
        }
        let names = Names::read(&folder.join("names.json"))?;
        Ok(Self {
            folder: folder.to_owned(),
            check: header.check,
            state: Mutex::new(State {
                names,
                seal_key: None,
                open: BTreeMap::new(),
            }),
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lets it decrypt keys, until it is locked again. Takes some tenths of a second.
    ///
    /// # Errors
    /// When the password is wrong; it stays as it was.
    pub fn unlock(&self, password: &Password) -> Result<()> {
        let path = self.folder.join("keystore.json");
        let seal_key = self
            .check
            .derivation()
            .derive(password)
            .and_then(|key| self.check.open(&key, FORMAT).map(|_| key))
            .map_err(|error| error.of(&path, LOST))?;
        self.state().seal_key = Some(seal_key);
        Ok(())
    }

    /// Forgets all secrets.
    pub fn lock(&self) {
        let mut state = self.state();
        state.seal_key = None;
        state.open.clear();
    }

    /// Whether it can sign.
    pub fn is_unlocked(&self) -> bool {
        self.state().seal_key.is_some()
    }

    /// The key that sends where no sender is named.
    pub fn default_address(&self) -> Option<Address> {
        self.default_of(&self.state())
    }

    /// A default whose key was taken away by hand is none.
    fn default_of(&self, state: &State) -> Option<Address> {
        state.names.default.filter(|address| self.has(address))
    }

    /// Makes a key the default.
    ///
    /// # Errors
    /// When it has no such key, or cannot write that down.
    pub fn set_default(&self, address: &Address) -> Result<()> {
        if !self.has(address) {
            return Err(WalletError::NoKey(*address));
        }
        self.change_names(&mut self.state(), |names| {
            names.default = Some(*address);
            Ok(())
        })
    }

    /// Gives an address a name, one's own or another's. An address may have several.
    ///
    /// # Errors
    /// When it is no name, another address's, or cannot be written down.
    pub fn set_name(&self, name: &str, address: &Address) -> Result<()> {
        self.change_names(&mut self.state(), |names| names.insert(name, *address))
    }

    /// Takes a name away.
    ///
    /// # Errors
    /// When there is no such name, or that cannot be written down.
    pub fn remove_name(&self, name: &str) -> Result<()> {
        self.change_names(&mut self.state(), |names| {
            let missing = || WalletError::NoName(name.to_owned());
            names.remove(name).map(|_| ()).ok_or_else(missing)
        })
    }

    /// All names and their addresses.
    pub fn names(&self) -> Vec<(String, Address)> {
        let state = self.state();
        let all = state.names.all();
        all.map(|(name, address)| (name.to_owned(), *address))
            .collect()
    }

    /// The address of a name, or of the text of an address.
    ///
    /// # Errors
    /// When it is neither.
    pub fn resolve(&self, name_or_address: &str) -> Result<Address> {
        let state = self.state();
        let named = state.names.get(name_or_address).copied();
        named
            .or_else(|| parse(name_or_address))
            .ok_or_else(|| WalletError::NoName(name_or_address.to_owned()))
    }

    /// Changes names on disk, then in memory.
    fn change_names(
        &self,
        state: &mut State,
        change: impl FnOnce(&mut Names) -> Result<()>,
    ) -> Result<()> {
        let mut names = state.names.clone();
        change(&mut names)?;
        if names != state.names {
            names.write(&self.folder.join("names.json"))?;
            state.names = names;
        }
        Ok(())
    }

    /// Nothing is left half done where a thread may panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
