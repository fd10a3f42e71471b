//! JSON to DAG-CBOR by type: the one canonical encoding, or an error that shows where, what, and what to write.
//!
//! More is read than `decode` prints: numbers as strings, structs as arrays, amounts with units, optional fields left
//! out.

use cid::Cid;
use fvm_shared::address::{Address, Network};
use serde_json::{Map, Value};

use crate::decode::MAX_VALUE_DEPTH;
use crate::path::Path;
use crate::{
    Field, Schema, Type, ValueError, bits, cbor, hex, hint, lookup, number, text_key, token, types,
};

impl Type {
    /// The canonical DAG-CBOR of a value of this type.
    pub fn encode_json(&self, json: &Value) -> Result<Vec<u8>, ValueError> {
        self.encode_at("value", json)
    }

    pub(crate) fn encode_at(
        &self,
        root: &'static str,
        json: &Value,
    ) -> Result<Vec<u8>, ValueError> {
        let mut out = Vec::new();
        Encoder::new(root).value(self, json, &mut out)?;
        Ok(out)
    }
}

impl Schema {
    /// The block of the actor's state root. `None` when the actor keeps no state.
    pub fn encode_state(&self, json: &Value) -> Result<Option<Vec<u8>>, ValueError> {
        let state = self.state.as_ref();
        state.map(|ty| ty.encode_at("state", json)).transpose()
    }
}

/// One walk over a JSON value.
pub(crate) struct Encoder<'t> {
    pub(crate) path: Path<'t>,
    depth: usize,
}

