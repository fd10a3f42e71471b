//! Events: what an actor tells the world outside. Indexers find them by keys and values (FIP-0049, FIP-0083).

use fvm_ipld_encoding::{CBOR, IPLD_RAW};
use fvm_shared::event::Flags;
use serde::Serialize;

use crate::cbor;
use crate::error::{Error, Result};
use crate::sys;

/// An event under construction: `Event::of("transfer").key("from", &from)?.value("amount", &amount)?`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Packed headers, one of 24 bytes for each entry.
    headers: Vec<u8>,
    keys: Vec<u8>,
    values: Vec<u8>,
}

impl Event {
    /// An event without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// An event with its type as the first entry, `$type`, indexed: the convention of FRC-0058 and the built-in actors.
    pub fn of(kind: &str) -> Result<Self> {
        Self::new().key("$type", &kind)
    }

    /// Adds an entry that indexers can find by its key and its value.
    pub fn key<T: Serialize + ?Sized>(self, key: &str, value: &T) -> Result<Self> {
        Ok(self.entry(Flags::FLAG_INDEXED_ALL, key, CBOR, &cbor::encode(value)?))
    }

    /// Adds an entry that indexers can find by its key alone.
    pub fn field<T: Serialize + ?Sized>(self, key: &str, value: &T) -> Result<Self> {
        Ok(self.entry(Flags::FLAG_INDEXED_KEY, key, CBOR, &cbor::encode(value)?))
    }

    /// Adds an entry that is only carried along.
    pub fn value<T: Serialize + ?Sized>(self, key: &str, value: &T) -> Result<Self> {
        Ok(self.entry(Flags::empty(), key, CBOR, &cbor::encode(value)?))
    }

    /// Adds an entry of raw bytes.
    pub fn raw(self, flags: Flags, key: &str, value: &[u8]) -> Self {
        self.entry(flags, key, IPLD_RAW, value)
    }

    fn entry(mut self, flags: Flags, key: &str, codec: u64, value: &[u8]) -> Self {
        self.headers.extend_from_slice(&flags.bits().to_le_bytes());
        self.headers.extend_from_slice(&codec.to_le_bytes());
        self.headers
            .extend_from_slice(&(key.len() as u32).to_le_bytes());
        self.headers
            .extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.keys.extend_from_slice(key.as_bytes());
        self.values.extend_from_slice(value);
        self
    }

    /// Emits it.
    pub(crate) fn emit(&self) -> Result<()> {
        let count = self.headers.len() / size_of::<filigree_abi::out::EventEntry>();
        let emitted = sys::emit_event(&self.headers, count as u32, &self.keys, &self.values);
        // Whatever the reason, this is the exit code that the built-in actors give.
        emitted.map_err(|_| Error::assertion_failed("an event could not be emitted"))
    }
}
