//! Vectors: messages with the state they touch and what must come out, in the JSON schema `message` of
//! filecoin-project/fvm-test-vectors.
//!
//! [`VectorFile`] is the file as it is written; [`Vector`] is one that was checked and unpacked, ready to run. Vectors
//! of other classes (`tipset`, `block_seq`) are recognised, not run.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cid::Cid;
use flate2::read::GzDecoder;
use fvm_ipld_encoding::from_slice;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::message::Message;
use serde::{Deserialize, Serialize};

use crate::cidjson;
use crate::store::{Blocks, read_car};

/// The class of vectors that run.
pub const MESSAGE_CLASS: &str = "message";

/// Largest unpacked CAR of a vector, in bytes.
const MAX_CAR_BYTES: u64 = 1 << 30;

/// A vector file of class `message`, field by field.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct VectorFile {
    /// [`MESSAGE_CLASS`].
    pub class: String,
    /// What a runner must support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
    /// Where the vector comes from.
    #[serde(rename = "_meta", default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<Meta>,
    /// The blocks: a CAR, gzipped, in base64.
    #[serde(with = "base64_bytes")]
    pub car: Vec<u8>,
    /// What the messages run on.
    pub preconditions: Preconditions,
    /// The messages, in order.
    pub apply_messages: Vec<ApplyMessage>,
    /// What must come out.
    pub postconditions: Postconditions,
    /// The randomness that was asked for when the vector was recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub randomness: Vec<Randomness>,
}

/// What a runner must support. Values are the strings `true` or a protocol name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Selector {
    /// `true`: the vector calls the chaos actor of the old test suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chaos_actor: Option<String>,
    /// Oldest protocol the vector is for; informative, a variant's network version decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_protocol_version: Option<String>,
    /// `true`: the vector needs consensus faults to be found.
    #[serde(
        rename = "requires:consensus_fault_extern",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub consensus_fault: Option<String>,
}

/// Where a vector comes from.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Meta {
    /// The vector's own name; usually the file's.
    pub id: String,
    /// What it shows, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The network, message and tipsets it was taken from, and the program that took it.
    #[serde(rename = "gen", default)]
    pub generation: Vec<Generation>,
}

/// One source of a vector.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Generation {
    /// What it is, such as `network:mainnet`.
    #[serde(default)]
    pub source: String,
    /// Version of the program, if it is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// What the messages run on.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Preconditions {
    /// The vector is run once for each.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// The state before.
    pub state_tree: StateTreeRoot,
    /// Base fee, attoFIL per gas; 100 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basefee: Option<u128>,
    /// Circulating supply, attoFIL; two billion FIL if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circ_supply: Option<u128>,
}

/// When a vector runs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Variant {
    /// Its name within the vector.
    pub id: String,
    /// The epoch.
    pub epoch: ChainEpoch,
    /// The network version.
    pub nv: u32,
}

/// A state tree.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StateTreeRoot {
    /// Its root.
    #[serde(with = "cidjson")]
    pub root_cid: Cid,
}

/// A message to apply.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ApplyMessage {
    /// The unsigned message in CBOR, in base64.
    #[serde(with = "base64_bytes")]
    pub bytes: Vec<u8>,
    /// Epochs after the variant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_offset: Option<ChainEpoch>,
}

/// What must come out.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Postconditions {
    /// The state after.
    pub state_tree: StateTreeRoot,
    /// One receipt for each message.
    pub receipts: Vec<ExpectedReceipt>,
}

/// A receipt that must come out.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ExpectedReceipt {
    /// Exit code.
    pub exit_code: u32,
    /// Returned bytes, in base64.
    #[serde(rename = "return", with = "base64_bytes")]
    pub return_data: Vec<u8>,
    /// Gas used.
    pub gas_used: u64,
    /// Root of the events: not compared if absent, as in vectors from mainnet; `null` means no events.
    #[serde(
        default,
        with = "cidjson::maybe",
        skip_serializing_if = "Option::is_none"
    )]
    pub events_root: Option<Option<Cid>>,
}

