//! The types of values: the closed set that the wire, JSON and the bindings understand.
//!
//! A type is what the CBOR looks like, with the names that a reader wants to see. In a schema it is a word
//! (`"address"`) or an object with one key (`{"list":"u64"}`); serde's external tagging is exactly that.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Field;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Type {
    /// Nothing: no return block; CBOR null where a value has to stand.
    Unit,
    /// A CBOR boolean.
    Bool,
    /// A CBOR integer from 0 to 2^8 - 1.
    U8,
    /// A CBOR integer from 0 to 2^16 - 1.
    U16,
    /// A CBOR integer from 0 to 2^32 - 1.
    U32,
    /// A CBOR integer from 0 to 2^64 - 1.
    U64,
    /// A CBOR integer from -2^7 to 2^7 - 1.
    I8,
    /// A CBOR integer from -2^15 to 2^15 - 1.
    I16,
    /// A CBOR integer from -2^31 to 2^31 - 1.
    I32,
    /// A CBOR integer from -2^63 to 2^63 - 1.
    I64,
    /// CBOR text.
    String,
    /// A CBOR byte string. JSON: hex with `0x`.
    Bytes,
    /// A CBOR byte string of the address's bytes. JSON: its text form.
    Address,
    /// An actor's number, a CBOR integer.
    ActorId,
    /// An amount of attoFIL: sign byte and big-endian magnitude in a byte string, empty for zero.
    Token,
    /// A whole number of any size, encoded like an amount.
    #[serde(rename = "bigint")]
    BigInt,
    /// A chain epoch, a CBOR integer like [`I64`](Type::I64).
    Epoch,
    /// A CID, tag 42.
    Cid,
    /// A set of numbers, RLE+ in a CBOR byte string.
    #[serde(rename = "bitfield")]
    BitField,
    /// A block as it is, with its codec: the only parameter or the return. Inside another value a CBOR byte string.
    Block,
    /// Any DAG-CBOR value.
    Any,
    /// The value or null.
    Option(Box<Type>),
    /// A CBOR array of any length.
    List(Box<Type>),
    /// A struct: a CBOR array of its fields.
    Tuple {
        /// The struct's name; empty for a tuple of Rust.
        name: String,
        /// The fields in order.
        fields: Vec<Field>,
    },
    /// A struct around one value, encoded as that value.
    Transparent {
        /// The struct's name.
        name: String,
        /// The type inside.
        #[serde(rename = "type")]
        ty: Box<Type>,
    },
    /// One of several named integers.
    Enum {
        /// The enum's name.
        name: String,
        /// The names and their integers.
        variants: Vec<Variant>,
    },
    /// A CBOR map in the block itself.
    #[serde(rename = "btree")]
    BTree {
        /// The type of the keys.
        key: Box<Type>,
        /// The type of the values.
        value: Box<Type>,
    },
    /// A CID of the root of a HAMT (hashed with SHA-256).
    Map {
        /// The type of the keys, one of those that have bytes: see [`Type::is_map_key`].
        key: Box<Type>,
        /// The type of the values.
        value: Box<Type>,
        /// The bits of the hash that each level takes, 1 to 8.
        bits: u32,
    },
    /// A CID of the root of an AMT, an array with u64 indexes that may have holes.
    Array {
        /// The type of the values.
        value: Box<Type>,
        /// The bits of the index that each level takes, 1 to 18.
        bits: u32,
    },
    /// A CID of a DAG-CBOR block that holds one value.
    Link(Box<Type>),
}

/// A name of an enum and its integer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The name in the source.
    pub name: String,
    /// The integer on the wire.
    pub value: i64,
}

impl Type {
    /// The range of the integer types, `None` for every other.
    pub(crate) fn int_range(&self) -> Option<(i128, i128)> {
        let (least, most) = match self {
            Type::U8 => (0, u8::MAX.into()),
            Type::U16 => (0, u16::MAX.into()),
            Type::U32 => (0, u32::MAX.into()),
            Type::U64 | Type::ActorId => (0, u64::MAX.into()),
            Type::I8 => (i8::MIN.into(), i8::MAX.into()),
            Type::I16 => (i16::MIN.into(), i16::MAX.into()),
            Type::I32 => (i32::MIN.into(), i32::MAX.into()),
            Type::I64 | Type::Epoch => (i64::MIN.into(), i64::MAX.into()),
            _ => return None,
        };
        Some((least, most))
    }

    /// The type without the names that are not on the wire.
    pub(crate) fn inner(&self) -> &Type {
        let mut ty = self;
        while let Type::Transparent { ty: inner, .. } = ty {
            ty = inner;
        }
        ty
    }

    /// Whether values can be keys of [`Type::Map`]: addresses and CIDs by their bytes, integers as varints (signed ones by
    /// their place in 0, -1, 1, -2 and so on), strings and bytes as they are (bytes also as `list<u8>`, which is
    /// `Vec<u8>` in Rust).
    pub fn is_map_key(&self) -> bool {
        match self.inner() {
            Type::List(item) => item.inner() == &Type::U8,
            other => other.is_scalar_key(),
        }
    }

