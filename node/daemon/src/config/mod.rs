//! What a node can be told: a file, variables, flags; the later go before the earlier.
//!
//! Each key is a row of [`KEYS`] with its words, and a field of [`Config`] with its type and default; a test holds the two
//! together. The file with all defaults (`filigree config default`), the names of the variables and the check of what was typed
//! are read from there.

mod keys;
mod load;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use keys::{KEYS, Key, VARIABLES};
pub use load::{ConfigError, Override, default_text, load, parse, unknown_variables};

/// The configuration of a node.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// JSON-RPC.
    pub rpc: Rpc,
    /// The database.
    pub store: Store,
    /// The log.
    pub log: Log,
    /// Messages that wait.
    pub mempool: Mempool,
    /// Making blocks.
    pub mining: Mining,
    /// Proofs.
    pub proofs: Proofs,
    /// The host.
    pub host: Host,
    /// Keys.
    pub wallet: Wallet,
}

/// JSON-RPC. See [`filigree_rpc::Limits`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "`KEYS` says what each is; so below")]
pub struct Rpc {
    pub address: SocketAddr,
    pub connections: usize,
    pub websockets: usize,
    pub body_mib: u32,
    pub answer_mib: u32,
    pub batch: u32,
    pub depth: usize,
    pub run_seconds: u64,
    pub trace_mib: usize,
}

/// The database. See [`filigree_store::Options`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "see `KEYS`")]
pub struct Store {
    pub cache_mib: usize,
    pub write_buffer_mib: usize,
    pub open_files: u16,
    pub recover_damaged_log: bool,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "see `KEYS`")]
pub struct Log {
    pub filter: String,
    pub format: Format,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Messages that wait. See [`filigree_mempool::Limits`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "see `KEYS`")]
pub struct Mempool {
    pub high: usize,
    pub low: usize,
}

/// Making blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "see `KEYS`")]
pub struct Mining {
    pub enabled: bool,
}

/// Proofs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "see `KEYS`")]
pub struct Proofs {
    pub parameters: PathBuf,
    pub parents: PathBuf,
    pub threads: usize,
    pub memory_mib: u64,
}

/// The host.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "see `KEYS`")]
pub struct Host {
    pub concurrency: u32,
    pub modules: PathBuf,
}

/// Keys.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs, reason = "see `KEYS`")]
pub struct Wallet {
    pub password_file: PathBuf,
}

impl Default for Rpc {
    fn default() -> Self {
        let limits = filigree_rpc::Limits::default();
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 1234)),
            connections: limits.connections,
            websockets: limits.websockets,
            body_mib: limits.body_bytes >> 20,
            answer_mib: limits.response_bytes >> 20,
            batch: limits.batch,
            depth: limits.depth,
            run_seconds: limits.run_time.as_secs(),
            trace_mib: filigree_node_state::TRACE_LIMIT_BYTES >> 20,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        let options = filigree_store::Options::default();
        Self {
            cache_mib: options.cache_bytes >> 20,
            write_buffer_mib: options.write_buffer_bytes >> 20,
            open_files: options.max_open_files,
            recover_damaged_log: false,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: Format::Text,
        }
    }
}

impl Default for Mempool {
    fn default() -> Self {
        let limits = filigree_mempool::Limits::default();
        Self {
            high: limits.high,
            low: limits.low,
        }
    }
}

impl Default for Mining {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Proofs {
    fn default() -> Self {
        Self {
            parameters: PathBuf::new(),
            parents: PathBuf::new(),
            threads: 0,
            memory_mib: 0,
        }
    }
}

impl Rpc {
    /// Most memory of a trace.
    pub fn trace_bytes(&self) -> usize {
        self.trace_mib.saturating_mul(1 << 20)
    }

    /// As the server takes them.
    pub fn limits(&self) -> filigree_rpc::Limits {
        filigree_rpc::Limits {
            connections: self.connections,
            websockets: self.websockets,
            body_bytes: self.body_mib.saturating_mul(1 << 20),
            response_bytes: self.answer_mib.saturating_mul(1 << 20),
            batch: self.batch,
            depth: self.depth,
            run_time: std::time::Duration::from_secs(self.run_seconds),
            ..filigree_rpc::Limits::default()
        }
    }
}

impl Store {
    /// As the store takes them.
    pub fn options(&self) -> filigree_store::Options {
        filigree_store::Options {
            cache_bytes: self.cache_mib << 20,
            write_buffer_bytes: self.write_buffer_mib << 20,
            max_open_files: self.open_files,
            recover_damaged_log: self.recover_damaged_log,
            ..filigree_store::Options::default()
        }
    }
}
