//! Events that actors emitted, decoded.

use std::fmt;

use filigree_schema::Type;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};
use fvm_shared::ActorID;
use fvm_shared::event::{Flags, StampedEvent};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The actor that emitted it.
    pub emitter: ActorID,
    /// Its entries, in order.
    pub entries: Vec<EventEntry>,
}

/// A key and a value.
#[derive(Clone, Debug, PartialEq)]
pub struct EventEntry {
    /// What indexers find it by.
    pub flags: Flags,
    /// The key.
    pub key: String,
    /// The value: CBOR as JSON, other bytes as `0x…`.
    pub value: Value,
    /// The value's codec.
    pub codec: u64,
    /// The value's bytes.
    pub bytes: Vec<u8>,
}

impl Event {
    pub(crate) fn of(stamped: &StampedEvent) -> Self {
        let entries = stamped.event.entries.iter().map(|entry| EventEntry {
            flags: entry.flags,
            key: entry.key.clone(),
            value: json(entry.codec, &entry.value),
            codec: entry.codec,
            bytes: entry.value.clone(),
        });
        Self {
            emitter: stamped.emitter,
            entries: entries.collect(),
        }
    }

    /// What kind of event: the text of its entry `$type`, by which built-in actors and the SDK begin.
    pub fn kind(&self) -> Option<&str> {
        self.json("$type")?.as_str()
    }

    /// The value of the first entry with this key.
    pub fn json(&self, key: &str) -> Option<&Value> {
        self.entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// The value of the first entry with this key.
    ///
    /// # Panics
    /// If there is none, or it is of another type.
    #[track_caller]
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> T {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        let Some(entry) = entry else {
            panic!("the event has no entry {key:?}: {self}");
        };
        match fvm_ipld_encoding::from_slice(&entry.bytes) {
            Ok(value) => value,
            Err(e) => panic!(
                "{key:?} is not a {}: {e}; the event is {self}",
                std::any::type_name::<T>()
            ),
        }
    }
}

fn json(codec: u64, bytes: &[u8]) -> Value {
    let decoded = match codec {
        CBOR | DAG_CBOR => Type::Any.decode(bytes).ok(),
        _ => None,
    };
    decoded.unwrap_or_else(|| Value::from(hex(bytes)))
}

/// Bytes as `0x…`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

/// `transfer {"from":101,"amount":"5"}`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        f.write_str(kind.unwrap_or("event"))?;
        let mut between = " {";
        for entry in &self.entries {
            if kind.is_some() && entry.key == "$type" {
                continue;
            }
            write!(
                f,
                "{between}{}:{}",
                Value::from(entry.key.as_str()),
                entry.value
            )?;
            between = ",";
        }
        if between == "," {
            f.write_str("}")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::IPLD_RAW;
    use fvm_shared::event::Entry;

    use super::*;

    #[test]
    fn values_are_decoded() {
        let entry = |key: &str, codec, value: &[u8]| Entry {
            flags: Flags::empty(),
            key: key.to_owned(),
            codec,
            value: value.to_vec(),
        };
        let entries = vec![
            entry("$type", CBOR, b"\x64paid"),
            entry("by", CBOR, &[0x18, 101]),
            entry("raw", IPLD_RAW, &[1, 0xff]),
            entry("bad", CBOR, &[0xff]),
        ];
        let event = Event::of(&StampedEvent::new(7, entries.into()));
        assert_eq!(event.kind(), Some("paid"));
        assert_eq!(event.get::<u64>("by"), 101);
        assert_eq!(event.json("missing"), None);
        assert_eq!(
            event.to_string(),
            r#"paid {"by":101,"raw":"0x01ff","bad":"0xff"}"#
        );
        let bare = Event::of(&StampedEvent::new(7, Vec::new().into()));
        assert_eq!(bare.to_string(), "event");
    }
}