    fn is_scalar_key(&self) -> bool {
        let is_integer = self.int_range().is_some();
        is_integer || matches!(self, Type::Address | Type::String | Type::Bytes | Type::Cid)
    }

    /// Whether each value has a short text that can be the key of a JSON object.
    pub(crate) fn is_text_key(&self) -> bool {
        match self.inner() {
            Type::Bool | Type::Token | Type::BigInt | Type::Enum { .. } => true,
            other => other.is_scalar_key(),
        }
    }

    /// The types directly inside.
    pub(crate) fn children(&self) -> Vec<&Type> {
        match self {
            Type::Option(ty) | Type::List(ty) | Type::Link(ty) => vec![ty],
            Type::Transparent { ty, .. } => vec![ty],
            Type::Array { value, .. } => vec![value],
            Type::Tuple { fields, .. } => fields.iter().map(|field| &field.ty).collect(),
            Type::BTree { key, value } | Type::Map { key, value, .. } => vec![key, value],
            _ => Vec::new(),
        }
    }
}

/// Whether the fields can be keys of a JSON object: each has a name, and no two the same.
pub(crate) fn are_named(fields: &[Field]) -> bool {
    let mut names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).any(|pair| pair.first() == pair.last());
    !twice && !names.contains(&"")
}

/// As an author would say it: `u64`, `option<address>`, `Config`, `map<address, token>`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Unit => f.write_str("unit"),
            Type::Bool => f.write_str("bool"),
            Type::U8 => f.write_str("u8"),
            Type::U16 => f.write_str("u16"),
            Type::U32 => f.write_str("u32"),
            Type::U64 => f.write_str("u64"),
            Type::I8 => f.write_str("i8"),
            Type::I16 => f.write_str("i16"),
            Type::I32 => f.write_str("i32"),
            Type::I64 => f.write_str("i64"),
            Type::String => f.write_str("string"),
            Type::Bytes => f.write_str("bytes"),
            Type::Address => f.write_str("address"),
            Type::ActorId => f.write_str("actor_id"),
            Type::Token => f.write_str("token"),
            Type::BigInt => f.write_str("bigint"),
            Type::Epoch => f.write_str("epoch"),
            Type::Cid => f.write_str("cid"),
            Type::BitField => f.write_str("bitfield"),
            Type::Block => f.write_str("block"),
            Type::Any => f.write_str("any"),
            Type::Option(ty) => write!(f, "option<{ty}>"),
            Type::List(ty) => write!(f, "list<{ty}>"),
            Type::Tuple { name, fields } if name.is_empty() => {
                f.write_str("(")?;
                for (at, field) in fields.iter().enumerate() {
                    let comma = if at == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", field.ty)?;
                }
                f.write_str(")")
            }
            Type::Tuple { name, .. } | Type::Enum { name, .. } => f.write_str(name),
            Type::Transparent { name, ty } if name.is_empty() => write!(f, "{ty}"),
            Type::Transparent { name, .. } => f.write_str(name),
            Type::BTree { key, value } => write!(f, "btree<{key}, {value}>"),
            Type::Map { key, value, .. } => write!(f, "map<{key}, {value}>"),
            Type::Array { value, .. } => write!(f, "array<{value}>"),
            Type::Link(ty) => write!(f, "link<{ty}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_an_author_says_them() {
        let check = |json: &str, name: &str| {
            let ty: Type = serde_json::from_str(json).unwrap();
            assert_eq!(ty.to_string(), name);
            assert_eq!(serde_json::to_string(&ty).unwrap(), json);
        };
        check(r#""actor_id""#, "actor_id");
        check(r#""bigint""#, "bigint");
        check(r#"{"option":{"list":"u8"}}"#, "option<list<u8>>");
        check(
            r#"{"tuple":{"name":"","fields":[{"name":"0","type":"u8"},{"name":"1","type":"any"}]}}"#,
            "(u8, any)",
        );
        check(
            r#"{"transparent":{"name":"Amount","type":"token"}}"#,
            "Amount",
        );
        check(
            r#"{"enum":{"name":"Kind","variants":[{"name":"Open","value":-1}]}}"#,
            "Kind",
        );
        check(
            r#"{"map":{"key":"address","value":{"link":"bitfield"},"bits":5}}"#,
            "map<address, link<bitfield>>",
        );
        check(r#"{"array":{"value":"epoch","bits":3}}"#, "array<epoch>");
        check(
            r#"{"btree":{"key":"string","value":"block"}}"#,
            "btree<string, block>",
        );
    }

    #[test]
    fn fields_are_named_when_each_has_its_own() {
        let check = |names: &[&str], expected| {
            let fields: Vec<Field> = names.iter().map(|n| Field::new(*n, Type::U8)).collect();
            assert_eq!(are_named(&fields), expected, "{names:?}");
        };
        check(&[], true);
        check(&["a"], true);
        check(&["b", "a"], true);
        check(&[""], false);
        check(&["a", "b", "a"], false);
    }
}