/// A recorded randomness, `{"on": ["beacon", EPOCH], "ret": BASE64}`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Randomness {
    /// Kind and epoch asked for.
    pub on: (RandomnessKind, ChainEpoch),
    /// The 32 bytes given, in base64: before network version 21 the digest the host draws from.
    #[serde(with = "base64_bytes")]
    pub ret: Vec<u8>,
}

/// Which randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RandomnessKind {
    /// From drand.
    Beacon,
    /// From the chain's tickets.
    Chain,
}

/// A vector, checked and unpacked.
#[derive(Clone, Debug)]
pub struct Vector {
    /// The file's path below the folder it was searched in, without `.json`.
    pub name: String,
    /// The file, without its CAR.
    pub file: VectorFile,
    /// The messages of `file.apply_messages`, decoded, in order.
    pub messages: Vec<Message>,
    /// The blocks of the CAR.
    pub blocks: Arc<Blocks>,
}

/// What a vector file holds.
#[derive(Clone, Debug)]
pub enum Loaded {
    /// A vector to run.
    Message(Box<Vector>),
    /// A vector of a class that is not run.
    Other {
        /// The class.
        class: String,
    },
}

/// Why a vector cannot be used. Each says which file, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
pub enum VectorError {
    /// The file or folder cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// No file, or none of the name asked for.
    #[error("no .json file in {} has a name with `{text}`", path.display())]
    NothingFound {
        /// The folder.
        path: PathBuf,
        /// What the name must contain.
        text: String,
    },
    /// Not JSON, or not of the schema.
    #[error("{name}: not a vector: {reason}")]
    Json {
        /// The vector.
        name: String,
        /// Line, column and field.
        reason: serde_json::Error,
    },
    /// The CAR cannot be unpacked.
    #[error("{name}: `car` is not a gzipped CAR: {reason}")]
    Car {
        /// The vector.
        name: String,
        /// What is wrong.
        reason: fvm_ipld_car::Error,
    },
    /// The state before is not in the CAR.
    #[error("{name}: the state root {root} of the preconditions is not in `car`")]
    MissingState {
        /// The vector.
        name: String,
        /// The root.
        root: Cid,
    },
    /// A message is not CBOR of a message.
    #[error("{name}: message {index} cannot be decoded: {reason}")]
    Message {
        /// The vector.
        name: String,
        /// Its index.
        index: usize,
        /// What is wrong.
        reason: fvm_ipld_encoding::Error,
    },
    /// There is not one receipt for each message.
    #[error("{name}: {receipts} receipts for {messages} messages")]
    Counts {
        /// The vector.
        name: String,
        /// Number of messages.
        messages: usize,
        /// Number of receipts.
        receipts: usize,
    },
    /// Nothing to run.
    #[error("{name}: `{field}` is empty")]
    Empty {
        /// The vector.
        name: String,
        /// The list that is empty.
        field: &'static str,
    },
    /// A randomness is not 32 bytes.
    #[error("{name}: randomness {index} has {len} bytes instead of 32")]
    Randomness {
        /// The vector.
        name: String,
        /// Its index.
        index: usize,
        /// Its length.
        len: usize,
    },
}

/// A vector file that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Path below the folder that was searched, without `.json`; the bare name if a file was given.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// The `.json` files at or below `path`, sorted by name.
pub fn find(path: &Path) -> Result<Vec<Found>, VectorError> {
    let metadata = fs::metadata(path).map_err(|reason| unreadable(path, reason))?;
    let mut found = Vec::new();
    if metadata.is_dir() {
        find_below(path, "", &mut found)?;
    } else {
        let name = path.file_stem().unwrap_or(path.as_os_str());
        found.push(Found {
            name: name.to_string_lossy().into_owned(),
            path: path.to_owned(),
        });
    }
    found.sort();
    Ok(found)
}

/// Like [`find`], of those whose name contains `text`. None at all is an error.
pub fn find_named(path: &Path, text: &str) -> Result<Vec<Found>, VectorError> {
    let mut found = find(path)?;
    let nothing = |text: &str| VectorError::NothingFound {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    if found.is_empty() {
        return Err(nothing(""));
    }
    found.retain(|file| file.name.contains(text));
    if found.is_empty() {
        return Err(nothing(text));
    }
    Ok(found)
}

fn find_below(folder: &Path, prefix: &str, found: &mut Vec<Found>) -> Result<(), VectorError> {
    let unreadable = |reason| unreadable(folder, reason);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link to a file is followed, a link to a folder is not: folders then end.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            find_below(&path, &format!("{name}/"), found)?;
        } else if let Some(name) = name.strip_suffix(".json") {
            let name = name.to_owned();
            found.push(Found { name, path });
        }
    }
    Ok(())
}