impl<'t> Encoder<'t> {
    pub(crate) fn new(root: &'static str) -> Encoder<'t> {
        let path = Path::new(root);
        Encoder { path, depth: 0 }
    }

    pub(crate) fn value(
        &mut self,
        ty: &'t Type,
        json: &Value,
        out: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        self.depth += 1;
        if self.depth > MAX_VALUE_DEPTH {
            let remedy = format!("values are written down to {MAX_VALUE_DEPTH} levels");
            return Err(self.error("a deeper value".to_owned(), remedy));
        }
        self.by_type(ty, json, out)?;
        self.depth -= 1;
        Ok(())
    }

    fn by_type(&mut self, ty: &'t Type, json: &Value, out: &mut Vec<u8>) -> Result<(), ValueError> {
        match (ty, json) {
            (Type::Option(_), Value::Null) => cbor::put_null(out),
            (Type::Option(inner), _) => self.value(inner, json, out)?,
            (Type::Transparent { ty, .. }, _) => self.value(ty, json, out)?,
            (Type::List(inner), Value::Array(items)) => {
                cbor::put_array(out, items.len());
                for (index, item) in items.iter().enumerate() {
                    self.path.enter_index(index as u64);
                    self.value(inner, item, out)?;
                    self.path.leave();
                }
            }
            (Type::Tuple { fields, .. }, Value::Object(named)) if types::are_named(fields) => {
                cbor::put_array(out, fields.len());
                self.named(fields, named, out)?;
            }
            (Type::Tuple { fields, .. }, Value::Array(items)) => {
                cbor::put_array(out, fields.len());
                self.in_order(ty, fields, items, out)?;
            }
            (Type::BTree { key, value }, _) => self.btree(ty, (key, value), json, out)?,
            (Type::Any, _) => self.any(json, out)?,
            (Type::Map { .. } | Type::Array { .. }, Value::Object(_) | Value::Array(_)) => {
                let remedy = format!(
                    "its entries are in blocks of their own: {}",
                    hint::in_json(ty)
                );
                return Err(self.error(hint::of_json(json), remedy));
            }
            _ => scalar(ty, json, out).map_err(|wrong| match wrong {
                Wrong::Type => self.wrong(ty, json),
                Wrong::Text(remedy) => self.error(hint::of_json(json), remedy),
            })?,
        }
        Ok(())
    }

    /// The fields by their names, without the array's head. An optional one may be missing.
    pub(crate) fn named(
        &mut self,
        fields: &'t [Field],
        named: &Map<String, Value>,
        out: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        let names = || fields.iter().map(|field| field.name.as_str());
        if let Some(unknown) = named
            .keys()
            .find(|name| !names().any(|known| known == name.as_str()))
        {
            let all: Vec<String> = names().map(str::to_owned).collect();
            let remedy = match lookup::similar(unknown, names()) {
                Some(similar) => format!("did you mean {similar}?"),
                None if all.is_empty() => "write {}, there are no fields".to_owned(),
                None => format!("the fields are {}", hint::listed(&all)),
            };
            return Err(self.error(
                format!("an unknown field {:?}", hint::clip(unknown)),
                remedy,
            ));
        }
        for field in fields {
            self.path.enter_field(&field.name);
            match (named.get(&field.name), field.ty.inner()) {
                (Some(json), _) => self.value(&field.ty, json, out)?,
                (None, Type::Option(_)) => cbor::put_null(out),
                (None, _) => return Err(self.error("nothing".to_owned(), hint::in_json(&field.ty))),
            }
            self.path.leave();
        }
        Ok(())
    }

    fn in_order(
        &mut self,
        ty: &Type,
        fields: &'t [Field],
        items: &[Value],
        out: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        if items.len() != fields.len() {
            let found = format!("an array of {}", items.len());
            let remedy = format!("{}, or an array of {}", hint::in_json(ty), fields.len());
            return Err(self.error(found, remedy));
        }
        for (index, (field, item)) in fields.iter().zip(items).enumerate() {
            match field.name.as_str() {
                "" => self.path.enter_index(index as u64),
                name => self.path.enter_field(name),
            }
            self.value(&field.ty, item, out)?;
            self.path.leave();
        }
        Ok(())
    }

    fn btree(
        &mut self,
        ty: &Type,
        (key_type, value_type): (&'t Type, &'t Type),
        json: &Value,
        out: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        let mut entries = Vec::new();
        match json {
            Value::Object(named) if key_type.is_text_key() => {
                for (text, json) in named {
                    self.path.enter_key(text);
                    let key = self.whole(key_type, &text_key::to_json(key_type, text))?;
                    entries.push((key, self.whole(value_type, json)?));
                    self.path.leave();
                }
            }
            Value::Array(pairs) => {
                for (index, pair) in pairs.iter().enumerate() {
                    self.path.enter_index(index as u64);
                    let Some([key, value]) = pair.as_array().map(Vec::as_slice) else {
                        let remedy = format!("write a pair [{key_type}, {value_type}]");
                        return Err(self.error(hint::of_json(pair), remedy));
                    };
                    entries.push((self.whole(key_type, key)?, self.whole(value_type, value)?));
                    self.path.leave();
                }
            }
            _ => return Err(self.wrong(ty, json)),
        }
        self.map(entries, out)
    }

    fn whole(&mut self, ty: &'t Type, json: &Value) -> Result<Vec<u8>, ValueError> {
        let mut out = Vec::new();
        self.value(ty, json, &mut out)?;
        Ok(out)
    }

    /// Writes a map, unless a key stands in it twice.
    pub(crate) fn map(
        &mut self,
        entries: Vec<(Vec<u8>, Vec<u8>)>,
        out: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        let mut keys: Vec<&[u8]> = entries.iter().map(|(key, _)| key.as_slice()).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) {
            let remedy = "write each key once; two texts may say the same key".to_owned();
            return Err(self.error("a key twice".to_owned(), remedy));
        }
        cbor::put_map(out, entries);
        Ok(())
    }

    pub(crate) fn wrong(&self, ty: &Type, json: &Value) -> ValueError {
        self.error(hint::of_json(json), hint::in_json(ty))
    }

    pub(crate) fn error(&self, found: String, remedy: String) -> ValueError {
        let path = self.path.to_string();
        ValueError {
            path,
            found,
            remedy,
        }
    }
}

