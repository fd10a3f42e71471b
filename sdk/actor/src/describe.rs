//! The schema of an actor: what its methods and state look like, so that tools can encode and print them. It is computed while
//! the actor is compiled, and stands as JSON in a custom section of its Wasm (read by `filigree-schema`).

use std::collections::BTreeMap;

use cid::Cid;
use fvm_ipld_bitfield::BitField;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_ipld_encoding::{RawBytes, strict_bytes};
use fvm_shared::MethodNum;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::crypto::signature::Signature;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    PoStProof, RegisteredAggregateProof, RegisteredPoStProof, RegisteredSealProof,
    RegisteredUpdateProof, SectorSize,
};
use serde::{Deserialize, Serialize};

use crate::collections::{Array, Map};

/// A type that a schema can tell.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a method's parameters, of what it returns, or of state",
    label = "not a type of the schema",
    note = "put `#[tuple]` on the definition of your own types; bytes are `Bytes` or `RawBytes`, large maps are `Map`, large lists are `Array`"
)]
pub trait Describe {
    /// The type.
    const TYPE: Type;
}

/// A type in a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A type without parts, by its name in the schema.
    Simple(&'static str),
    /// A value or null.
    Option(&'static Type),
    /// An array of values.
    List(&'static Type),
    /// An array with one value for each field.
    Tuple {
        /// The name of the struct; empty for Rust's tuples.
        name: &'static str,
        /// The fields, in order.
        fields: &'static [Field],
    },
    /// A struct around one value, encoded as that value.
    Transparent {
        /// The name of the struct.
        name: &'static str,
        /// What it is around.
        ty: &'static Type,
    },
    /// A choice, encoded as a number.
    Enum {
        /// The name of the enum.
        name: &'static str,
        /// The choices and their numbers.
        variants: &'static [(&'static str, i64)],
    },
    /// A map within one block.
    BTree(&'static Type, &'static Type),
    /// A map over many blocks: key, value, bit width.
    Map(&'static Type, &'static Type, u32),
    /// An array over many blocks: value, bit width.
    Array(&'static Type, u32),
}

/// A named value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: &'static Type,
}

/// What a method is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodKind {
    /// Runs once, when the actor is created.
    Constructor,
    /// Anything.
    Method,
    /// Changes nothing.
    View,
    /// Takes every call that no other method takes.
    Fallback,
    /// Takes tokens (FRC-0046).
    Receive,
    /// Takes over from older code.
    Upgrade,
}

/// A method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodSchema {
    /// Its name.
    pub name: &'static str,
    /// Its number.
    pub number: MethodNum,
    /// What it is for.
    pub kind: MethodKind,
    /// Its parameters. One is encoded as itself, several as an array.
    pub params: &'static [Field],
    /// What it returns.
    pub returns: &'static Type,
}

/// An actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActorSchema {
    /// Its name.
    pub name: &'static str,
    /// Its state, if it has any.
    pub state: Option<&'static Type>,
    /// Its methods.
    pub methods: &'static [MethodSchema],
}

/// Bytes, encoded as a CBOR byte string (a `Vec<u8>` would be an array of numbers).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(#[serde(with = "strict_bytes")] pub Vec<u8>);

macro_rules! simple {
    ($($ty:ty = $name:literal;)*) => {
        $(impl Describe for $ty {
            const TYPE: Type = Type::Simple($name);
        })*
    };
}

simple! {
    () = "unit";
    bool = "bool";
    u8 = "u8";
    u16 = "u16";
    u32 = "u32";
    u64 = "u64";
    i8 = "i8";
    i16 = "i16";
    i32 = "i32";
    i64 = "i64";
    String = "string";
    Bytes = "bytes";
    RawBytes = "bytes";
    Address = "address";
    TokenAmount = "token";
    BigIntDe = "bigint";
    Cid = "cid";
    BitField = "bitfield";
    IpldBlock = "block";
    ExitCode = "u32";
    PaddedPieceSize = "u64";
    Randomness = "bytes";
    RegisteredAggregateProof = "i64";
    RegisteredPoStProof = "i64";
    RegisteredSealProof = "i64";
    RegisteredUpdateProof = "i64";
    SectorSize = "u64";
    Signature = "bytes";
}

