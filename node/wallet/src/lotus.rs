//! Keys in text, as Lotus's `wallet export` and `wallet import` have them.
//!
//! A key is the JSON `{"Type":"bls","PrivateKey":"…base64…"}`, or the hex of that JSON, or, for Ethereum's wallets, the secret
//! alone in hex.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use filigree_keys::{Key, KeyError, KeyType};
use serde::Deserialize;
use zeroize::Zeroizing;

/// Far more than any key.
const MAX_BYTES: usize = 4096;

/// Why a text is no key.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// None of the formats.
    #[error(
        "this is no exported key: it should be the hex or JSON that `lotus wallet export` prints, or 64 hex digits"
    )]
    Unknown,
    /// JSON of something else.
    #[error("this is no exported key: {0}")]
    Json(String),
    /// A bare secret could be of any type.
    #[error("64 hex digits are a secret of any type: say which, secp256k1, bls or delegated")]
    TypeNeeded,
    /// The text says one type, the caller another.
    #[error("this is a key of type {found}, not {asked}")]
    OtherType {
        /// The type in the text.
        found: KeyType,
        /// The type that was asked for.
        asked: KeyType,
    },
    /// Its secret is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Ethereum has no BLS keys.
    #[error("only secp256k1 and delegated keys have a form for Ethereum's wallets")]
    NoEthereum,
}

#[derive(Deserialize)]
struct KeyInfo {
    #[serde(rename = "Type")]
    key_type: TypeName,
    #[serde(rename = "PrivateKey")]
    private_key: Zeroizing<String>,
}

/// A name, or the number of the signature's type, as Lotus wrote it long ago.
#[derive(Deserialize)]
#[serde(untagged)]
enum TypeName {
    Name(String),
    Number(u8),
}

/// `{"Type":"…","PrivateKey":"…"}`.
pub fn to_json(key: &Key) -> Zeroizing<String> {
    let secret = Zeroizing::new(BASE64_STANDARD.encode(key.secret()));
    let name = key.key_type().name();
    Zeroizing::new(format!(
        "{{\"Type\":\"{name}\",\"PrivateKey\":\"{}\"}}",
        *secret
    ))
}

/// The hex of that JSON, what `lotus wallet export` prints.
pub fn to_hex(key: &Key) -> Zeroizing<String> {
    Zeroizing::new(hex::encode(to_json(key).as_bytes()))
}

/// 0x and the secret, for Ethereum's wallets.
///
/// # Errors
/// For a BLS key, which those have not.
pub fn to_ethereum(key: &Key) -> Result<Zeroizing<String>, ImportError> {
    match key.key_type() {
        KeyType::Bls => Err(ImportError::NoEthereum),
        KeyType::Secp256k1 | KeyType::Delegated => {
            Ok(Zeroizing::new(format!("0x{}", hex::encode(key.secret()))))
        }
    }
}

/// The key of a text in any of these forms. `key_type` is needed for a bare secret; with the others it must fit if given.
///
/// # Errors
/// When the text is no key, or of another type.
pub fn read(text: &str, key_type: Option<KeyType>) -> Result<Key, ImportError> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        return Err(ImportError::Unknown);
    }
    if text.starts_with('{') {
        return read_json(text.as_bytes(), key_type);
    }
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let bytes = hex::decode(digits.unwrap_or(text)).map_err(|_| ImportError::Unknown)?;
    let bytes = Zeroizing::new(bytes);
    match &bytes[..] {
        secret if secret.len() == 32 => {
            let key_type = key_type.ok_or(ImportError::TypeNeeded)?;
            Ok(Key::from_secret(key_type, secret)?)
        }
        [b'{', ..] => read_json(&bytes, key_type),
        _ => Err(ImportError::Unknown),
    }
}

fn read_json(json: &[u8], asked: Option<KeyType>) -> Result<Key, ImportError> {
    let info: KeyInfo =
        serde_json::from_slice(json).map_err(|error| ImportError::Json(redacted(&error)))?;
    let found = match info.key_type {
        TypeName::Name(name) => name.parse()?,
        TypeName::Number(1) => KeyType::Secp256k1,
        TypeName::Number(2) => KeyType::Bls,
        TypeName::Number(3) => KeyType::Delegated,
        TypeName::Number(other) => return Err(KeyError::UnknownType(other.to_string()).into()),
    };
    if let Some(asked) = asked.filter(|asked| *asked != found) {
        return Err(ImportError::OtherType { found, asked });
    }
    let secret = BASE64_STANDARD
        .decode(info.private_key.as_bytes())
        .map_err(|_| ImportError::Json("its PrivateKey is no base64".to_owned()))?;
    Ok(Key::from_secret(found, &Zeroizing::new(secret))?)
}

/// Where the JSON is wrong, without what stands there: it may be a secret.
fn redacted(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field is missing or of another kind",
        _ => "the JSON is malformed",
    };
    format!("{what}, column {}", error.column())
}
