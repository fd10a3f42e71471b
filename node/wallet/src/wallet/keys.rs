//! The keys of a wallet: made, taken in, listed, used, thrown away.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use filigree_blocks::{Signature, SignedMessage};
use filigree_keys::{Key, KeyType};
use fvm_shared::address::Address;
use fvm_shared::message::Message;

use super::Wallet;
use crate::error::{At, RESTORE, Result, WalletError};
use crate::files;
use crate::key_file::{EXTENSION, KeyFile, parse, text, type_of};

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

impl Wallet {
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
}

pub(super) fn key_path(folder: &Path, address: &Address) -> PathBuf {
    folder.join(format!("{}.{EXTENSION}", text(address)))
}

/// Addresses of the key files in a directory, in order.
pub(super) fn addresses(folder: &Path) -> Result<Vec<Address>> {
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
