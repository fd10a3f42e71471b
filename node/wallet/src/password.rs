//! Passwords, typed or made.

use std::env;
use std::fmt;
use std::path::Path;

use filigree_keys::KeyError;
use zeroize::Zeroizing;

use crate::error::{RESTORE, Result, WalletError};
use crate::files::{self, Existing};

/// A password. Its memory is wiped when it is dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password that someone typed.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(password: impl Into<String>) -> Result<Self> {
        let password = Zeroizing::new(password.into());
        if password.is_empty() {
            return Err(WalletError::EmptyPassword);
        }
        Ok(Self(password))
    }

    /// The password in a variable of the environment, if it is set. Other programs of the same user can read it there.
    ///
    /// # Errors
    /// When it is empty.
    pub fn from_env(variable: &str) -> Result<Option<Self>> {
        env::var(variable).ok().map(Self::new).transpose()
    }

    /// The password in a file: its first line. None if there is no such file.
    ///
    /// # Errors
    /// When others may read the file, or it has no such line.
    pub fn from_file(path: &Path) -> Result<Option<Self>> {
        let Some(content) = files::read(path)? else {
            return Ok(None);
        };
        let text = str::from_utf8(&content).map_err(|_| WalletError::Damaged {
            path: path.to_owned(),
            why: "it is no text".to_owned(),
            advice: RESTORE,
        })?;
        Self::new(text.lines().next().unwrap_or_default()).map(Some)
    }

    /// The password in the file, which is made, with 128 random bits, if it is not there. For keystores that must open without
    /// anybody: those of development networks.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), and when it cannot be written.
    pub fn beside(path: &Path) -> Result<Self> {
        if let Some(password) = Self::from_file(path)? {
            return Ok(password);
        }
        let mut random = Zeroizing::new([0; 16]);
        getrandom::fill(&mut random[..]).map_err(KeyError::NoRandomness)?;
        let text = Zeroizing::new(hex::encode(&random[..]) + "\n");
        let folder = path.parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() && !folder.exists() {
            files::make_folder(folder)?;
        }
        files::write(path, text.as_bytes(), Existing::Keep)?;
        Self::new(text.trim_end())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}
