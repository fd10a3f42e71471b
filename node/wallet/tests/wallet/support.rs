//! Keystores that open fast.

use std::path::{Path, PathBuf};

use filigree_wallet::{Cost, Key, KeyType, Password, Wallet};
use tempfile::TempDir;

/// Next to nothing: what a password costs is the same code.
pub const COST: Cost = Cost {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

pub fn password() -> Password {
    Password::new("a password").unwrap()
}

/// A directory in which a keystore may be.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn keystore(&self) -> PathBuf {
        self.0.path().join("keystore")
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn create(&self) -> Wallet {
        Wallet::create_with(&self.keystore(), &password(), COST).unwrap()
    }

    /// Opened and unlocked.
    pub fn open(&self) -> Wallet {
        let wallet = Wallet::open(&self.keystore()).unwrap();
        wallet.unlock(&password()).unwrap();
        wallet
    }
}

/// The key of a number.
pub fn key(key_type: KeyType, number: u8) -> Key {
    Key::from_secret(key_type, &[number; 32]).unwrap()
}
