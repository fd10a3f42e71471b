//! The wallet: a directory of key files, and what is done with the keys.
//!
//! ```text
//! keystore.json   what tells a right password from a wrong one
//! names.json      names of addresses, the default
//! ADDRESS.key     a key
//! trash/          keys that were deleted, as encrypted as before
//! lock            held while a process has the wallet open
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use filigree_blocks::{Signature, SignedMessage};
use filigree_keys::{Key, KeyType};
use fvm_shared::address::Address;
use fvm_shared::message::Message;
use serde::{Deserialize, Serialize};

use crate::error::{At, RESTORE, Result, WalletError};
use crate::files::{self, Existing};
use crate::key_file::{EXTENSION, KeyFile, check_head, parse, text, type_of};
use crate::lock::Lock;
use crate::names::Names;
use crate::password::Password;
use crate::seal::{Cost, Derivation, SealKey, Sealed};

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

/// A key of the wallet, as it is listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Its address.
    pub address: Address,
    /// Its type.
    pub key_type: KeyType,
    /// What the address is called here.
    pub names: Vec<String>,
    /// Whether it sends where no sender is named.
    pub is_default: bool,
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

    /// Makes a new key, which becomes the default if there is none.
    ///
    /// # Errors
    /// When it is locked, or the key cannot be written.
    pub fn generate(&self, key_type: KeyType) -> Result<Address> {
        self.import(Key::generate(key_type)?)
    }

    /// Takes in a key, which becomes the default if there is none.
    ///
    /// # Errors
    /// When it is locked, has the key already, or cannot write it.
    pub fn import(&self, key: Key) -> Result<Address> {
        let mut state = self.state();
        let seal_key = state.seal_key.as_ref().ok_or(WalletError::Locked)?;
        let address = *key.address();
        let path = key_path(&self.folder, &address);
        match KeyFile::write(&path, &key, self.check.derivation(), seal_key) {
            Err(WalletError::Io { source, .. }) if source.kind() == ErrorKind::AlreadyExists => {
                return Err(WalletError::KeyExists(address));
            }
            written => written?,
        }
        state.open.insert(address, Arc::new(key));
        if self.default_of(&state).is_none() {
            self.change_names(&mut state, |names| {
                names.default = Some(address);
                Ok(())
            })?;
        }
        Ok(address)
    }

    /// Its keys, by address.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>> {
        let keys = addresses(&self.folder)?;
        let state = self.state();
        let entry = |address: Address| Entry {
            address,
            key_type: type_of(&address).expect("addresses of key files have one"),
            names: state.names.of(&address).map(str::to_owned).collect(),
            is_default: state.names.default == Some(address),
        };
        Ok(keys.into_iter().map(entry).collect())
    }

    /// Whether it has the key of that address.
    pub fn has(&self, address: &Address) -> bool {
        key_path(&self.folder, address).exists()
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

    /// Signs bytes with the key of an address.
    ///
    /// # Errors
    /// When it is locked, has no such key, or the key's file is damaged.
    pub fn sign(&self, address: &Address, bytes: &[u8]) -> Result<Signature> {
        Ok(self.key(address)?.sign(bytes))
    }

    /// Signs a message with the key of an address, which the sender's resolves to. `chain_id` is Ethereum's of the network.
    ///
    /// # Errors
    /// As [`sign`](Self::sign); and when a delegated key is to sign what is no Ethereum transaction.
    pub fn sign_message(
        &self,
        address: &Address,
        message: Message,
        chain_id: u64,
    ) -> Result<SignedMessage> {
        Ok(self.key(address)?.sign_message(message, chain_id)?)
    }

    /// The key of an address: to export it ([`lotus`](crate::lotus)), or to prove with ([`vrf`](filigree_keys::vrf)).
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn key(&self, address: &Address) -> Result<Arc<Key>> {
        let mut state = self.state();
        let seal_key = state.seal_key.as_ref().ok_or(WalletError::Locked)?;
        if let Some(key) = state.open.get(address) {
            return Ok(Arc::clone(key));
        }
        let path = key_path(&self.folder, address);
        let file = KeyFile::read_if_any(&path)?.ok_or(WalletError::NoKey(*address))?;
        if file.address() != address {
            return Err(WalletError::Damaged {
                path,
                why: format!("it has the key of {}", file.address()),
                advice: RESTORE,
            });
        }
        if file.derivation() != self.check.derivation() {
            return Err(WalletError::Foreign { path });
        }
        let key = match file.open_with(seal_key) {
            // The password opened the keystore.
            Err(WalletError::WrongPassword { path }) => Err(WalletError::Damaged {
                path,
                why: "it does not open with the keystore's password".to_owned(),
                advice: RESTORE,
            }),
            key => key,
        };
        let key = Arc::new(key?);
        state.open.insert(*address, Arc::clone(&key));
        Ok(key)
    }

    /// Moves a key to the directory `trash`, from where its file can be imported again, and forgets names of its address.
    ///
    /// # Errors
    /// When it has no such key, or cannot move it.
    pub fn delete(&self, address: &Address) -> Result<()> {
        let mut state = self.state();
        let path = key_path(&self.folder, address);
        if !path.exists() {
            return Err(WalletError::NoKey(*address));
        }
        let trash = self.folder.join("trash");
        files::make_folder(&trash)?;
        self.change_names(&mut state, |names| {
            names.forget(address);
            Ok(())
        })?;
        let address_text = text(address);
        let mut thrown = trash.join(format!("{address_text}.{EXTENSION}"));
        for number in 2u32.. {
            match files::rename(&path, &thrown) {
                Err(WalletError::Io { source, .. })
                    if source.kind() == ErrorKind::AlreadyExists =>
                {
                    thrown = trash.join(format!("{address_text}-{number}.{EXTENSION}"));
                }
                moved => {
                    moved?;
                    break;
                }
            }
        }
        state.open.remove(address);
        Ok(())
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

fn key_path(folder: &Path, address: &Address) -> PathBuf {
    folder.join(format!("{}.{EXTENSION}", text(address)))
}

/// Addresses of the key files in a directory, in order.
fn addresses(folder: &Path) -> Result<Vec<Address>> {
    let mut addresses = Vec::new();
    for entry in fs::read_dir(folder).at(folder)? {
        let path = entry.at(folder)?.path();
        if path
            .extension()
            .is_none_or(|extension| extension != EXTENSION)
        {
            continue;
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let address = stem
            .and_then(parse)
            .filter(|address| type_of(address).is_some() && key_path(folder, address) == path);
        match address {
            Some(address) => addresses.push(address),
            None => {
                return Err(WalletError::Damaged {
                    path,
                    why: "its name is no address of a key".to_owned(),
                    advice: RESTORE,
                });
            }
        }
    }
    addresses.sort();
    Ok(addresses)
}
