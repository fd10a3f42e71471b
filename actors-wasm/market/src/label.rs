//! What a client calls a deal: text, or bytes that need not be text. Nobody but the client knows what it means.

use std::fmt;

use filigree_sdk::describe::Type;
use filigree_sdk::prelude::*;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A deal's label, encoded as what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Label {
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Label {
    /// Length in bytes.
    pub fn len_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }
}

impl Describe for Label {
    const TYPE: Type = Type::Simple("any");
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
        }
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrBytes)
    }
}

struct TextOrBytes;

impl Visitor<'_> for TextOrBytes {
    type Value = Label;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Label, E> {
        Ok(Label::Text(text.to_owned()))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> std::result::Result<Label, E> {
        Ok(Label::Bytes(bytes.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigree_sdk::cbor;

    #[test]
    fn labels_are_encoded_as_what_they_are() {
        for (label, encoded) in [
            (Label::Text("ab".to_owned()), vec![0x62, b'a', b'b']),
            (Label::Bytes(vec![0xff, 0]), vec![0x42, 0xff, 0]),
            (Label::Text(String::new()), vec![0x60]),
            (Label::Bytes(vec![]), vec![0x40]),
        ] {
            assert_eq!(cbor::encode(&label).unwrap(), encoded);
            assert_eq!(cbor::decode::<Label>(&encoded).unwrap(), label);
        }
    }

    #[test]
    fn nothing_else_is_a_label() {
        let not_utf8 = [0x61, 0xff];
        for other in [&[0x01][..], &[0xf6], &[0x81, 0x60], &[0xa0], &not_utf8] {
            assert!(cbor::decode::<Label>(other).is_err(), "{other:?}");
        }
    }
}