impl Describe for PoStProof {
    const TYPE: Type = Type::Tuple {
        name: "PoStProof",
        fields: &[
            Field {
                name: "post_proof",
                ty: &RegisteredPoStProof::TYPE,
            },
            Field {
                name: "proof_bytes",
                ty: &Bytes::TYPE,
            },
        ],
    };
}

impl<T: Describe> Describe for Option<T> {
    const TYPE: Type = Type::Option(&T::TYPE);
}

impl<T: Describe> Describe for Vec<T> {
    const TYPE: Type = Type::List(&T::TYPE);
}

impl<T: Describe> Describe for Box<T> {
    const TYPE: Type = T::TYPE;
}

impl<K: Describe, V: Describe> Describe for BTreeMap<K, V> {
    const TYPE: Type = Type::BTree(&K::TYPE, &V::TYPE);
}

impl<K: Describe, V: Describe, const BITS: u32> Describe for Map<K, V, BITS> {
    const TYPE: Type = Type::Map(&K::TYPE, &V::TYPE, BITS);
}

impl<V: Describe, const BITS: u32> Describe for Array<V, BITS> {
    const TYPE: Type = Type::Array(&V::TYPE, BITS);
}

macro_rules! tuples {
    ($($($part:ident)+;)*) => {
        $(impl<$($part: Describe),+> Describe for ($($part,)+) {
            const TYPE: Type = Type::Tuple {
                name: "",
                fields: &[$(Field { name: "", ty: &$part::TYPE }),+],
            };
        })*
    };
}

tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; }

/// Writes JSON while the compiler runs: counts first, then fills an array of that length.
struct Writer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Writer<N> {
    const fn put(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() {
            if self.len < N {
                self.bytes[self.len] = text[i];
            }
            self.len += 1;
            i += 1;
        }
    }

    /// A string. Names are Rust's, so nothing needs escaping.
    const fn string(&mut self, text: &str) {
        self.put("\"");
        self.put(text);
        self.put("\"");
    }

