//! Keys at rest: a directory of encrypted files, with names for addresses and a default, and keys in and out as Lotus has them.
//!
//! A [`Wallet`] is made with a password, and opened locked: it lists addresses and names, and unlocked it signs. There is no
//! mode without a password. Where nobody is there to type one, as on a development network, [`Password::beside`] makes one of
//! random bytes, in a file of its own beside the keystore (mode 0600): whoever has both has the keys, whoever has only a backup
//! of the keystore has not.
//!
//! ```no_run
//! # use std::path::Path;
//! # use filigree_wallet::{KeyType, Password, Wallet, WalletError};
//! # fn main() -> Result<(), WalletError> {
//! let password = Password::beside(Path::new("keystore.password"))?;
//! let wallet = Wallet::create(Path::new("keystore"), &password)?;
//! let address = wallet.generate(KeyType::Bls)?;
//! let signature = wallet.sign(&address, b"text")?;
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: [`wallet`] (what is done with keys), [`key_file`] (one key in one file), [`seal`] (the encryption),
//! [`lotus`] (export and import), [`password`], [`error`].

pub mod error;
mod files;
pub mod key_file;
mod lock;
pub mod lotus;
mod names;
pub mod password;
pub mod seal;
pub mod wallet;

pub use error::{Result, WalletError};
pub use filigree_keys::{Key, KeyType};
pub use key_file::KeyFile;
pub use password::Password;
pub use seal::Cost;
pub use wallet::{Entry, Wallet};
