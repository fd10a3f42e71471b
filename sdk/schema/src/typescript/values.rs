//! What each type is in TypeScript, and which codec writes and reads it.

use super::Bindings;
use super::names::{property, quoted};
use crate::{Type, types};

impl Bindings<'_> {
    /// The TypeScript type of values of `ty`.
    pub(super) fn ty(&self, ty: &Type) -> String {
        match self.named.get(ty) {
            Some(named) => named.ty.clone(),
            None => self.ty_inside(ty),
        }
    }

    pub(super) fn ty_inside(&self, ty: &Type) -> String {
        let text = match ty {
            Type::Unit => "null",
            Type::Bool => "boolean",
            Type::U8 | Type::U16 | Type::U32 | Type::I8 | Type::I16 | Type::I32 => "number",
            Type::U64 | Type::I64 | Type::ActorId | Type::Epoch | Type::Token | Type::BigInt => {
                "bigint"
            }
            Type::String | Type::Address | Type::Cid => "string",
            Type::Map { .. } | Type::Array { .. } | Type::Link(_) => "string",
            Type::Bytes | Type::Block => "Uint8Array",
            Type::BitField => "Ranges",
            Type::Any => "Any",
            Type::Option(inner) => return format!("{} | null", self.ty(inner)),
            Type::List(inner) => return format!("Array<{}>", self.ty(inner)),
            Type::Transparent { ty, .. } => return self.ty(ty),
            Type::BTree { key, value } => {
                return format!("Map<{}, {}>", self.ty(key), self.ty(value));
            }
            Type::Enum { variants, .. } => {
                let names: Vec<String> = variants
                    .iter()
                    .map(|variant| quoted(&variant.name))
                    .collect();
                return if names.is_empty() {
                    "never".to_owned()
                } else {
                    names.join(" | ")
                };
            }
            Type::Tuple { fields, .. } if types::are_named(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|field| format!("{}: {}", property(&field.name), self.ty(&field.ty)))
                    .collect();
                return format!("{{ {} }}", fields.join("; "));
            }
            Type::Tuple { fields, .. } => {
                let fields: Vec<String> = fields.iter().map(|field| self.ty(&field.ty)).collect();
                return format!("[{}]", fields.join(", "));
            }
        };
        text.to_owned()
    }

    /// The codec of values of `ty`.
    pub(super) fn codec(&self, ty: &Type) -> String {
        match self.named.get(ty) {
            Some(named) => named.codec.clone(),
            None => self.codec_inside(ty, &self.ty_inside(ty)),
        }
    }

    pub(super) fn codec_inside(&self, ty: &Type, name: &str) -> String {
        let text = match ty {
            Type::Unit => "cbor.unit",
            Type::Bool => "cbor.bool",
            Type::U8 => "cbor.u8",
            Type::U16 => "cbor.u16",
            Type::U32 => "cbor.u32",
            Type::U64 | Type::ActorId => "cbor.u64",
            Type::I8 => "cbor.i8",
            Type::I16 => "cbor.i16",
            Type::I32 => "cbor.i32",
            Type::I64 | Type::Epoch => "cbor.i64",
            Type::String => "cbor.string",
            Type::Bytes | Type::Block => "cbor.bytes",
            Type::Address => "cbor.address",
            Type::Token | Type::BigInt => "cbor.bigint",
            Type::Cid | Type::Map { .. } | Type::Array { .. } | Type::Link(_) => "cbor.cid",
            Type::BitField => "cbor.bitfield",
            Type::Any => "cbor.any",
            Type::Option(inner) => return format!("cbor.option({})", self.codec(inner)),
            Type::List(inner) => return format!("cbor.list({})", self.codec(inner)),
            Type::Transparent { ty, .. } => return self.codec(ty),
            Type::BTree { key, value } => {
                return format!("cbor.btree({}, {})", self.codec(key), self.codec(value));
            }
            Type::Enum { variants, .. } => {
                let variants: Vec<String> = variants
                    .iter()
                    .map(|variant| format!("[{}, {}n]", quoted(&variant.name), variant.value))
                    .collect();
                return format!("cbor.variant<{name}>({})", variants.join(", "));
            }
            Type::Tuple { fields, .. } if types::are_named(fields) => {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|field| format!("[{}, {}]", quoted(&field.name), self.codec(&field.ty)))
                    .collect();
                return call(&format!("cbor.tuple<{name}>"), &fields);
            }
            Type::Tuple { fields, .. } => {
                let fields: Vec<String> =
                    fields.iter().map(|field| self.codec(&field.ty)).collect();
                return format!("cbor.positional<{name}>({})", fields.join(", "));
            }
        };
        text.to_owned()
    }
}

/// A call with these arguments: on one line, or on one each.
fn call(function: &str, arguments: &[String]) -> String {
    let joined = arguments.join(", ");
    match joined.len() {
        0..80 => format!("{function}({joined})"),
        _ => format!(
            "{function}(\n  {},\n)",
            arguments.join(",\n").replace('\n', "\n  ")
        ),
    }
}
