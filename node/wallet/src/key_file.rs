//! One key in one file, which opens with the password alone.

use std::path::{Path, PathBuf};

use filigree_keys::{Key, KeyType};
use fvm_shared::address::{Address, Network, Payload};
use serde::{Deserialize, Serialize};

use crate::error::{RESTORE, Result, WalletError};
use crate::files::{self, Existing};
use crate::password::Password;
use crate::seal::{Derivation, SealError, SealKey, Sealed};

/// Ends the names of key files.
pub(crate) const EXTENSION: &str = "key";
const FORMAT: &str = "filigree-key";
const VERSION: u32 = 1;

/// An encrypted key, read from a file.
pub struct KeyFile {
    path: PathBuf,
    address: Address,
    content: Content,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: String,
    version: u32,
    /// As on mainnet, whatever network the key is used on.
    address: String,
    #[serde(rename = "type")]
    key_type: String,
    secret: Sealed,
}

/// Enough to tell what a file is, whatever its version.
#[derive(Deserialize)]
pub(crate) struct Head {
    pub(crate) format: String,
    pub(crate) version: u32,
}

impl KeyFile {
    /// Reads a key file, but does not open it.
    ///
    /// # Errors
    /// When it is not there or damaged, or others may read it.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_if_any(path)?.ok_or_else(|| WalletError::Io {
            path: path.to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        })
    }

    pub(crate) fn read_if_any(path: &Path) -> Result<Option<Self>> {
        let Some(bytes) = files::read(path)? else {
            return Ok(None);
        };
        check_head(path, &bytes, FORMAT, VERSION, RESTORE)?;
        let damaged = |why: String| WalletError::Damaged {
            path: path.to_owned(),
            why,
            advice: RESTORE,
        };
        let content: Content =
            serde_json::from_slice(&bytes).map_err(|e| damaged(e.to_string()))?;
        let address = parse(&content.address)
            .filter(|address| type_of(address).is_some_and(|t| t.name() == content.key_type))
            .ok_or_else(|| damaged("its address is none of a key of its type".to_owned()))?;
        Ok(Some(Self {
            path: path.to_owned(),
            address,
            content,
        }))
    }

    /// The address of the key, as the file says.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The key.
    ///
    /// # Errors
    /// When the password is another, or the file is damaged.
    pub fn open(&self, password: &Password) -> Result<Key> {
        let sealed = &self.content.secret;
        let key = sealed
            .check(&context(&self.address))
            .and_then(|()| sealed.derivation().derive(password))
            .map_err(|error| error.of(&self.path, RESTORE))?;
        self.open_with(&key)
    }

    /// How the key was derived that opens it.
    pub(crate) fn derivation(&self) -> &Derivation {
        self.content.secret.derivation()
    }

    pub(crate) fn open_with(&self, key: &SealKey) -> Result<Key> {
        let secret = self
            .content
            .secret
            .open(key, &context(&self.address))
            .map_err(|error| error.of(&self.path, RESTORE))?;
        let key_type = type_of(&self.address).expect("checked when it was read");
        Key::from_secret(key_type, &secret)
            .ok()
            .filter(|key| *key.address() == self.address)
            .ok_or_else(|| {
                SealError::Damaged("it has the key of another address").of(&self.path, RESTORE)
            })
    }

    /// Writes a key to a file that is not there yet.
    pub(crate) fn write(
        path: &Path,
        key: &Key,
        derivation: &Derivation,
        seal_key: &SealKey,
    ) -> Result<()> {
        let context = context(key.address());
        let content = Content {
            format: FORMAT.to_owned(),
            version: VERSION,
            address: text(key.address()),
            key_type: key.key_type().name().to_owned(),
            secret: Sealed::new(derivation, seal_key, &context, key.secret())?,
        };
        let bytes = serde_json::to_vec_pretty(&content).expect("plain values");
        files::write(path, &bytes, Existing::Keep)
    }
}

/// What a secret is sealed for: a file cannot be given another address.
fn context(address: &Address) -> String {
    format!("{FORMAT} {VERSION} {}", text(address))
}

/// The address as on mainnet: the same on every network, so files move between them.
pub(crate) fn text(address: &Address) -> String {
    let text = address.to_string();
    format!("f{}", text.get(1..).unwrap_or_default())
}

/// The address of a text, of whatever network.
pub(crate) fn parse(text: &str) -> Option<Address> {
    [Network::Mainnet, Network::Testnet]
        .iter()
        .find_map(|network| network.parse_address(text).ok())
}

/// The type of the key of an address, if a key can have that address.
pub(crate) fn type_of(address: &Address) -> Option<KeyType> {
    match address.payload() {
        Payload::Secp256k1(_) => Some(KeyType::Secp256k1),
        Payload::BLS(_) => Some(KeyType::Bls),
        Payload::Delegated(_) => Some(KeyType::Delegated),
        Payload::ID(_) | Payload::Actor(_) => None,
    }
}

/// Whether bytes are a file of this format and version.
pub(crate) fn check_head(
    path: &Path,
    bytes: &[u8],
    format: &str,
    version: u32,
    advice: &'static str,
) -> Result<()> {
    let damaged = |why: String| WalletError::Damaged {
        path: path.to_owned(),
        why,
        advice,
    };
    let head: Head = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
    if head.format != format {
        return Err(damaged(format!("it is {:?}, not {format:?}", head.format)));
    }
    if head.version != version {
        return Err(WalletError::Version {
            path: path.to_owned(),
            version: head.version,
        });
    }
    Ok(())
}