    const fn number(&mut self, number: u64) {
        let mut digits = [0u8; 20];
        let (mut at, mut rest) = (digits.len(), number);
        loop {
            at -= 1;
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        while at < digits.len() {
            let digit = [digits[at]];
            match std::str::from_utf8(&digit) {
                Ok(digit) => self.put(digit),
                Err(_) => panic!("digits are UTF-8"),
            }
            at += 1;
        }
    }

    const fn integer(&mut self, number: i64) {
        if number < 0 {
            self.put("-");
        }
        self.number(number.unsigned_abs());
    }

    const fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Simple(name) => self.string(name),
            Type::Option(ty) => self.wrapped("option", ty),
            Type::List(ty) => self.wrapped("list", ty),
            Type::Tuple { name, fields } => {
                self.put("{\"tuple\":{\"name\":");
                self.string(name);
                self.put(",\"fields\":");
                self.fields(fields);
                self.put("}}");
            }
            Type::Transparent { name, ty } => {
                self.put("{\"transparent\":{\"name\":");
                self.string(name);
                self.put(",\"type\":");
                self.ty(ty);
                self.put("}}");
            }
            Type::Enum { name, variants } => {
                self.put("{\"enum\":{\"name\":");
                self.string(name);
                self.put(",\"variants\":[");
                let mut i = 0;
                while i < variants.len() {
                    self.put(if i == 0 { "{\"name\":" } else { ",{\"name\":" });
                    self.string(variants[i].0);
                    self.put(",\"value\":");
                    self.integer(variants[i].1);
                    self.put("}");
                    i += 1;
                }
                self.put("]}}");
            }
            Type::BTree(key, value) => {
                self.put("{\"btree\":{\"key\":");
                self.ty(key);
                self.put(",\"value\":");
                self.ty(value);
                self.put("}}");
            }
            Type::Map(key, value, bits) => {
                self.put("{\"map\":{\"key\":");
                self.ty(key);
                self.put(",\"value\":");
                self.ty(value);
                self.put(",\"bits\":");
                self.number(*bits as u64);
                self.put("}}");
            }
            Type::Array(value, bits) => {
                self.put("{\"array\":{\"value\":");
                self.ty(value);
                self.put(",\"bits\":");
                self.number(*bits as u64);
                self.put("}}");
            }
        }
    }

    const fn wrapped(&mut self, key: &str, ty: &Type) {
        self.put("{");
        self.string(key);
        self.put(":");
        self.ty(ty);
        self.put("}");
    }

    const fn fields(&mut self, fields: &[Field]) {
        self.put("[");
        let mut i = 0;
        while i < fields.len() {
            self.put(if i == 0 { "{\"name\":" } else { ",{\"name\":" });
            self.string(fields[i].name);
            self.put(",\"type\":");
            self.ty(fields[i].ty);
            self.put("}");
            i += 1;
        }
        self.put("]");
    }

    const fn method(&mut self, method: &MethodSchema) {
        self.put("{\"name\":");
        self.string(method.name);
        self.put(",\"number\":\"");
        self.number(method.number);
        self.put("\",\"kind\":");
        self.string(match method.kind {
            MethodKind::Constructor => "constructor",
            MethodKind::Method => "method",
            MethodKind::View => "view",
            MethodKind::Fallback => "fallback",
            MethodKind::Receive => "receive",
            MethodKind::Upgrade => "upgrade",
        });
        self.put(",\"params\":");
        self.fields(method.params);
        self.put(",\"returns\":");
        self.ty(method.returns);
        self.put("}");
    }

    const fn actor(&mut self, actor: &ActorSchema) {
        self.put("{\"filigree\":1,\"actor\":");
        self.string(actor.name);
        self.put(",\"state\":");
        match actor.state {
            Some(ty) => self.ty(ty),
            None => self.put("null"),
        }
        self.put(",\"methods\":[");
        let mut i = 0;
        while i < actor.methods.len() {
            if i > 0 {
                self.put(",");
            }
            self.method(&actor.methods[i]);
            i += 1;
        }
        self.put("]}");
    }
}

/// Length of an actor's schema as JSON, in bytes.
pub const fn schema_len(actor: &ActorSchema) -> usize {
    let mut writer = Writer { bytes: [], len: 0 };
    writer.actor(actor);
    writer.len
}

/// An actor's schema as JSON. `N` is its length.
pub const fn schema_json<const N: usize>(actor: &ActorSchema) -> [u8; N] {
    let mut writer = Writer {
        bytes: [0; N],
        len: 0,
    };
    writer.actor(actor);
    assert!(writer.len == N);
    writer.bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_written_as_json() {
        const ACTOR: ActorSchema = ActorSchema {
            name: "Box",
            state: Some(&<(u64, Option<Address>) as Describe>::TYPE),
            methods: &[MethodSchema {
                name: "Open",
                number: 18_446_744_073_709_551_615,
                kind: MethodKind::View,
                params: &[Field {
                    name: "keys",
                    ty: &<Map<Address, Vec<TokenAmount>> as Describe>::TYPE,
                }],
                returns: &Type::Enum {
                    name: "Lid",
                    variants: &[("Up", 10), ("Down", -1)],
                },
            }],
        };
        const JSON: [u8; schema_len(&ACTOR)] = schema_json(&ACTOR);
        assert_eq!(
            std::str::from_utf8(&JSON).unwrap(),
            concat!(
                r#"{"filigree":1,"actor":"Box","state":{"tuple":{"name":"","fields":[{"name":"","type":"u64"},"#,
                r#"{"name":"","type":{"option":"address"}}]}},"methods":[{"name":"Open","number":"18446744073709551615","#,
                r#""kind":"view","params":[{"name":"keys","type":{"map":{"key":"address","value":{"list":"token"},"bits":5}}}],"#,
                r#""returns":{"enum":{"name":"Lid","variants":[{"name":"Up","value":10},{"name":"Down","value":-1}]}}}]}"#,
            )
        );
    }
}
