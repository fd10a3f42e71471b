//! Names for addresses, one's own or others', and which key is the default. No secrets: a file of its own, in plain text.

use std::collections::BTreeMap;
use std::path::Path;

use fvm_shared::address::Address;
use serde::{Deserialize, Serialize};

use crate::error::{Result, WalletError};
use crate::files::{self, Existing};
use crate::key_file::{check_head, parse, text};

const FORMAT: &str = "filigree-names";
const VERSION: u32 = 1;
const ADVICE: &str =
    "restore it from a backup, or delete it: it holds names and the default, no keys";
const MAX_NAME_BYTES: usize = 64;

/// What the file says.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Names {
    pub default: Option<Address>,
    names: BTreeMap<String, Address>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: String,
    version: u32,
    default: Option<String>,
    names: BTreeMap<String, String>,
}

impl Names {
    /// Reads the file; without one there are no names.
    pub fn read(path: &Path) -> Result<Self> {
        let Some(bytes) = files::read(path)? else {
            return Ok(Self::default());
        };
        check_head(path, &bytes, FORMAT, VERSION, ADVICE)?;
        let damaged = |why: String| WalletError::Damaged {
            path: path.to_owned(),
            why,
            advice: ADVICE,
        };
        let content: Content =
            serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
        let address =
            |text: &String| parse(text).ok_or_else(|| damaged(format!("{text:?} is no address")));
        let mut names = BTreeMap::new();
        for (name, text) in &content.names {
            if !is_name(name) {
                return Err(damaged(format!("{name:?} is no name")));
            }
            names.insert(name.clone(), address(text)?);
        }
        Ok(Self {
            default: content.default.as_ref().map(address).transpose()?,
            names,
        })
    }

    /// Writes the file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let content = Content {
            format: FORMAT.to_owned(),
            version: VERSION,
            default: self.default.as_ref().map(text),
            names: self
                .names
                .iter()
                .map(|(name, a)| (name.clone(), text(a)))
                .collect(),
        };
        let bytes = serde_json::to_vec_pretty(&content).expect("plain values");
        files::write(path, &bytes, Existing::Replace)
    }

    pub fn get(&self, name: &str) -> Option<&Address> {
        self.names.get(name)
    }

    /// Names of an address.
    pub fn of(&self, address: &Address) -> impl Iterator<Item = &str> {
        let own = self.names.iter().filter(move |(_, a)| *a == address);
        own.map(|(name, _)| &name[..])
    }

    /// All names.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Address)> {
        self.names
            .iter()
            .map(|(name, address)| (&name[..], address))
    }

    pub fn insert(&mut self, name: &str, address: Address) -> Result<()> {
        if !is_name(name) {
            return Err(WalletError::BadName(name.to_owned()));
        }
        match self.names.get(name) {
            Some(other) if *other != address => {
                Err(WalletError::NameTaken(name.to_owned(), *other))
            }
            _ => {
                self.names.insert(name.to_owned(), address);
                Ok(())
            }
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<Address> {
        self.names.remove(name)
    }

    /// Forgets an address.
    pub fn forget(&mut self, address: &Address) {
        self.names.retain(|_, other| other != address);
        self.default = self.default.filter(|default| default != address);
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=MAX_NAME_BYTES).contains(&name.len()) && name.chars().all(plain) && parse(name).is_none()
}