/// Why a JSON value is no scalar of the type.
enum Wrong {
    /// The type's general advice says it.
    Type,
    /// Something more precise to do.
    Text(String),
}

/// Writes a value without values inside.
fn scalar(ty: &Type, json: &Value, out: &mut Vec<u8>) -> Result<(), Wrong> {
    let text = || json.as_str().ok_or(Wrong::Type);
    match (ty, json) {
        (Type::Unit, Value::Null) => cbor::put_null(out),
        (Type::Bool, Value::Bool(value)) => cbor::put_bool(out, *value),
        (Type::String, Value::String(text)) => cbor::put_text(out, text),
        (Type::Bytes | Type::Block, Value::String(text)) => {
            cbor::put_bytes(out, &hex::parse(text).ok_or(Wrong::Type)?);
        }
        (Type::Address, _) => cbor::put_bytes(out, &address(text()?)?.to_bytes()),
        (Type::Token, _) => {
            let amount =
                crate::parse_amount(text()?).map_err(|error| Wrong::Text(amount_remedy(&error)))?;
            cbor::put_bytes(out, &token::to_wire(amount.atto()).ok_or(Wrong::Type)?);
        }
        (Type::BigInt, _) => {
            let small = number::parse(json).map(fvm_shared::bigint::BigInt::from);
            let number = json
                .as_str()
                .and_then(token::parse_whole)
                .or(small)
                .ok_or(Wrong::Type)?;
            cbor::put_bytes(out, &token::to_wire(&number).ok_or(Wrong::Type)?);
        }
        (Type::BitField, _) => cbor::put_bytes(out, &bits::to_wire(json).ok_or(Wrong::Type)?),
        (
            Type::Cid | Type::Map { .. } | Type::Array { .. } | Type::Link(_),
            Value::String(text),
        ) => {
            cbor::put_cid(out, &Cid::try_from(text.as_str()).map_err(|_| Wrong::Type)?);
        }
        (Type::Enum { variants, .. }, _) => {
            let named = |name: &str| variants.iter().find(|variant| variant.name == name);
            let numbered = |number: i128| {
                variants
                    .iter()
                    .find(|variant| i128::from(variant.value) == number)
            };
            let found = match json {
                Value::String(name) => named(name),
                _ => number::parse(json).and_then(numbered),
            };
            let similar = || {
                let names = variants.iter().map(|variant| variant.name.as_str());
                let similar = json.as_str().and_then(|name| lookup::similar(name, names));
                similar.map_or(Wrong::Type, |similar| {
                    Wrong::Text(format!("did you mean {similar:?}?"))
                })
            };
            cbor::put_int(out, found.ok_or_else(similar)?.value.into());
        }
        _ => {
            let (least, most) = ty.int_range().ok_or(Wrong::Type)?;
            let number = number::parse(json).filter(|number| (least..=most).contains(number));
            cbor::put_int(out, number.ok_or(Wrong::Type)?);
        }
    }
    Ok(())
}

/// Reads an address of the main network (`f…`) or of a test network (`t…`): on the wire they are the same.
fn address(text: &str) -> Result<Address, Wrong> {
    let main = Network::Mainnet.parse_address(text);
    let either = main.or_else(|error| Network::Testnet.parse_address(text).map_err(|_| error));
    either.map_err(|error| {
        let remedy = format!(r#"{error}: write an address as text, such as "f01234""#);
        Wrong::Text(remedy)
    })
}

fn amount_remedy(error: &token::AmountError) -> String {
    match error {
        token::AmountError::NotAnAmount(_) => hint::in_json(&Type::Token),
        token::AmountError::TooFine(_) => {
            r#"an attoFIL has no parts: write "1.5 FIL" or whole attoFIL"#.to_owned()
        }
        token::AmountError::TooLarge(_) => {
            "the wire holds at most 127 bytes: write a smaller amount".to_owned()
        }
    }
}

#[cfg(test)]
mod error_tests;
#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;