fn unreadable(path: &Path, reason: std::io::Error) -> VectorError {
    let path = path.to_owned();
    VectorError::Read { path, reason }
}

/// Loads every vector of class `message` at or below `path`, sorted by name.
pub fn load_dir(path: &Path) -> Result<Vec<Vector>, VectorError> {
    let mut vectors = Vec::new();
    for found in find(path)? {
        if let Loaded::Message(vector) = found.load()? {
            vectors.push(*vector);
        }
    }
    Ok(vectors)
}

impl Found {
    /// Loads the file.
    pub fn load(&self) -> Result<Loaded, VectorError> {
        let json = fs::read(&self.path).map_err(|reason| unreadable(&self.path, reason))?;
        Loaded::parse(&self.name, &json)
    }
}

impl Loaded {
    /// Reads a vector from the text of its file.
    pub fn parse(name: &str, json: &[u8]) -> Result<Self, VectorError> {
        #[derive(Deserialize)]
        struct Class {
            class: String,
        }
        let failed = |reason| VectorError::Json {
            name: name.to_owned(),
            reason,
        };
        let Class { class } = serde_json::from_slice(json).map_err(failed)?;
        if class != MESSAGE_CLASS {
            return Ok(Self::Other { class });
        }
        let file = serde_json::from_slice(json).map_err(failed)?;
        Vector::new(name, file).map(|vector| Self::Message(Box::new(vector)))
    }
}

impl Vector {
    /// Checks and unpacks a file.
    pub fn new(name: &str, mut file: VectorFile) -> Result<Self, VectorError> {
        let own_name = || name.to_owned();
        check_lists(name, &file)?;
        let mut messages = Vec::with_capacity(file.apply_messages.len());
        for (index, message) in file.apply_messages.iter().enumerate() {
            messages.push(
                from_slice(&message.bytes).map_err(|reason| VectorError::Message {
                    name: own_name(),
                    index,
                    reason,
                })?,
            );
        }
        let car = std::mem::take(&mut file.car);
        let car = GzDecoder::new(car.as_slice()).take(MAX_CAR_BYTES);
        let (_, blocks) = read_car(car).map_err(|reason| VectorError::Car {
            name: own_name(),
            reason,
        })?;
        let root = file.preconditions.state_tree.root_cid;
        if !blocks.contains_key(&root) {
            return Err(VectorError::MissingState {
                name: own_name(),
                root,
            });
        }
        Ok(Self {
            name: own_name(),
            file,
            messages,
            blocks: Arc::new(blocks),
        })
    }

    /// The name it gives itself, else the file's.
    pub fn id(&self) -> &str {
        self.file.meta.as_ref().map_or(&self.name, |meta| &meta.id)
    }
}

fn check_lists(name: &str, file: &VectorFile) -> Result<(), VectorError> {
    let name = || name.to_owned();
    let (messages, receipts) = (&file.apply_messages, &file.postconditions.receipts);
    let empty = |field| VectorError::Empty {
        name: name(),
        field,
    };
    if file.preconditions.variants.is_empty() {
        return Err(empty("variants"));
    }
    if messages.is_empty() {
        return Err(empty("apply_messages"));
    }
    if messages.len() != receipts.len() {
        return Err(VectorError::Counts {
            name: name(),
            messages: messages.len(),
            receipts: receipts.len(),
        });
    }
    let lens = file.randomness.iter().map(|entry| entry.ret.len());
    match lens.enumerate().find(|(_, len)| *len != 32) {
        Some((index, len)) => Err(VectorError::Randomness {
            name: name(),
            index,
            len,
        }),
        None => Ok(()),
    }
}

/// Bytes as base64 text.
mod base64_bytes {
    use super::*;
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(D::Error::custom)
    }
}
